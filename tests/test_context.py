"""What a turn recalls of the user's documents, and the record of what its prompt held."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from agentforge import Forge
from agentforge.agent.recollection import UNTRUSTED
from agentforge.cli.app import app
from agentforge.memory.entries import Candidate
from agentforge.models.capabilities import FEATURES
from agentforge.testing import ScriptedModel

POLICY = """# Travel policy

## Meals

Breakfast in Norway is paid with 12.40 EUR.

## Hotel

Rooms cost 120 EUR.
"""


def ada(*answers: str) -> tuple[Forge, ScriptedModel]:
    model = ScriptedModel(answers, features=FEATURES["claude"])
    return Forge(user="ada", models=model), model


def show(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["context", "show", *arguments], standalone_mode=False)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "travel.md"
    file.write_text(POLICY)
    return file


async def test_a_request_recalls_what_the_users_own_documents_say_and_cites_it(policy: Path) -> None:
    forge, model = ada("12.40 EUR.")
    async with forge:
        forge.documents.add(policy, trusted=True)
        done = await forge.run("What is paid for breakfast in Norway?")
        prompt = model.requests[-1].ask.messages[-1].text
        assert "- Breakfast in Norway is paid with 12.40 EUR. (Travel policy, Meals, lines 1–5)" in prompt
        assert prompt.endswith("What is paid for breakfast in Norway?")
        (seen,) = await forge.sessions.context(done.session)
        assert [item["part"] for item in seen.data["items"]] == ["passages"]
        assert (await forge.sessions.show(done.session)).tainted is False
        assert "Breakfast in Norway is paid" not in json.dumps((await forge.sessions.show(done.session)).messages)


async def test_what_nobody_vouched_for_is_not_read_unasked(policy: Path) -> None:
    forge, model = ada("I do not know.")
    async with forge:
        forge.documents.add(policy)
        done = await forge.run("What is paid for breakfast in Norway?")
        assert "12.40" not in model.requests[-1].prompt
        assert (await forge.sessions.show(done.session)).tainted is False


async def test_preferences_and_the_persona_stand_and_facts_are_recalled() -> None:
    forge, model = ada("Noted.")
    async with forge:
        forge.memory.add("Dates are written as 2026-11-27.", kind="preference")
        forge.memory.add("The heron at the warehouse is called Otto.")
        forge.memory.add("Invoices go to the office in Bergen.")
        forge.memory.persona.edit("Answers in one sentence.\n")
        await forge.run("What is the heron called?")
        system, prompt = model.requests[-1].ask.system, model.requests[-1].ask.messages[-1].text
        assert "Answers in one sentence." in system
        assert "- Dates are written as 2026-11-27." in system
        assert "- The heron at the warehouse is called Otto." in prompt
        assert "Bergen" not in prompt + system


async def test_an_entry_that_came_from_untrusted_text_is_shown_with_its_mark_though_the_user_approved_it() -> None:
    forge, model = ada("Noted.")
    async with forge:
        memory = forge._opened().memory()
        memory.add(Candidate("The heron is called Otto.", sources=("page:example.com",), tainted=True))
        [waiting] = forge.memory.pending()
        forge.memory.approve(waiting.entry.id)
        await forge.run("What is the heron called?")
        assert f"- The heron is called Otto.{UNTRUSTED}" in model.requests[-1].ask.messages[-1].text


async def test_the_record_is_shown_part_by_part(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge, _ = ada("12.40 EUR.", "Fine.")
    async with forge:
        forge.documents.add(policy, trusted=True)
        session = (await forge.run("What is paid for breakfast in Norway?")).session
        await forge.run("Thanks.", session=session)
    monkeypatch.setenv("AGENTFORGE_USER", "ada")
    shown = await asyncio.to_thread(show, "--turn", "1")
    assert "RECALLED" in shown.stdout
    assert "passages" in shown.stdout
    told = json.loads((await asyncio.to_thread(show, session, "--json")).stdout)
    assert (told["prompts"][0]["turn"], told["status"]) == (2, "completed")
    assert set(told["prompts"][0]["parts"]) >= {"system", "history", "turn"}
