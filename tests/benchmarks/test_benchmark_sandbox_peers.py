"""Peers of the benchmark of the sandbox: each in its own process, which tells the time and what was printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agentforge.errors import SandboxUnavailable
from benchmarks.sandbox.peers.line import peer
from benchmarks.sandbox.peers.setup import FOLDER, PEERS
from benchmarks.sandbox.work import WrongAnswerError

INSTALLED = os.environ.get(FOLDER, "")  # read before the fixture `home` clears the environment


def driven(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Sets up a peer whose driver is ``program``."""
    for name in PEERS:
        (folder / name / "bin").mkdir(parents=True)
        python = folder / name / "bin" / "python"
        python.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{program}'\n", "ascii")
        python.chmod(0o755)
        (folder / name / f"installed-{PEERS[name]}").touch()
    monkeypatch.setenv(FOLDER, str(folder))


async def test_a_peer_tells_its_own_time_and_its_answer_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = 'import json\nprint("{}", flush=True)\nfor n, _ in enumerate(open(0)):'
    answer = '{"sum": 5 + n // 2}'
    driven(
        tmp_path,
        monkeypatch,
        f'{lines}\n    print(json.dumps({{"ms": 66, "printed": json.dumps({answer})}}), flush=True)',
    )
    async with peer("smolagents") as once:
        assert [await once(), await once()] == [66.0, 66.0]
        with pytest.raises(WrongAnswerError, match="smolagents printed"):
            await once()


@pytest.mark.parametrize("name", PEERS)
async def test_a_peer_that_cannot_run_says_why(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "")
    with pytest.raises(SandboxUnavailable, match="not set up"):
        async with peer(name):
            pytest.fail("it ran")
    driven(tmp_path, monkeypatch, 'raise SystemExit("no such image")')
    with pytest.raises(SandboxUnavailable, match="no such image"):
        async with peer(name):
            pytest.fail("it ran")


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PEERS)
async def test_a_real_peer_answers_right(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not INSTALLED:
        pytest.skip(f"{FOLDER} names no folder with the peers (python -m benchmarks.sandbox.peers.setup)")
    monkeypatch.setenv(FOLDER, INSTALLED)
    async with peer(name) as once:
        assert await once() > 0
