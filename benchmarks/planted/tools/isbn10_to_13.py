# %% tool
import re


def isbn10_to_13(isbn: str) -> str:
    """Turn the old number of a book (ISBN-10) into the new one (ISBN-13), after checking it.

    Args:
        isbn: nine digits and a check digit from 0 to 9 or X; hyphens and spaces are ignored.

    Returns:
        Thirteen digits.

    Raises:
        ValueError: it is no ISBN-10, or its check digit is wrong.
    """
    plain = re.sub(r"[- ]", "", isbn).upper()
    if not re.fullmatch(r"[0-9]{9}[0-9X]", plain):
        raise ValueError(f"{isbn!r} is no ISBN-10")
    values = [10 if digit == "X" else int(digit) for digit in plain]
    if sum(value * (10 - at) for at, value in enumerate(values)) % 11:
        raise ValueError(f"the check digit of {isbn!r} is wrong")
    body = "978" + plain[:9]
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(body))
    return body + str(-total % 10)
# %% cases
[
    (("0306406152",), "9780306406157"),
    (("0-306-40615-2",), "9780306406157"),
    (("0 306 40615 2",), "9780306406157"),
    (("080442957X",), "9780804429573"),
    (("080442957x",), "9780804429573"),
    (("316148410X",), "9783161484100"),
    (("0000000000",), "9780000000002"),
    (("0306406153",), ValueError),
    (("030640615",), ValueError),
    (("03064061521",), ValueError),
    (("X306406152",), ValueError),
    (("",), ValueError),
    (("030640615٢",), ValueError),
]
# %% examples
[{"isbn": "0471958697"}, {"isbn": "0-19-852663-6"}, {"isbn": "0306406152"}, {"isbn": "0306406150"}]
# %% fresh
{"isbn": (lambda nine: nine + (lambda v: "X" if v == 10 else str(v))(-sum(int(d) * (10 - i) for i, d in enumerate(nine)) % 11))(chars("0123456789", 9, 9)) if num(0, 3) else chars("0123456789", 10, 10)}
# %% wrong no_x: X as check digit is refused
#-     if not re.fullmatch(r"[0-9]{9}[0-9X]", plain):
#+     if not re.fullmatch(r"[0-9]{10}", plain):
# %% wrong unchecked: the old check digit is not looked at
#-     if sum(value * (10 - at) for at, value in enumerate(values)) % 11:
#+     if len(values) != 10:
