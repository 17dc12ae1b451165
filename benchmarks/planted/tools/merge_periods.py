# %% tool
from datetime import date, timedelta
from typing import TypedDict


class Period(TypedDict):
    start: str
    end: str


def merge_periods(periods: list[Period]) -> list[Period]:
    """Join periods that overlap or follow each other without a free day.

    Args:
        periods: start and end as YYYY-MM-DD, both included, in any order.

    Returns:
        The joined periods by their start.

    Raises:
        ValueError: a day is not valid, or a period ends before it starts.
    """
    spans = sorted((date.fromisoformat(one["start"]), date.fromisoformat(one["end"])) for one in periods)
    joined: list[tuple[date, date]] = []
    for start, end in spans:
        if end < start:
            raise ValueError("a period ends before it starts")
        if joined and start - joined[-1][1] <= timedelta(days=1):
            start, before = joined.pop()
            end = max(end, before)
        joined.append((start, end))
    return [{"start": start.isoformat(), "end": end.isoformat()} for start, end in joined]
# %% tests
def p(*pairs):
    return [{"start": f"2024-{a}", "end": f"2024-{b}"} for a, b in pairs]


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        (p(), p()),
        (p(("01-01", "01-05")), p(("01-01", "01-05"))),
        (p(("01-01", "01-05"), ("01-03", "01-09")), p(("01-01", "01-09"))),
        (p(("01-03", "01-09"), ("01-01", "01-05")), p(("01-01", "01-09"))),
        (p(("01-01", "01-31"), ("01-03", "01-09")), p(("01-01", "01-31"))),
        (p(("01-01", "01-05"), ("01-06", "01-09")), p(("01-01", "01-09"))),
        (p(("01-01", "01-05"), ("01-07", "01-09")), p(("01-01", "01-05"), ("01-07", "01-09"))),
        (p(("01-01", "01-31"), ("02-01", "02-29"), ("03-01", "03-02")), p(("01-01", "03-02"))),
        (p(("03-01", "03-01"), ("01-01", "01-01")), p(("01-01", "01-01"), ("03-01", "03-01"))),
        (p(("01-01", "01-20"), ("01-02", "01-03"), ("01-19", "01-22")), p(("01-01", "01-22"))),
    ],
)
def test_periods_are_joined(given, joined):
    assert merge_periods(given) == joined


@pytest.mark.parametrize("given", [p(("01-05", "01-04")), p(("01-40", "02-04")), p(("01-01", "01-04"), ("03-02", "03-01"))])
def test_what_is_no_period_is_refused(given):
    with pytest.raises(ValueError):
        merge_periods(given)
# %% examples
[
    {"periods": [{"start": "2024-01-01", "end": "2024-01-05"}, {"start": "2024-01-04", "end": "2024-01-10"}]},
    {"periods": [{"start": "2024-01-01", "end": "2024-01-05"}, {"start": "2024-01-06", "end": "2024-01-10"}]},
    {"periods": [{"start": "2024-03-01", "end": "2024-03-05"}, {"start": "2024-01-01", "end": "2024-01-02"}]},
    {"periods": []},
    {"periods": [{"start": "2024-01-05", "end": "2024-01-01"}]},
]
# %% fresh
{"periods": many(lambda: (lambda one: {"start": one, "end": later(one, 0, 12)})(day(2024, 2024, 90)), 0, 6)}
# %% wrong inside: a period inside a longer one shortens it
#-             end = max(end, before)
# %% wrong unsorted: periods are taken to be in order
#-     spans = sorted((date.fromisoformat(one["start"]), date.fromisoformat(one["end"])) for one in periods)
#+     spans = [(date.fromisoformat(one["start"]), date.fromisoformat(one["end"])) for one in periods]
# %% wrong gap: a free day between two periods is filled
#-         if joined and start - joined[-1][1] <= timedelta(days=1):
#+         if joined and start - joined[-1][1] <= timedelta(days=2):
