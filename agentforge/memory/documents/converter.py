"""Turns a PDF, a web page or a text of unknown encoding into text: ``converter.py KIND MEMORY SECONDS BYTES``.

Run as a program of its own, never imported: what it reads may be anybody's. The file comes on stdin, one JSON object
goes to stdout: ``text``, ``title`` and ``encoding``, or ``problem``, a word that :mod:`conversion` knows. It bounds
its own memory (bytes), processor time (seconds) and output (bytes), and once its libraries are there it can start
no process, reach no network, and open no file but those of Python itself.

Not protected from: a fault in Python's own interpreter that turns data into machine code.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

DEPTH = 3000
"""Calls in each other: enough for pages nested some hundred deep, as no honest one is."""

ENCODINGS = ("utf_8", "cp1252", "cp1251", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "koi8_r")
"""What texts without a mark are taken for; with every encoding to choose from, short ones are guessed wrongly."""

MOSTLY_ASCII = 0.97
"""Part of ASCII characters from which a text is Western: so few others tell a guesser nothing."""

_UNSEEN = ("script", "style", "template", "noscript", "svg", "iframe", "object", "head")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DENIED = (
    "socket.", "subprocess.", "ctypes.", "pty.", "shutil.", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.",
    "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "os.kill", "os.putenv",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown",
    "tempfile.", "sqlite3.", "mmap.",
)  # fmt: skip


class Unreadable(Exception):  # noqa: N818 -- the word says what happened, as in agentforge.errors
    """There is no text to be had; the message is the problem's word."""


def pdf(data: bytes) -> dict[str, str]:
    """The text of a PDF, page by page; each page begins with a line that says its number."""
    import io

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    confine()
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted")
        pages = [page.extract_text() for page in reader.pages]
    except (DependencyError, FileNotDecryptedError):
        raise Unreadable("encrypted") from None
    if not any(page.strip() for page in pages):
        raise Unreadable("no text")
    parts = (f"<!-- page {number} -->\n\n{page.strip()}\n" for number, page in enumerate(pages, 1) if page.strip())
    return {"text": "\n".join(parts)}


def html(data: bytes) -> dict[str, str]:
    """A web page as Markdown: what a reader sees, links and pictures as their words alone."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    confine()
    soup = BeautifulSoup(data, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for hidden in soup.find_all(_hidden):
        if not hidden.decomposed:
            hidden.decompose()
    for picture in soup.find_all("img"):
        picture.replace_with(str(picture.get("alt") or ""))
    writer = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        strip=["a"],
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    text = str(writer.convert_soup(soup))  # pyright: ignore[reportUnknownMemberType] -- the library leaves it open
    if not text.strip():
        raise Unreadable("no text")
    return {"text": text, "title": title}


def _hidden(tag: Any) -> bool:
    style = "".join(str(tag.get("style") or "").lower().split())
    return tag.name in _UNSEEN or tag.has_attr("hidden") or "display:none" in style or "visibility:hidden" in style


def text(data: bytes) -> dict[str, str]:
    """A text that is no UTF-8, by the encoding that fits its bytes best."""
    from charset_normalizer import from_bytes

    confine()
    western = sum(byte < 0x80 for byte in data) >= MOSTLY_ASCII * len(data)
    found = None if western else from_bytes(data, cp_isolation=list(ENCODINGS)).best()
    encoding = found.encoding if found else "cp1252"
    return {"text": data.decode(encoding, "replace"), "encoding": encoding}


def confine() -> None:
    """From here on nothing can be started, reached, or written."""
    ours = tuple(os.path.realpath(path) + os.sep for path in {sys.prefix, sys.base_prefix, *sys.path} if path)

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith(_DENIED):
            raise PermissionError("not while a document is converted")
        if event == "open":
            path, flags = args[0], args[2] if isinstance(args[2], int) else 0
            inside = isinstance(path, str) and os.path.realpath(path).startswith(ours)
            if flags & _WRITES or not inside:
                raise PermissionError("no file is opened while a document is converted")

    sys.addaudithook(refuse)


def main(kind: str, memory: int, seconds: int, output: int) -> dict[str, str]:
    """What is written to stdout."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    if sys.platform == "linux":  # elsewhere the system does not keep to it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.setrecursionlimit(DEPTH)
    convert: dict[str, Callable[[bytes], dict[str, str]]] = {"pdf": pdf, "html": html, "text": text}
    try:
        return convert[kind](sys.stdin.buffer.read())
    except ModuleNotFoundError as error:
        return {"problem": "library", "library": str(error.name)}
    except Unreadable as error:
        return {"problem": str(error)}
    except RecursionError:
        return {"problem": "nested"}
    except MemoryError:
        return {"problem": "memory"}
    except Exception:  # noqa: BLE001 -- whatever a hostile file does to a library, it is a broken file
        return {"problem": "broken"}


if __name__ == "__main__":
    answer = json.dumps(main(sys.argv[1], *map(int, sys.argv[2:5])))
    most = int(sys.argv[4])
    sys.stdout.write(answer if len(answer) <= most else json.dumps({"problem": "long"}))
    sys.stdout.flush()
    os._exit(0)  # what the libraries keep is not taken apart piece by piece
