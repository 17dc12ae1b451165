"""A tool's folder: there and back unchanged, and checked before anybody relies on it."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_tools import UNHURRIED, make_tool, write_tool

from agentforge.errors import ToolInvalid
from agentforge.registry.tool import FILES, MAX_FOLDER_BYTES, from_files, load_folder, to_files, validate
from agentforge.types import Capabilities, Example, Layer, State

TOOL = make_tool(examples=(Example({"text": "É"}, "é"), Example({"text": 1}, raises="TypeError", held_out=True)))


def problems(**changed):
    return validate(dataclasses.replace(TOOL, **changed))


def broken(**files):
    contents = {**to_files(TOOL), **{name.replace("__", "."): data for name, data in files.items()}}
    with pytest.raises(ToolInvalid) as caught:
        from_files({name: data for name, data in contents.items() if data is not None}, "slugify")
    return list(caught.value.problems)


def test_a_tool_survives_its_folder(tmp_path):
    place = write_tool(tmp_path, TOOL)
    assert sorted(path.name for path in place.iterdir()) == list(FILES)
    loaded = load_folder(place)
    assert loaded == dataclasses.replace(TOOL, layer=Layer.BASE)
    assert loaded.version == TOOL.version
    assert validate(loaded) == []


def test_the_version_is_that_of_the_contents_and_nothing_else():
    elsewhere = dataclasses.replace(TOOL, layer=Layer.COMPANY, state=State.RETIRED, unconfirmed=True)
    assert elsewhere.version == TOOL.version
    assert len(TOOL.version) == 64
    for change in ({"source": TOOL.source + "\n"}, {"tests": "x"}, {"examples": ()}, {"report": {"a": 1}}):
        assert dataclasses.replace(TOOL, **change).version != TOOL.version


def test_every_missing_or_malformed_file_is_named_at_once():
    found = broken(tool__py=None, test_tool__py=b"\xff", report__json=b"[]", examples__jsonl=b'{"args": 1}\nx\n')
    assert found[0] == "tool.py is missing"
    assert found[1] == "test_tool.py is no UTF-8 text (byte 0)"
    assert found[2] == "report.json must hold an object"
    assert found[3].startswith("examples.jsonl, line 1: it needs an object 'args'")
    assert found[4].startswith("examples.jsonl, line 2: ")


def test_a_malformed_manifest_is_told():
    assert "tool.toml is no TOML" in broken(tool__toml=b"format = ")[0]
    assert "tool.toml: name" in broken(tool__toml=to_files(TOOL)["tool.toml"].replace(b"slugify", b"Slugify"))[0]


def test_the_folder_has_the_tools_name():
    other = to_files(TOOL)["tool.toml"].replace(b'"slugify"', b'"other"')
    assert broken(tool__toml=other) == ["tool.toml names it 'other', but its folder is 'slugify'"]


@pytest.mark.parametrize(
    "line",
    [
        '{"args": {}, "returns": 1, "raises": "ValueError"}',
        '{"args": {}}',
        '{"returns": 1}',
        '{"args": {}, "returns": NaN}',
        '{"args": {}, "returns": 1, "held_out": "no"}',
        '{"args": {}, "returns": 1, "note": "x"}',
        '{"args": {}, "raises": 7}',
        "[" * 100_000,
        f'{{"args": {{"text": {"[" * 900}{"]" * 900}}}, "returns": 1}}',
        '{"args": {}, "returns": 1e999}',
    ],
)
def test_an_example_that_says_nothing_or_too_much_is_refused(line):
    assert broken(examples__jsonl=line.encode())[0].startswith("examples.jsonl, line 1: ")


def test_an_empty_folder_and_a_folder_of_links_hold_no_tool(tmp_path):
    place = write_tool(tmp_path / "real", TOOL)
    (tmp_path / "slugify").mkdir()
    (tmp_path / "slugify" / "tool.py").symlink_to(place / "tool.py")
    with pytest.raises(ToolInvalid) as caught:
        load_folder(tmp_path / "slugify")
    assert caught.value.problems == tuple(f"{name} is missing" for name in FILES)


def test_a_huge_file_is_not_even_read(tmp_path):
    place = write_tool(tmp_path, TOOL)
    with (place / "report.json").open("wb") as file:
        file.truncate(MAX_FOLDER_BYTES + 1)
    with pytest.raises(ToolInvalid, match=r"report\.json has more than"):
        load_folder(place)


def test_a_manifest_that_disagrees_with_the_source_is_told():
    manifest = TOOL.manifest.model_copy(update={"signature": "(text: str) -> int"})
    assert problems(manifest=manifest) == [
        "tool.toml gives the signature (text: str) -> int, tool.py (text: str) -> str"
    ]


def test_what_it_imports_must_be_known_and_named_in_the_manifest():
    tool = make_tool("caller", "return helper(text)", imports=["helper"], examples=())
    assert validate(tool, known_tools=["helper"]) == []
    assert validate(tool) == ["line 1: the toolbox has no tool named helper"]
    unnamed = dataclasses.replace(tool, manifest=tool.manifest.model_copy(update={"depends": ()}))
    assert validate(unnamed, known_tools=["helper"]) == [
        "tool.py imports helper from the toolbox, but 'depends' of tool.toml does not name it"
    ]
    assert tool.depends == unnamed.depends == ("helper",)


def test_its_capabilities_open_what_they_name():
    clock = make_tool(body="import time; return str(time.time())", examples=())
    assert "needs the capability 'clock'" in validate(clock)[0]
    assert not make_tool(capabilities=Capabilities(clock=True)).pure
    assert validate(make_tool(body="import time; return str(time.time())", capabilities=Capabilities(clock=True))) == []


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (Example({"text": 1}, "a"), "example 1: args: ['text']: 1 is not of type 'string'"),
        (Example({}, "a"), "example 1: args: 'text' is a required property"),
        (Example({"text": "a", "x": 1}, "a"), "Additional properties are not allowed"),
        (Example({"text": "a"}, 1), "example 1: returns: 1 is not of type 'string'"),
        (Example({"text": "a"}, raises="Whatever"), "'Whatever' is no builtin exception"),
        (Example({"text": "a"}, raises="KeyboardInterrupt"), "no builtin exception"),
        (Example({"text": "\ud800"}, "a"), "cannot be written"),
    ],
)
def test_an_example_that_does_not_fit_is_told(example, says):
    assert says in problems(examples=(example,))[0]


def test_values_that_json_cannot_hold_are_told():
    assert "cannot be written" in problems(report={"x": float("nan")})[0]
    assert "cannot be written" in problems(report={"x": {1, 2}})[0]


def test_a_folder_has_a_largest_size():
    assert problems(report={"x": "y" * MAX_FOLDER_BYTES})[0].startswith("the folder has 10")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
examples = st.builds(
    Example,
    args=st.dictionaries(st.text(), json_values, max_size=3),
    returns=json_values,
    source=st.text(max_size=10),
    held_out=st.booleans(),
    spent=st.booleans(),
)


@UNHURRIED
@given(st.lists(examples, max_size=3), st.dictionaries(st.text(), json_values, max_size=3), st.text(), st.text())
def test_every_tool_survives_its_folder(cases, report, source, tests):
    tool = dataclasses.replace(TOOL, examples=tuple(cases), report=report, source=source, tests=tests)
    files = to_files(tool)
    again = from_files(files, "slugify")
    assert again == tool
    assert to_files(again) == files
    assert all(json.loads(line) for line in files["examples.jsonl"].decode().split("\n") if line)


@pytest.mark.parametrize("text", ['(text: str, by: str = ".") -> str', "( text:str,by : str='.' )->str"])
def test_a_signature_may_be_spaced_and_quoted_in_any_way(text):
    source = TOOL.source.replace("(text: str)", '(text: str, by: str = ".")')
    manifest = TOOL.manifest.model_copy(update={"signature": text})
    assert validate(dataclasses.replace(TOOL, source=source, manifest=manifest)) == []


@pytest.mark.parametrize(
    "text",
    [
        "(text: str, by: str = ',') -> str",
        "(text: str, by: str) -> str",
        "(text: str, by: str = '.') -> int",
        "(text: str, by: str = '.') -> str: ...\ndef other()",
        "(text: str, by: str = '.'",
        "",
    ],
)
def test_another_signature_is_told(text):
    source = TOOL.source.replace("(text: str)", "(text: str, by: str = '.')")
    manifest = TOOL.manifest.model_copy(update={"signature": text})
    problems = validate(dataclasses.replace(TOOL, source=source, manifest=manifest))
    assert any("tool.toml gives the signature" in problem for problem in problems)
