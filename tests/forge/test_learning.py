"""Real failures of live tools: labels, lasting regressions, repairs, quarantine. Real git, database and box."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agentforge.boxes.protocol import Box
from agentforge.errors import UsageError
from agentforge.registry.regressions import read_regressions
from agentforge.types import Capabilities, Example, Layer, OutcomeKind, State
from tests.forge.learning import EXAMPLES, HOURS, code, forge_at, head, models, record, registry_of, repeating, tool_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = "    return int(hours) * 60 + int(minutes)\n"
SIGNED = HOURS.replace(
    BODY,
    "    sign = -1 if hours.startswith('-') else 1\n    return sign * (abs(int(hours)) * 60 + int(minutes))\n",
)
WORSE = HOURS.replace(BODY, "    return -90 if hours == '-1' else int(hours)\n")
DAYS = SIGNED.replace("    sign", "    if len(hours) > 2:\n        return 0\n    sign")
"""Mends the sign, and changes what times of a hundred hours and more give."""

FRAGILE = HOURS.replace("int(hours) * 60", "int(hours) * 60 // (len(hours) - 3) * (len(hours) - 3)").replace(
    "'2:30'", "'2:30' "
)
"""A defect: three digits of hours end in a ZeroDivisionError."""


async def test_a_correction_becomes_a_test_for_good_and_the_tool_is_repaired(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(WORSE, SIGNED), [tool_of(HOURS)]) as forge:
        before = forge.tool("to_minutes")
        called = await forge.call("to_minutes", {"text": "-1:30"})
        assert called.value == -30
        learned = await forge.feedback("bad", called.call, expected=-90)
        assert (learned.end, learned.kind) == ("adopted", "defect"), learned.reason
        after = forge.tool("to_minutes")
        assert after.version == learned.version != before.version
        assert after.manifest.provenance.parent == before.version
        assert after.examples[-1] == Example({"text": "-1:30"}, -90, source=f"feedback:{called.call}")
        assert "-90" in after.tests
        assert all(one in after.examples for one in EXAMPLES)
        assert (await forge.call("to_minutes", {"text": "-1:30"})).value == -90
        assert read_regressions(registry_of(forge), "to_minutes") == (after.examples[-1],)


async def test_without_an_id_the_last_call_of_the_newest_session_is_meant(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        with pytest.raises(UsageError, match="No tool was called yet"):
            await forge.feedback("good")
        lone = await forge.call("to_minutes", {"text": "1:00"})
        assert (await forge.recorded_call()).id == lone.call
        tool, session = forge.tool("to_minutes"), (await forge._opened().the_episodes()).start("A session")  # pyright: ignore[reportPrivateUsage] - no model here
        inside = await record(forge, tool, {"text": "2:00"}, "returned", 120, session)
        await forge.call("to_minutes", {"text": "3:00"})
        assert (await forge.feedback("good")).call == inside
        assert (await forge.recorded_call(inside)).word == "confirmed"


async def test_three_confirmed_answers_make_a_tool_confirmed_and_a_returned_one_counts_for_nothing(
    home: Path, bubblewrap_box: Box
) -> None:
    async with forge_at(home, bubblewrap_box, None, [replace(tool_of(HOURS), unconfirmed=True)]) as forge:
        calls = [await forge.call("to_minutes", {"text": text}) for text in ("1:00", "2:00", "2:00", "3:00", "4:00")]
        told = [await forge.feedback("good", one.call) for one in calls[:3]]
        assert not any(one.confirmed for one in told), "two of them are the same call"
        assert forge.tool("to_minutes").unconfirmed
        assert (await forge.feedback("good", calls[3].call)).confirmed
        assert not forge.tool("to_minutes").unconfirmed
        message = forge.log("to_minutes")[0]
        assert message.trailers["Source"] == tuple(f"feedback:{calls[at].call}" for at in (0, 2, 3)) or (
            len(message.trailers["Source"]) == 3
        )


async def test_two_defects_in_eight_labelled_calls_quarantine_a_version(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        calls = [(await forge.call("to_minutes", {"text": f"-{hour}:30"})).call for hour in range(1, 4)]
        assert not (await forge.feedback("bad", calls[0])).quarantined
        learned = await forge.feedback("bad", calls[1])
        assert (learned.end, learned.quarantined) == ("asked", True)
        tool = forge.tool("to_minutes")
        assert tool.state is State.QUARANTINED
        assert "to_minutes" not in [one.name for one in forge.tools()]
        reason = registry_of(forge).snapshot().states.tools["to_minutes"].reason  # pyright: ignore[reportPrivateUsage] - where it stands
        assert calls[0] in reason
        assert calls[1] in reason


async def test_older_defects_are_forgotten_and_a_word_taken_back_is_none(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        wrong = [(await forge.call("to_minutes", {"text": f"-{hour}:30"})).call for hour in range(1, 4)]
        right = [(await forge.call("to_minutes", {"text": f"{hour}:30"})).call for hour in range(8)]
        await forge.feedback("bad", wrong[0])
        await forge.feedback("good", wrong[0])
        assert not (await forge.feedback("bad", wrong[1])).quarantined, "the first word was taken back"
        for call in right:
            await forge.feedback("good", call)
        assert not (await forge.feedback("bad", wrong[2])).quarantined, "the other one is the ninth from the end"
        assert forge.tool("to_minutes").state is State.LIVE


async def test_an_undeclared_error_in_use_queues_a_repair_and_shrinks(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(SIGNED), [tool_of(FRAGILE)]) as forge:
        await forge.call("to_minutes", {"text": "no time"})
        assert await forge.repairs() == [], "a ValueError is declared"
        called = await forge.call("to_minutes", {"text": "123:456789"})
        assert called.error == "ZeroDivisionError"
        assert [job.call for job in await forge.repairs()] == [called.call]
        (learned,) = await forge.repair("to_minutes")
        assert (learned.end, learned.kind) == ("asked", "defect")
        assert learned.minimal == {"text": "000:"}
        assert f"feedback bad {called.call} --expected" in learned.reason
        learned = await forge.feedback("bad", called.call, expected=123 * 60 + 456789)
        assert learned.end == "adopted", learned.reason
        assert await forge.repairs() == []


async def test_another_model_may_judge_what_is_right_and_is_no_ground_truth(home: Path, bubblewrap_box: Box) -> None:
    said = {"outcome": "raises", "value": "", "error": "ValueError"}
    script = models(SIGNED, judge=[said], independent=True)
    async with forge_at(home, bubblewrap_box, script, [tool_of(FRAGILE)]) as forge:
        called = await forge.call("to_minutes", {"text": "123:45"})
        (learned,) = await forge.repair(called.call)
        assert learned.end == "adopted", learned.reason
        example = forge.tool("to_minutes").examples[-1]
        assert example == Example({"text": "000:"}, None, "ValueError", source=f"judge:{called.call}")
        assert not example.ground_truth


async def test_a_failure_that_does_not_come_again_changes_nothing(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(), [tool_of(HOURS)]) as forge:
        tool, before = forge.tool("to_minutes"), head(forge)
        rows = [("timed_out", "It ran out of time and was stopped."), ("died", "Its process ended without an answer.")]
        rows += [("raised", "OSError: [Errno 28] No space left on device")]
        for status, told in rows:
            await record(forge, tool, {"text": "1:00"}, status, told)
        done = await forge.repair()
        assert [(one.end, one.kind) for one in done] == [("noted", "transient")] * 3
        assert head(forge) == before
        assert await forge.repairs() == []


async def test_no_confirmed_answer_is_lost(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(DAYS, DAYS), [tool_of(HOURS)]) as forge:
        before = forge.tool("to_minutes").version
        await forge.feedback("good", (await forge.call("to_minutes", {"text": "100:00"})).call)
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "-1:30"})).call, expected=-90)
        assert learned.end == "kept", learned.reason
        assert "loses what was confirmed" in learned.reason
        assert forge.tool("to_minutes").version == before
        assert [one.returns for one in read_regressions(registry_of(forge), "to_minutes")] == [-90]


async def test_any_other_difference_waits_for_a_person(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(DAYS, DAYS), [tool_of(HOURS)]) as forge:
        before = forge.tool("to_minutes").version
        other = await forge.call("to_minutes", {"text": "100:00"})
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "-1:30"})).call, expected=-90)
        assert learned.end == "proposed", learned.reason
        assert forge.tool("to_minutes").version == before
        (proposal,) = forge.tools(State.PROPOSED)
        assert proposal.version == learned.version
        assert proposal.report["replay"] == {"compared": 1, "lost": 0, "disagreements": [other.call]}


@pytest.mark.parametrize(("right", "end"), [("second", "adopted"), ("first", "kept"), ("unknown", "proposed")])
async def test_or_is_settled_by_another_model(home: Path, bubblewrap_box: Box, right: str, end: str) -> None:
    script = models(DAYS, DAYS, judge=[{"right": right}] * 2, independent=True)
    async with forge_at(home, bubblewrap_box, script, [tool_of(HOURS)]) as forge:
        await forge.call("to_minutes", {"text": "100:00"})
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "-1:30"})).call, expected=-90)
        assert learned.end == end, learned.reason


async def test_what_was_learned_is_kept_without_a_model_and_repaired_with_one(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        call = (await forge.call("to_minutes", {"text": "-1:30"})).call
        learned = await forge.feedback("bad", call, expected=-90)
        assert (learned.end, "waits for a model" in learned.reason) == ("kept", True)
    async with forge_at(home, bubblewrap_box, models(SIGNED)) as forge:
        assert [job.call for job in await forge.repairs()] == [call]
        assert [one.end for one in await forge.repair("to_minutes")] == ["adopted"]
        episodes = await forge._opened().the_episodes()  # pyright: ignore[reportPrivateUsage] - the row itself
        assert [one.outcome for one in episodes.calls("to_minutes")] == [OutcomeKind.WRONG]


async def test_a_later_word_replaces_an_earlier_one(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        call = (await forge.call("to_minutes", {"text": "-1:30"})).call
        await forge.feedback("bad", call, expected=-91)
        await forge.feedback("bad", call, expected=-90)
        assert [one.returns for one in read_regressions(registry_of(forge), "to_minutes")] == [-90]
        assert (await forge.feedback("good", call)).reason.startswith("Noted as right.")
        assert read_regressions(registry_of(forge), "to_minutes") == ()
        assert await forge.repairs() == []


async def test_a_correction_from_a_session_that_read_untrusted_text_waits(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(SIGNED), [tool_of(HOURS)]) as forge:
        episodes = await forge._opened().the_episodes()  # pyright: ignore[reportPrivateUsage] - no model here
        session = episodes.start("Reads a page")
        episodes.record_source(session, "page", "example.com")
        call = await record(forge, forge.tool("to_minutes"), {"text": "-1:30"}, "returned", -30, session)
        learned = await forge.feedback("bad", call, expected=-90)
        assert (learned.end, "untrusted" in learned.reason) == ("proposed", True)


async def test_a_correction_that_contradicts_an_example_is_told(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, models(), [tool_of(HOURS)]) as forge:
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "2:30"})).call, expected=2)
        assert learned.end == "kept"
        assert "contradicts an example from user" in learned.reason
        assert read_regressions(registry_of(forge), "to_minutes") == ()


@pytest.mark.parametrize(
    ("expected", "raises", "problem"),
    [
        (-30, None, "returned just that"),
        ("-90", None, "returns int"),
        (1, "ValueError", "either returns something or raises"),
    ],
)
async def test_a_right_answer_that_makes_no_sense_is_refused(
    home: Path, bubblewrap_box: Box, expected: object, raises: str | None, problem: str
) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        call = (await forge.call("to_minutes", {"text": "-1:30"})).call
        with pytest.raises(UsageError, match=problem):
            await forge.feedback("bad", call, expected=expected, raises=raises)  # type: ignore[arg-type] - wrong on purpose
        assert (await forge.recorded_call(call)).word is None


async def test_personal_texts_are_made_up_where_the_tool_treats_them_alike(home: Path, bubblewrap_box: Box) -> None:
    greeting = (
        'def greet(mail: str) -> str:\n    """Say hello to an address."""\n    return "Hallo " + mail.split("@")[0]\n'
    )
    named = greeting.replace('mail.split("@")[0]', "mail")
    tool = tool_of(greeting, [Example({"mail": "a@b.org"}, "Hallo a", source="user")], "greet")
    async with forge_at(home, bubblewrap_box, models(named, named), [tool]) as forge:
        call = (await forge.call("greet", {"mail": "grace.hopper@navy.mil"})).call
        learned = await forge.feedback("bad", call, expected="Hi grace.hopper@navy.mil")
        assert learned.example is not None
        stored = str(registry_of(forge).store.read("regressions/greet.jsonl"))
        assert "grace" not in stored
        assert "navy" not in stored
        assert learned.example.returns == f"Hi {learned.example.args['mail']}"


async def test_and_an_example_that_needs_them_is_kept_with_the_call_only(home: Path, bubblewrap_box: Box) -> None:
    digits = (
        'def last_digit(card: str) -> str:\n    """The check digit of a card."""\n'
        "    return str(sum(map(int, card)) % 7)\n"
    )
    tool = tool_of(digits, [Example({"card": "12"}, "3", source="user")], "last_digit")
    async with forge_at(home, bubblewrap_box, models(), [tool]) as forge:
        call = (await forge.call("last_digit", {"card": "4929123456781234"})).call
        learned = await forge.feedback("bad", call, expected="9")
        assert (learned.end, learned.example) == ("asked", None)
        assert "not as a test" in learned.reason
        assert read_regressions(registry_of(forge), "last_digit") == ()
        assert (await forge.recorded_call(call)).expected == {"returns": "9"}


async def test_a_tool_that_imports_others_is_repaired_beside_them(home: Path, bubblewrap_box: Box) -> None:
    half = HOURS.replace("def to_minutes", "def half_minutes").replace(
        '    hours, minutes = text.split(":")\n' + BODY, "    return to_minutes(text) // 2 + 1\n"
    )
    half = "from toolbox import to_minutes\n\n\n" + half
    right = half.replace(" // 2 + 1", " // 2")
    tool = tool_of(half, [], "half_minutes")
    tool = replace(
        tool,
        manifest=tool.manifest.model_copy(update={"depends": ("to_minutes",)}),
        tests="from tool import half_minutes\n\n\ndef test_it():\n    assert half_minutes('0:00') < 2\n",
    )
    async with forge_at(home, bubblewrap_box, models(right), [tool_of(HOURS), tool]) as forge:
        learned = await forge.feedback("bad", (await forge.call("half_minutes", {"text": "2:30"})).call, expected=75)
        assert learned.end == "adopted", learned.reason


async def test_a_base_tool_is_repaired_in_the_users_layer(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None) as forge:
        base = forge.tool("parse_duration")
        call = (await forge.call("parse_duration", {"text": "2 quarters"})).call
    mended = base.source.replace('"day": 86400', '"quarter": 7776000, "day": 86400')
    async with forge_at(home, bubblewrap_box, models(mended)) as forge:
        learned = await forge.feedback("bad", call, expected=2 * 7776000)
        assert learned.end == "adopted", learned.reason
        mine = forge.tool("parse_duration")
        assert (mine.layer, mine.manifest.provenance.parent) == (Layer.USER, base.version)


async def test_a_model_that_repeats_the_defect_makes_nothing_live(home: Path, bubblewrap_box: Box) -> None:
    script = repeating(lambda _: code(HOURS))
    async with forge_at(home, bubblewrap_box, script, [tool_of(HOURS)], candidates=2) as forge:
        before = forge.tool("to_minutes").version
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "-1:30"})).call, expected=-90)
        assert (learned.end, forge.tool("to_minutes").version) == ("kept", before)
        assert len(script.requests) == 4, "two rounds of two"


async def test_effects_are_never_repeated(home: Path, bubblewrap_box: Box) -> None:
    fetching = (
        'from toolbox import fetch\n\n\ndef rate(day: str) -> str:\n    """The rate of a day."""\n'
        '    return fetch("https://rates.test/" + day)["text"]\n'
    )
    tool = tool_of(fetching, [], "rate", Capabilities(hosts=("rates.test",)))
    tool = replace(tool, tests="from tool import rate\n\n\ndef test_it():\n    assert rate\n")
    async with forge_at(home, bubblewrap_box, models(), [tool]) as forge:
        call = await record(forge, forge.tool("rate"), {"day": "monday"}, "returned", "7")
        learned = await forge.feedback("bad", call, expected="8")
        assert (learned.end, learned.kind) == ("kept", "defect")
        assert "an effect is never repeated" in learned.reason
        failed = await record(forge, forge.tool("rate"), {"day": "sunday"}, "raised", "KeyError: 'text'")
        assert [one.kind for one in await forge.repair(failed)] == ["unclear"]


async def test_taint_comes_along_with_an_earlier_regression(home: Path, bubblewrap_box: Box) -> None:
    async with forge_at(home, bubblewrap_box, None, [tool_of(HOURS)]) as forge:
        episodes = await forge._opened().the_episodes()  # pyright: ignore[reportPrivateUsage] - no model here
        session = episodes.start("Reads a page")
        episodes.record_source(session, "page", "example.com")
        call = await record(forge, forge.tool("to_minutes"), {"text": "-1:30"}, "returned", -30, session)
        await forge.feedback("bad", call, expected=-90)
    async with forge_at(home, bubblewrap_box, models(SIGNED)) as forge:
        learned = await forge.feedback("bad", (await forge.call("to_minutes", {"text": "-2:30"})).call, expected=-150)
        assert learned.end == "proposed", learned.reason
