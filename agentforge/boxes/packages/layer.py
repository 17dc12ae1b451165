"""A locked set as one more layer on the image of a box; its tag is made from both.

Containers of runs without packages come from the image without this layer, so that there is
nothing to find in them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, cast

from agentforge.boxes import image_record
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.failures import BUILD_PACKAGES
from agentforge.boxes.image import LABEL, ImageInfo, Progress, archive
from agentforge.boxes.packages import sets
from agentforge.errors import ImageError

REPOSITORY: Final = "agentforge-packages"
LOCK_LABEL: Final = "agentforge.packages"

_DOCKERFILE: Final = f"""ARG BASE
FROM ${{BASE}}
USER 0:0
COPY site {sets.IN_THE_BOX}
RUN python3 -I -m compileall -q {sets.IN_THE_BOX} >/dev/null 2>&1 || true
RUN chmod -R a+rX,go-w {sets.IN_THE_BOX}
USER 65534:65534
"""
"""Compiling parses sources and runs nothing of them; a package may bring files that no Python can parse."""


def layer_tag(base: ImageInfo, digest: str) -> str:
    """The tag of the image that adds the set of a lock with this digest to ``base``."""
    inputs = "\0".join((base.tag, base.digest, digest, _DOCKERFILE))
    return f"{REPOSITORY}:{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"


def find_layer(daemon: Daemon, base: ImageInfo, digest: str) -> ImageInfo | None:
    """The image with that set, or None where it was not built yet. Blocks.

    Raises:
        ImageError: an image has its tag, but does not stand on ``base`` or is not the one that was recorded.
    """
    tag = layer_tag(base, digest)
    found = daemon.image(tag)
    if found is None:
        return None
    labels = cast("dict[str, str]", found["Config"].get("Labels") or {})
    stands_on = daemon.image(base.tag)
    ours = labels.get(LOCK_LABEL) == digest and stands_on is not None and _layers(found, stands_on)
    if not ours:
        raise ImageError(f"The image {tag} was not built by AgentForge.", fix=image_record.again(tag, BUILD_PACKAGES))
    image_record.insist_on(tag, {"digest": str(found["Id"]), "how": base.how, "packages": digest})
    return ImageInfo(tag, str(found["Id"]), base.how)


def need_layer(daemon: Daemon, base: ImageInfo, digest: str) -> ImageInfo:
    """As :func:`find_layer`, but a missing image is an :class:`~agentforge.errors.ImageError`."""
    found = find_layer(daemon, base, digest)
    if found is None:
        raise sets.not_built(digest)
    return found


def build_layer(daemon: Daemon, base: ImageInfo, digest: str, site: Path, on_progress: Progress) -> ImageInfo:
    """Builds the image where it is missing, from the folder in which the set was unpacked. Blocks.

    Raises:
        ImageError: it cannot be built.
        SandboxError: the daemon failed.
    """
    with image_record.one_at_a_time():
        found = find_layer(daemon, base, digest)
        if found is not None:
            on_progress(f"The image {found.tag} is there already.")
            return found
        tag = layer_tag(base, digest)
        on_progress(f"Building {tag} on {base.tag} …")
        labels = {LABEL: tag.partition(":")[2], LOCK_LABEL: digest}
        with tempfile.TemporaryDirectory(prefix="agentforge-layer-") as name, tempfile.TemporaryFile() as context:
            folder = Path(name)
            shutil.copytree(site, folder / "site", ignore=shutil.ignore_patterns("__pycache__"))
            (folder / "Dockerfile").write_text(_DOCKERFILE, "utf-8")
            archive(folder, context)
            daemon.build(context, tag, {"BASE": base.tag}, labels)
        image_record.forget(tag)
        built = find_layer(daemon, base, digest)
        if built is None:
            raise ImageError(f"The image {tag} was built, but the daemon does not have it.", fix=BUILD_PACKAGES)
        return built


def remove_stale(daemon: Daemon, current: Collection[str]) -> list[str]:
    """Removes the images of this home whose lock's digest is not among ``current``; returns their tags. Blocks."""
    removed: list[str] = []
    for tag, facts in image_record.recorded().items():
        if facts.get("packages") and facts["packages"] not in current and daemon.remove_image(tag):
            image_record.forget(tag)
            removed.append(tag)
    return removed


def _layers(image: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether an image begins with all layers of another one; an empty image has none at all."""
    above, below = (list[str](one["RootFS"].get("Layers") or ()) for one in (image, base))
    return bool(below) and above[: len(below)] == below
