"""``forge.knowledge``: from a rule in a document over a tool that cites it to the change that makes it anew.

The box is a real one, and so are git and the database; the model is scripted.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.agent.knowledge_work import new_job
from agentforge.events import Event
from agentforge.models.capabilities import FEATURES
from agentforge.settings import load
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject, Role

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

POLICY = """# Shipping policy

Valid from the first of March on, for all of our shops.

## Cost of a parcel

A parcel costs {rate} EUR for each kilogram, and 3 EUR on top. Some examples:

- 2 kg -> {two}
- 5 kg -> {five}
- 10 kg -> {ten}
- 1 kg -> {one}

## Who to ask

Ada Lovelace answers questions in room 12.
"""


def policy(rate: int) -> str:
    return POLICY.format(rate=rate, two=2 * rate + 3, five=5 * rate + 3, ten=10 * rate + 3, one=rate + 3)


QUESTION = "What is the cost of a parcel of 7 kg?"


def plan(prompt: str) -> str | JSONObject:
    """What a small model decides, told from the question at the end."""
    if "What is this passage" in prompt:
        return {"kind": "rule" if "EUR" in prompt else "words"}
    if "carries out the rule of this passage" in prompt:
        return {"name": "price_parcel", "signature": "(weight: int) -> int"}
    if "Most requests need none of these tools" in prompt:
        return {
            "call": {"tool": "price_parcel", "args": {"weight": 7}} if "price_parcel" in prompt else {"tool": "none"}
        }
    if "How should the request be answered" in prompt:
        return {"kind": "run_python"}
    return "```python\nprint('unknown')\n```" if "fenced" in prompt else "There it is."


def answer(request: Request) -> str | JSONObject:
    """Code for the rate that its prompt names, and decisions."""
    if request.role is Role.PLAN:
        return plan(request.prompt)
    [rate] = set(re.findall(r"costs (\d+) EUR", request.prompt)) or {"0"}
    if request.role is Role.TEST:
        return f"```python\nassert price_parcel(weight=3) == {3 * int(rate) + 3}\n```"
    return f"```python\ndef price_parcel(weight: int) -> int:\n    return {rate} * weight + 3\n```"


def person(**overrides: object) -> Forge:
    settings = load(
        overrides={"forge.candidates": 2, "forge.rounds": 0, "sandbox.launcher": "docker", "user": "ada", **overrides}
    )
    return Forge(user="ada", settings=settings, models=ScriptedModel(answer, features=FEATURES["vllm"]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "shipping.md"
    found.write_text(policy(4))
    return found


async def test_a_rule_becomes_a_tool_that_cites_it_and_is_made_anew_when_it_changes(file: Path) -> None:
    async with person() as forge:
        forge.documents.add(file, trusted=True)
        [job] = await forge.knowledge.learn("Shipping policy")
        assert (job.state, job.reason) == ("live", "All gates passed.")
        old = forge.tool("price_parcel")
        [cited] = forge.documents.cited("price_parcel")
        assert old.manifest.provenance.sources == (f"passage:{cited.id}",)
        assert cited.citation == "Shipping policy, Cost of a parcel, lines 5–12"
        assert {one.source for one in old.examples if one.ground_truth} == {f"passage:{cited.id}"}
        assert await forge.knowledge.learn("Shipping policy") == [], "what is cited already is not looked at again"

        told = await forge.run(QUESTION)
        assert "31" in told.answer
        [cite] = told.cites
        assert (cite.tool, cite.version, cite.passage) == ("price_parcel", old.version, cited.id)
        assert cite.place == "Shipping policy, Cost of a parcel, lines 5–12"

        file.write_text(policy(5))
        [stale] = forge.documents.add(file, trusted=True).stale
        assert (stale.name, stale.version) == ("price_parcel", old.version)
        [waiting] = forge.knowledge.renewals()
        assert (waiting.status, waiting.payload["parent"]) == ("queued", old.version)

        again = await forge.run(QUESTION)
        assert "38" in again.answer, "it was made anew before it answered"
        new = forge.tool("price_parcel")
        assert (new.stale, new.manifest.provenance.parent) == ((), old.version)
        assert again.cites[0].version == new.version != old.version
        assert forge.knowledge.renewals() == []

        now, before = forge.knowledge.why("Shipping policy")
        assert (now.version, now.stands, now.stale) == (new.version, True, False)
        assert (before.version, before.stands, before.now) == (old.version, False, new.version)
        [passage] = before.passages
        assert passage.old is not None
        assert passage.new is not None
        assert ["costs 4 EUR" in passage.old.text, "costs 5 EUR" in passage.new.text] == [True, True]
        [given] = before.answers
        assert (given.session, given.question, given.value) == (told.session, QUESTION, 31)
        assert [one.value for one in now.answers] == [38]


async def test_a_document_that_nobody_vouches_for_makes_a_tool_that_waits_for_a_person(file: Path) -> None:
    async with person() as forge:
        forge.documents.add(file)
        [job] = await forge.knowledge.learn("Shipping policy")
        assert job.state == "proposed"
        assert "untrusted" in job.reason


async def test_one_that_cannot_be_made_anew_is_told_tried_once_in_turns_and_again_by_hand(file: Path) -> None:
    async with person() as forge:
        forge.documents.add(file, trusted=True)
        await forge.knowledge.learn("Shipping policy")
        old = forge.tool("price_parcel")
        file.write_text(policy(5).replace("- 5 kg -> 28", "- 5 kg -> 99"))  # no code of the script gives that
        forge.documents.add(file, trusted=True)

        told = await forge.run(QUESTION)
        assert "31" not in told.answer
        assert told.tools_used == ()
        [failed] = forge.knowledge.renewals()
        assert failed.status == "failed"
        models = forge._given_models
        assert isinstance(models, ScriptedModel)
        written = len(models.asked(Role.GENERATE))
        await forge.run(QUESTION)
        assert len(models.asked(Role.GENERATE)) == written, "no second try in a turn"
        assert (await forge.call("price_parcel", {"weight": 7})).value == 31, "whoever calls it by name may"

        file.write_text(policy(6))
        forge.documents.add(file, trusted=True)
        [job] = await forge.knowledge.renew("price_parcel")
        assert job.state == "live"
        assert forge.tool("price_parcel").manifest.provenance.parent == old.version
        assert (await forge.call("price_parcel", {"weight": 7})).value == 45


async def test_what_stands_as_it_did_or_has_no_successor_is_not_made_anew(file: Path) -> None:
    async with person() as forge:
        forge.documents.add(file, trusted=True)
        await forge.knowledge.learn("Shipping policy")
        file.write_text(policy(4).replace("room 12", "room 14"))
        assert forge.documents.add(file, trusted=True).stale == ()
        assert await forge.knowledge.renew() == []
        forge.documents.remove("Shipping policy")
        assert forge.tool("price_parcel").stale
        assert await forge.knowledge.renew() == []
        told = await forge.run(QUESTION)
        assert told.tools_used == ()


SAID = """For your notes: our shop charges by weight. A parcel costs 4 EUR for each kilogram, and 3 EUR on top.

