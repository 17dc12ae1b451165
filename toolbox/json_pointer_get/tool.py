import re


def json_pointer_get(document: dict | list, pointer: str) -> str | int | float | bool | list | dict | None:
    """Read one place of a JSON document, named by a JSON Pointer (RFC 6901) such as /items/0/price.

    The pointer is empty for the whole document, or a slash before each step: a member's name or an
    index from 0 into an array. In names ~1 stands for a slash and ~0 for a tilde.

    Args:
        document: an object or an array.
        pointer: where to look.

    Returns:
        The value found there; a missing value is an error, never null.

    Raises:
        ValueError: pointer is malformed.
        LookupError: there is nothing at that place.
    """
    if not re.fullmatch(r"(/([^~/]|~[01])*)*", pointer):
        raise ValueError(f"{pointer!r} is not a JSON Pointer")
    value = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,17}", name) and int(name) < len(value):
            value = value[int(name)]
        else:
            raise LookupError(f"{pointer!r}: there is no {name!r}")
    return value
