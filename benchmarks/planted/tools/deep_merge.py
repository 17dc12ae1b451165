# %% tool
def deep_merge(settings: dict, override: dict) -> dict:
    """Lay settings over others: objects are merged at every depth, anything else is replaced.

    Args:
        settings: the settings below.
        override: those above; None there removes a name.

    Returns:
        A new object; the given ones stay as they are.
    """
    merged = dict(settings)
    for name, value in override.items():
        below = merged.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = deep_merge(below if isinstance(below, dict) else {}, value)
        else:
            merged[name] = value
    return merged
# %% cases
[
    (({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
    (({"a": 1}, {"a": 2}), {"a": 2}),
    (({"a": {"x": 1, "y": 2}}, {"a": {"y": 3, "z": 4}}), {"a": {"x": 1, "y": 3, "z": 4}}),
    (({"a": {"x": {"p": 1}}}, {"a": {"x": {"q": 2}}}), {"a": {"x": {"p": 1, "q": 2}}}),
    (({"a": {"x": 1}}, {"a": 5}), {"a": 5}),
    (({"a": 5}, {"a": {"x": 1}}), {"a": {"x": 1}}),
    (({"a": 1, "b": 2}, {"a": None}), {"b": 2}),
    (({"a": {"x": 1, "y": 2}}, {"a": {"x": None}}), {"a": {"y": 2}}),
    (({}, {"a": None}), {}),
    (({"a": None}, {}), {"a": None}),
    (({"a": [1, 2]}, {"a": [3]}), {"a": [3]}),
    (({}, {"a": {"x": None, "y": 1}}), {"a": {"y": 1}}),
    (({"a": 1}, {"a": {}}), {"a": {}}),
    (({"a": {"x": 1}}, {"a": {}}), {"a": {"x": 1}}),
    (({"a": 1}, {"a": 0}), {"a": 0}),
    (({"a": 1}, {"a": ""}), {"a": ""}),
    (({"a": 1}, {"a": False}), {"a": False}),
]
# %% examples
[
    {"settings": {"port": 80, "tls": False}, "override": {"port": 443}},
    {"settings": {"db": {"host": "a", "port": 1}}, "override": {"db": {"host": "b"}}},
    {"settings": {"a": 1}, "override": {}},
    {"settings": {"a": 1, "b": 2}, "override": {"b": None}},
]
# %% fresh
(lambda make: {"settings": make(), "override": make()})(lambda: {name: pick(1, 0, "x", None, [1], {"p": pick(1, 2, None), pick("q", "r"): 3}, {}) for name in many(lambda: pick("a", "b", "c"), 0, 3)})
# %% wrong one_level: objects within objects are replaced
#-             merged[name] = deep_merge(below if isinstance(below, dict) else {}, value)
#+             merged[name] = {**(below if isinstance(below, dict) else {}), **value}
# %% wrong falsy: 0, false and empty text count as nothing
#-         if value is None:
#+         if not value:
# %% wrong keeps_none: None replaces instead of removing
#-             merged.pop(name, None)
#+             merged[name] = None
# %% wrong mutates: the settings below are changed within
#-     merged = dict(settings)
#+     merged = settings
