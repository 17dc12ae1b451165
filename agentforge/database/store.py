"""One database for what happened: sessions, calls, costs, events, jobs.

SQLite runs in WAL mode with a busy timeout, so that several processes may read and write at once;
a transaction is opened only around the statements themselves, never while a model thinks.
Migrations travel inside the package and run when a database is opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from agentforge.errors import ConfigurationError, StorageError
from agentforge.settings import check_folder

HEAD = "0008"
"""The newest migration; compared before alembic is imported at all, which would cost 0.2 s."""

BUSY_SECONDS = 10.0
"""How long a writer waits for another one before the database counts as locked."""

_ROWS_BETWEEN_CHECKPOINTS = 200
"""So often :meth:`Database.insert_at_once` leaves a row to a writer that may wait for the disk."""

_MIGRATIONS = Path(__file__).parent / "migrations"

_CAUSES = (
    # what the driver says (SQLite result codes, https://www.sqlite.org/rescode.html) → sentence, fix
    ("database is locked", "is locked by another process", "Try again; end the process that holds it."),
    ("database or disk is full", "cannot be written because the disk is full", "Free some space and try again."),
    ("disk i/o error", "cannot be read or written because the disk failed", "Check the disk and its free space."),
    ("malformed", "is damaged", "Move the file away and restore a copy; tools are safe in their registry."),
    ("not a database", "is damaged or no database", "Move the file away; tools are safe in their registry."),
    ("readonly", "may not be written", "Check the permissions of the file and its folder."),
    ("unable to open", "cannot be opened", "Check that the folder exists and may be written."),
)


@dataclass(frozen=True, slots=True)
class _Insert:
    """The text of a statement, and each column with what turns its value into one of the driver's, if anything."""

    text: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]


