# %% tool
def missing_fields(form: dict, required: list[str]) -> list[str]:
    """List the required fields that a form leaves open; a dot leads into an inner object ("address.city").

    Args:
        form: the fields; None, empty text and white space count as open, 0 and false do not.
        required: names or paths.

    Returns:
        The open ones in the order of required, each once.
    """
    return [path for path in dict.fromkeys(required) if _open(form, path)]


def _open(form: dict, path: str) -> bool:
    value = form
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return True
        value = value[name]
    return value is None or (isinstance(value, str) and not value.strip())
# %% cases
[
    (({"a": "x", "b": "y"}, ["a", "b"]), []),
    (({"a": "x"}, ["a", "b"]), ["b"]),
    (({"a": "", "b": " \t", "c": None}, ["a", "b", "c"]), ["a", "b", "c"]),
    (({"a": 0, "b": False, "c": [], "d": {}}, ["a", "b", "c", "d"]), []),
    (({"p": {"q": "x"}}, ["p.q", "p.r", "p"]), ["p.r"]),
    (({"p": "x"}, ["p.q"]), ["p.q"]),
    (({"p": {"q": {"r": ""}}}, ["p.q.r", "p.q"]), ["p.q.r"]),
    (({}, ["b", "a", "b"]), ["b", "a"]),
    (({"a": 1}, []), []),
    (({"": 1}, [""]), []),
    (({"p": [1]}, ["p.0"]), ["p.0"]),
]
# %% examples
[
    {"form": {"name": "Ada", "mail": ""}, "required": ["name", "mail"]},
    {"form": {"name": "Ada", "address": {"city": "Bonn"}}, "required": ["name", "address.city", "address.zip"]},
    {"form": {"age": 0}, "required": ["age"]},
    {"form": {}, "required": ["name"]},
]
# %% fresh
{"form": {name: pick("x", "", " ", None, 0, False, {"q": pick("", "z", 0)}, []) for name in many(lambda: pick("a", "b", "p"), 0, 3)}, "required": many(lambda: pick("a", "b", "p", "p.q", "a.q"), 0, 4)}
# %% wrong falsy: 0 and false count as open
#-     return value is None or (isinstance(value, str) and not value.strip())
#+     return not value or (isinstance(value, str) and not value.strip())
# %% wrong white_space: white space counts as filled in
#-     return value is None or (isinstance(value, str) and not value.strip())
#+     return value is None or value == ""
# %% wrong set_order: the open ones stand in the order of a set
#-     return [path for path in dict.fromkeys(required) if _open(form, path)]
#+     return [path for path in set(required) if _open(form, path)]
