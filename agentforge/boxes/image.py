"""The image of a box: its tag (from all inputs), its digest (recorded), and how it is built.

Where a registry can be reached it stands on python:3.11-slim, else on Debian's own packages: the
same Python minor. What was built is recorded in the home; an image that answers to the tag with
another digest is refused.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from agentforge.boxes import contents, debian, image_record
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.failures import BUILD
from agentforge.errors import ImageError, SandboxError

REPOSITORY = "agentforge-box"
SLIM = "python:3.11-slim"
LABEL = "agentforge.fingerprint"
HOW_LABEL = "agentforge.base"
_BUILD_TIMEOUT = 600

How: TypeAlias = Literal["python:3.11-slim", "debian"]
Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image of a box; ``digest`` is its content id, ``how`` the base it stands on."""

    tag: str
    digest: str
    how: How


def image_tag() -> str:
    """The tag of the image that this installation uses."""
    return f"{REPOSITORY}:{contents.fingerprint(SLIM, debian.SUITE, *debian.PACKAGES)}"


def find_image(daemon: Daemon | None = None) -> ImageInfo | None:
    """The image that this installation uses, or None where it was not built yet. Blocks.

    Raises:
        ImageError: an image has its tag, but is not the one that was recorded.
        SandboxUnavailable: no daemon answers.
    """
    if daemon is None:
        with Daemon.connect() as own:
            return find_image(own)
    tag = image_tag()
    attributes = daemon.image(tag)
    return None if attributes is None else _recognise(tag, attributes)


def need_image(daemon: Daemon) -> ImageInfo:
    """As :func:`find_image`, but a missing image is an :class:`~agentforge.errors.ImageError`."""
    found = find_image(daemon)
    if found is None:
        raise ImageError("The image of the box has not been built yet.", fix=BUILD)
    return found


def build(on_progress: Progress = lambda _: None) -> ImageInfo:
    """Builds the image where it is missing, and records its digest. Takes a minute or two; blocks.

    Raises:
        ImageError: it cannot be built; says what is missing.
        SandboxUnavailable: no daemon answers.
    """
    with Daemon.connect(_BUILD_TIMEOUT) as daemon, image_record.one_at_a_time():
        found = find_image(daemon)
        if found is not None:
            on_progress(f"The image {found.tag} is there already.")
            return found
        base, how = _base(daemon, on_progress)
        tag = image_tag()
        on_progress(f"Building {tag} on {base} …")
        daemon.build(_context(), tag, {"BASE": base}, {LABEL: tag.partition(":")[2], HOW_LABEL: how})
        built = _just_built(daemon, tag)
        on_progress(f"Built {built.tag} ({built.digest[:19]}).")
        return built


def _just_built(daemon: Daemon, tag: str) -> ImageInfo:
    """The image that was built a moment ago; what was recorded of an earlier one is forgotten."""
    attributes = daemon.image(tag)
    if attributes is None:
        raise ImageError(f"The image {tag} was built, but the daemon does not have it.", fix=BUILD)
    image_record.forget(tag)
    return _recognise(tag, attributes)


def _recognise(tag: str, attributes: dict[str, Any]) -> ImageInfo:
    labels = cast("dict[str, str]", attributes["Config"].get("Labels") or {})
    how = labels.get(HOW_LABEL)
    if labels.get(LABEL) != tag.partition(":")[2] or how not in (SLIM, "debian"):
        raise ImageError(f"The image {tag} was not built by AgentForge.", fix=image_record.again(tag))
    found = ImageInfo(tag, str(attributes["Id"]), how)
    image_record.insist_on(tag, {key: value for key, value in asdict(found).items() if key != "tag"})
    return found


def _base(daemon: Daemon, on_progress: Progress) -> tuple[str, How]:
    """The name of an image with Python 3.11, and what it is."""
    if daemon.image(SLIM) is None:
        on_progress(f"Looking for {SLIM} …")
        try:
            daemon.pull(*SLIM.split(":"))
        except SandboxError:
            on_progress(f"No registry gives {SLIM}: using Debian's own packages.")
            return debian.import_base(daemon, on_progress), "debian"
    return SLIM, SLIM


def _context() -> io.BytesIO:
    """The build context of the image."""
    made = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="agentforge-image-") as name:
        folder = Path(name)
        contents.write_to(folder)
        archive(folder, made)
    return made


def archive(folder: Path, into: BinaryIO) -> None:
    """A build context from a folder, with nothing in it that differs between two builds."""
    with tarfile.open(fileobj=into, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)
    into.seek(0)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry
