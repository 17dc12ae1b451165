# %% tool
import re

_TIMES = {"R": 1, "K": 1000, "M": 1000000}


def resistor_ohms(marking: str) -> float:
    """Read the marking of a resistor, where R, K or M stands in the place of the decimal point.

    Args:
        marking: such as 4K7 (4700 ohms), 470R, R47 (0.47 ohms) or 1M; capital or small letters, up to
            three digits on each side and at least one.

    Returns:
        The resistance in ohms.

    Raises:
        ValueError: it is no such marking.
    """
    found = re.fullmatch(r"([0-9]{0,3})([RKM])([0-9]{0,3})", marking.upper())
    if not found or not (found[1] or found[3]):
        raise ValueError(f"{marking!r} is no marking of a resistor")
    thousandths = int(found[1] or "0") * 1000 + int(found[3].ljust(3, "0"))
    return thousandths * _TIMES[found[2]] / 1000
# %% cases
[
    (("4K7",), 4700.0),
    (("470R",), 470.0),
    (("R47",), 0.47),
    (("1M",), 1000000.0),
    (("2M25",), 2250000.0),
    (("0r1",), 0.1),
    (("k5",), 500.0),
    (("999M999",), 999999000.0),
    (("1R005",), 1.005),
    (("R",), ValueError),
    (("47",), ValueError),
    (("",), ValueError),
    (("4.7K",), ValueError),
    (("1000R",), ValueError),
    (("1R0000",), ValueError),
    (("4G7",), ValueError),
    ((" 4K7",), ValueError),
]
# %% examples
[{"marking": "2K2"}, {"marking": "100R"}, {"marking": "1M5"}, {"marking": "R22"}, {"marking": "10"}]
# %% fresh
{"marking": pick("", str(num(0, 999))) + pick("R", "K", "M", "r", "k", "G") + pick("", str(num(0, 99)), "0" + str(num(0, 9)))}
# %% wrong places: the digits behind count as one place whatever they are
#-     thousandths = int(found[1] or "0") * 1000 + int(found[3].ljust(3, "0"))
#+     thousandths = int(found[1] or "0") * 1000 + int(found[3] or "0") * 100
# %% wrong capitals: small letters are refused
#-     found = re.fullmatch(r"([0-9]{0,3})([RKM])([0-9]{0,3})", marking.upper())
#+     found = re.fullmatch(r"([0-9]{0,3})([RKM])([0-9]{0,3})", marking)
# %% wrong key_error: an unknown letter gives a KeyError
#-     found = re.fullmatch(r"([0-9]{0,3})([RKM])([0-9]{0,3})", marking.upper())
#+     found = re.fullmatch(r"([0-9]{0,3})([A-Z])([0-9]{0,3})", marking.upper())
