"""The façade: four lines do a task, everything is closed, and the caller's own parts stay the caller's."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import agentforge
from agentforge import AgentForgeError, Forge, RunResult, State
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock, Locked
from agentforge.boxes.protocol import Box
from agentforge.database.store import Database
from agentforge.errors import (
    ConfigurationError,
    ModelUnavailable,
    NotARegistry,
    SandboxUnavailable,
    StorageError,
    ToolInvalid,
    ToolNotFound,
    UsageError,
)
from agentforge.events import TERMINAL
from agentforge.gitstore.process import GitProcess
from agentforge.memory.episodes import Call, Episodes
from agentforge.memory.outcomes import Outcomes
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.registry.packages import commit_lock
from agentforge.registry.repository import Registry
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, Fault, MessagesServer, Reply, ScriptedModel
from agentforge.testing.box import raised, returned
from agentforge.types import Capabilities, Layer, OutcomeKind, Role

CLAUDE = FEATURES["claude"]


def model(*answers: str | Reply | Fault) -> ScriptedModel:
    return ScriptedModel(answers, features=CLAUDE)


def opener(box: FakeBox) -> Callable[[SandboxSettings], Awaitable[Box]]:
    async def open_box(settings: SandboxSettings) -> Box:
        return box

    return open_box


def use_of(tool: str, **args: str) -> Reply:
    return Reply(calls=(ToolCall("call-1", tool, dict(args)),))


async def test_a_task_gives_its_answer_and_what_it_took() -> None:
    async with Forge(user="ada", models=model("Forty-two.")) as forge:
        result = await forge.run("What is it?")
    assert (result.ok, result.status, result.exit_code, result.answer) == (True, "completed", 0, "Forty-two.")
    assert result.usage.calls == 1
    assert result.by_role[Role.PLAN] == result.usage == forge.usage[Role.PLAN]
    assert result.events[-1].type == "completed"


async def test_a_stream_has_exactly_one_terminal_event_and_it_is_the_last() -> None:
    async with Forge(user="ada", models=model("Done now.")) as forge:
        events = [event async for event in forge.stream("Do it")]
    assert [event.type for event in events if event.type in TERMINAL] == ["completed"]
    assert events[-1].terminal
    assert [event.seq for event in events] == list(range(len(events)))


async def test_without_starter_tools_there_is_only_what_was_learned(tmp_path: Path) -> None:
    async with Forge(user="ada") as forge:
        assert forge.tools()
    async with Forge(user="ada", base=tmp_path) as forge:
        assert forge.tools() == []


async def test_tools_are_searched_and_what_people_said_of_them_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Forge(user="ada") as forge:
        found = forge.search("parse a duration", 3)
        assert found.hits[0].name == "parse_duration"
        assert 1 < len(found.hits) <= 3
        second = found.hits[1].name
        monkeypatch.setattr(Outcomes, "credit", lambda self: {second: 1.0})
        again = {hit.name: hit.score for hit in forge.search("parse a duration", 3).hits}
        assert again[second] > {hit.name: hit.score for hit in found.hits}[second]


async def test_a_live_tool_is_called_in_the_box() -> None:
    box = FakeBox([returned(9900)])
    script = model(use_of("parse_duration", text="2h 45m"), "That is 9900 seconds.")
    async with Forge(user="ada", models=script, open_box=opener(box)) as forge:
        result = await forge.run("How many seconds are 2h 45m?")
        assert not box.closed
    assert result.tools_used == ("parse_duration",)
    assert result.answer == "That is 9900 seconds."
    assert box.closed


async def test_another_forge_goes_on_with_the_session() -> None:
    async with Forge(user="ada", models=model("Noted.")) as forge:
        first = await forge.run("My heron is called Otto")
    script = model("Otto.")
    async with Forge(user="ada", models=script) as forge:
        assert await forge.sessions.latest() == first.session
        second = await forge.run("What is it called?", session=first.session)
        assert [summary.id for summary in await forge.sessions.list()] == [first.session]
    assert second.session == first.session
    assert "My heron is called Otto" in script.requests[0].prompt


async def test_sessions_and_tools_of_others_are_out_of_reach() -> None:
    async with Forge(user="ada", models=model("Noted.")) as forge:
        session = (await forge.run("A secret")).session
    async with Forge(user="eve", models=model()) as forge:
        assert await forge.sessions.latest() is None
        with pytest.raises(UsageError, match=session):
            await forge.run("Tell me", session=session)


async def test_what_goes_wrong_inside_a_task_is_in_the_result() -> None:
    async with Forge(user="ada", models=model(Fault(529))) as forge:
        result = await forge.run("Do it")
    assert (result.ok, result.status, result.exit_code, result.error) == (False, "failed", 4, "ModelUnavailable")
    assert result.message


async def test_whoever_asks_gets_a_failure_of_a_task_raised() -> None:
    async with Forge(user="ada", models=model("Done.", Fault(529))) as forge:
        done = await forge.run("Do it")
        assert done.raise_for_status() is done
        failed = await forge.run("Do it")
    with pytest.raises(ModelUnavailable) as raised:
        failed.raise_for_status()
    assert (raised.value.message, raised.value.fix, raised.value.exit_code) == (failed.message, failed.fix, 4)


@pytest.mark.parametrize("error", ["TurnLimit", "ToolInvalid", "Sequence", ""])
def test_a_failure_of_any_name_is_raised_with_its_code(error: str) -> None:
    with pytest.raises(AgentForgeError) as raised:
        RunResult("limited", 5, "", "s1", error=error).raise_for_status()
    assert (raised.value.message, raised.value.exit_code) == ("The task ended as limited.", 5)


async def test_no_sandbox_is_told_with_its_code() -> None:
    async def none(settings: SandboxSettings) -> Box:
        raise SandboxUnavailable("No sandbox works here.", fix="Start Docker.")

    async with Forge(user="ada", models=model(use_of("parse_duration", text="1h")), open_box=none) as forge:
        result = await forge.run("1h in seconds")
    assert (result.exit_code, result.fix) == (7, "Start Docker.")


async def test_a_docker_host_that_makes_no_sense_is_not_taken_for_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "garbage")
    async with Forge(user="ada", models=model()) as forge:
        with pytest.raises(ConfigurationError, match="DOCKER_HOST='garbage'"):
            await forge.call("parse_duration", {"text": "1h"})


async def test_the_box_is_opened_once_and_only_when_needed() -> None:
    opened: list[FakeBox] = []

    async def counting(settings: SandboxSettings) -> Box:
        opened.append(FakeBox(lambda _: returned(1)))
        return opened[-1]

    async with Forge(user="ada", models=model("Hello."), open_box=counting) as forge:
        await forge.run("Hello")
        assert opened == []
        args = {"text": "1h"}
        await asyncio.gather(forge.call("parse_duration", args), forge.call("parse_duration", args))
    assert len(opened) == 1
    assert opened[0].closed


async def test_a_tool_is_called_without_a_model() -> None:
    box = FakeBox([returned(3600)])
    async with Forge(user="ada", open_box=opener(box)) as forge:
        result = await forge.call("parse_duration", {"text": "1h"})
        with pytest.raises(ToolNotFound, match="parse_durations"):
            await forge.call("parse_durations", {})
    assert (result.ok, result.value) == (True, 3600)
    assert box.runs[0].entry == "parse_duration"


async def rows_of(tool: str, home: Path) -> list[Call]:
    """What another process finds."""
    with Database.open(f"sqlite:///{home / 'state.db'}") as database:
        return Episodes(database, org="personal", user="ada").calls(tool)


async def test_a_call_without_a_model_has_its_row_before_it_returns(home: Path) -> None:
    box = FakeBox([returned(3600), raised("ValueError", "no duration: sk-ant-api03-" + "a1" * 20)])
    async with Forge(user="ada", open_box=opener(box)) as forge:
        done = await forge.call("parse_duration", {"text": "1h"})
        (row,) = await rows_of("parse_duration", home)
        assert (row.id, row.args, row.status, row.value) == (done.call, {"text": "1h"}, "returned", 3600)
        assert (row.version, row.outcome) == (forge.tool("parse_duration").version, OutcomeKind.RETURNED)
        failed = await forge.call("parse_duration", {"text": "x"})
        newest = (await rows_of("parse_duration", home))[0]
    assert (newest.id, newest.status, newest.outcome) == (failed.call, "raised", OutcomeKind.ERROR)
    assert newest.error.startswith("ValueError: no duration: [redacted")


async def test_a_tool_gets_the_packages_that_it_declares_and_is_refused_where_they_are_not_locked(home: Path) -> None:
    lock, box = Lock((Locked("six", "1.0", ("a" * 64,)),)), FakeBox([returned(3600)])
    async with Forge(user="ada", open_box=opener(box)) as forge:
        base = forge.tool("parse_duration")
        manifest = base.manifest.model_copy(update={"capabilities": Capabilities(packages=("six",))})
        with Registry.open(home / "registries" / "personal" / "ada.git") as registry:
            commit_lock(registry.store, lock, subject="Lock packages")
            registry.add(dataclasses.replace(base, manifest=manifest, layer=Layer.USER), state=State.LIVE)
            done = await forge.call("parse_duration", {"text": "1h"})
            commit_lock(registry.store, NO_PACKAGES, subject="Lock nothing")
        with pytest.raises(ToolInvalid, match="agentforge packages lock six"):
            await forge.call("parse_duration", {"text": "1h"})
    assert [run.grant.packages for run in box.runs] == [lock.digest]
    assert [row.id for row in await rows_of("parse_duration", home)] == [done.call]


async def test_a_row_that_cannot_be_written_costs_nobody_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **more: object) -> None:
        raise StorageError("The disk is full.")

    notices: list[str] = []
    monkeypatch.setattr(Episodes, "record_lone_call", full)
    async with Forge(user="ada", open_box=opener(FakeBox([returned(3600)])), on_notice=notices.append) as forge:
        assert (await forge.call("parse_duration", {"text": "1h"})).value == 3600
    assert notices == ["The call of parse_duration is not recorded: The disk is full."]


async def test_between_two_calls_git_is_not_asked_and_a_commit_of_another_process_is_seen(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    box = FakeBox(lambda run: returned(run.source))
    async with Forge(user="ada", open_box=opener(box)) as forge:
        await forge.call("word_count", {"text": "x"})
        with monkeypatch.context() as patch:
            patch.setattr(GitProcess, "_started", lambda *_, **__: pytest.fail("git was started"))
            await forge.call("word_count", {"text": "x"})
        base = forge.tool("word_count")
        own = dataclasses.replace(base, source=base.source + "\n# mine\n", layer=Layer.USER)
        with Registry.open(home / "registries" / "personal" / "ada.git") as other:
            other.add(own, state=State.LIVE)
        assert str((await forge.call("word_count", {"text": "x"})).value).endswith("# mine\n")


async def test_only_what_a_tool_fetches_can_be_recorded() -> None:
    async with Forge(user="ada", open_box=opener(FakeBox([]))) as forge:
        with pytest.raises(UsageError, match="parse_duration fetches nothing"):
            await forge.call("parse_duration", {"text": "1h"}, record=True)


async def test_tools_are_listed_and_shown_without_any_model_or_box() -> None:
    async with Forge(user="ada") as forge:
        names = [tool.name for tool in forge.tools()]
        assert names == sorted(names)
        assert forge.tools(State.PROPOSED) == []
        assert [tool.name for tool in forge.tools(None)] == names
        assert forge.tool("parse_duration").source.startswith(("import", "from", "def", '"""'))
        assert len(forge.log()) == 1, "the commit that made the registry"
        with pytest.raises(ToolNotFound):
            forge.log("no_such_tool")