class Database:
    """An open database, migrated to :data:`HEAD`. Owns its connections; close it, or use ``with``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._statements: dict[tuple[str, ...], _Insert] = {}
        self._hasty: sqlite3.Connection | None = None
        self._hasty_rows = 0

    @classmethod
    def open(cls, url: str) -> Database:
        """Opens the database at the SQLAlchemy ``url``, creating and migrating it where needed.

        Raises:
            ConfigurationError: the URL makes no sense, its driver is not installed, or its folder cannot be written.
            StorageError: the database is locked, damaged, full or cannot be opened.
        """
        database = cls(_engine(url))
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
        return database

    def migrate(self) -> None:
        """Runs the missing migrations in one transaction; two processes at once wait for each other."""
        with self.read() as connection:
            if _revision(connection) == HEAD:
                return
        with self.write() as connection:
            found = _revision(connection)
            if found is not None and found > HEAD:
                raise StorageError(
                    f"The database was written by a newer AgentForge (its form is {found}, known is {HEAD}).",
                    fix="Upgrade agentforge-toolsmith.",
                )
            if found != HEAD:
                _upgrade(connection)

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that writes; taken at once, committed at the end, or nothing of it remains.

        Raises:
            StorageError: full, locked or damaged.
        """
        with self._translated(), self._connect("BEGIN IMMEDIATE") as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads; on SQLite it never waits for a writer.

        Raises:
            StorageError: locked or damaged.
        """
        with self._translated(), self._connect("BEGIN") as connection, connection.begin():
            yield connection

    def insert(self, table: Table, row: Mapping[str, Any]) -> None:
        """Writes one row in a transaction of its own (raises as :meth:`write`).

        On SQLite the statement goes to the driver as it is: that takes a third of the time, and a row is
        written for every call of a tool.
        """
        if self.engine.dialect.name != "sqlite":
            with self.write() as connection:
                connection.execute(insert(table).inline(), dict(row))  # inline: no key is asked back
            return
        with self._translated(), closing(self.engine.raw_connection()) as connection:
            self._execute(connection.cursor(), table, row)

    def insert_at_once(self, table: Table, row: Mapping[str, Any]) -> bool:
        """As :meth:`insert` where that needs to wait for nobody; else nothing is written, and False is returned.

        It is for a thread that must not stand still, such as that of an event loop: it waits for no other
        writer, and leaves it to others to copy the write-ahead log into the database. It waits for the disk
        only where the log begins anew (about once in 400 rows, https://www.sqlite.org/wal.html). On an engine
        that is reached over a network, and in memory, it always returns False.
        """
        place = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not place or place == ":memory:":
            return False
        self._hasty_rows += 1
        if self._hasty_rows % _ROWS_BETWEEN_CHECKPOINTS == 0:
            return False
        try:
            with self._translated():
                self._hasty = self._hasty or _connect_hastily(place)
                self._execute(self._hasty.cursor(), table, row)
        except StorageError:
            return False  # who tries again may wait, or hears the reason
        return True

    def _execute(self, cursor: Any, table: Table, row: Mapping[str, Any]) -> None:
        """A transaction of one statement."""
        statement = self._statements.get((table.name, *row)) or self._prepare(table, row)
        values = [encode(row[name]) if encode else row[name] for name, encode in statement.columns]
        cursor.execute(statement.text, values)

    def _prepare(self, table: Table, row: Mapping[str, Any]) -> _Insert:
        dialect = self.engine.dialect
        columns = [(name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in row]
        named, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
        made = _Insert(f'insert into "{table.name}" ({named}) values ({marks})', tuple(columns))  # noqa: S608 - names of our own tables
        self._statements[table.name, *row] = made
        return made

    def scrub(self) -> str:
        """Rewrites a SQLite file, so that nothing of what was deleted is left in it or in its log; blocks the writers
        of other processes for as long as that takes. Returns what it could not do, for people: elsewhere the
        files are the server's.

        What it does not reach: older blocks of the disk, snapshots, backups.

        Raises:
            StorageError: another process kept the file or the log in use for too long, or the disk is full.
        """
        if self.engine.dialect.name != "sqlite":
            return "The database server keeps deleted rows in its files until it rewrites them, and in its logs."
        with self._translated(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute("INSERT INTO said_words(said_words) VALUES ('optimize')")  # till then it only marks words
            cursor.execute("VACUUM")
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError(f"The log of the database {self._name} is in use by another process.")
        return ""

    def close(self) -> None:
        """Closes all connections; harmless when repeated."""
        if self._hasty is not None:
            self._hasty.close()
            self._hasty = None
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _name(self) -> str:
        return self.engine.url.render_as_string(hide_password=True)

    def _connect(self, begin: str) -> Connection:
        return self.engine.connect().execution_options(sqlite_begin=begin)

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except DatabaseError as error:
            raise _storage_error(self.engine, error.orig or error) from error
        except sqlite3.Error as error:  # from the driver itself, as while connecting
            raise _storage_error(self.engine, error) from error


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        lite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}} if lite else {"pool_pre_ping": True}
        if lite and not _file(url):
            options["poolclass"] = StaticPool  # one connection is the whole database
            options["connect_args"]["check_same_thread"] = False
        engine = create_engine(parsed, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"The database URL is wrong or its driver is missing: {error}.", fix="Correct 'database_url'."
        ) from None
    if lite:
        if path := _file(url):
            _make_folder(path.parent)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _connect_hastily(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
    except BaseException:
        connection.close()
        raise
    return connection


def _file(url: str) -> Path | None:
    """The file of a SQLite URL; None for a database in memory."""
    name = make_url(url).database
    return Path(name) if name and name != ":memory:" else None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: consistent after kill -9 and power loss
    connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # costs 0.2 s and is needed once per database
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _storage_error(engine: Engine, error: BaseException) -> StorageError:
    where = engine.url.render_as_string(hide_password=True)
    said = str(error)
    for sign, sentence, fix in _CAUSES:
        if sign in said.lower():
            return StorageError(f"The database {where} {sentence}.", fix=fix)
    return StorageError(f"The database {where} failed: {said.splitlines()[0] if said else 'no reason given'}.")
