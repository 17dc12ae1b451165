def flatten_json(document: dict, separator: str = ".") -> dict:
    """Flatten a nested JSON object into one level, such as {"a": {"b": 1}} into {"a.b": 1}.

    Members of objects are named by their key, elements of lists by their index from 0. Empty
    objects and lists stay as values, so nothing is lost.

    Args:
        document: the object to flatten.
        separator: what stands between the steps of a name.

    Returns:
        Name to value in document order; values are text, numbers, booleans, null, {} or [].

    Raises:
        ValueError: separator is empty, or two places get the same name because a key holds the
            separator.
    """
    if not separator:
        raise ValueError("the separator is empty")
    flat = {}
    waiting = [("", document)]
    while waiting:
        name, value = waiting.pop()
        if value and isinstance(value, (dict, list)):
            prefix = "" if value is document else name + separator
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{prefix}{step}", part) for step, part in reversed(list(inner))]
        elif name in flat:
            raise ValueError(f"two places get the name {name!r}")
        elif value is not document:
            flat[name] = value
    return flat
