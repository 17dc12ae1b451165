from fractions import Fraction
from typing import Literal

# Nanograms: exact, since the international avoirdupois pound is 453.59237 g and has 16 ounces.
_SIZE = {
    "mg": 1_000_000,
    "g": 1_000_000_000,
    "kg": 1_000_000_000_000,
    "t": 1_000_000_000_000_000,
    "oz": 28_349_523_125,
    "lb": 453_592_370_000,
    "st": 6_350_293_180_000,
}


def convert_weight(
    value: float,
    from_unit: Literal["mg", "g", "kg", "t", "oz", "lb", "st"],
    to_unit: Literal["mg", "g", "kg", "t", "oz", "lb", "st"],
) -> float:
    """Convert a weight between metric and imperial units.

    Units are mg, g, kg, t (metric tonne, 1000 kg), oz (avoirdupois ounce), lb (pound, 453.59237 g)
    and st (stone, 14 lb). The result is the float nearest to the exact value.

    Args:
        value: the weight in from_unit; may be negative, as a difference.
        from_unit: unit of value.
        to_unit: unit of the result.

    Returns:
        The weight in to_unit.

    Raises:
        ValueError: a unit is unknown.
        OverflowError: the result is too large for a float.
    """
    for unit in (from_unit, to_unit):
        if unit not in _SIZE:
            raise ValueError(f"{unit!r} is not one of {', '.join(_SIZE)}")
    return float(Fraction(value) * _SIZE[from_unit] / _SIZE[to_unit])
