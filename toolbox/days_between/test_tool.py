import pytest
from tool import days_between


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-03-15", "2024-03-16", 1),
        ("2024-03-15", "2024-03-15", 0),
        ("2024-02-28", "2024-03-01", 2),
        ("2023-02-28", "2023-03-01", 1),
        ("2024-01-01", "2025-01-01", 366),
        ("2023-01-01", "2024-01-01", 365),
        ("1900-02-28", "1900-03-01", 1),
        ("2000-01-01", "2024-11-05", 9075),
        ("0001-01-01", "9999-12-31", 3652058),
    ],
)
def test_counts_calendar_days(start, end, expected):
    assert days_between(start, end) == expected


def test_an_end_before_the_start_counts_negative():
    assert days_between("2024-03-16", "2024-03-15") == -1
    assert days_between("2025-01-01", "2024-01-01") == -366


@pytest.mark.parametrize("bad", ["2023-02-29", "2024-00-10", "2024/03/15", "15-03-2024", "20240315", "", " 2024-03-15"])
def test_an_invalid_date_is_refused_on_either_side(bad):
    with pytest.raises(ValueError):
        days_between(bad, "2024-03-15")
    with pytest.raises(ValueError):
        days_between("2024-03-15", bad)
