"""``agentforge tools call``: a tool, or an app, is run without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.conftest import insist_on_namespaces

BUBBLEWRAP = ("--set", "sandbox.launcher=bubblewrap")


@pytest.fixture(autouse=True)
def _a_box() -> None:
    insist_on_namespaces()


def test_a_text_is_taken_as_it_stands_and_the_result_is_all_that_is_printed(program: Program) -> None:
    done = program("tools", "call", "parse_duration", "text=2h 45m", *BUBBLEWRAP)
    assert (done.code, done.out) == (0, "9900\n")


def test_other_values_are_json_and_a_program_gets_the_id_of_the_call(program: Program) -> None:
    done = program("tools", "call", "percentile", "numbers=[1, 2, 4]", "percent=50", "--json", *BUBBLEWRAP)
    told = json.loads(done.out)
    assert (told["status"], told["exit_code"], told["value"]) == ("completed", 0, 2.0)
    assert program("feedback", "good", told["call"]).code == 0


def test_a_file_gives_a_text_its_contents_and_a_list_its_lines(program: Program, tmp_path: Path) -> None:
    notes, numbers = tmp_path / "notes.txt", tmp_path / "numbers.json"
    notes.write_text("2h 45m", "utf-8")
    numbers.write_text("[1, 2, 4]", "utf-8")
    assert program("tools", "call", "parse_duration", f"text=@{notes}", *BUBBLEWRAP).out == "9900\n"
    done = program("tools", "call", "percentile", f"numbers=@{numbers}", "percent=50", *BUBBLEWRAP)
    assert done.out == "2.0\n"
    notes.write_text("one\ntwo\n", "utf-8")
    done = program("tools", "call", "percentile", f"numbers=@{notes}", "percent=50")
    assert done.code == 2
    assert "'one' is not of type 'number'" in done.err


def test_a_tool_that_fails_says_why_and_ends_with_one(program: Program) -> None:
    done = program("tools", "call", "parse_duration", "text=soon", *BUBBLEWRAP)
    assert (done.code, done.out) == (1, "")
    assert "parse_duration failed. ValueError: 'soon' is not a duration" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("parse_duration", "txt=2h"), "'text' is a required property"),
        (("parse_duration", "2h"), "'2h' is no argument"),
        (("parse_duration", "text=@nowhere.txt"), "nowhere.txt cannot be read"),
        (("percentile", "numbers=[1]", "percent=half"), "'half' is not of type 'number'"),
        (("parse_duratio", "text=2h"), "parse_duration"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(program: Program, words: tuple[str, ...], told: str) -> None:
    done = program("tools", "call", *words)
    assert done.code == 2
    assert told in done.err
