from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from agentforge.errors import ConfigurationError, ModelTimeout, ModelUnavailable
from agentforge.models.local import answers, processes, server
from agentforge.models.local.progress import Progress

from . import fakes


def ignore(_: Progress) -> None:
    pass


@pytest.fixture(autouse=True)
async def nothing_left(home: Path) -> AsyncIterator[None]:
    yield
    await server.stop(home)


def worker_of(home: Path) -> int:
    return int((home / server.LOG).read_text().split("worker ")[1].split()[0])


async def test_a_server_is_started_found_again_and_stopped_with_its_worker(home: Path, tmp_path: Path) -> None:
    started = server.start(home, fakes.launch(tmp_path))
    served = await server.wait_healthy(started, seconds=30, on_progress=ignore)
    assert served == answers.ServedModel("fake", 4096, vllm=True)
    found = server.read_record(home)
    assert found == started
    assert found.alive
    worker = worker_of(home)
    assert await server.stop(home) is True
    assert processes.identity(started.pid) is None
    assert processes.identity(worker) is None
    assert server.read_record(home) is None
    assert await server.stop(home) is False


async def test_a_server_outlives_the_command_that_started_it(home: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from agentforge.models.local import server; from tests.models.local import fakes;"
        f"server.start(Path({str(home)!r}), fakes.launch(Path({str(tmp_path)!r})))"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", code]
    await asyncio.to_thread(subprocess.run, command, check=True, cwd=root, start_new_session=True)
    record = server.read_record(home)
    assert record
    await server.wait_healthy(record, seconds=30, on_progress=ignore)
    assert os.getsid(record.pid) == record.pid


async def test_progress_tells_the_stage_while_the_server_loads(home: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    record = server.start(home, fakes.launch(tmp_path, "--delay", "2"))
    await server.wait_healthy(record, seconds=30, on_progress=seen.append)
    assert seen
    assert seen[-1].message == "Starting the model server: loading the weights"
    assert seen[-1].total == 30


async def test_a_server_that_dies_is_reported_with_the_reason_from_its_log(home: Path, tmp_path: Path) -> None:
    record = server.start(home, fakes.launch(tmp_path, "--die"))
    with pytest.raises(ModelUnavailable, match="ValueError: no room for the cache") as died:
        await server.wait_healthy(record, seconds=30, on_progress=ignore)
    assert str(home / server.LOG) in died.value.fix


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "it printed nothing"),
        (["loading", "still loading"], "still loading"),
        (
            [
                "(Worker pid=2) ERROR 11-23 11:32:21 [multiproc_executor.py:953] SafetensorError: header too large",
                "(EngineCore pid=1) ERROR 11-23 11:32:26 [core.py:1510] Exception: WorkerProc initialization failed. "
                "See stack trace for root cause.",
                "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
            ],
            "SafetensorError: header too large",
        ),
        (
            [
                "pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig",
                "  Value error, User-specified max_model_len (400000) is greater than 32768.",
                "    For further information visit https://errors.pydantic.dev/2.14/v/value_error",
            ],
            "Value error, User-specified max_model_len (400000) is greater than 32768",
        ),
    ],
)
def test_the_line_that_tells_why_is_found_in_vllms_log(tmp_path: Path, lines: list[str], reason: str) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(lines))
    assert server.reason_in(log) == reason


async def test_a_program_that_does_not_exist_is_reported(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="No such file"):
        server.start(home, replace(fakes.launch(tmp_path), command=("/nowhere/vllm",)))
    assert server.read_record(home) is None


async def test_a_server_that_takes_too_long_is_given_up(home: Path, tmp_path: Path) -> None:
    record = server.start(home, fakes.launch(tmp_path, "--delay", "600"))
    with pytest.raises(ModelTimeout, match="was not healthy after 1 seconds"):
        await server.wait_healthy(record, seconds=1, on_progress=ignore)


async def test_a_server_that_ignores_the_request_to_stop_is_killed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_SECONDS", 0.5)
    record = server.start(home, fakes.launch(tmp_path, "--stubborn"))
    await server.wait_healthy(record, seconds=30, on_progress=ignore)
    assert await server.stop(home) is True
    assert not record.alive


async def test_workers_are_stopped_also_when_the_server_itself_has_died(home: Path, tmp_path: Path) -> None:
    record = server.start(home, fakes.launch(tmp_path))
    await server.wait_healthy(record, seconds=30, on_progress=ignore)
    worker = worker_of(home)
    os.kill(record.pid, signal.SIGKILL)
    await fakes.until(lambda: not record.alive)
    assert processes.identity(worker)
    assert await server.stop(home) is True
    assert processes.identity(worker) is None


async def test_a_stranger_with_the_recorded_pid_is_never_killed(home: Path, tmp_path: Path) -> None:
    record = server.start(home, fakes.launch(tmp_path))
    await server.stop(home)
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "600", start_new_session=True)
    for known in ("another-boot:1", record.identity):
        forged = json.dumps(asdict(record) | {"pid": stranger.pid, "identity": known})
        (home / server.RECORD).write_text(forged)
        assert await server.stop(home) is False
        assert stranger.returncode is None
    assert processes.identity(stranger.pid)
    stranger.kill()
    await stranger.wait()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": 1}', '{"pid": "x"}', "\udcff"])
def test_a_damaged_record_counts_as_none(home: Path, text: str) -> None:
    home.mkdir()
    (home / server.RECORD).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert server.read_record(home) is None


def test_a_port_that_is_taken_is_refused_by_number() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port}"):
            server.choose_port(port)
    assert server.choose_port(0) > 0


async def test_the_log_of_the_start_before_is_kept(home: Path, tmp_path: Path) -> None:
    for _ in range(2):
        record = server.start(home, fakes.launch(tmp_path, "--die"))
        await fakes.until(lambda: not record.alive)  # noqa: B023 (called before the next turn)
    assert "no room" in (home / "local-model.previous.log").read_text()
    assert (home / server.LOG).read_text().count("no room") == 1
