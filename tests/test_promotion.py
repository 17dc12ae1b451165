"""``forge.promotion``: from a user to the company: who counts, what is scrubbed, who decides, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from agentforge import Forge
from agentforge.api.feedback import Word
from agentforge.boxes.protocol import Box
from agentforge.cli.app import app
from agentforge.errors import UsageError
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import SandboxSettings, load
from agentforge.types import Example, Layer, State
from tests.test_interchange import CENTS, CENTS_TESTS, Lent, made

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAIL = "maria.kowalska@hafenwerk.de"
KEY = "ghp_Zk3vQ9mT1xW7bR4nL8cY2dS6fH0jP5gA1eUi"
ALSO_CENTS = '''def money_in_cents(amount: str) -> int:
    """Whole cents of an amount.

    Raises:
        ValueError: there is none in it.
    """
    bare = amount.replace("EUR", "").strip()
    parts = bare.split(",")
    if len(parts) > 2 or not parts[0].isdigit():
        raise ValueError("none")
    if len(parts) == 2 and parts[1] and (len(parts[1]) != 2 or not parts[1].isdigit()):
        raise ValueError("none")
    return int(parts[0]) * 100 + int(parts[1] if len(parts) == 2 and parts[1] else "0")
'''
OTHER_CENTS = CENTS.replace("* 100", "* 1000")


def examples(name: str = "text") -> tuple[Example, ...]:
    known = {"12,50 EUR": 1250, "8 EUR": 800, "0,99": 99, "7,05": 705, "100 EUR": 10000}
    return tuple(Example({name: text}, value, source="feedback:3f2a") for text, value in known.items())


def cents(secret: str = "") -> Tool:
    source = CENTS.replace("    digits =", f"    # asked for by {MAIL}, key {KEY}{secret}\n    digits =")
    tests = f"{CENTS_TESTS}\n\ndef test_of_kowalska():\n    with pytest.raises(ValueError):\n        cents({MAIL!r})\n"
    tool = made("cents", source, tests)
    manifest = tool.manifest.model_copy(
        update={
            "requests": ("What did Maria Kowalska of Tulip Lane 7 spend?",),
            "provenance": tool.manifest.provenance.model_copy(
                update={"episodes": ("s-1234",), "sources": ("file:kowalska.csv",), "job": "j-1"}
            ),
        }
    )
    return replace(tool, manifest=manifest, examples=examples())


def a_user(user: str, box: Box, *, company: bool = False) -> Forge:
    async def open_box(settings: SandboxSettings) -> Box:
        return Lent(box)  # type: ignore[return-value] # it is one, by what it passes on

    return Forge(user=user, org="acme", open_box=open_box, company=company)


async def uses(user: str, tool: Tool, box: Box, args: Sequence[dict[str, str]] = ({},), word: Word = "good") -> None:
    """A user has the tool and says that an answer of it was right."""
    async with a_user(user, box) as forge:
        forge._opened().registry.add(tool, state=State.LIVE)
        name = next(iter(tool.signature.parameters["properties"]))
        done = await forge.call(tool.name, {name: "3 EUR"})
        assert done.value == 300
        await forge.feedback(word, done.call)


@pytest_asyncio.fixture(loop_scope="module")
async def three(bubblewrap_box: Box, home: Path) -> Box:
    """Ada, who will propose; Bo, who has the same source; Cy, whose tool was forged apart and does the same."""
    async with a_user("boss", bubblewrap_box, company=True):
        pass
    await uses("ada", cents(), bubblewrap_box)
    await uses("bo", made("cents", CENTS, CENTS_TESTS), bubblewrap_box)
    other = replace(
        made("money_in_cents", ALSO_CENTS, CENTS_TESTS.replace("cents", "money_in_cents")), examples=examples("amount")
    )
    await uses("cy", other, bubblewrap_box)
    async with a_user("ada", bubblewrap_box) as forge:
        forge.memory.add("My name is Maria Kowalska and I live at Tulip Lane 7.")
    return bubblewrap_box


class TestProposing:
    """What has to hold before anything leaves a user's registry, and what leaves it."""

    async def test_the_tool_that_is_proposed_works_and_tells_nothing_of_its_user(self, three: Box) -> None:
        async with a_user("ada", three) as forge:
            offer = await forge.promotion.check("cents")
            assert offer.problems == ()
            assert (offer.state, offer.users, offer.needed) == ("ready", 3, 3)
            assert forge.promotion.proposals() == [], "a check writes nothing"
            assert {"email", "token", "name"} <= {one.kind for one in offer.replaced}
            assert any(line.startswith("-") and MAIL in line for line in offer.files["tool.py"])
            done = await forge.promotion.promote("cents")
            assert done.state == "proposed"
            assert done.branch == f"proposals/cents-{done.version[:12]}"
            [proposed] = forge.promotion.proposals()
            assert proposed.tool is not None
            assert (proposed.users, proposed.state, proposed.tool.manifest.provenance.episodes) == (3, "open", ())
            assert (await forge.promotion.promote("cents")).state == "known"
        place = load(overrides={"org": "acme"}).registries / "acme" / "_company.git"
        with Registry.open(place, layer=Layer.COMPANY) as company:
            assert company.names() == [], "main stays where it is until somebody decides"
            texts = company.store.read_many(company.store.list("tools", proposed.branch.commit), proposed.branch.commit)
        told = "\n".join(text.decode() for text in texts.values())
        assert [one for one in (MAIL, KEY, "Kowalska", "kowalska", "Tulip", "s-1234", "3f2a") if one in told] == []
        assert "test_of_" in told, "what is replaced keeps its place"

    async def test_fewer_users_than_the_company_asks_for_are_not_enough(self, three: Box) -> None:
        await uses("dora", made("cents", CENTS, CENTS_TESTS), three, word="bad")
        async with a_user("cy", three) as forge:
            forge._opened().registry.set_state("money_in_cents", State.RETIRED)
        async with a_user("ada", three) as forge:
            offer = await forge.promotion.promote("cents")
            assert (offer.state, offer.users) == ("refused", 2)
            assert offer.problems == ("its answers were confirmed by 2 of the 3 users that it takes",)
            assert forge.promotion.proposals() == []

    async def test_one_whose_tests_need_the_real_text_is_not_proposed_and_that_is_said(self, three: Box) -> None:
        needs = f"\n\ndef test_length():\n    assert cents('3') == 300 and {MAIL!r}.endswith('werk.de')\n"
        async with a_user("ada", three) as forge:
            registry = forge._opened().registry
            old = registry.get("cents")
            origin = old.manifest.provenance.model_copy(update={"parent": old.version})
            manifest = old.manifest.model_copy(update={"provenance": origin})
            registry.add(replace(old, manifest=manifest, tests=CENTS_TESTS + needs), state=State.LIVE)
            offer = await forge.promotion.promote("cents")
            assert offer.state == "refused"
            assert any(one.startswith("visible tests:") and "test_length" in one for one in offer.problems)


