# %% tool
import re


def fill_in(template: str, values: dict[str, str]) -> str:
    """Fill the blanks of a letter: {name} is replaced by the value of this name, wherever it stands.

    Args:
        template: names are letters, whatever their capitals, perhaps with spaces within the braces; {{ stands for
            one brace.
        values: by name in small letters.

    Raises:
        ValueError: a blank has no value, or a value is empty.
    """
    parts = template.split("{{")
    return "{".join(re.sub(r"\{\s*([A-Za-z]+)\s*\}", lambda found: _value(found[1], values), part) for part in parts)


def _value(name: str, values: dict[str, str]) -> str:
    value = values.get(name.lower(), "")
    if not value.strip():
        raise ValueError(f"{name} has no value")
    return value
# %% cases
[
    (("Dear {name}", {"name": "Ann"}), "Dear Ann"),
    (("{a}{b}{a}", {"a": "1", "b": "2"}), "121"),
    (("{ name }", {"name": "Bo"}), "Bo"),
    (("{Name} {NAME}", {"name": "Bo"}), "Bo Bo"),
    (("{{name}", {"name": "Bo"}), "{name}"),
    (("{{{name}", {"name": "Bo"}), "{Bo"),
    (("plain", {}), "plain"),
    (("", {"a": "1"}), ""),
    (("{a b}", {"a": "1"}), "{a b}"),
    (("{a}", {"a": "Ü {b}"}), "Ü {b}"),
    (("{a}", {}), ValueError),
    (("{a}", {"a": ""}), ValueError),
    (("{a}", {"a": " "}), ValueError),
]
# %% examples
[{"template": "Hello {who}!", "values": {"who": "Eva"}}, {"template": "{x} and {y}", "values": {"x": "tea", "y": "milk"}}, {"template": "none", "values": {}}, {"template": "{x}", "values": {"x": "1", "y": "2"}}]
# %% fresh
{"template": "".join(many(lambda: pick("{a}", "{ a }", "{B}", "{b}", "{{", "x", " "), 0, 5)), "values": pick({"a": "1", "b": "2"}, {"a": "1"}, {"a": "", "b": "x"}, {"a": "q", "b": "{a}"})}
