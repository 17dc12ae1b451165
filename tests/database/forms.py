"""Databases as earlier versions of the schema had them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine

from agentforge.database import store


def url(path: Path) -> str:
    return f"sqlite:///{path / 'state.db'}"


@contextmanager
def form(folder: Path, revision: str) -> Iterator[Connection]:
    """A new database in the form of a released version, to be filled."""
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(url(folder))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection
    engine.dispose()
