from fractions import Fraction


def percentile(numbers: list[float], percent: float) -> float:
    """Find the value below which a given percentage of numbers lies, such as the 95th percentile.

    The numbers are sorted and placed at equal steps from 0 to 100 percent; between two of them the
    value is interpolated linearly (as spreadsheets do with PERCENTILE.INC). 50 gives the median, 0
    the smallest and 100 the largest number.

    Args:
        numbers: at least one number, in any order.
        percent: from 0 to 100.

    Returns:
        The percentile.

    Raises:
        ValueError: numbers is empty, or percent is not from 0 to 100.
        OverflowError: a number is too large for a float.
    """
    if not numbers:
        raise ValueError("there are no numbers")
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is not a percentage from 0 to 100")
    ordered = sorted(Fraction(float(number)) for number in numbers)
    place = Fraction(percent) * (len(ordered) - 1) / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))
