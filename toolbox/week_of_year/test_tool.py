import pytest
from tool import week_of_year


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-02-29", "2024-W09"),
        ("2024-03-03", "2024-W09"),
        ("2024-03-04", "2024-W10"),
        ("2024-01-01", "2024-W01"),
        ("2024-07-15", "2024-W29"),
    ],
)
def test_weeks_run_from_monday_to_sunday(date, expected):
    assert week_of_year(date) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2023-01-01", "2022-W52"),
        ("2021-01-03", "2020-W53"),
        ("2021-01-04", "2021-W01"),
        ("2024-12-30", "2025-W01"),
        ("2024-12-29", "2024-W52"),
        ("2020-12-31", "2020-W53"),
    ],
)
def test_at_new_year_the_week_may_belong_to_the_neighbouring_year(date, expected):
    assert week_of_year(date) == expected


def test_an_early_year_keeps_four_digits():
    assert week_of_year("0007-06-15") == "0007-W24"


@pytest.mark.parametrize("date", ["2023-02-29", "2024-1-1", "20240101", "2024-W01-1", "", "1 Jan 2024"])
def test_anything_but_a_valid_iso_date_is_refused(date):
    with pytest.raises(ValueError):
        week_of_year(date)
