"""A candidate's text is completed without a change to what it does, however it was laid out."""

import ast

import pytest

from agentforge.forge.rewriting import lines_of, with_docstring, with_signature, without_demonstrations
from agentforge.forge.spec import completed, docstring, make_spec
from agentforge.registry.contract import check_source
from agentforge.types import Need

DOUBLE = make_spec(Need("double", "(n: int) -> int", "Double n. Nothing else. ValueError if n is odd."))

LAYOUTS = {
    "tabs": "def double(n: int) -> int:\n\treturn n * 2",
    "one line": "def double(n: int) -> int: return n * 2",
    "one line behind a long header": "def double(\n    n: int,\n) -> int: return n * 2",
    "statements on one line": "def double(n): m = 'ä'; return n * 2",
    "form feed in a text": "def double(n: int) -> int:\n    s = '\x0c'\n    return n * 2",
    "form feed before the function": "import math\n\x0c\ndef double(n: int) -> int:\n    return n * 2",
    "line separator in a text": "S = '\u2028\x85'\ndef double(n: int) -> int:\n    return n * 2",
    "Windows line ends": "def double(n: int) -> int:\r\n    return n * 2\r\n",
    "code behind its own docstring": 'def double(n: int) -> int:\n    """Mine."""; return n * 2',
    "indented by two": "def double(n: int) -> int:\n  return n * 2",
}


@pytest.mark.parametrize("source", LAYOUTS.values(), ids=LAYOUTS)
def test_any_layout_gets_the_docstring_and_still_does_what_it_did(source: str) -> None:
    made = completed(DOUBLE, source)
    assert check_source(made, "double", expected=DOUBLE.signature) == []
    function = next(node for node in ast.parse(made).body if isinstance(node, ast.FunctionDef))
    assert ast.get_docstring(function) == docstring(DOUBLE)
    names: dict[str, object] = {}
    exec(compile(made, "tool", "exec"), names)  # our own text
    assert names["double"](21) == 42  # type: ignore[operator] # the function above


def test_what_a_literal_holds_is_kept() -> None:
    names: dict[str, object] = {}
    exec(completed(DOUBLE, "S = '\x0c\u2028'\ndef double(n: int) -> int:\n    return n"), names)
    assert names["S"] == "\x0c\u2028"


def test_comments_stay_on_the_line_that_they_speak_of() -> None:
    source = "def double(n):  # all of it\n    # rule 1\n\n    m = n * 2\n    return m  # rule 2\n"
    made = lines_of(with_docstring(with_signature(source, "double", "(n: int) -> int"), "double", "Double n."))
    assert made == [
        "def double(n: int) -> int:  # all of it",
        '    """Double n."""',
        "    # rule 1",
        "",
        "    m = n * 2",
        "    return m  # rule 2",
    ]


def test_a_comment_before_or_behind_the_models_own_docstring_stays() -> None:
    source = 'def double(n):\n    # first\n    """Mine."""  # second\n    return n\n'
    assert lines_of(with_docstring(source, "double", "Double n."))[1:] == [
        '    """Double n."""',
        "    # first",
        "    # second",
        "    return n",
    ]


def test_a_demonstration_on_the_line_of_something_else_takes_nothing_along() -> None:
    source = "def f():\n    return 1\nX = 1; print(X)\nprint(f())\n"
    assert without_demonstrations(source) == "def f():\n    return 1\nX = 1; print(X)\n"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("ValueError if n is odd.", "if n is odd."),
        ("Raise ValueError when n is odd.", "when n is odd."),
        ("Raises a ValueError: n is odd.", "n is odd."),
        ("An odd n is a ValueError.", "An odd n is a ValueError."),
    ],
)
def test_a_docstring_names_an_error_once(rule: str, told: str) -> None:
    spec = make_spec(Need("double", "(n: int) -> int", f"Double the number. {rule}"))
    assert docstring(spec).endswith(f"Raises:\n    ValueError: {told}")
