"""A locked set made ready for the launchers that this machine would use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from agentforge.boxes.daemon import Daemon
from agentforge.boxes.image import ImageInfo, find_image, need_image
from agentforge.boxes.packages import layer, sets
from agentforge.boxes.packages.lock import Lock
from agentforge.boxes.packages.pip import Progress
from agentforge.boxes.packages.targets import Target, of_image, of_this_machine
from agentforge.errors import SandboxUnavailable
from agentforge.settings import SandboxSettings

_BUILD_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Built:
    """A set that is ready: ``place`` is the tag of an image or a folder."""

    launcher: Literal["docker", "bubblewrap"]
    place: str


def targets(settings: SandboxSettings) -> list[Target]:
    """For which Pythons a lock is made: Docker's boxes first, then bubblewrap's where it may be used. Blocks."""
    here = of_this_machine()
    if settings.launcher == "bubblewrap":
        return [here]
    try:
        with Daemon.connect() as daemon:
            boxes = of_image(str(daemon.info().get("Architecture")))
    except SandboxUnavailable:
        boxes = of_image(os.uname().machine)
    return [boxes] if settings.launcher == "docker" or boxes == here else [boxes, here]


def build(lock: Lock, settings: SandboxSettings, on_progress: Progress) -> Built:
    """Makes a set ready for Docker where a daemon answers, else for bubblewrap. Takes a minute or two; blocks.

    Raises:
        SandboxError: it cannot be downloaded or built, or the launcher that is asked for is not there.
        StorageError: it cannot be written.
    """
    most = settings.packages_mb << 20
    if settings.launcher != "bubblewrap":
        try:
            with Daemon.connect(_BUILD_SECONDS) as daemon:
                base = need_image(daemon)
                target = of_image(str(daemon.info().get("Architecture")))
                site = sets.build(lock, target, most_bytes=most, on_progress=on_progress)
                return Built("docker", layer.build_layer(daemon, base, lock.digest, site, on_progress).tag)
        except SandboxUnavailable:
            if settings.launcher == "docker":
                raise
            on_progress("No Docker daemon answers: making them ready for bubblewrap.")
    site = sets.build(lock, of_this_machine(), most_bytes=most, on_progress=on_progress)
    return Built("bubblewrap", str(site))


def build_on(base: ImageInfo, python: tuple[int, int], lock: Lock, settings: SandboxSettings, tell: Progress) -> None:
    """Makes a set ready for boxes from another image, which has that Python. Blocks.

    Raises:
        SandboxError: it cannot be: among other reasons, no locked wheel is for that Python.
        StorageError: it cannot be written.
    """
    with Daemon.connect(_BUILD_SECONDS) as daemon:
        if layer.find_layer(daemon, base, lock.digest) is None:
            target = of_image(str(daemon.info().get("Architecture")), python)
            site = sets.build(lock, target, most_bytes=settings.packages_mb << 20, on_progress=tell)
            layer.build_layer(daemon, base, lock.digest, site, tell)


def find(lock: Lock, settings: SandboxSettings) -> list[Built]:
    """For which launchers a set is ready. Blocks.

    Raises:
        ImageError: an image has its tag, but was not built here.
    """
    found: list[Built] = []
    if lock.entries and settings.launcher != "bubblewrap":
        try:
            with Daemon.connect() as daemon:
                base = find_image(daemon)
                made = layer.find_layer(daemon, base, lock.digest) if base else None
                found += [Built("docker", made.tag)] if made else []
        except SandboxUnavailable:
            pass
    if lock.entries and settings.launcher != "docker":
        folder = sets.folder_of(lock.digest, of_this_machine())
        found += [Built("bubblewrap", str(folder))] if folder.is_dir() else []
    return found


def clean(current: Collection[str]) -> list[str]:
    """Removes every set of this home whose lock's digest is not among ``current``; returns what was removed. Blocks."""
    removed: list[str] = []
    for folder in sets.stale(current):
        shutil.rmtree(folder)
        removed.append(str(folder))
    try:
        with Daemon.connect() as daemon:
            removed += layer.remove_stale(daemon, current)
    except SandboxUnavailable:
        pass
    return removed
