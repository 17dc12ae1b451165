# %% tool
def query_fields(text: str) -> dict[str, list[str]]:
    """Read fields such as "a=1&b=2&a=3" into lists of values by name; nothing is decoded.

    Args:
        text: name=value pairs with & between them; an optional ? in front. Empty pairs are left out, a name
            without = has an empty value, and only the first = separates.

    Returns:
        Values by name, in order of appearance.

    Raises:
        ValueError: a pair has no name.
    """
    fields: dict[str, list[str]] = {}
    for pair in text.removeprefix("?").split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if not name:
            raise ValueError(f"{pair!r} has no name")
        fields.setdefault(name, []).append(value)
    return fields
# %% cases
[
    (("a=1&b=2&a=3",), {"a": ["1", "3"], "b": ["2"]}),
    (("?x=y",), {"x": ["y"]}),
    (("??x=y",), {"?x": ["y"]}),
    (("a",), {"a": [""]}),
    (("a=",), {"a": [""]}),
    (("a=b=c",), {"a": ["b=c"]}),
    (("&&a=1&",), {"a": ["1"]}),
    (("",), {}),
    (("?",), {}),
    (("A=1&a=2",), {"A": ["1"], "a": ["2"]}),
    (("=1",), ValueError),
    (("a=1&=",), ValueError),
]
# %% examples
[{"text": "page=2&sort=name"}, {"text": "?tag=red&tag=blue"}, {"text": "debug"}, {"text": ""}, {"text": "=5"}]
# %% fresh
{"text": pick("", "?") + "&".join(many(lambda: pick("a", "b", "", "a=1", "b=x=y", "c=", "=3"), 0, 5))}
# %% wrong last_one: a later value replaces an earlier one
#-         fields.setdefault(name, []).append(value)
#+         fields[name] = [value]
# %% wrong last_equals: the last = separates
#-         name, _, value = pair.partition("=")
#+         name, _, value = pair.rpartition("=") if "=" in pair else (pair, "", "")
