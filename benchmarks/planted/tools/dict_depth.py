# %% tool
def dict_depth(value: dict) -> int:
    """Tell how many objects stand in each other at the deepest place; lists do not count as a level.

    Args:
        value: an object; lists within are searched, too.

    Returns:
        1 for an object without another one, and so on.
    """
    deepest = 1
    waiting: list[tuple[dict | list, int]] = [(value, 1)]
    while waiting:
        held, depth = waiting.pop()
        deepest = max(deepest, depth)
        for part in held.values() if isinstance(held, dict) else held:
            if isinstance(part, dict):
                waiting.append((part, depth + 1))
            elif isinstance(part, list):
                waiting.append((part, depth))
    return deepest
# %% cases
[
    (({},), 1),
    (({"a": 1},), 1),
    (({"a": {}},), 2),
    (({"a": {"b": {"c": 1}}},), 3),
    (({"a": [1, 2]},), 1),
    (({"a": [{"b": 1}]},), 2),
    (({"a": [[{"b": {}}]]},), 3),
    (({"a": {}, "b": {"c": {}}, "d": 1},), 3),
    (({"b": {"c": {}}, "a": {}},), 3),
    (({"a": None, "b": "x"},), 1),
]
# %% examples
[{"value": {"a": 1}}, {"value": {"a": {"b": 2}}}, {"value": {}}, {"value": {"a": [1, {"b": 1}], "c": 3}}]
# %% fresh
{"value": pick({}, {"a": pick(1, [1], {"b": pick(1, {}, [{}])})}, {"a": [pick(1, {}), [{"b": pick({}, 2)}]], "c": pick({"d": {}}, 1)})}
# %% wrong no_lists: lists are not searched
#-             elif isinstance(part, list):
#-                 waiting.append((part, depth))
# %% wrong lists_count: lists count as a level
#-                 waiting.append((part, depth))
#+                 waiting.append((part, depth + 1))
