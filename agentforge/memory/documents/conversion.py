"""From the bytes of a file to its text. What needs a library is converted in a process of its own.

That process is trusted with nothing: its time is measured here, what it may write is bounded by the kernel, and what
it says is read as data. A file that breaks it, fills its memory or never ends gives one sentence.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentforge.errors import AgentForgeError, ConfigurationError, StorageError, UsageError
from agentforge.memory.documents.passages import title_of
from agentforge.memory.documents.record import Kind, one_line
from agentforge.settings import DocumentSettings

SUFFIXES: dict[str, Kind] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
}
"""What a file is by its name; with another name, its first bytes tell."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ANSWER_FACTOR = 6
"""JSON takes up to six bytes for a character."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The text of a file; its lines end in a line feed alone. ``title`` is what it calls itself, if it does;
    ``encoding`` is set where that was a guess.
    """

    text: str
    kind: Kind
    title: str = ""
    encoding: str = ""


def kind_of(data: bytes, name: str) -> Kind:
    """What a file is, by its first bytes and its name.

    Raises:
        UsageError: it is empty, or nothing that can be read as a document.
    """
    if not data.strip():
        raise UsageError(f"{name} is empty.")
    head = data[:1024].lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    if b"%pdf-" in data[:1024].lower():
        return "pdf"
    by_name = SUFFIXES.get(Path(name).suffix.lower())
    marked = any(data.startswith(mark) for mark, _ in _BOMS)
    if by_name == "pdf" or (not marked and b"\0" in data):
        raise UsageError(
            f"{name} is no {'PDF' if by_name == 'pdf' else 'text'}: its contents are something else.",
            fix="Documents are plain text, Markdown, HTML and PDF; save it as one of these.",
        )
    if by_name == "html" or (by_name is None and head.startswith((b"<!doctype html", b"<html"))):
        return "html"
    return by_name or "text"


def convert(data: bytes, name: str, limits: DocumentSettings) -> Converted:
    """The text of a file; ``name`` is what it is called in sentences. Blocks, for at most ``limits.seconds``.

    Raises:
        UsageError: it holds no text that could be read, or too much of it; says why.
        ConfigurationError: the library for its kind is not installed.
        StorageError: the disk is full.
    """
    kind = kind_of(data, name)
    encoding = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), "utf-8")
    text, title, guess = "", "", ""
    if kind in ("text", "markdown"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            text, _, guess = _in_a_process("text", data, name, limits)
    else:
        text, title, _ = _in_a_process(kind, data, name, limits)
    text = _clean(text)
    if not text.strip():
        raise UsageError(f"{name} is empty.")
    if len(text.encode()) > limits.text_mb << 20:
        raise _too_long(name, limits)
    return Converted(text, kind, one_line(title_of(text) or title), one_line(guess)[:40])


def digest_of(data: bytes) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def _clean(text: str) -> str:
    """Text as it is kept: lines end in one way, and nothing is in it that cannot be written."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return lines.encode("utf-8", "replace").decode().removeprefix("\ufeff").strip("\n") + "\n"


def _in_a_process(kind: str, data: bytes, name: str, limits: DocumentSettings) -> tuple[str, str, str]:
    """Text, title and encoding, as the converter found them."""
    most = (limits.text_mb << 20) * _ANSWER_FACTOR
    program = Path(__file__).with_name("converter.py")
    bounds = (limits.memory_mb << 20, int(limits.seconds) + 1, most)
    command = [sys.executable, "-I", "-B", "-X", "utf8", str(program), kind, *map(str, bounds)]
    try:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answered:
            given.write(data)
            given.seek(0)
            subprocess.run(  # noqa: S603 -- a fixed program; the file is its input, not an argument
                command,
                stdin=given,
                stdout=answered,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                timeout=limits.seconds,
                check=False,
            )
            answered.seek(0)
            said = answered.read(most + 1)
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"{name} was not converted within {limits.seconds:g} seconds.",
            fix="Give it in parts, save it as text, or raise documents.seconds.",
        ) from None
    except OSError as error:
        raise StorageError(f"{name} cannot be converted: {error.strerror}.", fix="Free some disk space.") from error
    answer = _read(said)
    if "problem" in answer:
        raise _failure(answer, kind, name, limits)
    return answer["text"], answer.get("title", ""), answer.get("encoding", "")


def _read(said: bytes) -> dict[str, str]:
    """The converter's answer; whatever has not its form is a file that broke it."""
    try:
        answer: object = json.loads(said)
    except (ValueError, RecursionError):
        return {"problem": "ended"}
    if not isinstance(answer, dict):
        return {"problem": "ended"}
    known = cast("dict[Any, Any]", answer)
    told = {key: known[key] for key in ("text", "title", "encoding", "problem", "library") if key in known}
    sound = all(isinstance(value, str) for value in told.values()) and ("text" in told or "problem" in told)
    return told if sound else {"problem": "ended"}


def _failure(answer: dict[str, str], kind: str, name: str, limits: DocumentSettings) -> AgentForgeError:
    what = {"pdf": "PDF", "html": "HTML page"}.get(kind, kind)
    match answer["problem"]:
        case "library":
            return ConfigurationError(
                f"To read {what} files, a library is missing ({one_line(answer.get('library', ''))[:60]}).",
                fix="Install it with: pip install 'agentforge-toolsmith[documents]'",
            )
        case "encrypted":
            return UsageError(f"{name} is encrypted.", fix="Save a copy without a password.")
        case "no text" if kind == "pdf":
            return UsageError(
                f"No text was found in {name}: its pages are pictures, or empty.",
                fix="Have its text recognised (OCR) first.",
            )
        case "no text":
            return UsageError(f"No text was found in {name}.", fix="If a script writes the page, save it as text.")
        case "long":
            return _too_long(name, limits)
        case "nested":
            return UsageError(f"{name} is nested too deeply to be read.", fix="Save it as text.")
        case "memory":
            return UsageError(
                f"Converting {name} took more than {limits.memory_mb} MiB of memory.",
                fix="Give it in parts, save it as text, or raise documents.memory_mb.",
            )
        case "broken":
            return UsageError(f"{name} is no {what} that can be read: it is damaged.", fix="Save it as text.")
        case _:
            return UsageError(f"{name} cannot be read: it broke what converts {what} files.", fix="Save it as text.")


def _too_long(name: str, limits: DocumentSettings) -> UsageError:
    return UsageError(
        f"{name} holds more than {limits.text_mb} MiB of text.", fix="Give it in parts, or raise documents.text_mb."
    )
