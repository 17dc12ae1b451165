"""Many users, few cells: bounds hold, nobody waits for ever, and nothing broken stays in use."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import pytest

from agentforge.boxes.cell import CellSpec, Hello
from agentforge.boxes.pool import Pool
from agentforge.boxes.protocol import BoxInfo
from agentforge.errors import SandboxBusy, SandboxError
from agentforge.settings import SandboxSettings

ADA, BOB, EVE = (CellSpec(name, "call") for name in ("ada", "bob", "eve"))


class PlainCell:
    def __init__(self, spec: CellSpec) -> None:
        self.spec = spec
        self.broken = ""
        self.spare = False
        self.closed = False

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed = True


class PlainLauncher:
    """Hands out cells that run nothing; counts those that are open."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.fail = False
        self.made: list[PlainCell] = []
        self.most_open = 0
        self.closed = False

    @property
    def open(self) -> list[str]:
        return [cell.spec.user for cell in self.made if not cell.closed]

    async def start(self, spec: CellSpec) -> tuple[Any, Hello]:
        await asyncio.sleep(self.seconds)
        if self.fail:
            raise SandboxError("The daemon is gone.")
        self.made.append(PlainCell(spec))
        self.most_open = max(self.most_open, len(self.open))
        return self.made[-1], Hello("call", "", "3.11", "", 2, {})

    def info(self, hello: Hello) -> BoxInfo:
        return BoxInfo("fake", hello.tier, "none")

    def close(self) -> None:
        self.closed = True


def pool_of(launcher: PlainLauncher, **settings: Any) -> Pool:
    return Pool(launcher, SandboxSettings(**({"boxes": 2, "wait_seconds": 0.2} | settings)))


async def use(pool: Pool, spec: CellSpec, seconds: float = 0.0) -> Any:
    async with pool.lease(spec) as cell:
        await asyncio.sleep(seconds)
        return cell


async def test_a_cell_is_started_once_and_kept_warm() -> None:
    launcher = PlainLauncher(seconds=0.01)
    async with pool_of(launcher) as pool:
        cells = await asyncio.gather(*(use(pool, ADA, 0.02) for _ in range(5)))
        assert {id(cell) for cell in cells} == {id(await use(pool, ADA))}
    assert len(launcher.made) == 1
    assert launcher.made[0].closed
    assert launcher.closed


async def test_users_never_share_a_cell() -> None:
    async with pool_of(PlainLauncher()) as pool:
        assert (await use(pool, ADA)).spec == ADA
        assert (await use(pool, BOB)).spec == BOB


async def test_the_cell_that_was_unused_for_longest_makes_room() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher) as pool:
        for spec in (ADA, BOB, ADA, EVE):
            await use(pool, spec)
        assert sorted(launcher.open) == ["ada", "eve"]
    assert launcher.most_open == 2


async def test_a_run_for_which_another_waits_gets_a_crew_of_the_same_cell_where_one_is_to_spare() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher, boxes=1) as pool, pool.lease(ADA):
        launcher.made[0].spare = True
        assert await use(pool, replace(ADA, level=1)) is launcher.made[0]
        assert await use(pool, replace(ADA, level=2)) is launcher.made[0]
    assert len(launcher.made) == 1


async def test_where_none_is_to_spare_every_level_has_a_cell_of_its_own() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher, boxes=3) as pool, pool.lease(ADA), pool.lease(replace(ADA, level=1)):
        assert (await use(pool, replace(ADA, level=2))).spec.level == 2
    assert [cell.spec.level for cell in launcher.made] == [0, 1, 2]


async def test_a_run_for_which_another_waits_is_refused_at_once_where_every_box_is_in_use() -> None:
    """What it would wait for may be held by its own caller."""
    async with pool_of(PlainLauncher(), boxes=1, wait_seconds=600) as pool:
        async with pool.lease(ADA):
            with pytest.raises(SandboxBusy, match=r"All 1 boxes are in use, .*sandbox\.boxes"):
                await use(pool, replace(ADA, level=1))
        assert (await use(pool, replace(ADA, level=1))).spec.level == 1, "one that nobody uses makes room"


