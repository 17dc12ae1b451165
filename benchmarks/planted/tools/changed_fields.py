# %% tool
from typing import TypedDict


class Changes(TypedDict):
    added: list[str]
    removed: list[str]
    changed: list[str]


def changed_fields(old: dict, new: dict) -> Changes:
    """Compare two records and name the fields that were added, removed or changed.

    Args:
        old: the earlier record.
        new: the later one; true is another value than 1.

    Returns:
        Three lists of names, each in alphabetical order.
    """
    return {
        "added": sorted(name for name in new if name not in old),
        "removed": sorted(name for name in old if name not in new),
        "changed": sorted(name for name in new if name in old and not _same(old[name], new[name])),
    }


def _same(one: dict | list | str | int | float | None, other: dict | list | str | int | float | None) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)
# %% cases
[
    (({"a": 1, "b": 2}, {"b": 3, "c": 4}), {"added": ["c"], "removed": ["a"], "changed": ["b"]}),
    (({"a": 1}, {"a": 1}), {"added": [], "removed": [], "changed": []}),
    (({"a": 1}, {"a": 1.0}), {"added": [], "removed": [], "changed": []}),
    (({"a": 1}, {"a": True}), {"added": [], "removed": [], "changed": ["a"]}),
    (({"a": [1, {"x": 0}]}, {"a": [1, {"x": False}]}), {"added": [], "removed": [], "changed": ["a"]}),
    (({"a": [1, {"x": 0}]}, {"a": [1, {"x": 0}]}), {"added": [], "removed": [], "changed": []}),
    (({"a": [1]}, {"a": [1, 2]}), {"added": [], "removed": [], "changed": ["a"]}),
    (({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}), {"added": [], "removed": [], "changed": ["a"]}),
    (({"a": None}, {}), {"added": [], "removed": ["a"], "changed": []}),
    (({}, {"a": None}), {"added": ["a"], "removed": [], "changed": []}),
    (({"z": 1, "y": 1}, {"y": 2, "z": 2}), {"added": [], "removed": [], "changed": ["y", "z"]}),
    (({}, {"z": 1, "y": 1}), {"added": ["y", "z"], "removed": [], "changed": []}),
    (({"z": 1, "y": 1}, {}), {"added": [], "removed": ["y", "z"], "changed": []}),
    (({"a": [1]}, {"a": {"x": 1}}), {"added": [], "removed": [], "changed": ["a"]}),
]
# %% examples
[
    {"old": {"name": "Ada", "city": "Bonn"}, "new": {"name": "Ada", "city": "Rome"}},
    {"old": {"name": "Ada"}, "new": {"name": "Ada", "zip": "53111"}},
    {"old": {"name": "Ada", "zip": "5"}, "new": {"name": "Ada"}},
    {"old": {}, "new": {}},
]
# %% fresh
(lambda make: {"old": make(), "new": make()})(lambda: {name: pick(1, True, 0, None, "x", [1], [True]) for name in many(lambda: pick("a", "b", "c"), 0, 3)})
# %% wrong truthy: true and 1 are the same
#-     return one == other and isinstance(one, bool) == isinstance(other, bool)
#+     return one == other
# %% wrong none: a field that was None counts as added
#-         "added": sorted(name for name in new if name not in old),
#+         "added": sorted(name for name in new if old.get(name) is None),
# %% wrong hash_order: the names stand in the order of a set
#-         "added": sorted(name for name in new if name not in old),
#-         "removed": sorted(name for name in old if name not in new),
#+         "added": list(set(new) - set(old)),
#+         "removed": list(set(old) - set(new)),
