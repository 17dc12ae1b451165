from fractions import Fraction
from typing import Literal

# Tenths of a millimetre: exact, since the international inch is 25.4 mm and the nautical mile 1852 m.
_SIZE = {
    "mm": 10,
    "cm": 100,
    "m": 10_000,
    "km": 10_000_000,
    "in": 254,
    "ft": 3_048,
    "yd": 9_144,
    "mi": 16_093_440,
    "nmi": 18_520_000,
}


def convert_length(
    value: float,
    from_unit: Literal["mm", "cm", "m", "km", "in", "ft", "yd", "mi", "nmi"],
    to_unit: Literal["mm", "cm", "m", "km", "in", "ft", "yd", "mi", "nmi"],
) -> float:
    """Convert a length between metric, imperial and nautical units.

    Units are mm, cm, m, km, in (international inch, 25.4 mm), ft, yd, mi (statute mile, 1609.344 m)
    and nmi (nautical mile, 1852 m). The result is the float nearest to the exact value.

    Args:
        value: the length in from_unit; may be negative.
        from_unit: unit of value.
        to_unit: unit of the result.

    Returns:
        The length in to_unit.

    Raises:
        ValueError: a unit is unknown.
        OverflowError: the result is too large for a float.
    """
    for unit in (from_unit, to_unit):
        if unit not in _SIZE:
            raise ValueError(f"{unit!r} is not one of {', '.join(_SIZE)}")
    return float(Fraction(value) * _SIZE[from_unit] / _SIZE[to_unit])
