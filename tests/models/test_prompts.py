"""Prompts are files with named blanks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.models import prompts

COMMENT = "<!-- read by generate; a fenced block must come back -->\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(prompts, "FOLDER", tmp_path)
    prompts._text.cache_clear()
    prompts.fingerprint.cache_clear()
    (tmp_path / "greet.md").write_text(COMMENT + "Greet {{name}} in {{place}}, {{name}}!\n", "utf-8")
    yield tmp_path
    prompts._text.cache_clear()
    prompts.fingerprint.cache_clear()


@pytest.mark.usefixtures("folder")
def test_blanks_are_filled_and_the_comment_is_gone() -> None:
    assert prompts.render("greet", name="Ada", place="Turin") == "Greet Ada in Turin, Ada!"


@pytest.mark.usefixtures("folder")
def test_every_mismatch_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"'greet': blank 'place' left over; unknown blank 'age'"):
        prompts.render("greet", name="Ada", age="36")


@given(st.text())
def test_what_stands_in_a_value_is_never_a_blank(value: str) -> None:
    text = prompts._BLANK.sub(lambda match: {"a": value, "b": "{{a}}"}[match[1]], "{{a}}|{{b}}")
    assert text == f"{value}|{{{{a}}}}"


@pytest.mark.usefixtures("folder")
def test_a_value_that_looks_like_a_blank_stays_text() -> None:
    assert prompts.render("greet", name="{{place}}", place="\\1") == "Greet {{place}} in \\1, {{place}}!"


def test_a_prompt_without_its_comment_is_no_prompt(folder: Path) -> None:
    (folder / "bare.md").write_text("Greet.", "utf-8")
    with pytest.raises(ValueError, match="begins with no <!--"):
        prompts.render("bare")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["absent", "../greet", "Greet", ""])
def test_an_unknown_prompt_names_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match="no such file; there are greet"):
        prompts.render(name)


def test_a_fingerprint_changes_with_the_file(folder: Path) -> None:
    before = prompts.fingerprint("greet")
    (folder / "greet.md").write_text(COMMENT + "Hi {{name}}", "utf-8")
    prompts.fingerprint.cache_clear()
    assert before != prompts.fingerprint("greet")
    assert len(before) == 12


@pytest.mark.parametrize("name", prompts.names())
def test_every_prompt_that_ships_names_its_role(name: str) -> None:
    comment = (prompts.FOLDER / f"{name}.md").read_text("utf-8").partition("-->")[0]
    assert any(role in comment for role in ("plan", "generate", "test", "judge", "reflect"))
    assert prompts._text(name)
    assert prompts._BLANK.sub("", prompts._text(name)).count("{{") == 0, "a malformed blank"
