"""What goes into a box beside Python: the runner and pytest, the same for both launchers.

pytest is copied from the distribution that is installed on the host, each file checked against the
hash in its RECORD. So image and bubblewrap run the same pytest, none is downloaded, and its
version is that of the lock file or of the user's own installation.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

from agentforge import assets
from agentforge.errors import ImageError

PYTEST_PARTS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
"""pytest and what it imports on Python 3.11 and later; all of it is pure Python."""

_INSTALLERS_OWN = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
_SUFFIXES = frozenset({".py", ".json"})


def fingerprint(*more: str) -> str:
    """Twelve hex digits made from every input: the runner's files, pytest's records, and ``more``."""
    digest = hashlib.sha256()
    for name, content in _runner_files():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    for part in PYTEST_PARTS:
        digest.update(f"{part} {_distribution(part).version}\0".encode())
        for entry in _entries(part):
            digest.update(f"{entry.as_posix()} {entry.hash.value if entry.hash else ''}\0".encode())
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:12]


def write_to(folder: Path) -> None:
    """Writes all of it below ``folder``: ``start.py``, ``runner/``, ``site/``, ``Dockerfile``.

    Raises:
        ImageError: a file of pytest is missing or is not the one that was installed.
    """
    for name, content in _runner_files():
        _write(folder / name, content)
    for part in PYTEST_PARTS:
        for name, content in _installed_files(part):
            _write(folder / "site" / name, content)


def pytest_version() -> str:
    """The version that goes into the box."""
    return version("pytest")


def version(part: str) -> str:
    """The version of one of :data:`PYTEST_PARTS` that goes into the box."""
    return _distribution(part).version


def _runner_files() -> Iterator[tuple[str, bytes]]:
    root = assets.folder("sandbox")
    for path in sorted(root.rglob("*")):
        if path.name == "Dockerfile" or (path.suffix in _SUFFIXES and "__pycache__" not in path.parts):
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _distribution(part: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(part)
    except importlib.metadata.PackageNotFoundError:
        raise ImageError(
            f"The package {part}, which goes into the box, is not installed.",
            fix="Install agentforge-toolsmith again.",
        ) from None


def _entries(part: str) -> list[importlib.metadata.PackagePath]:
    """What its wheel holds, without what an installer added, so that every installer gives the same tag."""
    return sorted(
        entry
        for entry in _distribution(part).files or ()
        if entry.suffix != ".pyc" and ".." not in entry.parts and entry.name not in _INSTALLERS_OWN
    )


def _installed_files(part: str) -> Iterator[tuple[str, bytes]]:
    for entry in _entries(part):
        try:
            content = Path(str(entry.locate())).read_bytes()
        except OSError as error:
            raise ImageError(
                f"{entry} of the package {part} cannot be read: {error.strerror}.", fix=f"Install {part} again."
            ) from None
        if entry.hash and _hash(entry.hash.mode, content) != entry.hash.value:
            raise ImageError(f"{entry} of the package {part} was changed.", fix=f"Install {part} again.")
        yield entry.as_posix(), content


def _hash(mode: str, content: bytes) -> str:
    """In the form of a wheel's RECORD: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(hashlib.new(mode, content).digest()).rstrip(b"=").decode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
