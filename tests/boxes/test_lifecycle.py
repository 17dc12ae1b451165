"""Nothing is left behind: not after closing, cancelling, killing the host, or losing the container."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes import dial, docker, owners
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.open import open_box
from agentforge.boxes.warm import WarmBox
from agentforge.errors import SandboxError
from agentforge.settings import SandboxSettings
from tests.boxes.watching import eventually, names

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

SETTINGS = SandboxSettings(launcher="docker")
SOURCE = "def f():\n    return 1\n"
SLEEP = "import time\ndef f():\n    time.sleep(60)\n"


@pytest.fixture(autouse=True)
def private_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Control sockets of other tests that run beside these stay out of sight; short, as their addresses must be."""
    with tempfile.TemporaryDirectory(prefix="af-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("agentforge-control-*"))


async def test_closing_removes_all_and_may_be_repeated() -> None:
    before = folders()
    box = await open_box(SETTINGS, user="closing")
    assert folders() == before  # the address of the control socket is gone as soon as the box dialled
    assert (await box.suite("def f():\n    return 1\n", "def test_a():\n    pass\n")).passed
    assert len(names("closing")) == 2
    await box.close()
    await box.close()
    assert names("closing") == []
    with pytest.raises(SandboxError, match="closed"):
        await box.call(SOURCE, "f", {})


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4, 0.8])
async def test_cancelling_while_it_opens_leaves_nothing(moment: float) -> None:
    before = folders()
    opening = asyncio.ensure_future(open_box(SETTINGS, user="cancelled"))
    await asyncio.sleep(moment)
    opening.cancel()
    try:
        box = await opening
    except asyncio.CancelledError:
        pass
    else:
        await box.close()
    assert names("cancelled") == []
    assert folders() == before


async def test_an_error_in_the_callers_block_closes_the_box() -> None:
    async def work() -> None:
        async with await open_box(SETTINGS, user="failing") as box:
            await box.call(SOURCE, "f", {})
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        await work()
    assert names("failing") == []


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("launcher", ["docker", "bubblewrap"])
async def test_no_box_outlives_its_host(ending: signal.Signals, launcher: str, tmp_path: Path) -> None:
    marker = f"host-{launcher}-{ending.name.lower()}"
    program = textwrap.dedent(f"""
        import asyncio
        from agentforge.boxes.open import open_box
        from agentforge.settings import SandboxSettings

        async def main():
            settings = SandboxSettings(launcher={launcher!r}, memory_mb={_unique_memory(ending)})
            box = await open_box(settings, user={marker!r})
            print("open", flush=True)
            await box.call("import time\\ndef f():\\n    time.sleep(60)", "f", {{}})

        asyncio.run(main())
    """)
    host = subprocess.Popen(  # noqa: ASYNC220  it takes a moment only, and must be killed by force
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    try:
        assert host.stdout is not None
        assert await asyncio.to_thread(host.stdout.readline) == b"open\n"
        await asyncio.sleep(0.2)
        host.send_signal(ending)
        await asyncio.to_thread(host.wait, 20)
    finally:
        host.kill()
        host.wait()
        if host.stdout:
            host.stdout.close()
    await eventually(lambda: names(marker) == [])
    await eventually(lambda: not _processes_with(f'"memory_bytes": {_unique_memory(ending) * (1 << 20) * 3 // 4}'))


def _unique_memory(ending: signal.Signals) -> int:
    """Marks the processes of one test by a number on their command line."""
    return 400 + ending.value


def _processes_with(text: str) -> list[str]:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


async def test_orphans_of_dead_hosts_are_swept_and_others_are_not() -> None:
    this = owners.Owner.this_process()
    labels = {
        "orphan": owners.Owner(this.machine, this.pid, this.started + 1).label(),  # its number was given anew
        "alive": this.label(),
        "elsewhere": owners.Owner("another-boot.1", 1, 1).label(),
        "nonsense": "not/an/owner",
    }
    with Daemon.connect() as daemon:
        client: Any = daemon._client
        image = client.images.list(name="agentforge-box")[0].id
        for name, label in labels.items():
            client.containers.create(image, name=f"agentforge-test-{name}", labels={OWNER: label, USER: "swept"})
        try:
            async with await open_box(SETTINGS, user="sweeper"):
                assert sorted(names("swept")) == [f"/agentforge-test-{n}" for n in ("alive", "elsewhere", "nonsense")]
        finally:
            for name in labels:
                daemon.remove(f"agentforge-test-{name}")


OWNER, USER = docker.OWNER_LABEL, docker.USER_LABEL


def test_a_removal_ends_when_the_container_is_gone_even_where_others_remove_it_too() -> None:
    def remove(name: str) -> list[str]:
        daemon.remove(name)
        return names("removed")

    labels = {OWNER: owners.Owner.this_process().label(), USER: "removed"}
    with Daemon.connect() as daemon, ThreadPoolExecutor(4) as threads:
        client: Any = daemon._client
        image = client.images.list(name="agentforge-box")[0].id
        for number in range(10):
            name = f"agentforge-test-removed-{number}"
            client.containers.create(image, command=["sleep", "60"], name=name, labels=labels).start()
            assert list(threads.map(remove, [name] * 4)) == [[]] * 4


def test_control_folders_of_dead_hosts_are_swept() -> None:
    this = owners.Owner.this_process()
    folder = Path(tempfile.mkdtemp(prefix="agentforge-control-"))
    (folder / "owner").write_text(owners.Owner(this.machine, this.pid, this.started + 1).label(), "ascii")
    with dial.Doorbell() as living:
        dial.sweep()
        assert not folder.exists()
        assert living.folder.exists()


async def test_a_container_that_is_lost_while_idle_is_replaced() -> None:
    async with await open_box(SETTINGS, user="lost") as box:
        await asyncio.to_thread(_kill, "lost")
        await eventually(lambda: names("lost") == [])
        assert (await box.call(SOURCE, "f", {})).value == 1
        assert len(names("lost")) == 1


async def test_a_container_that_is_lost_during_a_call_is_a_death_and_is_replaced() -> None:
    async with await open_box(SETTINGS, user="shot") as box:
        call = asyncio.ensure_future(box.call(SLEEP, "f", {}))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(_kill, "shot")
        assert (await call).status == "died"
        assert (await box.call(SOURCE, "f", {})).value == 1


def _kill(user: str) -> None:
    with Daemon.connect() as daemon:
        for name in names(user):
            daemon._client.api.kill(name.lstrip("/"))


async def test_hundred_runs_leak_no_descriptor() -> None:
    async with await open_box(SETTINGS, user="leaks") as box:
        assert isinstance(box, WarmBox)
        await box.call(SOURCE, "f", {})
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts, needs no paths
        await box.call_many(SOURCE, "f", [{}] * 100)
        assert len(os.listdir("/proc/self/fd")) <= before + 4  # noqa: PTH208 - as above