async def test_leaving_a_stream_early_interrupts_the_task_and_keeps_the_session() -> None:
    async with Forge(user="ada", models=model(Reply("word " * 100, pause=0.05))) as forge:
        stream = forge.stream("Take your time")
        async for event in stream:
            if event.type == "model_started":
                break
        await stream.aclose()
        assert await forge.sessions.latest() == event.session


async def test_a_cancelled_run_closes_what_it_opened() -> None:
    script = model(Reply("slowly", pause=30))
    async with Forge(user="ada", models=script) as forge:
        running = asyncio.create_task(forge.run("Take your time"))
        while not script.requests:  # noqa: ASYNC110 - a scripted model has no event to wait for
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await forge.sessions.latest()


@pytest.mark.parametrize("text", ["", "  \n", "x" * 200_001])
async def test_a_prompt_that_makes_no_sense_is_refused_before_anything_is_stored(text: str) -> None:
    script = model()
    async with Forge(user="ada", models=script) as forge:
        with pytest.raises(UsageError):
            await forge.run(text)
        assert await forge.sessions.latest() is None
    assert script.requests == []


def test_run_sync_opens_and_closes_by_itself() -> None:
    forge = Forge(user="ada", models=model("One.", "Two."))
    assert [forge.run_sync("1").answer, forge.run_sync("2").answer] == ["One.", "Two."]


