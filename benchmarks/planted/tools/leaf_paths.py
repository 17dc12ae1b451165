# %% tool
def leaf_paths(tree: dict) -> list[str]:
    """List the paths to all leaves of nested objects, as a/b/c.

    Args:
        tree: objects in objects, at most 50 deep; anything else, and an empty object, is a leaf.

    Returns:
        The paths in alphabetical order of their names at each level.

    Raises:
        ValueError: the tree is deeper, or a name holds a slash.
    """
    return [path for name in sorted(tree) for path in _below(name, tree[name], 1)]


def _below(name: str, value: dict | list | str | int | float | None, depth: int) -> list[str]:
    if "/" in name:
        raise ValueError(f"the name {name!r} holds a slash")
    if depth > 50:
        raise ValueError("the tree is more than 50 deep")
    if not isinstance(value, dict) or not value:
        return [name]
    return [f"{name}/{path}" for part in sorted(value) for path in _below(part, value[part], depth + 1)]
# %% cases
[
    (({"a": 1, "b": {"c": 2, "d": {"e": 3}}},), ["a", "b/c", "b/d/e"]),
    (({"b": 1, "a": 2},), ["a", "b"]),
    (({"a": {"z": 1, "y": 2}},), ["a/y", "a/z"]),
    (({"a": {}},), ["a"]),
    (({"a": [1, {"b": 2}]},), ["a"]),
    (({"a": None},), ["a"]),
    (({},), []),
    (({"a": {"": 1}},), ["a/"]),
    (({"a/b": 1},), ValueError),
    (({"a": {"b/": 1}},), ValueError),
]
# %% tests
def nested(depth):
    tree = {"x": 1}
    for _ in range(depth - 1):
        tree = {"x": tree}
    return tree


def test_fifty_levels_are_allowed_and_no_more():
    assert leaf_paths(nested(50)) == ["/".join("x" * 50)]
    with pytest.raises(ValueError):
        leaf_paths(nested(51))
# %% examples
[
    {"tree": {"src": {"main.py": 1, "lib": {"a.py": 2}}, "README": 3}},
    {"tree": {"empty": {}}},
    {"tree": {}},
    {"tree": {"x": {"y": {"z": 0}}}},
]
# %% fresh
{"tree": {name: pick(1, {}, None, {pick("p", "q"): pick(1, {}, {"r": 2}), "k": 0}, [1]) for name in many(lambda: pick("a", "b", "c", "d"), 0, 4)}}
# %% wrong empty_lost: empty objects are not listed
#-     if not isinstance(value, dict) or not value:
#+     if not isinstance(value, dict):
# %% wrong whole_paths: the first name only stands before the last
#-     return [f"{name}/{path}" for part in sorted(value) for path in _below(part, value[part], depth + 1)]
#+     return [f"{name}/{path.split('/')[-1]}" for part in sorted(value) for path in _below(part, value[part], depth + 1)]
# %% wrong given_order: the order is that of the tree
#-     return [f"{name}/{path}" for part in sorted(value) for path in _below(part, value[part], depth + 1)]
#+     return [f"{name}/{path}" for part in value for path in _below(part, value[part], depth + 1)]
