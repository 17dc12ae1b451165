"""Results on stdout, all else on stderr, and a status that agrees with the exit code."""

from __future__ import annotations

import json
import sys

import pytest

from agentforge import errors
from agentforge.cli.failure import present, report
from agentforge.cli.output import Output, one_line, presentable, status_of, table
from agentforge.events import EXIT_CODES
from agentforge.types import JSONObject


@pytest.mark.parametrize(("event", "code"), EXIT_CODES.items())
def test_the_status_of_a_code_is_the_word_of_the_event(event: str, code: int) -> None:
    assert status_of(code) == event


@pytest.mark.parametrize("code", [1, 2, 3, 4, 7])
def test_every_other_failure_is_failed(code: int) -> None:
    assert status_of(code) == "failed"


def test_every_error_has_a_code_of_the_table() -> None:
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert {kind.exit_code for kind in classes} <= {1, 2, 3, 4, 5, 6, 7, 124}


def test_a_failure_is_a_sentence_its_fix_and_with_json_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.ModelUnavailable("Nothing answers at http://x.", fix="Start it.")
    assert present(error, "text") == 4
    assert capsys.readouterr() == ("", "agentforge: Nothing answers at http://x.\n  Start it.\n")
    assert present(error, "json") == 4
    told = json.loads(capsys.readouterr().out)
    wanted = {"type": "ModelUnavailable", "message": "Nothing answers at http://x.", "fix": "Start it."}
    assert told == {"status": "failed", "exit_code": 4, "error": wanted}


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "Interrupted"),
        (OSError(28, "No space left on device", "/x/state.db"), 1, "disk is full (/x/state.db)"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Permission denied (/x)"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero."),
        (errors.DeadlineReached("The time is over."), 124, "time is over"),
    ],
)
def test_whatever_happens_becomes_a_sentence(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert present(error, "text") == code
    assert words in capsys.readouterr().err


def test_an_error_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report(Output(), "X", "evil \x1b[2J", "", 1)
    assert "\x1b" not in capsys.readouterr().err


def test_piped_text_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Output().finish("a\x1b[1mb", {})
    assert capsys.readouterr().out == "a\x1b[1mb\n"


def test_a_piped_table_is_never_cut_and_has_no_trailing_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table("A", "B")
    rows.add_row("x" * 300, "y")
    Output().finish(rows, {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"{'x' * 300}  y"
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("character", "\u061c\u200e\u200f\u2028\u2029\u202e\u2066\x9b")
def test_marks_of_direction_and_separators_are_controls(character: str) -> None:
    assert presentable(f"a{character}b") == "a�b"


def test_json_on_a_terminal_is_ascii_and_elsewhere_readable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record: JSONObject = {"answer": "Zürich \x9b2J \u202egpj \x7f"}
    Output("json").line(record)
    assert "Zürich" in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Output("json").line(record)
    shown = capsys.readouterr().out
    assert presentable(shown) == shown
    assert json.loads(shown) == record


def test_controls_are_disarmed_and_long_lines_cut() -> None:
    assert presentable("a\x1b\x07\u202eb\tc\r\nd") == "a���b\tc\nd"
    assert one_line("a\n b  c", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


@pytest.mark.parametrize("character", "\u00ad\u200b\u200d\u2060\ufeff\U000e0041")
def test_what_has_no_width_is_shown_by_its_number(character: str) -> None:
    named = f"\N{LEFT ANGLE BRACKET}U+{ord(character):04X}\N{RIGHT ANGLE BRACKET}"
    assert presentable(f"pay{character}pal") == f"pay{named}pal"
