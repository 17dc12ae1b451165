"""The image of a box: its tag (from all inputs), its digest (recorded), and how it is built.

Where a registry can be reached it stands on python:3.11-slim, else on Debian's own packages: the
same Python minor. What was built is recorded in the home; an image that answers to the tag with
another digest is refused.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, TypeAlias, cast

from agentforge.boxes import contents, debian, image_record
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.failures import BUILD
from agentforge.errors import ImageError, SandboxError

REPOSITORY = "agentforge-box"
AUDIT_REPOSITORY = "agentforge-audit"
"""Of images that were made anew: no box but that of an audit starts from one."""
_TAG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(?:/[a-z0-9][a-z0-9._-]{0,99}){0,3}(?::\w[\w.-]{0,127})?")
"""What may name an image."""
LABEL = "agentforge.fingerprint"
HOW_LABEL = "agentforge.base"
_BUILD_TIMEOUT = 600

How: TypeAlias = str
"""The base of an image: ``python:3.11-slim`` and the like, or ``debian``."""
Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which Python an image has: the official one, or, where no registry gives that, the one of a release of Debian.
    ``anew``: made of what the base consists of by now, whatever is there already.
    """

    python: str
    suite: str
    anew: bool = False

    @property
    def slim(self) -> str:
        """The official base."""
        return f"python:{self.python}-slim"


OWN = Recipe("3.11", debian.SUITE)
"""What boxes start from."""

SLIM = OWN.slim

RECIPES: Mapping[str, Recipe] = MappingProxyType({OWN.python: OWN, "3.13": Recipe("3.13", "trixie")})
"""The Pythons of which an image can be made, for an audit of tools."""

_OWN_PYTHON = "(3, 11)"
"""How the Dockerfile says which Python it insists on."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image of a box; ``digest`` is its content id, ``how`` the base it stands on."""

    tag: str
    digest: str
    how: How


def image_tag(recipe: Recipe = OWN) -> str:
    """The tag of the image of a recipe, by default of the one that this installation uses."""
    repository = AUDIT_REPOSITORY if recipe.anew else REPOSITORY
    return f"{repository}:{contents.fingerprint(recipe.slim, recipe.suite, *debian.PACKAGES)}"


def find_image(daemon: Daemon | None = None, tag: str = "") -> ImageInfo | None:
    """The image that this installation uses, or another one that was built here, by its ``tag``; None where it was not
    built yet. Blocks.

    Raises:
        ImageError: an image has its tag, but is not the one that was recorded.
        SandboxUnavailable: no daemon answers.
    """
    if daemon is None:
        with Daemon.connect() as own:
            return find_image(own, tag)
    if tag and not _TAG.fullmatch(tag):
        return None  # the daemon would take it for a path of its own
    tag = tag or image_tag()
    attributes = daemon.image(tag)
    return None if attributes is None else _recognise(tag, attributes)


def need_image(daemon: Daemon) -> ImageInfo:
    """As :func:`find_image`, but a missing image is an :class:`~agentforge.errors.ImageError`."""
    found = find_image(daemon)
    if found is None:
        raise ImageError("The image of the box has not been built yet.", fix=BUILD)
    return found


def build(on_progress: Progress = lambda _: None, recipe: Recipe = OWN) -> ImageInfo:
    """Builds the image of a recipe where it is missing, and records its digest. Takes a minute or two; blocks.

    Raises:
        ImageError: it cannot be built; says what is missing.
        SandboxUnavailable: no daemon answers.
    """
    with Daemon.connect(_BUILD_TIMEOUT) as daemon, image_record.one_at_a_time():
        tag = image_tag(recipe)
        found = None if recipe.anew else find_image(daemon, tag)
        if found is not None:
            on_progress(f"The image {found.tag} is there already.")
            return found
        base, how = _base(daemon, on_progress, recipe)
        on_progress(f"Building {tag} on {base} …")
        daemon.build(_context(recipe), tag, {"BASE": base}, {LABEL: tag.partition(":")[2], HOW_LABEL: how})
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
    if labels.get(LABEL) != tag.partition(":")[2] or how not in (*(one.slim for one in RECIPES.values()), "debian"):
        raise ImageError(f"The image {tag} was not built by AgentForge.", fix=image_record.again(tag))
    found = ImageInfo(tag, str(attributes["Id"]), how)
    image_record.insist_on(tag, {key: value for key, value in asdict(found).items() if key != "tag"})
    return found


def _base(daemon: Daemon, on_progress: Progress, recipe: Recipe) -> tuple[str, How]:
    """The name of an image with the Python of a recipe, and what it is."""
    slim = recipe.slim
    if recipe.anew or daemon.image(slim) is None:
        on_progress(f"Looking for {slim} …")
        try:
            daemon.pull(*slim.split(":"))
        except SandboxError:
            on_progress(f"No registry gives {slim}: using Debian's own packages.")
            return debian.import_base(daemon, on_progress, recipe.suite, anew=recipe.anew), "debian"
    return slim, slim


def _context(recipe: Recipe) -> io.BytesIO:
    """The build context of the image."""
    made = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="agentforge-image-") as name:
        folder = Path(name)
        contents.write_to(folder)
        insisting = folder / "Dockerfile"
        wanted = f"({recipe.python.replace('.', ', ')})"
        insisting.write_text(insisting.read_text("utf-8").replace(_OWN_PYTHON, wanted), "utf-8")
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
