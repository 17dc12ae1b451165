"""Opens boxes: Docker where a daemon answers, else bubblewrap, which is announced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentforge.boxes import bubblewrap, dial, docker, image
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.pool import Launcher, Pool
from agentforge.boxes.protocol import Box
from agentforge.boxes.warm import WarmBox
from agentforge.errors import SandboxError, SandboxUnavailable, StorageError
from agentforge.settings import SandboxSettings

Notice: TypeAlias = Callable[[str], None]


def _silent(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class LauncherReport:
    """What one launcher can give on this machine, found out by starting it."""

    launcher: Literal["docker", "bubblewrap"]
    available: bool
    reason: str = ""
    tier: str = ""
    transport: str = ""
    image: str = ""
    warnings: tuple[str, ...] = ()


async def open_box(
    settings: SandboxSettings, *, user: str, on_notice: Notice = _silent, other: image.ImageInfo | None = None
) -> Box:
    """A warm box of ``user``, with Docker from an ``other`` image, where one is given. Close it.

    ``on_notice`` hears what a person should know: that bubblewrap was taken because no daemon can
    be used, and what the isolation lacks. A Docker that answers but cannot give every hardening
    flag is an error, never a reason to take less.

    Raises:
        SandboxUnavailable: no launcher works here, or the one that was asked for does not.
        ImageError: Docker answers, but the image was not built yet or is not ours.
    """
    pool = Pool(await _choose(settings, on_notice, other), settings)
    box = await WarmBox.open(pool, settings, user, owner=True)
    for note in box.info.notes:
        on_notice(note)
    return box


async def open_pool(settings: SandboxSettings, *, on_notice: Notice = _silent) -> Pool:
    """A pool for the boxes of many users (``WarmBox.open``). Close it. Raises as :func:`open_box`."""
    return Pool(await _choose(settings, on_notice), settings)


async def _choose(settings: SandboxSettings, on_notice: Notice, other: image.ImageInfo | None = None) -> Launcher:
    if settings.launcher == "bubblewrap":
        return await asyncio.to_thread(bubblewrap.prepare, settings)
    try:
        daemon, _ = await _reach_in_thread()
    except SandboxUnavailable as no_docker:
        if settings.launcher == "docker":
            raise
        return await _instead_of_docker(settings, no_docker, on_notice)
    try:
        found = other or await docker.in_thread(image.need_image, daemon)
    except BaseException:
        daemon.close()
        raise
    return docker.DockerLauncher(daemon, found, settings)


async def _instead_of_docker(settings: SandboxSettings, why: SandboxError, on_notice: Notice) -> Launcher:
    try:
        launcher = await asyncio.to_thread(bubblewrap.prepare, settings)
    except SandboxError as no_bubblewrap:
        raise SandboxUnavailable(
            f"No sandbox works on this machine. Docker: {why.message} bubblewrap: {no_bubblewrap.message}", fix=why.fix
        ) from None
    on_notice(f"{why.message} Using bubblewrap.")
    return launcher


async def _reach_in_thread() -> tuple[Daemon, tuple[str, ...]]:
    """:func:`_reach_docker`; when cancelled meanwhile, what was reached is let go of."""
    reaching = asyncio.ensure_future(asyncio.to_thread(_reach_docker))
    try:
        return await asyncio.shield(reaching)
    except asyncio.CancelledError:
        await asyncio.wait({reaching})
        if reaching.exception() is None:
            reaching.result()[0].close()
        raise


def _reach_docker() -> tuple[Daemon, tuple[str, ...]]:
    """A daemon that can give boxes, cleared of orphans; and warnings. Blocks."""
    daemon = Daemon.connect()
    try:
        warnings = docker.preflight(daemon)
        docker.sweep(daemon)
        dial.sweep()
    except BaseException:
        daemon.close()
        raise
    return daemon, tuple(warnings)


async def probe(settings: SandboxSettings) -> list[LauncherReport]:
    """Starts each launcher once and tells what it gives; for ``sandbox check`` and ``doctor``."""
    return [await _probe_docker(settings), await _probe_bubblewrap(settings)]


async def _probe_docker(settings: SandboxSettings) -> LauncherReport:
    warnings: tuple[str, ...] = ()
    try:
        daemon, warnings = await _reach_in_thread()
        daemon.close()
        return await _try("docker", settings, warnings)
    except (SandboxError, StorageError) as error:
        return LauncherReport("docker", False, str(error), warnings=warnings)


async def _probe_bubblewrap(settings: SandboxSettings) -> LauncherReport:
    try:
        return await _try("bubblewrap", settings, ())
    except (SandboxError, StorageError) as error:
        return LauncherReport("bubblewrap", False, str(error))


async def _try(
    name: Literal["docker", "bubblewrap"], settings: SandboxSettings, warnings: tuple[str, ...]
) -> LauncherReport:
    chosen = settings.model_copy(update={"launcher": name})
    async with await open_box(chosen, user="probe") as box:
        done = await box.run("6 * 7")
        if done.value != 42:
            raise SandboxError(f"A trivial script ended with {done.status} {done.message[:200]}.")
        info = box.info
    return LauncherReport(name, True, "", info.tier, info.transport, info.image, warnings + info.notes)