- 2 kg -> 11
- 5 kg -> 23
- 10 kg -> 43
- 1 kg -> 7
"""


async def say(forge: Forge, text: str) -> str:
    """A session in which the user only told something, as it is recorded."""
    episodes = await forge._opened().the_episodes()
    session = episodes.start("said")
    episodes.append(session, {"role": "user", "content": [{"type": "text", "text": text}]}, 1)
    episodes.record_event(session, Event("turn_started", {"text": text}, 0, "personal", "ada", session, 1))
    return session


async def test_a_rule_that_the_user_states_in_a_message_becomes_a_tool_that_cites_the_message() -> None:
    async with person() as forge:
        session = await say(forge, SAID)
        [job] = await forge.knowledge.learn(f"session:{session}")
        assert (job.state, job.reason) == ("live", "All gates passed.")
        cited = forge.documents.cited("price_parcel")
        assert {one.title for one in cited} == {f"Message, session {session}, turn 1"}
        assert forge.tool("price_parcel").manifest.provenance.episodes == (session,)
        told = await forge.run(QUESTION)
        assert "31" in told.answer
        assert [one.passage for one in told.cites] == [one.id for one in cited]
        assert await forge.knowledge.learn(f"session:{session}") == [], "nothing is decided twice"

        erased = await forge.sessions.erase(session)
        assert any("A message that was kept as a rule is removed" in one for one in erased.remains)
        assert forge.documents.list() == []
        assert forge.tool("price_parcel").stale


async def test_a_message_that_a_model_takes_for_words_is_kept_nowhere_and_ordinary_ones_cost_nothing() -> None:
    async with person() as forge:
        models = forge._given_models
        assert isinstance(models, ScriptedModel)
        plain = await say(forge, "Thank you, that was a great help today, and I will come back.")
        assert await forge.knowledge.learn(f"session:{plain}") == []
        assert models.requests == []
        session = await say(forge, "Remember that each of our 3 offices always has its own key.")
        [job] = await forge.knowledge.learn(f"session:{session}")
        assert (job.state, len(models.requests)) == ("words", 1)
        assert forge.documents.list() == []


async def test_what_was_stated_is_made_a_tool_behind_the_first_turn_of_the_next_session() -> None:
    async with person() as forge:
        await say(forge, SAID)
        await forge.run("Good morning to you.")
        for _ in range(600):
            if forge.tools() and any(one.name == "price_parcel" for one in forge.tools()):
                break
            await asyncio.sleep(0.1)
        assert forge.documents.cited("price_parcel")


async def test_a_tool_that_cites_several_documents_is_made_anew_when_one_of_them_changes(tmp_path: Path) -> None:
    rates, cases = tmp_path / "rates.md", tmp_path / "cases.md"
    head, _, tail = policy(4).partition("Some examples:")

    def write(rate: int) -> None:
        rates.write_text(policy(rate).partition("Some examples:")[0])
        shown = policy(rate).partition("Some examples:")[2].partition("##")[0]
        cases.write_text(f"# Worked prices\n\nEach was checked:\n{shown}")

    write(4)
    assert head
    assert tail
    async with person() as forge:
        for file in (rates, cases):
            forge.documents.add(file, trusted=True)
        passages = [
            next(one for one in forge.documents.passages(title) if mark in one.text)
            for title, mark in (("Shipping policy", "costs 4 EUR"), ("Worked prices", "->"))
        ]
        ids = tuple(one.id for one in passages)
        jobs = await forge._opened().user_jobs()
        new = new_job("job_both", "both", ids, via="inline")
        await jobs.submit(new)
        made = await forge.knowledge._carried("job_both", forge._opened().new_models(), lambda *_: None)
        assert made.state == "live"
        old = forge.tool("price_parcel")
        assert {one.id for one in forge.documents.cited("price_parcel")} == set(ids)

        write(5)
        forge.documents.add(rates, trusted=True)
        forge.documents.add(cases, trusted=True)
        [job] = await forge.knowledge.renew("price_parcel")
        assert job.state == "live"
        assert forge.tool("price_parcel").manifest.provenance.parent == old.version
        assert len({one.id.partition(".")[0] for one in forge.documents.cited("price_parcel")}) == 2
        assert (await forge.call("price_parcel", {"weight": 7})).value == 38

        forge.documents.remove("Worked prices")
        assert forge.tool("price_parcel").stale
        assert forge.knowledge.renewals() == [], "what is left might be half of the rule"
