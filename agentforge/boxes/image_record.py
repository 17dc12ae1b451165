"""What is known of images that were built here: each tag with its digest, in a file of the home."""

from __future__ import annotations

import contextlib
import fcntl
import json
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TypeAlias, cast

from agentforge.boxes.failures import BUILD
from agentforge.errors import ImageError, StorageError
from agentforge.settings import home_folder

RECORD = "sandbox-images.json"

Known: TypeAlias = dict[str, dict[str, str]]
"""Tag → what was noted of it, ``digest`` among that."""


def record_path() -> Path:
    """The file."""
    return home_folder() / RECORD


def recorded() -> Known:
    """All that is known (raises ImageError: the file is malformed)."""
    try:
        return cast("Known", json.loads(record_path().read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise ImageError(f"{record_path()} cannot be read: {error}.", fix=f"Remove it, then {BUILD}") from None


def remember(tag: str, facts: Mapping[str, str]) -> None:
    """Adds what is known of a tag (raises StorageError)."""
    _write(recorded() | {tag: dict(facts)})


def forget(tag: str) -> None:
    """Takes a tag out; harmless where it is not known (raises StorageError)."""
    _write({name: facts for name, facts in recorded().items() if name != tag})


def insist_on(tag: str, facts: Mapping[str, str]) -> None:
    """Notes a tag that was not known.

    Raises:
        ImageError: it was, with another digest.
    """
    known = recorded().get(tag)
    if known is None:
        remember(tag, facts)
    elif known.get("digest") != facts["digest"]:
        raise ImageError(f"The image {tag} is not the one that was recorded here.", fix=again(tag))


def again(tag: str, build: str = BUILD) -> str:
    """What to do about an image that is not ours."""
    return f"Remove it ('docker image rm {tag}') and {RECORD} in the home; then {build[0].lower()}{build[1:]}"


@contextlib.contextmanager
def one_at_a_time() -> Generator[None]:
    """Two builds at once would record two digests for one tag."""
    path = home_folder() / f"{RECORD}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", fix="Free some space or check its permissions."
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(known: Known) -> None:
    """Written aside and renamed, so that a reader never sees half of it."""
    path = record_path()
    text = json.dumps(known, indent=1, sort_keys=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=RECORD, delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.", fix="Free some space or check its permissions."
        ) from None
