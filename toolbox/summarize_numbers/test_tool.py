import pytest
from tool import summarize_numbers


def test_the_whole_answer():
    assert summarize_numbers([2, 4, 4, 4, 5, 5, 7, 9, 5]) == {
        "count": 9,
        "sum": 45.0,
        "mean": 5.0,
        "median": 5.0,
        "minimum": 2.0,
        "maximum": 9.0,
        "standard_deviation": 2.0,
    }


@pytest.mark.parametrize(
    ("numbers", "median"),
    [([3, 1, 2], 2.0), ([4, 1, 3, 2], 2.5), ([7], 7.0), ([5, 1], 3.0), ([1, 1, 100], 1.0), ([-5, -1, -3], -3.0)],
)
def test_median_of_odd_and_even_counts_in_any_order(numbers, median):
    assert summarize_numbers(numbers)["median"] == median


@pytest.mark.parametrize(
    ("numbers", "deviation"),
    [([1, 3], 1.4142135623730951), ([5, 5, 5], 0.0), ([1, 2, 3, 4], 1.2909944487358056), ([-1, 1], 1.4142135623730951)],
)
def test_standard_deviation_of_a_sample(numbers, deviation):
    assert summarize_numbers(numbers)["standard_deviation"] == pytest.approx(deviation, rel=1e-14)


def test_a_single_number_has_no_deviation():
    assert summarize_numbers([4.5]) == {
        "count": 1,
        "sum": 4.5,
        "mean": 4.5,
        "median": 4.5,
        "minimum": 4.5,
        "maximum": 4.5,
        "standard_deviation": None,
    }


@pytest.mark.parametrize(
    ("numbers", "total", "mean"),
    [
        ([1, 2], 3.0, 1.5),
        ([0.1] * 10, 1.0, 0.1),
        ([1e16, 1, -1e16], 1.0, 1 / 3),
        ([-2, 2], 0.0, 0.0),
        ([10, 20, 40], 70.0, 70 / 3),
    ],
)
def test_sum_and_mean_lose_nothing_on_the_way(numbers, total, mean):
    summary = summarize_numbers(numbers)
    assert summary["sum"] == total
    assert summary["mean"] == mean


def test_extremes():
    summary = summarize_numbers([3, -7.5, 12, 0])
    assert (summary["minimum"], summary["maximum"], summary["count"]) == (-7.5, 12.0, 4)


def test_no_numbers_are_refused():
    with pytest.raises(ValueError):
        summarize_numbers([])


@pytest.mark.parametrize("numbers", [[1.7e308, 1.7e308], [10**400]])
def test_what_does_not_fit_a_float_is_refused(numbers):
    with pytest.raises(OverflowError):
        summarize_numbers(numbers)