async def test_run_sync_inside_a_loop_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"await forge\.run"):
        Forge(user="ada", models=model()).run_sync("x")


async def test_a_forge_that_is_not_open_says_so() -> None:
    forge = Forge(user="ada", models=model())
    with pytest.raises(UsageError, match="async with"):
        await forge.run("x")
    async with forge:
        pass
    with pytest.raises(UsageError, match="async with"):
        forge.tools()
    await forge.aclose()


def test_a_user_is_required_and_has_to_be_a_name() -> None:
    with pytest.raises(TypeError, match="user"):
        Forge()
    for wrong in ("", "../eve", "Ada", "a/b", ".git"):
        with pytest.raises(ConfigurationError, match="user"):
            Forge(user=wrong)
        with pytest.raises(ConfigurationError, match="user"):
            Forge(user=wrong, settings=load())


async def test_a_folder_that_is_no_registry_is_left_alone(home: Path) -> None:
    folder = home / "registries" / "personal" / "ada.git"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(NotARegistry):
        await Forge(user="ada").open()
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


async def test_the_real_client_is_used_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with MessagesServer(["From the server."]) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", server.key or "")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        async with Forge(user="ada") as forge:
            result = await forge.run("Hello")
    assert result.answer == "From the server."


def test_the_result_is_json() -> None:
    result: RunResult = Forge(user="ada", models=model("One.")).run_sync("1")
    told = result.to_json()
    assert told["answer"] == "One."
    assert told["by_role"] == {"plan": {"input_tokens": result.usage.input_tokens, **_rest(result)}}
    assert "events" not in told