async def test_who_finds_all_in_use_waits_for_the_first_that_is_free() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher, wait_seconds=5) as pool:
        await asyncio.gather(use(pool, ADA, 0.05), use(pool, BOB, 0.2), use(pool, EVE))
    assert launcher.most_open == 2


async def test_who_waits_too_long_is_told_so() -> None:
    async with pool_of(PlainLauncher()) as pool:
        taken = [asyncio.ensure_future(use(pool, spec, 1)) for spec in (ADA, BOB)]
        await asyncio.sleep(0.01)
        with pytest.raises(SandboxBusy, match="All 2 boxes"):
            await use(pool, EVE)
        for task in taken:
            task.cancel()
        await asyncio.gather(*taken, return_exceptions=True)


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ({"boxes": 8, "total_memory_mb": 1024, "memory_mb": 512}, 2),
        ({"boxes": 1, "total_memory_mb": 4096}, 1),
        ({"boxes": 4, "total_memory_mb": 64, "memory_mb": 512}, 1),
    ],
)
async def test_memory_bounds_the_number_too(settings: dict[str, int], most: int) -> None:
    async with pool_of(PlainLauncher(), **settings) as pool:
        assert pool.most == most


async def test_a_broken_cell_is_replaced_before_anybody_asks() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher) as pool:
        async with pool.lease(ADA) as cell:
            cell.broken = "it died"  # type: ignore[misc]  # a plain cell
        await asyncio.sleep(0.05)
        assert [cell.closed for cell in launcher.made] == [True, False]
        assert (await use(pool, ADA)) is launcher.made[1]


async def test_a_broken_cell_is_replaced_for_the_next_one_while_somebody_is_still_in_it() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher) as pool, pool.lease(ADA) as cell:
        cell.broken = "it died"  # type: ignore[misc]  # a plain cell
        assert await use(pool, ADA) is launcher.made[1]
        assert not launcher.made[1].closed


async def test_a_start_that_failed_is_told_to_all_who_waited_and_tried_again_by_the_next() -> None:
    launcher = PlainLauncher(seconds=0.01)
    launcher.fail = True
    async with pool_of(launcher) as pool:
        results = await asyncio.gather(*(use(pool, ADA) for _ in range(3)), return_exceptions=True)
        assert [str(result) for result in results] == ["The daemon is gone."] * 3
        assert pool.cells == 0 or launcher.made == []
        launcher.fail = False
        assert (await use(pool, ADA)).spec == ADA


async def test_who_gives_up_while_it_starts_leaves_it_to_the_others() -> None:
    launcher = PlainLauncher(seconds=0.05)
    async with pool_of(launcher) as pool:
        first, second = (asyncio.ensure_future(use(pool, ADA)) for _ in range(2))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second).spec == ADA
    assert len(launcher.made) == 1


async def test_what_nobody_uses_goes() -> None:
    launcher = PlainLauncher()
    async with pool_of(launcher, idle_seconds=0.05) as pool:
        async with pool.lease(BOB):
            await use(pool, ADA)
            await asyncio.sleep(0.3)
            assert launcher.open == ["bob"]
        await asyncio.sleep(0.3)
        assert launcher.open == []
        assert (await use(pool, ADA)).spec == ADA


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.05])
async def test_closing_leaves_nothing_at_any_moment(moment: float) -> None:
    launcher = PlainLauncher(seconds=0.02)
    pool = pool_of(launcher, wait_seconds=5)
    tasks = [asyncio.ensure_future(use(pool, spec, 0.02)) for spec in (ADA, BOB, EVE)]
    await asyncio.sleep(moment)
    await pool.close()
    await pool.close()
    assert launcher.open == []
    assert launcher.closed
    for task in tasks:
        with contextlib.suppress(SandboxError):
            await asyncio.wait_for(task, 1)
    with pytest.raises(SandboxError, match="closed"):
        await use(pool, ADA)
