# %% tool
def split_bill(cents: int, people: list[str], tip_percent: int = 0) -> dict[str, int]:
    """Divide a bill; cents that are left over go to the first people by name.

    Args:
        cents: the bill, from 0.
        people: their names; one who is named twice pays once.
        tip_percent: added to the bill, from 0 to 50, rounded up to whole cents.

    Returns:
        Cents by name, in alphabetical order.

    Raises:
        ValueError: there is nobody, the bill is negative, or the tip is out of range.
    """
    if cents < 0 or not 0 <= tip_percent <= 50:
        raise ValueError("a number is out of range")
    names = sorted(set(people))
    if not names:
        raise ValueError("there is nobody")
    total = cents + -(-cents * tip_percent // 100)
    each, rest = divmod(total, len(names))
    return {name: each + (1 if place < rest else 0) for place, name in enumerate(names)}
# %% cases
[
    ((100, ["Bo", "Al"]), {"Al": 50, "Bo": 50}),
    ((100, ["a", "b", "c"]), {"a": 34, "b": 33, "c": 33}),
    ((101, ["c", "b", "a"]), {"a": 34, "b": 34, "c": 33}),
    ((10, ["a", "a", "b"]), {"a": 5, "b": 5}),
    ((0, ["a"]), {"a": 0}),
    ((99, ["a"], 10), {"a": 109}),
    ((100, ["a"], 50), {"a": 150}),
    ((100, ["a"], 0), {"a": 100}),
    ((3000, ["a", "b", "c"], 10), {"a": 1100, "b": 1100, "c": 1100}),
    ((100, []), ValueError),
    ((-1, ["a"]), ValueError),
    ((100, ["a"], -1), ValueError),
    ((100, ["a"], 51), ValueError),
]
# %% tests
def test_the_names_are_in_order():
    assert list(split_bill(3, ["c", "a", "b"])) == ["a", "b", "c"]
# %% examples
[{"cents": 4000, "people": ["Eva", "Tom"]}, {"cents": 900, "people": ["Eva"]}, {"cents": 3000, "people": ["Eva", "Kim", "Tom"], "tip_percent": 10}, {"cents": 600, "people": ["Ann", "Zoe"], "tip_percent": 5}]
# %% fresh
{"cents": num(-1, 200), "people": many(lambda: pick("a", "b", "c", "d", word()), 0, 5), "tip_percent": pick(0, num(-1, 51))}
