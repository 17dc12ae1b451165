"""Documents in a repository of their own, and files made by hand."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agentforge.gitstore.store import GitStore
from agentforge.memory.documents.conversion import Converted, digest_of
from agentforge.memory.documents.library import Documents, Kept

POLICY = """# Travel policy 2026

Valid for all employees of the company, from the first of January on.

## Meals

Meals are paid up to 28 EUR a day, for as long as a journey lasts.

## Hotel

### Germany

Rooms are paid up to 120 EUR a night, whatever the town.

### France

Rooms are paid up to 120 EUR a night, whatever the town.
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GitStore]:
    with GitStore.create(tmp_path / "r.git", {"state.toml": b"format = 1\n"}) as made:
        yield made


@pytest.fixture
def documents(store: GitStore) -> Documents:
    return Documents(store, secrets=["hunter2hunter2"])


def keep(documents: Documents, text: str, origin: str = "/policies/travel.md", **more: object) -> Kept:
    """What was found in a file of Markdown."""
    title = text.partition("\n")[0].removeprefix("# ") if text.startswith("# ") else ""
    return documents.keep(origin, digest_of(text.encode()), Converted(text, "markdown", title), **more)  # type: ignore[arg-type] -- a test's own words


def pdf(*pages: Sequence[str], packed: bytes = b"") -> bytes:
    """A PDF of these lines of text; ``packed`` is the compressed contents of one page instead."""
    contents = [
        b"BT /F1 12 Tf 72 720 Td 14 TL " + b" ".join(b"(%s) Tj T*" % line.encode() for line in page) + b" ET"
        for page in pages
    ]
    streams = [b"<</Length %d>>stream\n%s\nendstream" % (len(each), each) for each in contents]
    if packed:
        streams = [b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * at) for at in range(len(streams)))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(streams)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for at, stream in enumerate(streams):
        font, place = b"<</Font<</F1 3 0 R>>>>", 5 + 2 * at
        bodies += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources%s/Contents %d 0 R>>" % (font, place)]
        bodies += [stream]
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(made))
        made += b"%d 0 obj%sendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(bodies) + 1
    return (
        made
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(made))
    )


def bomb(size: int) -> bytes:
    """A PDF whose one page unpacks to ``size`` bytes."""
    return pdf(packed=zlib.compress(b"BT (a) Tj ET " * (size // 13), 9))
