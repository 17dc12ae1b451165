import statistics
from fractions import Fraction
from typing import TypedDict


class Summary(TypedDict):
    count: int
    sum: float
    mean: float
    median: float
    minimum: float
    maximum: float
    standard_deviation: float | None


def summarize_numbers(numbers: list[float]) -> Summary:
    """Describe a list of numbers: count, sum, mean, median, extremes and standard deviation.

    The median of an even count is the mean of the two in the middle. The standard deviation is
    that of a sample (n - 1 in the denominator) and null for a single number. Sums are exact before
    they are rounded once.

    Args:
        numbers: at least one number.

    Returns:
        count, sum, mean, median, minimum, maximum and standard_deviation.

    Raises:
        ValueError: numbers is empty.
        OverflowError: a number or a result is too large for a float.
    """
    if not numbers:
        raise ValueError("there are no numbers")
    exact = sorted(Fraction(float(number)) for number in numbers)
    return {
        "count": len(exact),
        "sum": float(sum(exact)),
        "mean": float(statistics.mean(exact)),
        "median": float(statistics.median(exact)),
        "minimum": float(exact[0]),
        "maximum": float(exact[-1]),
        "standard_deviation": float(statistics.stdev(exact)) if len(exact) > 1 else None,
    }
