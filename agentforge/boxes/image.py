"""The image of a box: its tag (from all inputs), its digest (recorded), and how it is built.

Where a registry can be reached it stands on python:3.11-slim, else on Debian's own packages: the
same Python minor. What was built is recorded in the home; an image that answers to the tag with
another digest is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from agentforge.boxes import contents, debian
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.failures import BUILD
from agentforge.errors import ImageError, SandboxError, StorageError
from agentforge.settings import home_folder

REPOSITORY = "agentforge-box"
SLIM = "python:3.11-slim"
LABEL = "agentforge.fingerprint"
HOW_LABEL = "agentforge.base"
_RECORD = "sandbox-images.json"
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
    with Daemon.connect(_BUILD_TIMEOUT) as daemon, _one_at_a_time():
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
    _write_record({name: entry for name, entry in _recorded().items() if name != tag})
    return _recognise(tag, attributes)


def _recognise(tag: str, attributes: dict[str, Any]) -> ImageInfo:
    labels = cast("dict[str, str]", attributes["Config"].get("Labels") or {})
    how = labels.get(HOW_LABEL)
    if labels.get(LABEL) != tag.partition(":")[2] or how not in (SLIM, "debian"):
        raise ImageError(f"The image {tag} was not built by AgentForge.", fix=_again(tag))
    found = ImageInfo(tag, str(attributes["Id"]), how)
    known = _recorded().get(tag)
    if known is None:
        _record(found)
    elif known.get("digest") != found.digest:
        raise ImageError(f"The image {tag} is not the one that was recorded here.", fix=_again(tag))
    return found


def _again(tag: str) -> str:
    return (
        f"Remove it ('docker image rm {tag}') and {_record_path().name} in the home; then {BUILD[0].lower()}{BUILD[1:]}"
    )


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
    """The build context as an archive, with nothing in it that differs between two builds."""
    archive = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="agentforge-image-") as name:
        folder = Path(name)
        contents.write_to(folder)
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path in sorted(folder.rglob("*")):
                tar.add(path, path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)
    archive.seek(0)
    return archive


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry


def _record_path() -> Path:
    return home_folder() / _RECORD


def _recorded() -> dict[str, dict[str, str]]:
    try:
        return cast("dict[str, dict[str, str]]", json.loads(_record_path().read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise ImageError(f"{_record_path()} cannot be read: {error}.", fix=f"Remove it, then {BUILD}") from None


def _record(image: ImageInfo) -> None:
    """Adds a digest."""
    entry = {key: value for key, value in asdict(image).items() if key != "tag"}
    _write_record(_recorded() | {image.tag: entry})


def _write_record(recorded: dict[str, dict[str, str]]) -> None:
    """Written aside and renamed, so that a reader never sees half of it."""
    path = _record_path()
    text = json.dumps(recorded, indent=1, sort_keys=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=_RECORD, delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from None


@contextlib.contextmanager
def _one_at_a_time() -> Generator[None]:
    """Two builds at once would record two digests for one tag."""
    path = home_folder() / f"{_RECORD}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
