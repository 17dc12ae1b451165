"""``document.toml``: what is known of one document, and where its files stand in the registry."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import tomli_w
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

FOLDER = "memory/documents"
"""Where documents stand in a registry: ``memory/documents/<id>/``."""

RECORD, TEXT = "document.toml", "text.md"

ID_CHARS = 12
"""Characters of a SHA-256 in a document's id. It holds no word of the origin, since commits name it for good."""

TITLE_CHARS = 200
ORIGIN_CHARS = 4096
"""Longest path of Linux (PATH_MAX), in characters."""

Kind: TypeAlias = Literal["text", "markdown", "html", "pdf"]
Original: TypeAlias = Literal["", "original.html", "original.pdf"]


class Record(BaseModel):
    """What is known of a document, beside its text.

    ``origin`` is the path or address that it was read from, ``sha256`` that of the bytes found there; ``untrusted``
    holds unless the user vouched for exactly these bytes. ``named``: the title is the user's own. ``encoding`` is
    how the bytes were read, where that had to be found out; ``original`` the name of the file that holds them beside
    the text, if any does.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    title: Annotated[str, Field(min_length=1, max_length=TITLE_CHARS)]
    origin: Annotated[str, Field(min_length=1, max_length=ORIGIN_CHARS)]
    kind: Kind
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    added: AwareDatetime
    changed: AwareDatetime
    untrusted: bool = True
    named: bool = False
    encoding: Annotated[str, Field(max_length=40)] = ""
    original: Original = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it stands: its id and what is known of it."""

    id: str
    record: Record

    @property
    def title(self) -> str:
        """What people call it."""
        return self.record.title

    @property
    def untrusted(self) -> bool:
        """Whether its words are somebody else's, as far as is known."""
        return self.record.untrusted

    @property
    def folder(self) -> str:
        """Its folder in the registry."""
        return folder_of(self.id)


def id_of(origin: str) -> str:
    """The id of the document that comes from a path or an address: the same origin, the same document."""
    return f"d{hashlib.sha256(origin.encode('utf-8', 'surrogateescape')).hexdigest()[:ID_CHARS]}"


def folder_of(document: str) -> str:
    """The folder of a document in the registry."""
    return f"{FOLDER}/{document}"


def read_record(text: bytes) -> Record:
    """What a ``document.toml`` says.

    Raises:
        ValueError: it is malformed; one sentence.
    """
    try:
        return Record.model_validate(tomllib.loads(text.decode()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{RECORD}: {place}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{RECORD} is no TOML: {str(error) or 'nested too deeply'}") from None


def write_record(record: Record) -> bytes:
    """The record as TOML; whether it is trusted is always said."""
    table = record.model_dump(exclude_defaults=True)
    return tomli_w.dumps({"format": record.format, **table, "untrusted": record.untrusted}).encode()


def one_line(text: str) -> str:
    """Any text as one printable line that may be a title."""
    words = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * TITLE_CHARS]).split()
    return " ".join(words)[:TITLE_CHARS].strip()


def seconds(moment: datetime) -> datetime:
    """A moment without its fraction of a second, which tells nobody anything."""
    return moment.replace(microsecond=0)
