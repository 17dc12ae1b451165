# %% tool
from typing import TypedDict


class Meeting(TypedDict):
    title: str
    start: int
    end: int


def meeting_conflicts(meetings: list[Meeting]) -> list[list[str]]:
    """Find the pairs of meetings that overlap; one may begin in the minute in which another ends.

    Args:
        meetings: minutes from midnight, the end after the start.

    Returns:
        Pairs of titles in the given order of the meetings.

    Raises:
        ValueError: a meeting does not end after its start.
    """
    if any(one["end"] <= one["start"] for one in meetings):
        raise ValueError("a meeting must end after its start")
    return [
        [one["title"], other["title"]]
        for number, one in enumerate(meetings)
        for other in meetings[number + 1 :]
        if one["start"] < other["end"] and other["start"] < one["end"]
    ]
# %% tests
def m(*rows):
    return [{"title": title, "start": start, "end": end} for title, start, end in rows]


@pytest.mark.parametrize(
    ("meetings", "pairs"),
    [
        (m(("a", 0, 60), ("b", 30, 90)), [["a", "b"]]),
        (m(("b", 30, 90), ("a", 0, 60)), [["b", "a"]]),
        (m(("a", 0, 60), ("b", 60, 90)), []),
        (m(("b", 60, 90), ("a", 0, 60)), []),
        (m(("a", 0, 90), ("b", 30, 40)), [["a", "b"]]),
        (m(("a", 30, 40), ("b", 0, 90)), [["a", "b"]]),
        (m(("a", 0, 30), ("b", 0, 30)), [["a", "b"]]),
        (m(("a", 0, 30), ("b", 10, 20), ("c", 15, 40)), [["a", "b"], ["a", "c"], ["b", "c"]]),
        (m(("a", 0, 30), ("b", 50, 60), ("c", 20, 55)), [["a", "c"], ["b", "c"]]),
        (m(("a", 0, 30)), []),
        (m(), []),
    ],
)
def test_overlapping_pairs_are_found(meetings, pairs):
    assert meeting_conflicts(meetings) == pairs


@pytest.mark.parametrize("meetings", [m(("a", 5, 5)), m(("a", 6, 5)), m(("a", 0, 9), ("b", 3, 2))])
def test_a_meeting_must_end_after_its_start(meetings):
    with pytest.raises(ValueError):
        meeting_conflicts(meetings)
# %% examples
[
    {"meetings": [{"title": "sales", "start": 540, "end": 600}, {"title": "design", "start": 570, "end": 630}]},
    {"meetings": [{"title": "sales", "start": 540, "end": 600}, {"title": "design", "start": 600, "end": 630}]},
    {"meetings": []},
    {"meetings": [{"title": "sales", "start": 540, "end": 500}]},
]
# %% fresh
{"meetings": many(lambda: (lambda s: {"title": pick("a", "b", "c"), "start": s, "end": s + num(0, 9)})(num(0, 20)), 0, 4)}
# %% wrong neighbours: only meetings that follow each other in the list are compared
#-         for other in meetings[number + 1 :]
#+         for other in meetings[number + 1 : number + 2]
# %% wrong touching: a meeting that begins when another ends is a conflict
#-         if one["start"] < other["end"] and other["start"] < one["end"]
#+         if one["start"] <= other["end"] and other["start"] <= one["end"]
# %% wrong starts_within: only a start within another meeting is seen
#-         if one["start"] < other["end"] and other["start"] < one["end"]
#+         if one["start"] <= other["start"] < one["end"]
