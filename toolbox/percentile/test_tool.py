import pytest
from tool import percentile


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0, 10.0), (25, 20.0), (50, 30.0), (75, 40.0), (100, 50.0), (10, 14.0), (95, 48.0), (62.5, 35.0)],
)
def test_values_lie_at_equal_steps_and_are_interpolated(percent, expected):
    assert percentile([10, 20, 30, 40, 50], percent) == expected


@pytest.mark.parametrize(
    ("numbers", "percent", "expected"),
    [
        ([3, 1, 2], 50, 2.0),
        ([4, 1, 3, 2], 50, 2.5),
        ([9, 1], 25, 3.0),
        ([-5, 5], 50, 0.0),
        ([7, 7, 7], 33, 7.0),
        ([0.5, 1.5], 50, 1.0),
        ([1, 2, 3, 4], 40, 2.2),
    ],
)
def test_the_order_of_the_numbers_does_not_matter(numbers, percent, expected):
    assert percentile(numbers, percent) == pytest.approx(expected, rel=1e-14)
    assert percentile(numbers[::-1], percent) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("percent", [0, 37, 100])
def test_a_single_number_is_every_percentile(percent):
    assert percentile([4.5], percent) == 4.5


def test_no_numbers_are_refused():
    with pytest.raises(ValueError):
        percentile([], 50)


@pytest.mark.parametrize("percent", [-0.1, -1, 100.1, 1000])
def test_a_percentage_outside_0_to_100_is_refused(percent):
    with pytest.raises(ValueError):
        percentile([1, 2, 3], percent)


def test_a_number_too_large_for_a_float_is_refused():
    with pytest.raises(OverflowError):
        percentile([1, 10**400], 50)
