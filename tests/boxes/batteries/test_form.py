"""Files of batteries: any of the given form is read, and what is wrong with another is told at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.batteries import form
from agentforge.boxes.batteries.form import HONEST_ADD, LARGEST_BATTERY, read_attacks, read_cheats
from agentforge.errors import UsageError

ATTACK = {"code": "def f(): return 1", "fn": "f", "args": {}}
CHEATS = {"tests": "def test_a(): pass", "cheats": {"wrong": "def add(a, b): return 0"}}


def written(folder: Path, content: object) -> Path:
    file = folder / "battery.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def test_attacks_come_in_the_files_order_with_the_boxes_paths(tmp_path: Path) -> None:
    code = "def g(n):\n    return ['{runner}', '{control}', '{control_dir}/x', f'{n}', {}]\n"
    file = written(tmp_path, {"b": {"code": code, "fn": "g", "args": {"n": [1]}}, "a": {"code": "x = 1", "entry": "f"}})
    first, second = read_attacks(file)
    assert (first.name, first.entry, first.args) == ("b", "g", {"n": [1]})
    assert first.code == (
        "def g(n):\n    return ['/opt/agentforge/runner/keeper.py', '/run/agentforge/control', "
        "'/run/agentforge/x', f'{n}', {}]\n"
    )
    assert (second.name, second.entry, second.args, second.code) == ("a", "f", {}, "x = 1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": 1}, "'a': is no object"),
        ({"a": {"fn": "f"}}, "'a': 'code' is missing"),
        ({"a": {"code": "x = 1"}}, "'a': 'fn' is missing"),
        ({"a": ATTACK | {"entry": "f"}}, "'a': it has 'fn' and 'entry'"),
        ({"a": ATTACK | {"fn": "f()"}}, "'a': 'fn' is no name of a function"),
        ({"a": ATTACK | {"fn": 1}}, "'a': 'fn' is no name of a function"),
        ({"a": ATTACK | {"code": ["x"]}}, "'a': 'code' is no text"),
        ({"a": ATTACK | {"code": " "}}, "'a': 'code' is no text"),
        ({"a": ATTACK | {"args": [1]}}, "'a': 'args' is no object"),
        ({"a": ATTACK | {"arg": {}}}, "'a': the key 'arg' is unknown; 'args' is near"),
        ({}, "it holds none"),
        (CHEATS, "'tests': is no object"),
        ([ATTACK], "holds no JSON object"),
        ("{", "not JSON"),
        ('{"a": NaN}', "not JSON"),
        ('{"a": 1e999}', "not JSON"),
        ('{"\\ud800": 1}', "not JSON"),
        ('{"a": {"code": "1", "code": "2", "fn": "f"}}', "the name 'code' stands there twice"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_battery_of_attacks_is_one_sentence_with_its_fix(tmp_path: Path, content: Any, words: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_attacks(file)
    assert str(file) in caught.value.message
    assert words in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.fix
    assert caught.value.exit_code == 2


def test_all_that_is_wrong_is_told_but_no_endless_list(tmp_path: Path) -> None:
    file = written(tmp_path, {f"n{n}": {} for n in range(9)})
    with pytest.raises(UsageError) as caught:
        read_attacks(file)
    assert "'n0': 'code' is missing; 'n0': 'fn' is missing; 'n1'" in caught.value.message
    assert "(and 15 more)" in caught.value.message


def test_cheats_are_read_with_the_honest_tool_that_the_file_names(tmp_path: Path) -> None:
    battery = read_cheats(written(tmp_path, CHEATS))
    assert dict(battery.cheats) == CHEATS["cheats"]
    assert (battery.tests, battery.honest, battery.named) == (CHEATS["tests"], HONEST_ADD, False)
    named = read_cheats(written(tmp_path, {**CHEATS, "honest": "def add(a, b): ...", "cheats": {"x": "'{control}'"}}))
    assert (named.honest, named.named, named.cheats["x"]) == ("def add(a, b): ...", True, "'/run/agentforge/control'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "'tests' is missing; 'cheats' is missing"),
        (CHEATS | {"honesty": "x = 1"}, "the key 'honesty' is unknown; 'honest' is near"),
        (CHEATS | {"tests": 1}, "'tests' is no text"),
        (CHEATS | {"cheats": ["x"]}, "'cheats' is no object"),
        (CHEATS | {"cheats": {}}, "it holds none"),
        (CHEATS | {"cheats": {"a": {"code": "x"}}}, "'a' is no text"),
        (CHEATS | {"honest": None}, "'honest' is no text"),
    ],
)
def test_what_is_no_battery_of_cheats_is_told(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_cheats(written(tmp_path, content))
    assert words in caught.value.message


def test_files_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_attacks(path)
    (tmp_path / "bytes").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(UsageError, match="is no battery"):
        read_cheats(tmp_path / "bytes")


def test_a_file_is_read_up_to_its_bound_only(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as large:
        large.truncate(LARGEST_BATTERY + 1)
    with pytest.raises(UsageError, match="larger than 10 MB"):
        read_attacks(file)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "fn", "entry", "args", "tests", "cheats", "honest", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_json_is_a_battery_or_a_usage_error(value: object) -> None:
    given_values = value if isinstance(value, dict) else {"a": value}
    problems = [problem for entry in given_values.values() for problem in form._wrong_attack(entry)]
    if not problems:
        for name, entry in given_values.items():
            attack = form._attack(name, entry)
            assert attack.code.strip()
            assert attack.entry.isidentifier()
    assert all(isinstance(problem, str) and problem for problem in form._wrong_cheats(given_values))


def test_notes_of_the_author_are_left_alone(tmp_path):
    (attack,) = read_attacks(written(tmp_path, {"a": ATTACK | {"comment": "found in 2024", "source": "a paper"}}))
    assert attack.entry == ATTACK["fn"]
    assert read_cheats(written(tmp_path, {**CHEATS, "comment": "x"})).tests == CHEATS["tests"]


def test_places_are_filled_in_in_tests_and_the_honest_tool_too(tmp_path):
    battery = read_cheats(written(tmp_path, {**CHEATS, "tests": "'{control}'", "honest": "'{runner}'"}))
    assert (battery.tests, battery.honest) == ("'/run/agentforge/control'", "'/opt/agentforge/runner/keeper.py'")
