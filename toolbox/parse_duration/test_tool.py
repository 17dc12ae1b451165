import pytest
from tool import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("1m", 60),
        ("1h", 3600),
        ("1d", 86400),
        ("1w", 604800),
        ("0s", 0),
        ("45min", 2700),
        ("90 sec", 90),
        ("3hr", 10800),
    ],
)
def test_every_short_unit(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second", 1),
        ("2 seconds", 2),
        ("2 minutes", 120),
        ("1 hour", 3600),
        ("2 days", 172800),
        ("3 weeks", 1814400),
        ("2 hrs", 7200),
        ("5 mins", 300),
        ("10 secs", 10),
    ],
)
def test_every_unit_as_a_word(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h 30m", 9000),
        ("2h30m", 9000),
        ("1 day, 4 hours", 100800),
        ("1w 2d 3h 4m 5s", 788645),
        ("30m 2h", 9000),
        ("  1H 15M  ", 4500),
    ],
)
def test_amounts_are_added_in_any_order_and_spelling(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("1.5h", 5400), ("0.1m", 6), ("2.25 hours", 8100), ("0.25h 0.5m", 930)])
def test_decimals_may_add_up_to_whole_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "90",
        "h",
        "1x",
        "1 fortnight",
        "1h 1h",
        "1h 2 hours",
        "-1h",
        "1h-2m",
        "1:30",
        "1,5h",
        "0.5s",
        "0.5m 0.5s",
        "one hour",
        "1h and 5m",
        "1ss",
        "5ms",
        "1 days 1 day",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError):
        parse_duration(text)
