# %% tool
import re


def ean_check_digit(digits: str) -> str:
    """Complete the number of an article (EAN-13 or EAN-8) by its check digit.

    Args:
        digits: the first twelve or seven digits; spaces and hyphens are ignored.

    Returns:
        The whole number, without spaces.

    Raises:
        ValueError: there are not twelve or seven digits.
    """
    plain = digits.replace(" ", "").replace("-", "")
    if not re.fullmatch(r"[0-9]{12}|[0-9]{7}", plain):
        raise ValueError("twelve or seven digits are needed")
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(plain)))
    return plain + str(-total % 10)
# %% cases
[
    (("400638133393",), "4006381333931"),
    (("4006381 33393",), "4006381333931"),
    (("978-0-306-40615",), "9780306406157"),
    (("7351353",), "73513537"),
    (("0000000",), "00000000"),
    (("000000000000",), "0000000000000"),
    (("100000000000",), "1000000000009"),
    (("000000000001",), "0000000000017"),
    (("1000000",), "10000007"),
    (("12345678901",), ValueError),
    (("1234567890123",), ValueError),
    (("12345678",), ValueError),
    (("40063813339x",), ValueError),
    (("",), ValueError),
]
# %% examples
[{"digits": "590123412345"}, {"digits": "402360012345"}, {"digits": "9638507"}, {"digits": "123"}]
# %% fresh
{"digits": chars("0123456789", 12, 12) if pick(0, 1) else chars("0123456789", 7, 7)}
# %% wrong from_left: the weights begin at the left, which is right for twelve digits only
#-     total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(plain)))
#+     total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(plain))
# %% wrong ten: a check digit of 10 where it should be 0
#-     return plain + str(-total % 10)
#+     return plain + str(10 - total % 10)
