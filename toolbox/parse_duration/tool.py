import re
from fractions import Fraction

_PART = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([a-z]+)[\s,]*"
_SECONDS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
_SHORT = {
    "w": "week",
    "d": "day",
    "h": "hour",
    "hr": "hour",
    "m": "minute",
    "min": "minute",
    "s": "second",
    "sec": "second",
}


def parse_duration(text: str) -> int:
    """Read a length of time such as '2h 30m' or '1 day, 4 hours' as seconds.

    A duration is one or more amounts, each a number (decimals allowed) followed by a unit: w, d,
    h, hr, m, min, s, sec or the words week, day, hour, minute, second, singular or plural, in any
    case. Spaces and commas between amounts are optional. The units may stand in any order, each
    once.

    Args:
        text: the duration as people write it.

    Returns:
        Whole seconds.

    Raises:
        ValueError: text is no such duration, a unit is unknown or repeated, or the sum is not a
            whole number of seconds.
    """
    rest = text.strip().lower()
    if not re.fullmatch(f"(?:{_PART})+", rest):
        raise ValueError(f"{text!r} is not a duration such as '1h 30m'")
    amounts: dict[str, Fraction] = {}
    for number, unit in re.findall(_PART, rest):
        name = _unit(unit)
        if name in amounts:
            raise ValueError(f"{text!r} gives {name}s twice")
        amounts[name] = Fraction(number) * _SECONDS[name]
    total = sum(amounts.values(), Fraction(0))
    if total.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of seconds")
    return total.numerator


def _unit(word: str) -> str:
    singular = word.removesuffix("s") if len(word) > 2 else word
    name = _SHORT.get(singular, singular)
    if name not in _SECONDS:
        raise ValueError(f"{word!r} is not a unit of time")
    return name