class TestDeciding:
    """What the company makes of it, and what that does to its users."""

    async def test_an_approved_one_takes_the_place_of_what_does_the_same_and_a_retired_one_gives_it_back(
        self, three: Box
    ) -> None:
        async with a_user("ada", three) as forge:
            await forge.promotion.promote("cents")
        async with a_user("boss", three, company=True) as boss:
            heard: list[str] = []
            [target] = await boss.promotion.take_in(heard.append)
            assert (target, heard) == ("cents/1", [])
            assert await boss.promotion.take_in() == [], "once is enough"
            found = boss.review.diff(target)
            boss.review.approve(target, version=found.pending.version)
            assert boss.promotion.proposals() == [], "a branch that was decided is gone"
        async with a_user("ada", three) as forge:
            assert [tool.layer for tool in forge.promotion.hidden()["cents"]] == [Layer.COMPANY]
            [one] = await forge.promotion.rebase()
            assert one.retired, one.why
            assert forge.tool("cents").layer is Layer.COMPANY
            assert (await forge.call("cents", {"text": "2,50"})).value == 250
            assert forge.review.history("cents"), "its own history is kept"
        async with a_user("boss", three, company=True) as boss:
            boss.review.retire("cents", "Use the accounting service")
        async with a_user("ada", three) as forge:
            told = forge.promotion.deprecated()["cents"]
            assert told == (
                "The company has retired its cents: Use the accounting service. No tool of that name is used. Yours, "
                "which it replaced, comes back with: agentforge tools release cents"
            )
            assert [tool.name for tool in forge.tools() if tool.name == "cents"] == []
            forge.review.release("cents")
            assert forge.tool("cents").layer is Layer.USER

    async def test_one_that_differs_stays_and_hides_the_shared_one(self, three: Box) -> None:
        async with a_user("ada", three) as forge:
            await forge.promotion.promote("cents")
        async with a_user("boss", three, company=True) as boss:
            [target] = await boss.promotion.take_in()
            boss.review.approve(target, version=boss.review.diff(target).pending.version)
        tool = replace(made("cents", OTHER_CENTS, CENTS_TESTS), examples=examples())
        async with a_user("fay", three) as forge:
            forge._opened().registry.add(tool, state=State.LIVE)
            [one] = await forge.promotion.rebase()
            assert not one.retired
            assert forge.tool("cents").layer is Layer.USER
            why = forge.review.why("cents")
            assert why.hides == ("company",)
            assert why.reason.endswith("is hidden: it is not known to do the same.")
        words = ["tools", "list", "--org", "acme", "--user", "fay"]
        listed = await asyncio.to_thread(CliRunner().invoke, app, words, standalone_mode=False)
        assert "user, hides company" in listed.stdout

    async def test_a_refused_one_is_gone_and_stays_refused(self, three: Box) -> None:
        async with a_user("ada", three) as forge:
            await forge.promotion.promote("cents")
        async with a_user("boss", three, company=True) as boss:
            [target] = await boss.promotion.take_in()
            boss.review.reject(target, "We have that already")
            assert boss.promotion.proposals() == []
            assert await boss.promotion.take_in() == []
        async with a_user("ada", three) as forge:
            with pytest.raises(UsageError, match="Only an administrator"):
                await forge.promotion.take_in()

    async def test_what_somebody_pushed_past_the_scrub_is_left_as_it_is(self, three: Box) -> None:
        from agentforge.registry.proposals import propose

        place = load(overrides={"org": "acme"}).registries / "acme" / "_company.git"
        with Registry.open(place, layer=Layer.COMPANY, writable=False) as company:
            propose(company, cents(), unconfirmed=False, users=99)
        async with a_user("boss", three, company=True) as boss:
            heard: list[str] = []
            assert await boss.promotion.take_in(heard.append) == []
            assert len(heard) == 1
            assert "what looks like a token stands there" in heard[0]

    async def test_what_a_branch_claims_of_itself_is_told_as_a_claim(self, three: Box) -> None:
        from agentforge.registry.proposals import propose

        unproved = made("money", CENTS.replace("cents", "money"), CENTS_TESTS.replace("cents", "money"))
        place = load(overrides={"org": "acme"}).registries / "acme" / "_company.git"
        with Registry.open(place, layer=Layer.COMPANY, writable=False) as company:
            propose(company, unproved, unconfirmed=False, users=99)
        async with a_user("boss", three, company=True) as boss:
            heard: list[str] = []
            [target] = await boss.promotion.take_in(heard.append)
            waits = boss.review.diff(target).pending
            assert waits.unconfirmed, "no example of it is known to be right"
            assert waits.reason.startswith("As its branch says, ")


async def test_promotion_on_the_command_line_tells_why_not(home: Path) -> None:
    who = ["--org", "acme", "--user", "ada"]
    done = await asyncio.to_thread(CliRunner().invoke, app, ["tools", "promote", "cents", *who], standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert "has no registry of its own yet" in str(done.exception)
    await asyncio.to_thread(CliRunner().invoke, app, ["tools", "list", "--company", *who], standalone_mode=False)
    done = await asyncio.to_thread(
        CliRunner().invoke, app, ["tools", "promote", "parse_duration", *who], standalone_mode=False
    )
    assert "is a tool of the base layer: it is shared already" in str(done.exception)
    listed = await asyncio.to_thread(
        CliRunner().invoke, app, ["tools", "proposals", "--json", *who], standalone_mode=False
    )
    assert json.loads(listed.stdout)["proposals"] == []
