# %% tool
from typing import TypedDict


class Slot(TypedDict):
    start: int
    end: int


def free_slots(busy: list[Slot], opens: int, closes: int, shortest: int = 1) -> list[Slot]:
    """Find the free times of a day between appointments.

    Args:
        busy: appointments in minutes from midnight, in any order, perhaps overlapping or beyond opening hours.
        opens: when the day begins, from 0.
        closes: when it ends, up to 1440 and not before it begins.
        shortest: the shortest time that is of use, from 1.

    Returns:
        Free times of at least that length, in order.

    Raises:
        ValueError: an appointment ends before its start, or another number is out of range.
    """
    if not 0 <= opens <= closes <= 1440 or shortest < 1 or any(one["end"] < one["start"] for one in busy):
        raise ValueError("a time is out of range")
    free: list[Slot] = []
    now = opens
    for one in [*sorted(busy, key=lambda one: one["start"]), {"start": closes, "end": closes}]:
        until = min(one["start"], closes)
        if until - now >= shortest:
            free.append({"start": now, "end": until})
        now = max(now, one["end"])
    return free
# %% tests
def t(*pairs):
    return [{"start": start, "end": end} for start, end in pairs]


@pytest.mark.parametrize(
    ("busy", "more", "free"),
    [
        (t((600, 660)), (540, 720), t((540, 600), (660, 720))),
        (t((660, 700), (560, 600)), (540, 720), t((540, 560), (600, 660), (700, 720))),
        (t((540, 720)), (540, 720), t()),
        (t(), (540, 720), t((540, 720))),
        (t((0, 1440)), (540, 720), t()),
        (t((500, 560), (700, 800)), (540, 720), t((560, 700))),
        (t((550, 650), (560, 600)), (540, 720), t((540, 550), (650, 720))),
        (t((550, 650), (650, 700)), (540, 720), t((540, 550), (700, 720))),
        (t((570, 600)), (540, 720, 30), t((540, 570), (600, 720))),
        (t((570, 600)), (540, 720, 31), t((600, 720))),
        (t((800, 900)), (540, 720), t((540, 720))),
        (t((100, 200)), (540, 720), t((540, 720))),
        (t((550, 550)), (540, 560), t((540, 550), (550, 560))),
        (t(), (0, 1440), t((0, 1440))),
        (t(), (60, 60), t()),
    ],
)
def test_free_times_are_found(busy, more, free):
    assert free_slots(busy, *more) == free


@pytest.mark.parametrize("args", [(t((9, 8)), 0, 60), (t(), -1, 60), (t(), 0, 1441), (t(), 60, 59), (t(), 0, 60, 0)])
def test_what_is_out_of_range_is_refused(args):
    with pytest.raises(ValueError):
        free_slots(*args)
# %% examples
[
    {"busy": [{"start": 600, "end": 630}], "opens": 480, "closes": 720},
    {"busy": [], "opens": 480, "closes": 720},
    {"busy": [{"start": 480, "end": 540}, {"start": 560, "end": 720}], "opens": 480, "closes": 720, "shortest": 15},
    {"busy": [{"start": 480, "end": 400}], "opens": 480, "closes": 720},
]
# %% fresh
{"busy": many(lambda: (lambda s: {"start": s, "end": s + num(0, 25)})(num(0, 60)), 0, 4), "opens": 10, "closes": 50, "shortest": pick(1, 5)}
# %% wrong contained: an appointment within another one ends the longer one
#-         now = max(now, one["end"])
#+         now = one["end"]
# %% wrong beyond: appointments after closing time make free time after it
#-         until = min(one["start"], closes)
#+         until = one["start"]
# %% wrong unsorted: appointments are taken to be in order
#-     for one in [*sorted(busy, key=lambda one: one["start"]), {"start": closes, "end": closes}]:
#+     for one in [*busy, {"start": closes, "end": closes}]:
# %% wrong longer_than: a time of just the shortest length is left out
#-         if until - now >= shortest:
#+         if until - now > shortest:
