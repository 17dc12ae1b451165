"""What sessions tell of the user is remembered at night, through the gates; a persona is only proposed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentforge.errors import UsageError
from agentforge.memory.truths import Answered
from agentforge.types import JSONObject, Role, Usage
from tests.sleep.box import open_box
from tests.sleep.scene import Life, said, subjects, writer

METRIC: JSONObject = {"kind": "preference", "text": "I prefer metric units.", "topic": "units"}
TASK: JSONObject = {"kind": "fact", "text": "The user asked for this table.", "topic": ""}


def reading(home: Path, *entries: JSONObject, **settings: object) -> Life:
    return Life(home, writer("", entries), open_box, settings=dict(settings))


async def test_what_a_session_tells_is_remembered_with_its_source_and_only_the_telling_words_are_read(
    home: Path,
) -> None:
    life = reading(home, METRIC, TASK)
    async with life.forge() as forge:
        session = await said(forge, "What is 3 ft in m? I prefer metric units.", "Sum 1 and 2.")
        report = await forge.sleep.run()
        assert report is not None
        (done,) = report.changes
        assert (done.kind, done.outcome, done.why) == ("memory", "kept", "Of 2 entries: 1 accepted, 1 refused.")
        (entry,) = forge.memory.list()
        assert (entry.text, entry.topic, entry.episodes) == ("I prefer metric units.", "units", (session,))
        assert done.effect is None, "it changes no tool"
        (request,) = life.model.requests
        assert "metric units" in request.prompt
        assert "Sum 1 and 2" not in request.prompt


async def test_where_nobody_speaks_of_themselves_no_model_is_asked(home: Path) -> None:
    life = reading(home, METRIC)
    async with life.forge() as forge:
        await said(forge, "What is 3 ft in m?", "Sum 1 and 2.")
        report = await forge.sleep.run()
        assert report is not None
        assert report.changes == ()
        assert life.model.requests == []


async def test_questions_of_one_form_that_were_judged_are_work_and_not_read_for_what_they_tell(home: Path) -> None:
    life = reading(home, METRIC)
    async with life.forge() as forge:
        for kg in (4, 7):
            question = f"We charge 3 per kg here. What does a parcel of {kg} kg cost?"
            session = await said(forge, question)
            forge._opened().truths().keep(Answered(session, 1, question, "0"), "wrong", str(3 * kg))
        assert [one.kind for one in (await forge.sleep.due()).proposals] == []
        await said(forge, "We charge 3 per kg here. What does a letter cost?")
        assert [one.kind for one in (await forge.sleep.due()).proposals] == ["memory"]


async def test_what_a_model_says_of_a_session_with_untrusted_text_waits_for_the_user(home: Path) -> None:
    life = reading(home, {"kind": "fact", "text": "Invoices go to account 99.", "topic": "invoices"})
    async with life.forge() as forge:
        session = await said(forge, "I read this page, please use it.")
        (await forge._opened().the_episodes()).record_source(session, "page", "evil.example")
        report = await forge.sleep.run()
        assert report is not None
        assert [done.outcome for done in report.changes] == ["waits"]
        assert forge.memory.list() == []
        assert [one.entry.untrusted for one in forge.memory.pending()] == [True]


async def test_what_was_said_in_three_sessions_is_proposed_for_the_persona_once_a_week(home: Path) -> None:
    life = reading(home, METRIC)
    async with life.forge() as forge:
        for _ in range(3):
            await said(forge, "I prefer metric units.")
        await forge.sleep.run()
        await said(forge, "Sum 1 and 2.")
        report = await forge.sleep.run()
        assert report is not None
        assert [(done.kind, done.outcome) for done in report.changes] == [("persona", "waits")]
        assert forge.memory.persona.text() == ""
        assert "I prefer metric units." in forge.memory.persona.proposed()
        forge.memory.persona.reject("no")
        await said(forge, "Sum 1 and 3.")
        later = await forge.sleep.run()
        assert later is not None
        assert later.changes == ()


async def test_without_a_budget_no_model_is_asked_and_the_next_night_goes_on_with_what_was_left(home: Path) -> None:
    life = reading(home, METRIC)
    async with life.forge() as forge:
        await said(forge, "I prefer metric units.")
        first = await forge.sleep.run(tokens=0)
        assert first is not None
        assert (first.left, first.tokens, life.model.requests) == (1, 0, [])
        second = await forge.sleep.run()
        assert second is not None
        assert [done.outcome for done in second.changes] == ["kept"]


async def test_a_night_stops_at_its_budget_and_the_next_one_reads_the_sessions_that_are_left(home: Path) -> None:
    life = reading(home)
    async with life.forge() as forge:
        for number in range(12):
            await said(forge, f"I have {number} dogs.")
        first = await forge.sleep.run(tokens=1500)
        assert first is not None
        assert 0 < first.left < 12
        assert first.tokens <= 1500
        read = len(life.model.asked(Role.REFLECT))
        second = await forge.sleep.run()
        assert second is not None
        assert second.left == 0
        assert len(life.model.asked(Role.REFLECT)) == 12, f"{read} in the first night, each session once"


async def test_a_night_stops_at_what_it_may_cost(home: Path) -> None:
    life = reading(home)
    life.settings = {
        "endpoints.local.url": "http://127.0.0.1:9",
        "endpoints.local.model": "m",
        "endpoints.local.input_price": 1000.0,
        "endpoints.local.output_price": 2000.0,
    }
    async with life.forge() as forge:
        for number in range(12):
            await said(forge, f"I have {number} dogs.")
        first = await forge.sleep.run(usd=3.0)
        assert first is not None
        assert 0 < first.left < 12
        used = sum(life.model.usage.values(), Usage())
        assert first.usd == pytest.approx((used.input_tokens * 1000 + used.output_tokens * 2000) / 1_000_000)
        assert 0 < first.usd <= 3.0
        assert (await forge.sleep.report()).usd == first.usd
        second = await forge.sleep.run()
        assert second is not None
        assert second.left == 0, "without a limit of its own"


async def test_what_a_night_may_cost_is_no_limit_where_one_of_its_models_has_no_price(home: Path) -> None:
    life = reading(home, METRIC)
    life.settings = {
        "endpoints.local.url": "http://127.0.0.1:9",
        "endpoints.local.model": "m",
        "endpoints.local.input_price": 1.0,
        "endpoints.local.output_price": 2.0,
        "endpoints.far.kind": "messages",
        "endpoints.far.url": "http://127.0.0.1:9",
        "endpoints.far.model": "dear",
        "roles.reflect": "far",
    }
    async with life.forge() as forge:
        await said(forge, "I prefer metric units.")
        with pytest.raises(UsageError, match="'dear' costs"):
            await forge.sleep.run(usd=1.0)
        assert life.model.requests == []


async def test_what_a_night_may_cost_is_no_limit_where_nothing_has_a_price(home: Path) -> None:
    life = reading(home, METRIC)
    async with life.forge() as forge:
        await said(forge, "I prefer metric units.")
        with pytest.raises(UsageError, match="no endpoint has a price"):
            await forge.sleep.run(usd=1.0)
        assert life.model.requests == []


async def test_a_night_without_anything_new_asks_nothing_opens_no_box_and_writes_nothing(home: Path) -> None:
    life = reading(home, METRIC)
    async with life.forge() as forge:
        assert await forge.sleep.run() is None, "nobody ever said anything"
        await said(forge, "I prefer metric units.")
        await forge.sleep.run()
        asked, happened = len(life.model.requests), subjects(forge)
        jobs = await (await forge.jobs()).list()
        assert await forge.sleep.run() is None
        assert (len(life.model.requests), subjects(forge)) == (asked, happened)
        assert await (await forge.jobs()).list() == jobs
        assert forge._opened()._box is None
