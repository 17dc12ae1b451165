"""Locked sets on this machine: resolved into a lock, and unpacked into a folder named by the lock's hash."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from agentforge.boxes import contents
from agentforge.boxes.failures import BUILD_PACKAGES
from agentforge.boxes.packages import pip, wheels
from agentforge.boxes.packages.lock import Lock, Locked, render
from agentforge.boxes.packages.pip import Progress
from agentforge.boxes.packages.targets import Target
from agentforge.errors import ImageError, StorageError
from agentforge.settings import home_folder

IN_THE_BOX: Final = "/opt/packages"
"""Where a box has its set, as in the runner's ``work.py``."""

_COMPILE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """A lock that was found. ``left_out`` names each file of a package that no box will have; ``notes``
    say for which target it does not hold.
    """

    lock: Lock
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {})
    notes: tuple[str, ...] = ()


def resolve(
    asked: Mapping[str, str],
    targets: Sequence[Target],
    *,
    pinned: Mapping[str, str],
    most_bytes: int,
    on_progress: Progress,
) -> Resolved:
    """Finds versions that fit together, with all they need, and looks at every wheel. Blocks.

    ``asked`` maps a name to ``==VERSION`` or nothing, ``pinned`` one to the version to keep where it
    is needed. What pytest consists of stays as the box has it.

    Raises:
        SandboxError: as :func:`agentforge.boxes.packages.pip.download` and
            :func:`agentforge.boxes.packages.wheels.unpack`.
        StorageError: as there.
    """
    kept = {**pinned, **{part: contents.version(part) for part in contents.PYTEST_PARTS}}
    found: dict[str, tuple[Locked, tuple[str, ...]]] = {}
    notes: list[str] = []
    for target in targets if asked else ():
        fixed = kept | {name: one.version for name, (one, _) in found.items()}
        try:
            more = _resolved(asked, target, fixed, most_bytes, on_progress)
        except ImageError as error:
            if not found:
                raise
            notes.append(f"Not for {target.told}: {error.message}")
            continue
        for one, left_out in more:
            hashes = {*one.hashes, *(found[one.name][0].hashes if one.name in found else ())}
            found[one.name] = replace(one, hashes=tuple(sorted(hashes))), left_out
    lock = Lock(tuple(one for one, _ in found.values()))
    return Resolved(lock, {name: files for name, (_, files) in sorted(found.items()) if files}, tuple(notes))


def _resolved(
    asked: Mapping[str, str], target: Target, kept: Mapping[str, str], most_bytes: int, on_progress: Progress
) -> list[tuple[Locked, tuple[str, ...]]]:
    """What one target needs, with the files of each that are left out."""
    with _scratch() as folder:
        constraints = folder / "constraints.txt"
        fixed = [f"{name}=={version}\n" for name, version in sorted(kept.items()) if not asked.get(name)]
        constraints.write_text("".join(fixed), "utf-8")
        wanted = [f"{name}{version}" for name, version in sorted(asked.items())]
        arguments = ["--constraint", str(constraints), "--", *wanted]
        room = wheels.Room(most_bytes)
        found: list[tuple[Locked, tuple[str, ...]]] = []
        for wheel in _download(arguments, target, folder, most_bytes, on_progress):
            name, version = wheels.name_and_version(wheel)
            unpacked = wheels.unpack(wheel, folder / "site", room)
            one = Locked(name, version, (wheels.sha256(wheel),), unpacked.modules, name in asked)
            found.append((one, unpacked.left_out))
        return found


def folder_of(digest: str, target: Target) -> Path:
    """Where the set of a lock with this digest is unpacked for ``target``, or will be.

    Raises:
        ValueError: that is no digest.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("no digest of a locked set")
    return packages_folder() / f"{digest}-{target.label}"


def packages_folder() -> Path:
    """Where all sets of this home are."""
    return home_folder() / "packages"


def need(digest: str, target: Target) -> Path:
    """The folder of a set that was built.

    Raises:
        ImageError: it was not.
    """
    folder = folder_of(digest, target)
    if not folder.is_dir():
        raise not_built(digest)
    return folder


def not_built(digest: str) -> ImageError:
    """What to say where a set is missing."""
    return ImageError(f"The locked packages ({digest[:12]}) have not been built on this machine.", fix=BUILD_PACKAGES)


def build(lock: Lock, target: Target, *, most_bytes: int, on_progress: Progress) -> Path:
    """The folder of a set, downloaded and unpacked where it is missing. Blocks.

    Raises:
        SandboxError: it cannot be downloaded, or a wheel is not allowed.
        StorageError: it cannot be written.
    """
    folder = folder_of(lock.digest, target)
    if folder.is_dir():
        on_progress(f"The packages for {target.told} are there already.")
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-") as name:
            new = Path(name)
            site = new / "site"
            _fill(lock, target, new, site, most_bytes, on_progress)
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                site.rename(folder)
    except OSError as error:
        raise StorageError(f"{folder.parent} cannot be written: {error.strerror}.") from None
    return folder


def _fill(lock: Lock, target: Target, new: Path, site: Path, most_bytes: int, on_progress: Progress) -> None:
    listed = new / "packages.lock"
    listed.write_text(render(lock), "utf-8")
    arguments = ["--require-hashes", "--no-deps", "--requirement", str(listed)]
    taken = _download(arguments, target, new, most_bytes, on_progress)
    site.mkdir()
    room = wheels.Room(most_bytes)
    for one, wheel in zip(lock.entries, _as_locked(lock, taken), strict=True):
        on_progress(f"Unpacking {one.name} {one.version} …")
        wheels.unpack(wheel, site, room)
    if target.python == sys.version_info[:2]:
        _compile(site)
    for path in (site, *site.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _as_locked(lock: Lock, taken: Iterable[Path]) -> list[Path]:
    """The wheel of each entry, told by its hash: pip's word is not needed."""
    by_hash = {wheels.sha256(wheel): wheel for wheel in taken}
    found = [next((by_hash[digest] for digest in one.hashes if digest in by_hash), None) for one in lock.entries]
    lacking = [one.name for one, wheel in zip(lock.entries, found, strict=True) if wheel is None]
    odd = [wheel.name for wheel in by_hash.values() if wheel not in found]
    renamed = [
        one.name
        for one, wheel in zip(lock.entries, found, strict=True)
        if wheel is not None and wheels.name_and_version(wheel)[0] != one.name
    ]
    if problems := lacking + odd + renamed:
        raise ImageError(
            f"What was downloaded is not what packages.lock names ({problems[0][:100]}).",
            fix="Do not use that index before you know why.",
        )
    return [wheel for wheel in found if wheel is not None]


def _download(
    arguments: Sequence[str], target: Target, folder: Path, most_bytes: int, on_progress: Progress
) -> list[Path]:
    into = folder / "wheels"
    into.mkdir()
    return pip.download(arguments, target, into, most_bytes=most_bytes, on_progress=on_progress)


@contextlib.contextmanager
def _scratch() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="agentforge-packages-") as name:
        yield Path(name)


def _compile(site: Path) -> None:
    """Parses the sources ahead of time, which runs nothing of them. What cannot be parsed stays as it is.

    The caches are valid whatever the sources' times are, since nobody changes them.
    """
    command = [sys.executable, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603  a fixed command
            [*command, "-s", str(site), "-p", IN_THE_BOX, str(site)],
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMPILE_SECONDS,
            check=False,
        )


def stale(current: Collection[str]) -> list[Path]:
    """Folders of sets whose lock's digest is not among ``current``."""
    folder = packages_folder()
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.name.partition("-")[0] not in current]
