# %% tool
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def to_base(number: int, base: int) -> str:
    """Write a whole number in another base with the digits 0-9 and a-z; a minus sign stands in front.

    Args:
        number: within 2**64 either way.
        base: from 2 to 36.

    Raises:
        ValueError: number or base is out of range.
    """
    if not 2 <= base <= 36 or abs(number) > 2**64:
        raise ValueError("number or base is out of range")
    rest, digits = abs(number), ""
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = _DIGITS[digit] + digits
    return "-" + digits if number < 0 else digits
# %% cases
[
    ((10, 2), "1010"),
    ((255, 16), "ff"),
    ((35, 36), "z"),
    ((36, 36), "10"),
    ((0, 7), "0"),
    ((-10, 2), "-1010"),
    ((-1, 36), "-1"),
    ((2**64, 2), "1" + "0" * 64),
    ((-(2**64), 16), "-10000000000000000"),
    ((987654321, 10), "987654321"),
    ((5, 1), ValueError),
    ((5, 37), ValueError),
    ((2**64 + 1, 2), ValueError),
    ((-(2**64) - 1, 2), ValueError),
]
# %% examples
[{"number": 26, "base": 2}, {"number": 500, "base": 16}, {"number": 8, "base": 8}, {"number": 100, "base": 36}, {"number": 9, "base": 1}]
# %% fresh
{"number": pick(0, num(-500, 500), num(0, 10**9)), "base": num(1, 37)}
# %% wrong zero: 0 has no digit at all
#-     while rest or not digits:
#+     while rest:
# %% wrong sign: the sign gets lost
#-     return "-" + digits if number < 0 else digits
#+     return digits
