"""Which launcher is taken, what is announced, and how each failure reads."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentforge.boxes import bubblewrap, daemon
from agentforge.boxes.open import open_box, probe
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings


def one_sentence_with_a_fix(error: SandboxError) -> bool:
    return error.message.endswith(".") and error.fix != "" and "Traceback" not in error.message and error.exit_code == 7


@pytest.fixture
def no_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")


@pytest.fixture
async def hostile_daemon(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Something that accepts connections and says what the test wants, or nothing at all."""
    answer: bytes | None = request.param
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    folder = tempfile.mkdtemp()  # a socket's path must be short
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/d.sock")
    monkeypatch.setattr(daemon, "FIRST_ANSWER_SECONDS", 1)
    server = await asyncio.start_unix_server(serve, f"{folder}/d.sock")
    try:
        yield
    finally:
        over.set()
        await asyncio.sleep(0.05)
        server.close()
        shutil.rmtree(folder)


@pytest.mark.usefixtures("no_daemon")
async def test_no_daemon_is_one_clear_sentence() -> None:
    with pytest.raises(SandboxUnavailable, match=r"^No Docker daemon answers\.") as caught:
        await open_box(SandboxSettings(launcher="docker"), user="nobody")
    assert one_sentence_with_a_fix(caught.value)


@pytest.mark.parametrize(
    "hostile_daemon",
    [None, b"", b"nonsense\r\n\r\n", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"],
    indirect=True,
    ids=["silent", "hangs up", "nonsense", "error 500"],
)
@pytest.mark.usefixtures("hostile_daemon")
async def test_a_dead_daemon_is_one_clear_sentence() -> None:
    with pytest.raises(SandboxError) as caught:
        await open_box(SandboxSettings(launcher="docker"), user="nobody")
    assert one_sentence_with_a_fix(caught.value)


@pytest.mark.usefixtures("no_daemon")
async def test_bubblewrap_is_taken_instead_and_announced() -> None:
    notices: list[str] = []
    async with await open_box(SandboxSettings(), user="me", on_notice=notices.append) as box:
        assert box.info.launcher == "bubblewrap"
        assert (await box.run("1 + 1")).value == 2
    assert notices[0] == "No Docker daemon answers. Using bubblewrap."
    assert "no control group" in notices[1]


@pytest.mark.usefixtures("no_daemon")
async def test_with_neither_the_sentence_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap.sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match=r"Docker: .* bubblewrap: ") as caught:
        await open_box(SandboxSettings(), user="me")
    assert one_sentence_with_a_fix(caught.value)


async def test_a_home_that_cannot_be_written_is_told(home: Path) -> None:
    home.write_text("a file is in the way", "utf-8")
    with pytest.raises(SandboxUnavailable, match="cannot be written") as caught:
        await open_box(SandboxSettings(launcher="bubblewrap"), user="me")
    assert one_sentence_with_a_fix(caught.value)


async def test_bubblewrap_that_cannot_start_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_isolation", lambda: ["--no-such-option"])
    with pytest.raises(SandboxUnavailable, match="no-such-option") as caught:
        await open_box(SandboxSettings(launcher="bubblewrap"), user="me")
    assert one_sentence_with_a_fix(caught.value)


@pytest.mark.usefixtures("no_daemon")
async def test_the_probe_reports_both_launchers() -> None:
    docker, bwrap = await probe(SandboxSettings())
    assert (docker.launcher, docker.available) == ("docker", False)
    assert "No Docker daemon answers." in docker.reason
    assert (bwrap.launcher, bwrap.available, bwrap.tier) == ("bubblewrap", True, "call")
    assert any("control group" in warning for warning in bwrap.warnings)


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
async def test_docker_is_preferred_and_needs_no_notice() -> None:
    notices: list[str] = []
    async with await open_box(SandboxSettings(), user="me", on_notice=notices.append) as box:
        assert box.info.launcher == "docker"
        assert box.info.image.startswith("sha256:")
    assert notices == [] or box.info.tier == "wiped"
    docker, _ = await probe(SandboxSettings())
    assert (docker.available, docker.transport) == (True, "descriptors")
