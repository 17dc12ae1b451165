from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentforge.models.local import processes

from . import fakes

SLEEP = "import time; time.sleep(600)"


def test_a_process_is_told_from_others_by_more_than_its_pid() -> None:
    own = processes.identity(os.getpid())
    assert own
    assert own == processes.identity(os.getpid())
    assert own != processes.identity(os.getppid())


def test_the_dead_have_no_identity_even_before_somebody_waited_for_them() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    give_up = time.monotonic() + 10
    while processes.identity(process.pid):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    process.wait()


def test_a_group_is_found_with_all_its_members() -> None:
    starter = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"
    process = subprocess.Popen([sys.executable, "-c", starter], start_new_session=True)
    try:
        give_up = time.monotonic() + 10
        while len(processes.group_members(process.pid)) < 2:
            assert time.monotonic() < give_up
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, 9)
        process.wait()


async def _run(tmp_path: Path, code: str, *, seconds: float = 20.0) -> tuple[int, list[str]]:
    lines: list[str] = []
    environment = {"PATH": os.environ["PATH"]}
    status = await processes.run(
        [sys.executable, "-c", code],
        environment=environment,
        log=tmp_path / "log",
        seconds=seconds,
        on_line=lines.append,
    )
    return status, lines


async def test_a_command_is_heard_line_by_line_and_logged(tmp_path: Path) -> None:
    status, lines = await _run(tmp_path, "print('one\\rtwo'); print('three', end=''); raise SystemExit(3)")
    assert status == 3
    assert lines == ["one", "two", "three"]
    assert (tmp_path / "log").read_bytes() == b"one\rtwo\nthree"


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_cancelled_command_ends_with_its_children(
    tmp_path: Path, stubborn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "END_SECONDS", 0.5)
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN);" if stubborn else ""
    child = f"c = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print(c.pid, flush=True); c.wait()"
    code = f"import subprocess, sys; {ignore} {child}"
    task = asyncio.create_task(_run(tmp_path, code))
    log = tmp_path / "log"
    await fakes.until(lambda: log.exists() and log.read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pid = int(log.read_text().split()[0])
    await fakes.until(lambda: processes.identity(pid) is None)  # killed, it needs a moment to be gone


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await _run(tmp_path, SLEEP, seconds=0.3)


def test_the_server_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = (
        "ANTHROPIC_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "DB_PASSWORD",
        "VLLM_API_KEY",
        "MY_SETTING",
    )
    for name in (*secrets, "VLLM_LOGGING_LEVEL", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "x")
    seen = processes.server_environment()
    assert not set(secrets) & set(seen)
    assert {"PATH", "HOME", "VLLM_LOGGING_LEVEL", "CUDA_VISIBLE_DEVICES"} <= set(seen)


def test_pip_keeps_its_own_settings_and_sees_no_other_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ("PIP_EXTRA_INDEX_URL", "PIP_KEYRING_PROVIDER", "https_proxy", "SSL_CERT_FILE", "HF_TOKEN")
    gone = ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "GITHUB_TOKEN", "PYTHONPATH", "VIRTUAL_ENV")
    for name in (*kept, *gone):
        monkeypatch.setenv(name, "x")
    seen = processes.install_environment()
    assert set(kept) <= set(seen)
    assert not set(gone) & set(seen)
