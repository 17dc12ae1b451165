"""A base image from Debian's own packages, for machines on which no image registry answers.

mmdebstrap takes the packages from where the machine's apt takes them, checks their signatures, and
needs no daemon; Debian 12 brings the same Python minor as the usual base.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from agentforge.boxes.daemon import Daemon
from agentforge.errors import ImageError

SUITE = "bookworm"
"""Of the Debian whose Python the boxes have."""
TAGS: Mapping[str, str] = MappingProxyType({SUITE: "debian12-python3.11", "trixie": "debian13-python3.13"})
"""The releases of Debian, each with the tag of the base that is made of it."""
PACKAGES = ("python3",)
_REPOSITORY = "agentforge-base"
_SECONDS = 900


def import_base(daemon: Daemon, on_progress: Callable[[str], None], suite: str = SUITE, *, anew: bool = False) -> str:
    """The name of the base image; made where it is missing, or ``anew`` of what Debian has by now, under a name of its
    own. Takes a minute or two; blocks.

    Raises:
        ImageError: mmdebstrap is missing or failed.
    """
    tag = f"{TAGS[suite]}-anew" if anew else TAGS[suite]
    name = f"{_REPOSITORY}:{tag}"
    if anew or daemon.image(name) is None:
        with tempfile.TemporaryDirectory(prefix="agentforge-base-") as folder:
            archive = Path(folder) / "base.tar"
            on_progress("Collecting Debian packages with mmdebstrap (about 60 MB to download) …")
            _collect(archive, suite)
            on_progress("Importing them into Docker …")
            daemon.import_archive(str(archive), _REPOSITORY, tag)
    return name


def _collect(archive: Path, suite: str) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise ImageError(
            "No image registry answers, and mmdebstrap is not installed.",
            fix="On Debian or Ubuntu: 'apt-get install mmdebstrap debian-archive-keyring'; then build again.",
        )
    command = [program, "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, str(archive)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)  # noqa: S603  a fixed command
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(f"mmdebstrap failed: {error}.", fix="Check this machine's apt.") from None
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise ImageError(f"mmdebstrap failed: {' / '.join(lines)}.", fix="Check this machine's apt ('apt-get update').")
