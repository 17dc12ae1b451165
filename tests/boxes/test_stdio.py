"""The transport over a container's own streams: near, over TCP and TLS, cut, and left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes import docker, hardening
from agentforge.boxes.cell import Cell
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.open import open_box, probe
from agentforge.boxes.warm import WarmBox
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings
from tests.boxes.watching import Forwarder, containers_of, eventually, forwarded, names

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

SETTINGS = SandboxSettings(launcher="docker", transport="stdio")
SOURCE = "def f():\n    return 1\n"
SLEEP = "import time\ndef f():\n    time.sleep(60)\n"
TESTS = "from tool import f\ndef test_it():\n    assert f() == 1\n"


async def opened(user: str, settings: SandboxSettings = SETTINGS) -> WarmBox:
    box = await open_box(settings, user=user)
    assert isinstance(box, WarmBox)
    assert box.info.transport == "stdio"
    return box


def cell_of(box: WarmBox) -> Cell:
    """The cell for calls that is in use now; a broken one is replaced."""
    cells = [place.cell for place in box._pool._places.values() if place.spec.kind == "call"]
    assert cells[0] is not None
    return cells[0]


def open_descriptors() -> set[tuple[str, str]]:
    """Number and kind of each descriptor of this process."""
    found = {(path.name, str(path.readlink())) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    return {(number, target) for number, target in found if not target.endswith("/fd")}


class TestLife:
    async def test_closing_removes_all_and_may_be_repeated(self) -> None:
        before = open_descriptors()
        box = await opened("stdio-closing")
        assert (await box.suite(SOURCE, TESTS)).passed
        assert len(names("stdio-closing")) == 2
        await box.close()
        await box.close()
        await eventually(lambda: names("stdio-closing") == [])
        assert open_descriptors() <= before
        with pytest.raises(SandboxError, match="closed"):
            await box.call(SOURCE, "f", {})

    async def test_hundred_runs_leak_no_descriptor(self) -> None:
        async with await opened("stdio-leaks") as box:
            await box.call(SOURCE, "f", {})
            before = len(open_descriptors())
            await box.call_many(SOURCE, "f", [{}] * 100)
            assert len(open_descriptors()) <= before + 6

    @pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4, 0.8])
    async def test_cancelling_while_it_opens_leaves_nothing(self, moment: float) -> None:
        before = open_descriptors()
        opening = asyncio.ensure_future(open_box(SETTINGS, user="stdio-cancelled"))
        await asyncio.sleep(moment)
        opening.cancel()
        try:
            box = await opening
        except asyncio.CancelledError:
            pass
        else:
            await box.close()
        await eventually(lambda: names("stdio-cancelled") == [])
        assert open_descriptors() <= before

    async def test_a_container_that_is_lost_during_a_call_is_a_death_and_is_replaced(self) -> None:
        async with await opened("stdio-shot") as box:
            cell = cell_of(box)
            call = asyncio.ensure_future(box.call(SLEEP, "f", {}))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(_kill_containers, "stdio-shot")
            assert (await call).status == "died"
            assert "container ended" in cell.broken
            assert (await box.call(SOURCE, "f", {})).value == 1


def _kill_containers(user: str) -> None:
    with Daemon.connect() as daemon:
        for name in names(user):
            daemon._client.api.kill(name.lstrip("/"))


class TestAbandoned:
    @pytest.mark.parametrize("far", [False, True], ids=["socket file", "tcp"])
    @pytest.mark.parametrize("busy", [False, True], ids=["idle", "in a call"])
    async def test_no_box_outlives_a_host_that_is_killed(self, busy: bool, far: bool) -> None:
        user = f"stdio-abandoned-{busy}-{far}".lower()
        with forwarded() as forwarder:
            environment = {**os.environ, **({"DOCKER_HOST": forwarder.address} if far else {})}
            host = subprocess.Popen(  # noqa: ASYNC220  it takes a moment only, and must be killed by force
                [sys.executable, "-c", _program(user, busy)], stdout=subprocess.PIPE, env=environment
            )
            try:
                assert host.stdout is not None
                assert await asyncio.to_thread(host.stdout.readline) == b"open\n"
                await asyncio.sleep(0.3)
                assert len(names(user)) == 1
                host.send_signal(signal.SIGKILL)
                await asyncio.to_thread(host.wait, 20)
            finally:
                host.kill()
                host.wait()
                if host.stdout:
                    host.stdout.close()
            await eventually(lambda: names(user) == [])


def _program(user: str, busy: bool) -> str:
    work = f"await box.call({SLEEP!r}, 'f', {{}})" if busy else "await asyncio.sleep(60)"
    return textwrap.dedent(f"""
        import asyncio
        from agentforge.boxes.open import open_box
        from agentforge.settings import SandboxSettings

        async def main():
            box = await open_box(SandboxSettings(launcher="docker", transport="stdio"), user={user!r})
            print("open", flush=True)
            {work}

        asyncio.run(main())
    """)


@pytest.fixture
def forwarder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forwarder]:
    with forwarded() as forwarder:
        monkeypatch.setenv("DOCKER_HOST", forwarder.address)
        yield forwarder


class TestFarAway:
    async def test_a_daemon_behind_tcp_gets_stdio_by_itself_and_says_so(self, forwarder: Forwarder) -> None:
        notices: list[str] = []
        async with await open_box(SandboxSettings(launcher="docker"), user="tcp", on_notice=notices.append) as box:
            assert box.info.transport == "stdio"
            assert (await box.call("def f(x):\n    return x", "f", {"x": "\x10\x11" * 50_000})).ok
            assert (await box.suite(SOURCE, TESTS)).passed
        assert any("what that process says of itself" in notice for notice in notices)
        docker_report, _ = await probe(SandboxSettings(launcher="docker"))
        assert (docker_report.available, docker_report.transport) == (True, "stdio")

    async def test_a_stream_that_is_cut_breaks_the_box_at_once_and_is_replaced(self, forwarder: Forwarder) -> None:
        async with await opened("stdio-cut") as box:
            cell = cell_of(box)
            call = asyncio.ensure_future(box.call(SLEEP, "f", {}))
            await asyncio.sleep(0.4)
            began = time.monotonic()
            await asyncio.to_thread(forwarder.cut)
            assert (await call).status == "died"
            assert time.monotonic() - began < 2
            assert "hung up" in cell.broken or "was lost" in cell.broken
            assert (await box.call(SOURCE, "f", {})).value == 1
        await eventually(lambda: names("stdio-cut") == [])

    async def test_a_daemon_behind_tls_works(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        context = _certificates(tmp_path)
        with forwarded(context) as forwarder:
            monkeypatch.setenv("DOCKER_HOST", forwarder.address)
            monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
            monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # else requests believes these instead
                monkeypatch.delenv(name, raising=False)
            async with await opened("stdio-tls") as box:
                big = await box.call("def f(x):\n    return x", "f", {"x": "y" * 900_000})
                assert big.value == "y" * 900_000
                await box.call_many(SOURCE, "f", [{}] * 10)
            await eventually(lambda: names("stdio-tls") == [])


def _certificates(folder: Path) -> ssl.SSLContext:
    """One certificate for all roles, as ``DOCKER_CERT_PATH`` wants them."""
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("openssl cannot make a certificate here")
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class TestHardening:
    async def test_nothing_is_mounted_and_stdin_belongs_to_one_host(self) -> None:
        async with await opened("stdio-flags"):
            (container,) = containers_of("stdio-flags")
        assert container["Mounts"] == []
        assert (container["Config"]["OpenStdin"], container["Config"]["StdinOnce"]) == (True, True)
        assert container["Config"]["Tty"] is False
        flags = hardening.flags(SETTINGS, container["Image"], attached=True)
        assert hardening.missing(container, flags) == []

    @pytest.mark.parametrize("flag", ["pids_limit", "read_only", "security_opt", "cap_drop", "tmpfs", "stdin_open"])
    async def test_a_container_without_a_flag_is_refused_and_removed(
        self, flag: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = hardening.request

        def weakened(*positional: Any) -> dict[str, Any]:
            return {key: value for key, value in request(*positional).items() if key != flag}

        monkeypatch.setattr(hardening, "request", weakened)
        with pytest.raises(SandboxError):
            await open_box(SETTINGS, user="stdio-weakened")
        await eventually(lambda: names("stdio-weakened") == [])

    async def test_what_the_first_process_says_of_itself_must_be_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(hardening._KERNEL_STATE, "NoNewPrivs", "impossible")
        with pytest.raises(SandboxUnavailable, match="NoNewPrivs"):
            await open_box(SETTINGS, user="stdio-state")
        await eventually(lambda: names("stdio-state") == [])


ELSEWHERE = [{"KernelVersion": "5.10.0-linuxkit"}, {"Name": "docker-desktop"}]


@pytest.mark.parametrize("told", ELSEWHERE)
async def test_another_kernel_or_machine_gets_stdio_instead_of_a_refusal(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    info = Daemon.info
    monkeypatch.setattr(Daemon, "info", lambda daemon: info(daemon) | told)
    async with await open_box(SandboxSettings(launcher="docker"), user="desktop") as box:
        assert box.info.transport == "stdio"
        assert (await box.call(SOURCE, "f", {})).value == 1
    with pytest.raises(SandboxUnavailable, match="no descriptors can be passed") as caught:
        await open_box(SandboxSettings(launcher="docker", transport="descriptors"), user="forced")
    assert "sandbox.transport" in caught.value.fix
    await eventually(lambda: names("forced") == [])


@pytest.mark.parametrize(
    ("wanted", "here", "by_file", "chosen"),
    [
        ("auto", True, True, "descriptors"),
        ("auto", True, False, "stdio"),
        ("auto", False, True, "stdio"),
        ("stdio", True, True, "stdio"),
        ("descriptors", True, False, "descriptors"),
    ],
)
def test_the_transport_is_chosen_by_where_the_daemon_is(wanted: Any, here: bool, by_file: bool, chosen: str) -> None:
    assert docker.choose_transport(wanted, here=here, by_file=by_file) == chosen
