"""Progress on stderr: the same facts for a terminal and for a log."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from agentforge.cli.progress import Forging, LineView, LiveView, Silent, View, call_line, seconds_text, view_for
from agentforge.events import Event
from agentforge.types import JSON

FORGING = [
    Event("turn_started", {"text": "x"}),
    Event("forge_started", {"job": "j1", "name": "shout", "signature": "(text: str) -> str"}),
    Event("forge_step", {"job": "j1", "step": "tests", "message": "8 cases", "done": 0, "total": 0}),
    Event("forge_step", {"job": "j1", "step": "candidates", "message": "asking", "done": 1, "total": 4}),
    Event("forge_step", {"job": "j1", "step": "candidates", "message": "asking", "done": 4, "total": 4}),
    Event("forge_finished", {"job": "j1", "name": "shout", "state": "live", "version": "0123456789abcdef"}),
    Event("tool_called", {"tool": "shout", "args": {"text": "hi"}, "call": "c"}),
    Event("tool_returned", {"tool": "shout", "call": "c", "value": "HI", "seconds": 0.02}),
    Event("a_type_of_tomorrow", {"anything": [1]}),
    Event("completed", {"answer": "HI"}),
]


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=terminal, markup=False, highlight=False, width=100, color_system=None), out


def shown(view: View, events: list[Event]) -> None:
    with view:
        for event in events:
            view.show(event)


@pytest.mark.parametrize("kind", [LineView, LiveView])
def test_both_views_tell_what_is_forged_what_came_of_it_and_what_it_did(kind: type[LineView | LiveView]) -> None:
    target, out = console(terminal=kind is LiveView)
    shown(kind(target), FORGING)
    said = out.getvalue()
    for words in (
        "forging shout(text: str) -> str",
        "8 cases",
        "1 of 4 asking",
        "made shout: live, version 0123456789ab",
    ):
        assert words in said
    assert 'shout(text="hi")' in said
    assert '= "HI"' in said


def test_lines_for_a_log_come_once_and_without_escapes() -> None:
    target, out = console(terminal=False)
    repeated = [event for event in FORGING for _ in range(2)]
    shown(LineView(target), repeated)
    lines = out.getvalue().splitlines()
    assert len(lines) == len({*lines})
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize("kind", [LineView, LiveView])
def test_why_a_model_is_waited_for_is_one_line_until_something_gets_on(kind: type[LineView | LiveView]) -> None:
    target, out = console(terminal=kind is LiveView)
    waits = [Event("waiting_for_model", {"message": f"Waiting for local: {n} before this one."}) for n in range(4)]
    shown(kind(target), [*FORGING[:3], *waits[:3], FORGING[3], waits[3]])
    assert [n for n in range(4) if f"Waiting for local: {n} before" in out.getvalue()] == [0, 3]


@pytest.mark.parametrize("width", [24, 40, 160])
def test_a_forging_is_followed_live_by_its_candidates_gates_and_seconds(width: int) -> None:
    forging = Forging("shout", 10.0)
    forging.advance({"step": "candidates", "message": "round 1: 6 candidates", "done": 0, "total": 6}, 12.0)
    assert forging.lines(13.0, 160)[1].plain == "  candidates 0 of 6: none has come yet"
    forging.advance({"step": "candidate", "message": "local: 2 of 3 examples", "done": 1, "total": 0}, 20.0)
    assert not forging.advance({"step": "gate", "message": "fuzz", "done": 8, "total": 16}, 75.0)
    lines = [line.plain for line in forging.lines(75.4, width)]
    assert max(map(len, lines)) <= width
    assert lines[0] == "⚒ shout  1:05"
    if width == 160:
        assert lines[1:] == ["  candidates 1 of 6: local: 2 of 3 examples", "  gate 9 of 16: fuzz"]


def test_a_question_frees_the_terminal_and_the_view_goes_on_afterwards() -> None:
    target, out = console(terminal=True)
    with LiveView(target) as view:
        view.show(FORGING[1])
        view.pause()
        before = out.getvalue()
        target.print("Which one?")
        time.sleep(0.6)  # longer than between two pictures
        assert out.getvalue() == before + "Which one?\n"
        view.go_on()
        view.show(FORGING[5])
    assert "made shout: live" in out.getvalue()


def test_an_honest_failure_says_why() -> None:
    target, out = console(terminal=False)
    failed: dict[str, JSON] = {"job": "j1", "name": "shout", "state": "failed", "reason": "no candidate passed"}
    shown(LineView(target), [*FORGING[:3], Event("forge_finished", failed)])
    assert "shout was not made: no candidate passed" in out.getvalue()


def test_text_of_models_and_tools_cannot_drive_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2Jtool\u202egnp"
    events = [
        Event("tool_called", {"tool": evil, "args": {evil: evil}}),
        Event("tool_returned", {"tool": evil, "error": evil}),
        Event("forge_started", {"job": evil, "name": evil, "signature": evil}),
        Event("forge_step", {"job": evil, "step": evil, "message": evil}),
        Event("forge_finished", {"job": evil, "name": evil, "state": evil, "version": evil}),
        Event("notice", {"message": evil}),
        Event("waiting_for_model", {"message": evil}),
    ]
    for kind in (LineView, LiveView):
        target, out = console(terminal=kind is LiveView)
        shown(kind(target), events)
        assert "\x1b]0" not in out.getvalue()
        assert "\x1b[2J" not in out.getvalue()
        assert "\x07" not in out.getvalue()
        assert "\u202e" not in out.getvalue()


def test_a_terminal_gets_live_lines_and_anything_else_plain_ones() -> None:
    assert isinstance(view_for(console(terminal=True)[0]), LiveView)
    assert isinstance(view_for(console(terminal=False)[0]), LineView)
    assert isinstance(view_for(console(terminal=True)[0], quiet=True), Silent)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 00 s"), (187, "3 min 07 s")]
)
def test_seconds_read_well(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_call_is_one_short_line() -> None:
    line = call_line({"tool": "read", "args": {"text": "a\nb" * 500}})
    assert "\n" not in line
    assert len(line) <= 100
