# %% tool
def phone_number(text: str, country: str = "49") -> str:
    """Write a telephone number in its international form, such as +49301234.

    Args:
        text: digits with spaces, hyphens, slashes or brackets between them; + or 00 in front of a country's code,
            or a single 0 in front of an area's.
        country: the code that replaces a single 0.

    Raises:
        ValueError: another character stands in the text, there are fewer than 5 digits or more than 15, or the
            number begins with neither.
    """
    number = text.strip()
    for sign in " -/()":
        number = number.replace(sign, "")
    if number.startswith("00"):
        number = "+" + number.removeprefix("00")
    elif number.startswith("0"):
        number = "+" + country + number.removeprefix("0")
    digits = number.removeprefix("+")
    if not number.startswith("+") or not digits.isascii() or not digits.isdigit():
        raise ValueError("it is no number")
    if not 5 <= len(digits) <= 15:
        raise ValueError("it is too short or too long")
    return number
# %% cases
[
    (("030 1234",), "+49301234"),
    (("+44 20 7946",), "+44207946"),
    (("0044-20/7946",), "+44207946"),
    (("(030) 12-34",), "+49301234"),
    (("  030 1234 ",), "+49301234"),
    (("01 2345", "43"), "+4312345"),
    (("+12345",), "+12345"),
    (("+123456789012345",), "+123456789012345"),
    (("+1234",), ValueError),
    (("+1234567890123456",), ValueError),
    (("301234",), ValueError),
    (("030 12a4",), ValueError),
    (("+4930+1234",), ValueError),
    (("٠٣٠١٢٣٤",), ValueError),
    (("",), ValueError),
]
# %% examples
[{"text": "030 5550"}, {"text": "+49 40 333"}, {"text": "0221 9876"}, {"text": "089 4444", "country": "43"}]
# %% fresh
{"text": pick("0", "00", "+", "") + pick("", " ", "(") + "".join(many(lambda: pick(*"1234567 -/", "x" if num(0, 3) == 0 else "8"), 2, 18))}
