from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
from pathlib import Path

import pytest

from agentforge.errors import ModelTimeout, StorageError
from agentforge.models.local import storage
from agentforge.models.local.progress import GB, Plan, PlanItem

from . import fakes


def _plan(folder: Path, free: int) -> Plan:
    environment = PlanItem("server", 1 * GB, 3 * GB, peak=3 * GB)
    weights = PlanItem("weights", 1 * GB, 4 * GB, peak=6 * GB, exact=True)
    return Plan((environment, weights), folder, free)


def test_the_space_needed_counts_what_stays_and_the_peak_of_the_last_step(tmp_path: Path) -> None:
    plan = _plan(tmp_path, free=0)
    assert plan.needed == (3 + 6 + 1) * GB
    assert plan.download == 2 * GB
    assert str(plan) == (
        "server: about 1.0 GB to download, 3.0 GB on disk; weights: 1.0 GB to download, 4.0 GB on disk"
    )


def test_too_little_space_is_refused_with_both_numbers(tmp_path: Path) -> None:
    storage.check_space(_plan(tmp_path, free=10 * GB))
    with pytest.raises(StorageError, match=r"10\.0 GB free under .* only 9\.9 GB"):
        storage.check_space(_plan(tmp_path, free=10 * GB - GB // 10))


def test_free_space_is_known_of_a_folder_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert storage.free_bytes(tmp_path / "a" / "b") > 0


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file.toml"
    storage.write_whole(path, "first")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="is full"), storage.disk_errors(tmp_path):
        storage.write_whole(path, "second")
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"), storage.disk_errors(tmp_path):
        storage.write_whole(tmp_path / "file" / "below", "text")


async def test_a_lock_makes_the_second_wait_for_the_first(tmp_path: Path) -> None:
    path, told, order = tmp_path / "lock", list[str](), list[str]()

    async def second() -> None:
        async with storage.locked(path, seconds=10, on_wait=told.append):
            order.append("second")

    async with storage.locked(path, seconds=10, on_wait=told.append):
        waiting = asyncio.create_task(second())
        await fakes.until(lambda: told)
        order.append("first")
    await waiting
    assert order == ["first", "second"]
    assert "process" in told[0]


async def test_waiting_for_a_lock_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    async with storage.locked(path, seconds=1, on_wait=lambda _: None):
        with pytest.raises(ModelTimeout, match="process"):
            async with storage.locked(path, seconds=0.2, on_wait=lambda _: None):
                pass


async def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = "f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True)"
    command = (sys.executable, "-c", f"import fcntl, sys, time; {lock}; time.sleep(600)", path)
    holder = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(ModelTimeout):
        async with storage.locked(path, seconds=0.1, on_wait=lambda _: None):
            pass
    holder.kill()
    await holder.wait()
    async with storage.locked(path, seconds=1, on_wait=lambda _: None):
        pass
