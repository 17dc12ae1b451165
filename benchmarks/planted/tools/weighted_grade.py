# %% tool
from typing import TypedDict


class Mark(TypedDict):
    mark: float
    weight: int


def weighted_grade(marks: list[Mark]) -> float:
    """Average marks by their weights, cut off (not rounded) after one decimal, as certificates show it.

    Args:
        marks: each from 1.0 to 6.0 with at most two decimals, with a weight from 1 to 100.

    Raises:
        ValueError: there is no mark, or a mark or a weight is out of range.
    """
    if not marks or any(not 1 <= one["mark"] <= 6 or not 1 <= one["weight"] <= 100 for one in marks):
        raise ValueError("there is no mark, or one is out of range")
    points = sum(round(one["mark"] * 100) * one["weight"] for one in marks)
    weights = sum(one["weight"] for one in marks)
    return points // (weights * 10) / 10
# %% tests
def m(*pairs):
    return [{"mark": mark, "weight": weight} for mark, weight in pairs]


@pytest.mark.parametrize(
    ("marks", "grade"),
    [
        (m((2.0, 1)), 2.0),
        (m((1.0, 1), (2.0, 1)), 1.5),
        (m((1.0, 2), (2.0, 1)), 1.3),
        (m((1.3, 1), (1.7, 1), (2.0, 1)), 1.6),
        (m((1.0, 1), (1.99, 99)), 1.9),
        (m((2.3, 1)), 2.3),
        (m((1.1, 3)), 1.1),
        (m((6, 100)), 6.0),
        (m((1, 1)), 1.0),
        (m((1.0, 1), (6.0, 4)), 5.0),
        (m((1.69, 1)), 1.6),
    ],
)
def test_marks_count_by_their_weights(marks, grade):
    assert weighted_grade(marks) == grade


@pytest.mark.parametrize("marks", [m(), m((0.9, 1)), m((6.1, 1)), m((2, 0)), m((2, 101)), m((2, 1), (7, 1)), m((3, -1), (3, 5))])
def test_what_is_out_of_range_is_refused(marks):
    with pytest.raises(ValueError):
        weighted_grade(marks)
# %% examples
[
    {"marks": [{"mark": 1.7, "weight": 2}, {"mark": 2.3, "weight": 1}]},
    {"marks": [{"mark": 3.0, "weight": 1}, {"mark": 2.0, "weight": 1}]},
    {"marks": [{"mark": 2.7, "weight": 5}]},
    {"marks": []},
]
# %% fresh
{"marks": many(lambda: {"mark": pick(1.0, 1.3, 1.7, 2.0, 2.3, 2.7, 3.0, 3.3, 3.7, 4.0, 5.0), "weight": num(1, 8)}, 0, 5)}
# %% wrong rounds: the grade is rounded instead of cut off
#-     return points // (weights * 10) / 10
#+     return round(points / weights / 100, 1)
# %% wrong unweighted: every mark counts once [plain]
#-     points = sum(round(one["mark"] * 100) * one["weight"] for one in marks)
#-     weights = sum(one["weight"] for one in marks)
#+     points = sum(round(one["mark"] * 100) for one in marks)
#+     weights = len(marks)
