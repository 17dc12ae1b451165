"""What a tool's source must be, told all at once and in words that a small model can act on."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sample_tools import UNHURRIED

from agentforge.errors import ToolInvalid
from agentforge.registry.contract import (
    check_source,
    check_tests,
    declared_errors,
    docstring_of,
    name_problems,
    parse_signature,
    read_signature,
    toolbox_imports,
)

GOOD = '''"""Slugs."""

import re
from typing import Optional

_RUN = re.compile(r"[^a-z0-9]+")


def _lower(text: str) -> str:
    return text.lower()


def slugify(text: str, width: Optional[int] = None) -> str:
    """Turn text into a slug.

    Longer words.

    Raises:
        ValueError: if nothing is left.
    """
    slug = _RUN.sub("-", _lower(text)).strip("-")
    if not slug:
        raise ValueError("nothing left")
    return slug[:width]
'''


def function(signature, head="", body="return text", doc='"""Do it."""'):
    return f"{head}\ndef slugify{signature}:\n    {doc}\n    {body}\n"


def only_problem(source, **more):
    problems = check_source(source, "slugify", **more)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_good_source_has_no_problem():
    assert check_source(GOOD, "slugify") == []


def test_a_signature_is_read_whole():
    signature = read_signature(GOOD, "slugify")
    assert signature.name == "slugify"
    assert signature.text == "(text: str, width: Optional[int] = None) -> str"
    assert signature.parameters == {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "width": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    assert signature.returns == {"type": "string"}
    assert signature.summary == "Turn text into a slug."
    assert signature.raises == ("ValueError",)


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("None", {"type": "null"}),
        ("list", {"type": "array"}),
        ("dict", {"type": "object"}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("list[list[float]]", {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
        ("dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("list[dict]", {"type": "array", "items": {"type": "object"}}),
        ("dict[str, Any]", {"type": "object"}),
        ("list[Any]", {"type": "array"}),
        (
            "List[Dict[str, str]]",
            {"type": "array", "items": {"type": "object", "additionalProperties": {"type": "string"}}},
        ),
        ("int | None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("Optional[int]", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("Union[int, str, None]", {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
        ("Optional[int | str]", {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
        ("Literal['a', 1, True, None]", {"enum": ["a", 1, True, None]}),
        ("'list[int]'", {"type": "array", "items": {"type": "integer"}}),
        ("typing.List[int]", {"type": "array", "items": {"type": "integer"}}),
    ],
)
def test_each_allowed_type_has_its_schema(annotation, schema):
    signature = parse_signature(f"(a: {annotation}) -> {annotation}")
    assert signature.parameters["properties"] == {"a": schema}
    assert signature.returns == schema
    Draft202012Validator.check_schema(signature.parameters)


def test_a_bool_is_no_int_and_an_int_is_a_float():
    schema = parse_signature("(a: int, b: float) -> int").parameters
    assert Draft202012Validator(schema).is_valid({"a": 1, "b": 1})
    assert not Draft202012Validator(schema).is_valid({"a": True, "b": 1})
    assert not Draft202012Validator(schema).is_valid({"a": 1, "b": 1, "c": 1})


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        ("tuple[int, int]", "use list"),
        ("set[str]", "use list"),
        ("bytes", "base64"),
        ("datetime", "ISO 8601"),
        ("Any", "str | int | list | dict | None"),
        ("dict[int, str]", "keys must be str"),
        ("list[int, str]", "takes one type"),
        ("Literal[1.5]", "Literal may hold"),
        ("Frobnicate", "type Frobnicate is not allowed"),
        ("'list['", "is no type"),
        ("Callable[[int], int]", "not allowed"),
        ("list[" * 30 + "int" + "]" * 30, "nested more than 20 deep"),
    ],
)
def test_a_type_that_is_not_json_is_refused_with_what_to_use(annotation, says):
    with pytest.raises(ToolInvalid) as caught:
        parse_signature(f"(a: {annotation}) -> str")
    assert "parameter 'a'" in str(caught.value)
    assert says in str(caught.value)


def test_a_typed_dict_of_the_file_becomes_an_object():
    head = (
        "from typing import NotRequired, TypedDict\n"
        "class Row(TypedDict):\n    name: str\n    size: NotRequired[int]\n"
        "class Wide(Row, total=False):\n    parts: list[Row]\n"
    )
    source = function("(rows: list[Row]) -> Wide", head)
    assert check_source(source, "slugify") == []
    row = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["name"],
        "additionalProperties": False,
    }
    signature = read_signature(source, "slugify")
    assert signature.parameters["properties"] == {"rows": {"type": "array", "items": row}}
    assert signature.returns["required"] == ["name"]
    assert signature.returns["properties"]["parts"] == {"type": "array", "items": row}


def test_a_typed_dict_that_contains_itself_is_refused():
    head = "from typing import TypedDict\nclass Node(TypedDict):\n    next: 'Node'\n"
    assert "contains itself" in only_problem(function("(text: str) -> Node", head))


def test_a_typing_name_must_be_imported():
    assert only_problem(function("(text: str) -> List[str]")) == (
        "List is used but not imported: add `from typing import List`"
    )
    assert check_source(function("(text: str) -> List[str]", "from __future__ import annotations"), "slugify") == []


def test_a_wrong_name_is_told_with_what_was_found():
    assert only_problem(GOOD.replace("def slugify", "def to_slug")) == (
        "the function must be named slugify, found: to_slug"
    )
    assert only_problem("X = 1\n") == "the function must be named slugify, found: no public function"


def test_all_problems_come_at_once():
    source = "from flask import Flask\ndef slugify(text, width: set, *rest):\n    yield text\nprint(slugify('a'))\n"
    assert check_source(source, "slugify") == [
        "slugify may not be a generator: return a list instead of yield",
        "parameter 'rest' may not be * or **: name every parameter",
        "parameter 'text' has no type annotation",
        "parameter 'width' is set, which is not JSON: use list[...]",
        "the result has no type annotation: write def NAME(...) -> TYPE",
        "slugify has no docstring: say in one line what it does, then list its exceptions under Raises:",
        "line 4: `print(slugify('a'))` runs when the file is loaded; only imports, constants, the function, "
        "private helpers (_name) and TypedDicts may stand there",
        "line 1: flask is not in the standard library; write the code without it",
    ]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (function("(text: str, /) -> str"), "positional-only"),
        (function("(text: str, **more: int) -> str"), "'more' may not be * or **"),
        (function("(text: str = None) -> str"), "is str but its default is None: write str | None"),
        (function("(text: str, n: int = 'x') -> str"), "'n' is int but its default is 'x'"),
        (function("(text: str, n: float = 1e999) -> str"), "must be a literal"),
        (function("(text: str = str(1)) -> str"), "must be a literal, found: str(1)"),
        ("async " + function("(text: str) -> str").strip(), "may not be async"),
        ("@staticmethod" + function("(text: str) -> str"), "may not have decorators"),
        (function("(text: str) -> str") * 2, "defined 2 times"),
        (function("(text: str) -> str", doc="pass"), "no docstring"),
        (function("(text: str) -> str", doc='"""A.\n\n    Raises:\n        ToolError: x\n    """'), "ToolError"),
        ("def slugify(text: str -> str:\n    pass\n", "line 1: syntax error"),
        ("x = '\0'", "null bytes"),
        ("#" + "x" * (64 << 10), "at most 65536 are allowed"),
        ("x = " + "(" * 5000 + ")" * 5000, "nested"),
    ],
)
def test_each_break_of_the_contract_is_one_clear_problem(source, says):
    assert says in only_problem(source)


def test_yield_in_a_nested_function_is_fine():
    assert (
        check_source(function("(text: str) -> str", body="def _g():\n        yield 1\n    return text"), "slugify")
        == []
    )


def test_the_expected_signature_must_be_met():
    expected = parse_signature("(text: str, width: int) -> str")
    good = function("(text: str, width: int) -> str")
    assert check_source(good, "slugify", expected=expected) == []
    for other in (
        "(width: int, text: str) -> str",
        "(text: str, width: int = 3) -> str",
        "(text: str, width: int) -> int",
    ):
        assert only_problem(function(other), expected=expected) == (
            f"the signature must be def slugify(text: str, width: int) -> str, found: def slugify{other}"
        )
    assert check_source(function("(text: str, width: 'int') -> str"), "slugify", expected=expected) == []


@pytest.mark.parametrize(
    "text",
    ["(a: str) -> str", "f(a: str) -> str", "def f(a: str) -> str", "def f(a: str) -> str:", "  (a:str)->str  "],
)
def test_a_signature_is_parsed_however_it_is_written(text):
    assert parse_signature(text).text == "(a: str) -> str"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "(a",
        "(a: str)",
        "(a) -> str",
        "lambda a: a",
        "(a: str) -> str: import os",
        "(): pass\nimport os\ndef g()",
    ],
)
def test_what_is_no_signature_is_refused(text):
    with pytest.raises(ToolInvalid):
        parse_signature(text)


def test_every_need_in_signature_words_keeps_its_text():
    for text in ("(rows: list[dict], row_key: str) -> dict", "(a: int = -3, *, b: str = 'x') -> list[list[int]]"):
        assert parse_signature(text).text == text


@pytest.mark.parametrize("name", ["a", "slugify", "parse_size", "a1_b2"])
def test_legal_names(name):
    assert name_problems(name) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no tool name"),
        ("Slugify", "no tool name"),
        ("_x", "no tool name"),
        ("1a", "no tool name"),
        ("a-b", "no tool name"),
        ("../etc", "no tool name"),
        ("x" * 64, "no tool name"),
        ("é", "no tool name"),
        ("a\n", "no tool name"),
        ("class", "keyword"),
        ("sum", "builtin"),
        ("test_me", "pytest"),
        ("run_python", "reserved"),
        ("tool", "reserved"),
    ],
)
def test_illegal_names_are_refused_with_the_reason(name, says):
    assert says in name_problems(name)[0]


@pytest.mark.parametrize(
    ("docstring", "errors"),
    [
        ("A.\n\nRaises:\n    ValueError: if empty.\n    KeyError: if missing.\n", ("ValueError", "KeyError")),
        (
            "A.\n\nRaises:\n    ValueError: if\n        it is empty: really.\n\nReturns:\n    TypeError: no\n",
            ("ValueError",),
        ),
        ("A.\n\nRaises\n------\nValueError\n    If empty.\n", ("ValueError",)),
        ("A.\n\n:raises ValueError: if empty\n:raise TypeError: never", ("ValueError", "TypeError")),
        ("A.\n\nRaises:\n    - `ValueError`: if empty\n", ("ValueError",)),
        ("A.\n\nRaises:\n    ValueError if it is empty\n", ("ValueError",)),
        ("A.\n\nRaises:\n    Nothing.\n", ()),
        ("A. Raises ValueError.", ()),
        ("A.\n\nRaises:\n    KeyboardInterrupt: x\n", ()),
    ],
)
def test_declared_errors_are_read_in_the_usual_styles(docstring, errors):
    assert declared_errors(docstring) == errors


def test_toolbox_imports_are_found_at_any_depth_and_in_broken_code_none():
    source = "from toolbox import a, b as c\ndef f():\n    from toolbox import d, a\nfrom .toolbox import e\n"
    assert toolbox_imports(source) == ("a", "b", "d")
    assert toolbox_imports("from toolbox import (") == ()


def test_a_docstring_is_found_without_importing():
    assert docstring_of(GOOD, "slugify").startswith("Turn text into a slug.\n\nLonger words.")
    assert docstring_of("def (", "slugify") == docstring_of("", "slugify") == ""


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ("from tool import slugify\nX = 1\n", "no test function"),
        ("def test_a():\n    assert True\n", "the tool is not imported"),
        ("import tool\ndef test_a():\n    tool.slugify('a')\n", "from tool import slugify"),
        ("from tool import slugify, _RUN\ndef test_a(): pass\n", "nothing else of it"),
        ("from tool import slugify\nimport numpy\ndef test_a(): pass\n", "found: numpy"),
        ("from tool import slugify\nasync def test_a(): pass\ndef test_b(): pass\n", "async"),
        ("from tool import slugify\ndef test_a(:\n", "syntax error"),
    ],
)
def test_a_test_file_imports_the_tool_and_tests_it(tests, says):
    assert any(says in problem for problem in check_tests(tests, "slugify"))


def test_a_good_test_file_has_no_problem():
    assert check_tests("import math\nimport pytest\nfrom tool import slugify\ndef test_a(): pass\n", "slugify") == []
    assert check_tests("from tool import slugify\nclass TestIt:\n    def test_a(self): pass\n", "slugify") == []


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("\ud800", id="surrogate"),
        pytest.param("class A(A): pass", id="own-base"),
        pytest.param(
            "from typing import TypedDict\nclass A(TypedDict, A): x: int\ndef slugify(a: A) -> A: ...",
            id="own-typed-dict",
        ),
        pytest.param("x = " + "-" * 3000 + "1", id="unary"),
        pytest.param("x = " + "1+" * 20000 + "1", id="sum"),
        pytest.param("def slugify(a: " + "int|" * 10000 + "int) -> str: ...", id="union"),
        pytest.param("def slugify(a: " + "x." * 5000 + "y) -> str: ...", id="attributes"),
        pytest.param("def slugify(a: '" + "list[" * 1500 + "int" + "]" * 1500 + "') -> str: ...", id="quoted"),
    ],
)
def test_monstrous_code_is_refused_and_not_a_crash(source):
    problems = check_source(source, "slugify")
    assert problems
    assert all(len(problem) < 500 for problem in problems)


@UNHURRIED
@given(st.text())
def test_no_text_whatever_breaks_the_checker(text):
    problems = check_source(text, "slugify")
    assert problems
    assert all(isinstance(problem, str) for problem in problems)
    toolbox_imports(text)
    check_tests(text, "slugify")


@UNHURRIED
@given(
    st.lists(
        st.sampled_from(
            sorted(
                set(GOOD.splitlines())
                | {
                    "    ",
                    "def slugify(",
                    "@x",
                    "class Y:",
                    "    x: int = 3",
                    "if 1:",
                    "    import os; os.system('x')",
                    "from toolbox import *",
                    "*a, b = c",
                    "def slugify(a: int | str = 1, *b, c: list[int] = [], **d) -> dict[str, None]:",
                    "    yield",
                    "match x:",
                    "    case 1: pass",
                    "async def slugify(a) -> 'str': ...",
                    "global z",
                    "x: 'int'",
                    "type(x)()",
                    "lambda: 0",
                    "del x",
                    "with a: pass",
                    "try: pass\nfinally: pass",
                }
            )
        ),
        max_size=25,
    )
)
def test_no_shuffled_python_breaks_the_checker(lines):
    source = "\n".join(lines)
    problems = check_source(source, "slugify", known_tools=["a"])
    if not problems:
        signature = read_signature(source, "slugify")
        Draft202012Validator.check_schema(signature.parameters)
        Draft202012Validator.check_schema(signature.returns)


@UNHURRIED
@given(st.text())
def test_no_text_breaks_the_signature_parser(text):
    try:
        signature = parse_signature(text)
    except ToolInvalid:
        return
    assert parse_signature(signature.text).parameters == signature.parameters


types = st.recursive(
    st.sampled_from(["str", "int", "float", "bool", "None", "list", "dict", "Literal['a', 2]"]),
    lambda inner: st.one_of(
        inner.map("list[{}]".format),
        inner.map("dict[str, {}]".format),
        inner.map("Optional[{}]".format),
        st.tuples(inner, inner).map(" | ".join),
    ),
    max_leaves=6,
)


@UNHURRIED
@given(st.lists(types, max_size=4), types)
def test_every_allowed_signature_survives_its_own_text(parameters, returns):
    text = f"({', '.join(f'p{n}: {kind}' for n, kind in enumerate(parameters))}) -> {returns}"
    signature = parse_signature(text)
    assert ast.dump(ast.parse(f"def f{signature.text}: ...")) == ast.dump(ast.parse(f"def f{text}: ..."))
    Draft202012Validator.check_schema(signature.parameters)
    json.dumps(signature.parameters)
    assert check_source(function(signature.text, "from __future__ import annotations"), "slugify") == []


def test_the_host_never_imports_what_it_reads(tmp_path):
    proof = tmp_path / "ran"
    source = f"open({str(proof)!r}, 'w')\n" + GOOD
    check_source(source, "slugify")
    read_signature(source, "slugify")
    assert not Path(proof).exists()
