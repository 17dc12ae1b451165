# %% tool
import re


def dms_to_degrees(text: str) -> float:
    """Turn a coordinate in degrees, minutes and seconds into decimal degrees.

    Args:
        text: such as 52°31'12"N or 13°24'W, the seconds may be missing; N and S up to 90 degrees, E and W up to 180.

    Returns:
        Degrees, rounded to 5 decimals; south and west are negative.

    Raises:
        ValueError: it is no such coordinate.
    """
    found = re.fullmatch(r"([0-9]{1,3})°([0-5]?[0-9])'(?:([0-5]?[0-9])\")?([NSEW])", text)
    if not found:
        raise ValueError(f"{text!r} is no coordinate")
    seconds = int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)
    if seconds > (90 if found[4] in "NS" else 180) * 3600:
        raise ValueError(f"{text!r} lies beyond the pole or the date line")
    degrees = round(seconds / 3600, 5)
    return -degrees if found[4] in "SW" else degrees
# %% cases
[
    (("52°31'12\"N",), 52.52),
    (("13°24'E",), 13.4),
    (("13°24'W",), -13.4),
    (("33°51'31\"S",), -33.85861),
    (("0°0'1\"N",), 0.00028),
    (("90°0'0\"N",), 90.0),
    (("180°0'W",), -180.0),
    (("91°00'E",), 91.0),
    (("5°05'05\"E",), 5.08472),
    (("90°0'1\"S",), ValueError),
    (("180°0'1\"E",), ValueError),
    (("52°60'N",), ValueError),
    (("52°31'60\"N",), ValueError),
    (("52°31'12\"",), ValueError),
    (("52°N",), ValueError),
    (("-52°31'N",), ValueError),
    (("",), ValueError),
]
# %% examples
[{"text": "48°8'15\"N"}, {"text": "11°34'30\"E"}, {"text": "9°30'W"}, {"text": "95°0'N"}]
# %% fresh
{"text": f"{num(0, 100)}°{num(0, 61)}'" + pick("", f'{num(0, 59)}"') + pick("N", "S", "E", "W")}
# %% wrong south: south is not negative
#-     return -degrees if found[4] in "SW" else degrees
#+     return -degrees if found[4] == "W" else degrees
# %% wrong limit: every direction goes up to 180
#-     if seconds > (90 if found[4] in "NS" else 180) * 3600:
#+     if seconds > 180 * 3600:
# %% wrong whole_degrees: minutes beyond the limit are let through
#-     if seconds > (90 if found[4] in "NS" else 180) * 3600:
#+     if int(found[1]) > (90 if found[4] in "NS" else 180):