def _rest(result: RunResult) -> dict[str, int]:
    return {"output_tokens": result.usage.output_tokens, "cached_tokens": 0, "calls": 1}


def test_the_public_names_are_sorted_and_all_there() -> None:
    assert agentforge.__all__ == sorted(agentforge.__all__)
    assert all(getattr(agentforge, name) for name in agentforge.__all__)
    assert set(agentforge.__all__) <= set(dir(agentforge))
    assert agentforge.AgentForgeError is AgentForgeError
    with pytest.raises(AttributeError, match="no_such_name"):
        agentforge.no_such_name  # noqa: B018 - looking it up is the test


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("anthropic", "docker", "pydantic", "sqlalchemy", "rich", "typer", "git", "asyncio")
    code = f"import sys, agentforge; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


async def test_no_key_and_no_secret_in_a_request_reaches_a_model() -> None:
    settings = load(
        overrides={
            "secrets.weather": {"value": "mytopsecretvalue-Qx7", "host": "api.example.com"},
            "endpoints.mine": {"kind": "vllm", "url": "http://127.0.0.1:9", "model": "m", "key": "endpointkey-ABCDEF"},
        }
    )
    script = model("Hello.")
    secrets = ("mytopsecretvalue-Qx7", "endpointkey-ABCDEF", "sk-ant-api03-abcdefghijklmnop1234567890")
    async with Forge(user="ada", settings=settings, models=script) as forge:
        assert (await forge.run(f"Greet me, I have {', '.join(secrets)}.")).ok
    assert script.requests
    assert not [secret for secret in secrets for request in script.requests if secret in request.prompt]
