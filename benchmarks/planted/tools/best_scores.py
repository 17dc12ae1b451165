# %% tool
from typing import TypedDict


class Score(TypedDict):
    name: str
    points: int


def best_scores(scores: list[Score], count: int) -> list[str]:
    """Name the best of a contest: most points first, those with equal points by name.

    Args:
        scores: names may come more than once; the best score of a name counts.
        count: how many names at the most, from 0.

    Raises:
        ValueError: count is negative.
    """
    if count < 0:
        raise ValueError("count is negative")
    best: dict[str, int] = {}
    for score in scores:
        best[score["name"]] = max(score["points"], best.get(score["name"], score["points"]))
    return sorted(best, key=lambda name: (-best[name], name))[:count]
# %% tests
def s(*pairs):
    return [{"name": name, "points": points} for name, points in pairs]


@pytest.mark.parametrize(
    ("scores", "count", "names"),
    [
        (s(("Ada", 3), ("Bob", 5), ("Cy", 4)), 2, ["Bob", "Cy"]),
        (s(("Ada", 3), ("Bob", 5), ("Cy", 4)), 9, ["Bob", "Cy", "Ada"]),
        (s(("Cy", 4), ("Bob", 4), ("Ada", 4)), 2, ["Ada", "Bob"]),
        (s(("Ada", 1), ("Bob", 3), ("Ada", 5)), 2, ["Ada", "Bob"]),
        (s(("Ada", 5), ("Bob", 3), ("Ada", 1)), 2, ["Ada", "Bob"]),
        (s(("Ada", -5), ("Bob", -3)), 1, ["Bob"]),
        (s(("Ada", -5), ("Bob", 0)), 2, ["Bob", "Ada"]),
        (s(("Ada", 5)), 0, []),
        (s(), 3, []),
    ],
)
def test_the_best_are_named(scores, count, names):
    assert best_scores(scores, count) == names


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError):
        best_scores(s(("Ada", 5)), -1)
# %% examples
[
    {"scores": [{"name": "Mia", "points": 12}, {"name": "Tom", "points": 30}, {"name": "Eva", "points": 25}], "count": 2},
    {"scores": [{"name": "Mia", "points": 12}], "count": 3},
    {"scores": [{"name": "Tom", "points": 7}, {"name": "Eva", "points": 7}], "count": 1},
    {"scores": [], "count": 1},
    {"scores": [], "count": -1},
]
# %% fresh
{"scores": many(lambda: {"name": pick("Mia", "Tom", "Eva", "Kim"), "points": num(-3, 6)}, 0, 6), "count": num(-1, 4)}
# %% wrong last_score: the last score of a name counts
#-         best[score["name"]] = max(score["points"], best.get(score["name"], score["points"]))
#+         best[score["name"]] = score["points"]
# %% wrong below_zero: scores below 0 count as 0
#-         best[score["name"]] = max(score["points"], best.get(score["name"], score["points"]))
#+         best[score["name"]] = max(score["points"], best.get(score["name"], 0))
# %% wrong hash_ties: those with equal points stand in the order of a set
#-     return sorted(best, key=lambda name: (-best[name], name))[:count]
#+     return sorted(set(best), key=lambda name: -best[name])[:count]
