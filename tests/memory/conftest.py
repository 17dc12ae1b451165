"""The database that every test of this room writes to."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes
from agentforge.types import JSONObject

POSTGRES = "AGENTFORGE_TEST_POSTGRES"
"""A SQLAlchemy URL of a PostgreSQL database that tests may write to; without it they know SQLite alone."""

_USERS = itertools.count(int.from_bytes(os.urandom(6)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'state.db'}") as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Both kinds, where there are both."""
    url = f"sqlite:///{tmp_path / 'state.db'}" if request.param == "sqlite" else os.environ.get(POSTGRES, "")
    if not url:
        pytest.skip(f"no PostgreSQL: {POSTGRES} names none")
    with Database.open(url) as database:
        yield database


@pytest.fixture
def me() -> dict[str, str]:
    """Somebody of whom no database knows yet."""
    return {"org": "personal", "user": f"u{next(_USERS)}"}


@pytest.fixture
def episodes(each_database: Database, me: dict[str, str]) -> Episodes:
    return Episodes(each_database, **me, secrets=["blue-horse-42"])


def user_says(text: str) -> JSONObject:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def assistant_says(text: str) -> JSONObject:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}
