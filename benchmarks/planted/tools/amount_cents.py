# %% tool
import re


def amount_cents(text: str) -> int:
    """Read a German amount such as 1.234,50 or -12 into cents.

    Args:
        text: an optional minus sign, up to twelve digits whose thousands may be set apart by dots, and
            optionally a comma with exactly two digits; spaces around it are ignored.

    Raises:
        ValueError: it is no such amount; dots must stand before each three digits or nowhere.
    """
    found = re.fullmatch(r"(-?)([0-9]{1,12}|[0-9]{1,3}(?:\.[0-9]{3}){1,3})(?:,([0-9]{2}))?", text.strip())
    if not found:
        raise ValueError(f"{text!r} is no amount")
    cents = int(found[2].replace(".", "")) * 100 + int(found[3] or 0)
    return -cents if found[1] else cents
# %% cases
[
    (("1.234,50",), 123450),
    (("12",), 1200),
    (("-12,05",), -1205),
    (("-0,05",), -5),
    (("0,99",), 99),
    (("1234,56",), 123456),
    (("1.234.567,89",), 123456789),
    (("999.999.999.999",), 99999999999900),
    ((" 5,00\n",), 500),
    (("1.23,00",), ValueError),
    (("1234.567,00",), ValueError),
    (("1,5",), ValueError),
    (("1,500",), ValueError),
    ((",50",), ValueError),
    (("",), ValueError),
    (("+5",), ValueError),
    (("- 5",), ValueError),
    (("5 €",), ValueError),
    (("1234567890123",), ValueError),
    (("1.234.567.890.123",), ValueError),
]
# %% examples
[{"text": "19,99"}, {"text": "2.500,00"}, {"text": "75"}, {"text": "-3,10"}, {"text": "3.1"}]
# %% fresh
{"text": pick("", "-") + pick(str(num(0, 9999)), f"{num(1, 99)}.{num(0, 999):03d}", f"{num(1, 9)}.{num(0, 99)}") + pick("", f",{num(0, 99):02d}", ",5")}
# %% wrong minus_cents: the cents of a negative amount are added
#-     cents = int(found[2].replace(".", "")) * 100 + int(found[3] or 0)
#-     return -cents if found[1] else cents
#+     return int(found[1] + found[2].replace(".", "")) * 100 + int(found[3] or 0)
# %% wrong dots: dots may stand anywhere
#-     found = re.fullmatch(r"(-?)([0-9]{1,12}|[0-9]{1,3}(?:\.[0-9]{3}){1,3})(?:,([0-9]{2}))?", text.strip())
#+     found = re.fullmatch(r"(-?)([0-9][0-9.]*)(?:,([0-9]{2}))?", text.strip())
