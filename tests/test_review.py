"""``forge.review``: from a forging under a policy, over a person's decision, to a tool that answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.api.turns import forger_of
from agentforge.boxes.protocol import Box, CallResult
from agentforge.errors import ToolNotFound, UsageError
from agentforge.forge.parts import ForgeResult
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.testing.box import Run, raised, returned, suite
from agentforge.types import Capabilities, Example, Need, Role, State

EXAMPLES = tuple(Example({"n": n}, n * 2) for n in (2, 3, 10))
NEED = Need(
    "double",
    "(n: int) -> int",
    "Double n. ValueError if n is negative.",
    (*EXAMPLES, Example({"n": -1}, raises="ValueError")),
)
CODE = "```python\ndef double(n: int) -> int:\n    # RIGHT\n    return n * 2\n```"
TESTS = "```python\nassert double(n=5) == 10\nassert double(n=6) == 12\n```"


def doubles(run: Run) -> CallResult:
    if run.kind == "run":  # many calls in one process, which a fake box has not
        return raised("OSError")
    n = run.args["n"]
    assert isinstance(n, int)
    return raised("ValueError") if n < 0 else returned(n * 2 if "# RIGHT" in run.source else None)


def opener(box: FakeBox) -> Callable[[SandboxSettings], Awaitable[Box]]:
    async def open_box(settings: SandboxSettings) -> Box:
        return box

    return open_box


def person(**overrides: object) -> Forge:
    """Ada with a model that writes the right code, and a box that runs it."""
    script = ScriptedModel({Role.TEST: [TESTS] * 3, Role.GENERATE: [CODE] * 6})
    box = FakeBox(doubles, lambda run: suite(test_example_1="# RIGHT" in run.source))
    settings = load(overrides={"forge.candidates": 2, "forge.rounds": 0, "org": "acme", "user": "ada", **overrides})
    return Forge(user="ada", org="acme", settings=settings, models=script, open_box=opener(box))


async def forged(forge: Forge, need: Need = NEED) -> ForgeResult:
    assert forge._given_models is not None
    return await forger_of(forge._opened(), forge._given_models)(need, lambda kind, data: None)


async def test_by_default_a_pure_tool_is_live_at_once() -> None:
    async with person() as forge:
        assert (await forged(forge)).state == "live"
        assert forge.review.pending() == []


async def test_under_review_all_it_waits_until_a_person_lets_it_in() -> None:
    async with person(**{"review.policy": "review-all"}) as forge:
        result = await forged(forge)
        assert (result.state, result.reason) == ("proposed", "The review policy lets no tool go live without a person.")
        with pytest.raises(ToolNotFound):
            await forge.call("double", {"n": 4})
        [one] = forge.review.pending()
        assert (one.version, one.reason, one.doubts) == (result.version, result.reason, ())
        assert forge.review.diff("double").files["tool.py"]
        done = forge.review.approve("double", version=one.version)
        assert (done.state, done.version) == ("live", result.version)
        assert (await forge.call("double", {"n": 4})).value == 8
        newest, *_, first = forge.review.history("double")
        assert (newest.approver, newest.what, first.reason) == ("ada", "Approve double", result.reason)
        assert forge.tool("double").unconfirmed == result.unconfirmed
        why = forge.review.why("double")
        assert why.let_in is not None
        assert (why.let_in.approver, why.tool.manifest.provenance.job) == ("ada", result.job)


async def test_a_company_outranks_what_a_user_allows(home: Path) -> None:
    folder = home / "registries" / "acme"
    folder.mkdir(parents=True)
    clock = Need(NEED.name, NEED.signature, NEED.purpose, NEED.examples, capabilities=Capabilities(clock=True))
    allowing = {"review.allow": ["clock"]}
    (folder / "policy.toml").write_text("[review]\nallow = []\n")
    async with person(**allowing) as forge:
        assert (await forged(forge, clock)).reason == "It asks for capabilities: it waits for a person's review."
        forge.review.reject("double", "no")
    (folder / "policy.toml").unlink()
    async with person(**allowing) as forge:
        assert (await forged(forge, clock)).state == "live"


async def test_a_company_policy_that_is_malformed_lets_nothing_in_and_says_so(home: Path) -> None:
    folder = home / "registries" / "acme"
    folder.mkdir(parents=True)
    (folder / "policy.toml").write_text('[review]\npolicy = "relaxed"\n')
    async with person() as forge:
        result = await forged(forge)
        assert result.state == "proposed"
        assert result.reason.startswith("The company's policy registries/acme/policy.toml is wrong: policy must be")
        assert forge.review.policy_problem() in result.reason


async def test_a_starter_tool_is_not_decided_about_and_an_unknown_one_is_told() -> None:
    async with person() as forge:
        for decide in (forge.review.retire, forge.review.pin, forge.review.rollback, forge.review.release):
            with pytest.raises(UsageError, match="parse_duration is a tool of the base layer"):
                decide("parse_duration")
            with pytest.raises(ToolNotFound, match="'unknown'"):
                decide("unknown")
        assert forge.review.history("parse_duration") == []
        assert forge.review.why("parse_duration").let_in is None


async def test_reasons_hold_no_secret_of_the_settings() -> None:
    secrets = {"secrets.weather": {"value": "correct-horse-battery", "host": "api.example.com"}}
    async with person(**secrets) as forge:
        await forged(forge)
        forge.review.quarantine("double", "It sends correct-horse-battery about.")
        assert forge.review.history("double")[0].reason == "It sends [redacted:secret] about."
        assert [tool.name for tool in forge.tools(State.QUARANTINED)] == ["double"]
