"""The company's layer: read behind the user's own and marked, written by an administrator alone, through the same
gates.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from agentforge import Forge
from agentforge.agent.recollection import COMPANY as MARK
from agentforge.boxes.protocol import Box
from agentforge.cli.app import app
from agentforge.errors import ConfigurationError, ReadOnly, UsageError
from agentforge.memory.entries import Candidate
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.registry.tool import Tool
from agentforge.settings import COMPANY, SandboxSettings
from agentforge.testing import FakeBox, Reply, ScriptedModel
from agentforge.testing.box import returned
from agentforge.types import Layer, State
from tests.agent.conftest import make_tool

DATES = "Dates are written as 2026-11-27."
HERON = "The heron at the warehouse is called Otto."


def a_user(*answers: str | Reply, org: str = "acme", box: FakeBox | None = None) -> tuple[Forge, ScriptedModel]:
    model = ScriptedModel(answers, features=FEATURES["claude"])

    async def open_box(settings: SandboxSettings) -> Box:
        return box or FakeBox()

    return Forge(user="ada", org=org, models=model, open_box=open_box), model


def double(times: int = 2) -> Tool:
    source = f'def double(n: int) -> int:\n    """Double a number."""\n    return n * {times}\n'
    return make_tool("double", "(n: int) -> int", "Double a number.", source)


def add(forge: Forge, tool: Tool) -> None:
    forge._opened().registry.add(tool, state=State.LIVE)


def command(*arguments: str, user: str = "ada") -> Result:
    who = ("--org", "acme", "--user", user)
    return CliRunner().invoke(app, [*arguments, *who], standalone_mode=False)


@pytest.fixture
async def boss() -> AsyncIterator[Forge]:
    async with Forge(user="boss", org="acme", company=True) as opened:
        yield opened


def test_nobody_can_be_called_like_the_company() -> None:
    with pytest.raises(ConfigurationError):
        Forge(user=COMPANY, org="acme")
    assert isinstance(command("memory", "list", user=COMPANY).exception, UsageError)


class TestWhatIsRead:
    """What a user of the organisation gets to see of it."""

    async def test_it_stands_behind_the_users_own_in_the_prompt_and_is_marked(self, boss: Forge) -> None:
        boss.memory.add(DATES, kind="preference")
        boss.memory.add(HERON)
        boss.memory.persona.edit("Offers are signed by two people.\n")
        forge, model = a_user("Otto.")
        async with forge:
            forge.memory.add("Answers come in English.", kind="preference")
            forge.memory.add("The heron at the pond is called Emil.")
            forge.memory.persona.edit("Answers in one sentence.\n")
            done = await forge.run("What is the heron called?")
            system, prompt = model.requests[-1].ask.system, model.requests[-1].ask.messages[-1].text
            [seen] = await forge.sessions.context(done.session)
        order = ["one sentence", "signed by two people", "in English.", f"{DATES}{MARK}"]
        assert sorted(order, key=system.index) == order
        assert prompt.index("called Emil.") < prompt.index(f"{HERON}{MARK}")
        layers = {str(item["part"]): item.get("layer") for item in seen.data["items"]}
        assert layers == {"persona": None, "preferences": "company", "company": "company", "facts": "company"}

    async def test_its_documents_are_recalled_and_cited_when_the_administrator_vouched_for_them(
        self, boss: Forge, tmp_path: Path
    ) -> None:
        file = tmp_path / "travel.md"
        file.write_text("# Travel policy\n\n## Meals\n\nBreakfast in Norway is paid with 12.40 EUR.\n")
        boss.documents.add(file, trusted=True)
        [passage] = boss.documents.passages("Travel policy")
        forge, model = a_user("12.40 EUR.")
        async with forge:
            await forge.run("What is paid for breakfast in Norway?")
            prompt = model.requests[-1].ask.messages[-1].text
            assert f"12.40 EUR. (Travel policy, Meals, lines 1–5){MARK}" in prompt
            assert forge.documents.passage(passage.id, Layer.COMPANY).citation == "Travel policy, Meals, lines 1–5"
            assert [one.title for one in forge.documents.list()] == ["Travel policy"]
            with pytest.raises(UsageError, match="There is no document"):
                forge.documents.remove("Travel policy")
            file.write_text("# Travel policy\n\n## Meals\n\nBreakfast in Norway costs what ada says.\n")
            forge.documents.add(file, trusted=True)
            assert [hit.passage.text for hit in forge.documents.search("breakfast Norway")] == [
                "Breakfast in Norway costs what ada says."
            ], "the user's own document of the same origin hides the company's"

    async def test_what_the_user_says_on_a_topic_takes_the_place_of_it_until_it_is_forgotten(self, boss: Forge) -> None:
        shared = boss.memory.add("Lengths are in inches", kind="preference", topic="units").entry
        assert shared
        forge, _ = a_user()
        async with forge:
            own = forge.memory.add("Lengths are in metres", kind="preference", topic="units").entry
            assert own
            assert [one.text for one in forge.memory.list()] == ["Lengths are in metres"]
            assert [hit.entry.id for hit in forge.memory.search("lengths")] == [own.id]
            assert {one.id: forge.memory.standing(one.id) for one in forge.memory.list(everything=True)} == {
                own.id: "current",
                shared.id: "shadowed",
            }
            assert forge.memory.why(shared.id).standing == "shadowed"
            forge.memory.forget(own.id)
            assert [one.text for one in forge.memory.list()] == ["Lengths are in inches"]

    async def test_another_organisation_sees_nothing_of_it(self, boss: Forge) -> None:
        boss.memory.add(HERON)
        add(boss, double())
        forge, _ = a_user(org="zeta")
        async with forge:
            assert forge.memory.list() == []
            assert "double" not in {tool.name for tool in forge.tools()}

    async def test_its_tools_are_found_imported_and_hidden_by_the_users_own(self, boss: Forge) -> None:
        add(boss, double())
        forge, _ = a_user(box=FakeBox(lambda run: returned(len(run.toolbox) + run.source.count("* 3"))))
        source = (
            "from toolbox import double\n\n\n"
            'def quadruple(n: int) -> int:\n    """Double twice."""\n    return double(double(n))\n'
        )
        mine = make_tool("quadruple", "(n: int) -> int", "Double twice.", source)
        mine = Tool(mine.manifest.model_copy(update={"depends": ("double",)}), mine.source, mine.tests)
        async with forge:
            assert forge.tool("double").layer is Layer.COMPANY
            assert "double" in [hit.name for hit in forge._opened().index().search("double a number", 3)]
            add(forge, mine)
            assert (await forge.call("quadruple", {"n": 1})).value == 1, "the box got what it imports"
            assert forge.review.why("double").needed_by == ("quadruple",)
            with pytest.raises(UsageError, match=r"company layer, which cannot be changed from here.* --company"):
                forge.review.retire("double")
            add(forge, double(3))
            assert (await forge.call("double", {"n": 1})).value == 1, "it is the user's own that runs"
            assert [tool.layer for tool in forge._opened().layers.shadowed() if tool.name == "double"] == [
                Layer.COMPANY
            ]

    async def test_a_damaged_one_is_left_out_and_that_is_told(self, home: Path, boss: Forge) -> None:
        boss.memory.add(HERON)
        (home / "registries" / "acme" / f"{COMPANY}.git" / "HEAD").unlink()
        told: list[str] = []
        async with Forge(user="ada", org="acme", on_notice=told.append) as forge:
            assert forge.memory.list() == []
        assert [one for one in told if one.startswith("The company's layer is left out: ")] == told
        assert told


class TestWhoWrites:
    """An administrator, through the gates; a user never."""

    async def test_no_session_of_a_user_writes_into_it(self, boss: Forge) -> None:
        shared = boss.memory.add(HERON).entry
        assert shared
        before = boss._opened().registry.head()
        calls = [
            ToolCall("1", "remember", {"text": "The heron is called Emil.", "kind": "fact", "supersedes": [shared.id]}),
            ToolCall("2", "remember", {"text": HERON, "kind": "fact"}),
            ToolCall("3", "recall", {"query": "heron"}),
        ]
        forge, model = a_user(Reply(calls=tuple(calls)), "Done.")
        async with forge:
            await forge.run("The heron is called Emil.")
            answers = [one.content for message in model.requests[-1].messages for one in message.answers]
            assert forge.memory.list() == [shared], "what is known already is not written again"
        assert "It was not remembered" in answers[0]
        assert answers[1] == f"The company's layer says so already: {shared.id}."
        assert f"{HERON}{MARK}" in answers[2]
        assert boss._opened().registry.head() == before

    async def test_it_is_read_only_however_it_is_reached(self, boss: Forge) -> None:
        shared = boss.memory.add(HERON).entry
        assert shared
        add(boss, double())
        forge, _ = a_user()
        source = 'def halve(n: int) -> int:\n    """Halve a number."""\n    return n // 2\n'
        other = make_tool("halve", "(n: int) -> int", "Halve a number.", source)
        async with forge:
            memory = forge.memory
            for change in (
                lambda: memory.edit(shared.id, "The heron is called Emil."),
                lambda: memory.forget(shared.id),
                lambda: memory.approve(shared.id),
                lambda: memory.reject(shared.id),
                lambda: memory.add("The heron is called Emil.", supersedes=[shared.id]),
            ):
                with pytest.raises(UsageError, match="company's layer, which is read and never written here"):
                    change()
            opened = forge._opened()
            below = opened.memories().company
            assert opened.company is not None
            assert below is not None
            with pytest.raises(ReadOnly):
                below.add(Candidate("The heron is called Emil."))
            with pytest.raises(ReadOnly):
                opened.company.add(other, state=State.LIVE)
            with pytest.raises(ReadOnly):
                opened.company.set_state("double", State.RETIRED)
            with pytest.raises(ReadOnly):
                opened.company.store.take_lease()

    async def test_an_administrator_meets_the_same_gates_and_is_named(self, boss: Forge) -> None:
        with pytest.raises(UsageError, match="It is a greeting"):
            boss.memory.add("Hello")
        boss.memory.add(HERON)
        assert boss.log()[0].trailers["Approver"] == ("boss",)
        add(boss, double())
        assert boss.review.retire("double").state == State.RETIRED
        assert boss.memory.layer(boss.memory.list()[0].id) is Layer.COMPANY

    async def test_an_administrator_sees_nothing_of_any_user_nor_of_their_own(self, boss: Forge) -> None:
        for user in ("ada", "boss"):
            async with Forge(user=user, org="acme", models=ScriptedModel(["Noted."])) as forge:
                forge.memory.add(HERON)
                await forge.run("A question about a heron")
        assert boss.memory.list(everything=True) == []
        assert await boss.sessions.list() == []
        assert [line["kind"] async for line in boss.sessions.export()] == ["export"], "its head, and nothing else"

    async def test_a_company_has_no_sessions(self) -> None:
        async with Forge(user="boss", org="acme", company=True, models=ScriptedModel(["Yes."])) as forge:
            with pytest.raises(UsageError, match="no sessions"):
                await forge.run("Are you there?")


class TestCommands:
    """``--company`` writes, and every listing tells the layer."""

    def test_memory_and_tools_tell_the_layer(self) -> None:
        added = command("memory", "add", HERON, "--company", "--json", user="boss")
        key = json.loads(added.stdout)["written"]["entry"]["id"]
        command("memory", "add", "The pond is deep.")
        listed = json.loads(command("memory", "list", "--json").stdout)["entries"]
        assert [(one["text"], one["layer"]) for one in listed] == [("The pond is deep.", "user"), (HERON, "company")]
        assert "company" in command("memory", "list").stdout
        assert json.loads(command("memory", "search", "heron", "--json").stdout)["entries"][0]["layer"] == "company"
        for name in ("show", "why"):
            shown = command("memory", name, key).stdout
            assert "company" in shown.split("kind")[0]
        assert json.loads(command("memory", "why", key, "--json").stdout)["why"]["layer"] == "company"
        assert isinstance(command("memory", "forget", key).exception, UsageError)
        assert command("memory", "forget", key, "--company", user="boss").exception is None
        assert HERON not in command("memory", "list").stdout

    async def test_tools_tell_it(self, boss: Forge) -> None:
        add(boss, double())
        run = CliRunner().invoke
        who = ["--org", "acme", "--user", "ada"]
        async with Forge(user="ada", org="acme") as forge:
            assert forge.tool("double").layer is Layer.COMPANY
        listed = await asyncio.to_thread(run, app, ["tools", "list", "--json", *who], standalone_mode=False)
        found = {one["name"]: one["layer"] for one in json.loads(listed.stdout)["tools"]}
        assert found["double"] == "company"
        shown = await asyncio.to_thread(run, app, ["tools", "show", "double", *who], standalone_mode=False)
        assert "company layer" in shown.stdout

    def test_the_persona_of_the_company_is_told_apart(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("Offers are signed by two people.\n")
        assert command("persona", "edit", str(page), "--company", user="boss").exception is None
        shown = command("persona", "show", "--json")
        assert json.loads(shown.stdout) | {"exit_code": 0} == {
            **json.loads(shown.stdout),
            "persona": "",
            "company": "Offers are signed by two people.\n",
            "exit_code": 0,
        }


async def test_what_is_taken_out_of_use_leaves_the_files_of_all_users_searches_at_once(home: Path) -> None:
    async with Forge(user="boss", org="acme", company=True) as boss:
        add(boss, make_tool("double", "(n: int) -> int", "Quagga of the company.", double().source))
        ada, _ = a_user()
        async with ada:
            own = double().source.replace("double", "treble")
            add(ada, make_tool("treble", "(n: int) -> int", "Okapi of her own.", own))
            assert [hit.name for hit in ada.search("quagga").hits] == ["double"]
            file = home / "caches" / "acme" / "ada.index.db"
            assert all(word in file.read_bytes() for word in (b"uagga", b"kapi"))
            boss.review.quarantine("double", "It is wrong.")
            assert b"uagga" not in file.read_bytes(), "a company's tools stand in the files of its users"
            ada.review.retire("treble")
            assert b"kapi" not in file.read_bytes()
            assert ada.search("okapi").hits == ()
            boss.review.release("double")
            assert [hit.name for hit in ada.search("quagga").hits] == ["double"]
