"""A peer in its own process, as a contestant (see ``driver``)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from agentforge.errors import SandboxUnavailable
from benchmarks.sandbox.containers import owner_label
from benchmarks.sandbox.peers.setup import IMAGE, venv_of
from benchmarks.sandbox.rounds import Once
from benchmarks.sandbox.work import SNIPPET, insist_on_text

_DRIVER = Path(__file__).with_name("driver.py")
_START_SECONDS, _CALL_SECONDS, _STOP_SECONDS = 180.0, 60.0, 60.0
_PASSED_ON = ("PATH", "LANG", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY")


@asynccontextmanager
async def peer(name: str) -> AsyncIterator[Once]:
    """A warm peer: each time it runs the snippet and tells the milliseconds. Everything of it is removed.

    Raises:
        SandboxUnavailable: it is not set up, or does not work here; says why.
    """
    command = [str(venv_of(name) / "bin" / "python"), "-P", str(_DRIVER), name, IMAGE, SNIPPET]
    with tempfile.TemporaryDirectory(prefix="peer-") as folder, tempfile.TemporaryFile() as noise:
        environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ} | {"HOME": folder}
        process = await asyncio.create_subprocess_exec(
            *command,
            json.dumps(owner_label()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=noise,
            env=environment,
            cwd=folder,
        )
        try:
            await _heard(process, noise, name, _START_SECONDS)
            yield lambda: _once(process, noise, name)
        finally:
            await _stop(process)


async def _once(process: asyncio.subprocess.Process, noise: IO[bytes], name: str) -> float:
    _stream(process.stdin).write(b"\n")
    told = await _heard(process, noise, name, _CALL_SECONDS)
    insist_on_text(name, str(told["printed"]))
    return float(told["ms"])


async def _heard(process: asyncio.subprocess.Process, noise: IO[bytes], name: str, seconds: float) -> dict[str, Any]:
    with contextlib.suppress(TimeoutError):
        line = await asyncio.wait_for(_stream(process.stdout).readline(), seconds)
        if line:
            return json.loads(line)
    noise.seek(0)
    lines = noise.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    raise SandboxUnavailable(f"The peer {name} does not work here: {lines[-1][:400]}.")


async def _stop(process: asyncio.subprocess.Process) -> None:
    _stream(process.stdin).close()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _stream(found: Any) -> Any:
    assert found is not None, "both were asked for"
    return found
