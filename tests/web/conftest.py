"""Browsers for the pages: one that knows the token, one that does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from agentforge.types import State
from agentforge.web.catalogue import Entry

from .memory import ORIGIN, SOURCE, TOKEN, MemoryCatalogue, app_of, make_tool, version


@pytest.fixture
def catalogue() -> MemoryCatalogue:
    return MemoryCatalogue(
        shown=[
            Entry(make_tool(unconfirmed=True)),
            Entry(make_tool(name="slugify", summary="Make a slug.", state=State.PROPOSED)),
        ],
        past=[
            version("bbbb", SOURCE.replace("* 100", "* 1000"), "Repair parse_price"),
            version("aaaa", SOURCE),
        ],
    )


@pytest.fixture
def stranger(catalogue: MemoryCatalogue) -> Iterator[TestClient]:
    """A browser that knows the address and not the token."""
    app = app_of(catalogue)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        yield client


@pytest.fixture
def browser(stranger: TestClient) -> TestClient:
    """A browser that opened the printed address."""
    assert stranger.get("/", params={"token": TOKEN}).status_code == 303
    return stranger
