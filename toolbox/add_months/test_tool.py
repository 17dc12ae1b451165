import pytest
from tool import add_months


@pytest.mark.parametrize(
    ("date", "months", "expected"),
    [
        ("2024-03-15", 1, "2024-04-15"),
        ("2024-03-15", 0, "2024-03-15"),
        ("2024-11-05", 1, "2024-12-05"),
        ("2024-11-05", 2, "2025-01-05"),
        ("2024-12-31", 12, "2025-12-31"),
        ("2024-01-05", -1, "2023-12-05"),
        ("2024-02-29", -12, "2023-02-28"),
        ("2020-06-30", 50, "2024-08-30"),
        ("2024-12-01", -24, "2022-12-01"),
    ],
)
def test_moves_by_calendar_months(date, months, expected):
    assert add_months(date, months) == expected


@pytest.mark.parametrize(
    ("date", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-03-31", 1, "2024-04-30"),
        ("2024-05-31", -1, "2024-04-30"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-01-30", 1, "2024-02-29"),
    ],
)
def test_a_shorter_month_gives_its_last_day(date, months, expected):
    assert add_months(date, months) == expected


def test_the_first_and_the_last_year_can_be_reached():
    assert add_months("9999-11-30", 1) == "9999-12-30"
    assert add_months("0001-02-28", -1) == "0001-01-28"


@pytest.mark.parametrize(("date", "months"), [("9999-12-01", 1), ("0001-01-31", -1), ("2024-01-01", 10**9)])
def test_outside_the_calendar_is_refused(date, months):
    with pytest.raises(ValueError):
        add_months(date, months)


@pytest.mark.parametrize("date", ["2023-02-29", "2024-13-01", "20240131", "2024-1-1", "31.01.2024", "", "2024-W05-1"])
def test_anything_but_a_valid_iso_date_is_refused(date):
    with pytest.raises(ValueError):
        add_months(date, 1)
