"""The benchmark of the scrub counts what is left, whatever the scrub says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentforge.registry.manifest import Manifest
from agentforge.registry.tool import Tool
from benchmarks import scrub
from benchmarks.scrub import SEEDS, Planted, carriers, known_from, left_of, main, scrubbed
from benchmarks.scrubbing.kinds import KINDS, planted

KEY = "Zk3vQ9mT1xW7bR4nL8cY2dS6fH0jP5gA"


def a_tool(name: str = "normalize_whitespace") -> Tool:
    manifest = Manifest(name=name, summary="Tidy.", signature="(text: str) -> str")
    return Tool(manifest, "def normalize_whitespace(text: str) -> str:\n    return text\n", "from tool import x\n")


def test_enough_values_of_enough_kinds_are_planted_and_each_stands_in_its_text() -> None:
    for held_out in (False, True):
        items = [*planted(SEEDS["seen"], 8, held_out=held_out)]
        assert len(items) >= 200
        assert len({item.kind for item in items}) == len(KINDS) >= 20
        assert [item for item in items if item.value not in item.text] == []


def test_the_same_seed_gives_the_same_values_and_the_sets_share_none() -> None:
    seen = {item.value for item in planted(7, 4, held_out=False)}
    assert seen == {item.value for item in planted(7, 4, held_out=False)}
    assert seen.isdisjoint(item.value for item in planted(8, 4, held_out=True))


@pytest.mark.parametrize(
    ("item", "text", "left"),
    [
        (Planted("key", KEY, KEY), f"x = '{KEY}'", True),
        (Planted("key", KEY, KEY), f"x = '{KEY[:12]}'", True),
        (Planted("key", KEY, KEY), f"x = '{KEY[:8]}aaaa'", False),
        (Planted("phone", "+49 171 2345678", ""), "tel = 491712345678", True),
        (Planted("name", "Maria Kowalska", ""), "kowalska_rate", True),
        (Planted("name", "Maria Kowalska", ""), "Robin Kim", False),
        (Planted("private key", f"-----BEGIN PRIVATE KEY-----\n{KEY}", ""), "-----BEGIN PRIVATE KEY-----\naaaa", False),
    ],
)
def test_what_is_left_is_looked_for_in_pieces_and_without_separators(item: Planted, text: str, left: bool) -> None:
    assert left_of(item, text) is left


def test_a_scrub_that_does_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [
        Planted("key", KEY, f"key {KEY}", key=True),
        Planted("email", "noor@hafenwerk.de", "to noor@hafenwerk.de"),
    ] * 4
    carried = carriers(items, [a_tool()])
    assert scrubbed(carried, known_from(items))[0]["removed_share"] == 1.0

    class Nothing:
        def __init__(self, tool: Tool) -> None:
            self.tool = tool

    monkeypatch.setattr(scrub, "scrub_tool", lambda tool, known: Nothing(tool))
    figures, _ = scrubbed(carried, known_from(items))
    assert (figures["removed_share"], figures["keys_left"]) == (0.0, 4)


def test_values_of_a_file_are_measured_instead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(before: object, after: object) -> dict[str, float]:
        return {"tools": 0, "tests_green_share": 0.0}

    monkeypatch.setattr(scrub, "green", none)
    file, mbpp = tmp_path / "planted.jsonl", tmp_path / "mbpp.jsonl"
    rows = [
        {"kind": "key", "value": KEY, "text": f"key {KEY}", "key": True},
        {"kind": "colour", "value": "ultramarine", "text": "it is ultramarine"},
        {"kind": "name", "value": "Ottokar", "text": "for Ottokar", "fact": "My boss is called Ottokar."},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    row = {
        "text": "Add.",
        "code": "def f(): ...",
        "test_setup_code": "",
        "test_list": ["assert f"],
        "challenge_test_list": [],
    }
    mbpp.write_text(json.dumps(row) + "\n")
    assert main(["--planted", str(file), "--mbpp", str(mbpp), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["planted"], told["keys_left"], told["left_by_kind"]) == (3, 0, {"colour": 1})
    assert told["removed_share"] == pytest.approx(2 / 3, abs=1e-4)
    assert "held_out" not in told


def test_a_file_that_cannot_be_used_gives_no_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--planted", str(tmp_path / "none.jsonl")]) == 2
    assert capsys.readouterr().out == ""
