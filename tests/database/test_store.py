"""The database opens anywhere, migrates itself, survives rivals and says clearly what is wrong."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, event, insert, select, text

from agentforge.database import store
from agentforge.database.store import BUSY_SECONDS, HEAD, Database
from agentforge.database.tables import MESSAGES, METADATA, SAID, SESSIONS
from agentforge.errors import ConfigurationError, StorageError
from agentforge.memory.episodes import Episodes
from agentforge.memory.jobs import JobRows
from agentforge.memory.search import search
from agentforge.memory.seen import Seen, seen_of

from .forms import form, url


def add_session(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute(insert(SESSIONS).values(id=name, org="o", user="u"))


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(SESSIONS.c.id)).scalars())


def not_of_the_index(name: str | None, kind: str, parents: object) -> bool:
    """SQLite keeps the index over what was said in tables of its own."""
    return kind != "table" or not str(name).startswith("said_words")


def test_a_new_database_has_exactly_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": not_of_the_index})
        assert compare_metadata(context, METADATA) == []


def test_head_is_the_newest_migration_file() -> None:
    script = ScriptDirectory(str(Path(store.__file__).parent / "migrations"))
    assert script.get_current_head() == HEAD


def test_every_table_carries_org_and_user() -> None:
    for table in METADATA.tables.values():
        assert {"org", "user"} <= set(table.columns.keys()), table.name
        assert not table.columns["org"].nullable
        assert not table.columns["user"].nullable


def test_rows_stay_when_it_is_opened_again(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database:
        add_session(database, "one")
    with Database.open(url(tmp_path)) as database:
        assert names(database) == ["one"]


def test_an_open_database_of_the_newest_form_needs_no_alembic(tmp_path: Path) -> None:
    Database.open(url(tmp_path)).close()
    code = (
        "import sys; from agentforge.database.store import Database;"
        f"Database.open({url(tmp_path)!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def _open_and_add(path: str, name: str) -> None:
    with Database.open(path) as database:
        add_session(database, name)


def test_several_processes_may_make_and_fill_the_same_database_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    wanted = [f"s{number}" for number in range(3)]
    processes = [context.Process(target=_open_and_add, args=(url(tmp_path), name)) for name in wanted]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    with Database.open(url(tmp_path)) as database:
        assert sorted(names(database)) == wanted


def test_rows_of_the_first_form_stay_and_their_jobs_are_over(tmp_path: Path) -> None:
    with form(tmp_path, "0001") as connection:
        connection.execute(
            text("insert into jobs (id, org, user, name, artefacts) values ('j', 'o', 'u', 'roman', '{}')")
        )
    with Database.open(url(tmp_path)) as database:
        record = JobRows(database, org="o", user="u").get("j")
        assert record is not None
        assert (record.name, record.status, record.payload) == ("roman", "done", {})
        assert not JobRows(database, org="o", user="u").retry("j")


def test_calls_of_the_form_before_stay_and_nobody_claims_to_know_what_they_reached(tmp_path: Path) -> None:
    with form(tmp_path, "0004") as connection:
        columns = "(id, org, user, tool, version, args, status, value, outcome)"
        row = "('c', 'o', 'u', 'rate', 'v1', '{}', 'returned', '7', 'returned')"
        connection.execute(text(f"insert into calls {columns} values {row}"))
    with Database.open(url(tmp_path)) as database:
        (call,) = Episodes(database, org="o", user="u").calls("rate")
        assert (call.id, call.value, call.observed) == ("c", 7, None)
        assert seen_of(database, org="o", user="u", tool="rate") == {"v1": Seen(unseen=1)}


def test_what_was_said_before_it_could_be_searched_is_found_and_has_its_turn(tmp_path: Path) -> None:
    request = {"role": "user", "content": [{"type": "text", "text": "about herons"}]}
    answered = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "9"}]}
    told = {"role": "assistant", "content": [{"type": "text", "text": "A wading bird."}]}
    messages = [json.dumps(request), json.dumps(answered), json.dumps(told), "{ damaged", json.dumps(request)]
    events = [json.dumps({"message": "No route"}), "[]"]
    with form(tmp_path, "0005") as connection:
        mine = {"org": "o", "user": "u", "session": "s"}
        add_old(connection, "sessions", {"id": "s", "org": "o", "user": "u", "title": "Herons"})
        for content in messages:
            role = "assistant" if "wading" in content else "user"
            add_old(connection, "messages", {**mine, "role": role, "content": content})
        failed = {"id": "c", "tool": "name_bird", "args": "{}", "status": "raised", "error": "ValueError: no beak"}
        add_old(connection, "calls", {**mine, **failed})
        for data in events:
            add_old(connection, "events", {**mine, "type": "failed", "data": data})
    with Database.open(url(tmp_path)) as database:
        for words in ("herons", "wading", "name_bird", "beak", "route"):
            assert [one.session for one in search(database, words, org="o", user="u")] == ["s"], words
        with database.read() as connection:
            assert [*connection.execute(select(MESSAGES.c.turn).order_by(MESSAGES.c.id)).scalars()] == [1, 1, 1, 2, 3]


def add_old(connection: Connection, table: str, row: dict[str, str]) -> None:
    columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
    connection.execute(text(f"insert into {table} ({columns}) values ({marks})"), row)


def test_a_failed_transaction_leaves_nothing_behind(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database:

        def fail_halfway() -> None:
            with database.write() as connection:
                connection.execute(insert(SESSIONS).values(id="half", org="o", user="u"))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_halfway()
        assert names(database) == []


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database:
        add_session(database, "seen")
        with database.write() as writing:
            writing.execute(insert(SESSIONS).values(id="unseen", org="o", user="u"))
            assert names(database) == ["seen"]


def test_a_database_held_by_another_process_is_called_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    with Database.open(url(tmp_path)) as database:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match=r"state\.db is locked") as caught:
                add_session(database, "late")
        finally:
            other.close()
        assert "Try again" in caught.value.fix


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"this is not a database, " * 500)
    with pytest.raises(StorageError, match="damaged") as caught:
        Database.open(url(tmp_path))
    assert "Move the file away" in caught.value.fix


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database:

        def fill(text: str) -> None:
            with database.write() as connection:
                pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
                connection.execute(insert(SESSIONS).values(id="big", org="o", user="u", title=text))

        with pytest.raises(StorageError, match="disk is full"):
            fill("x" * 1_000_000)
        assert names(database) == []


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        Database.open(url(tmp_path))


@pytest.mark.parametrize("wrong", ["nonsense", "oracle9://x/y"])
def test_a_url_that_makes_no_sense_is_a_matter_of_settings(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="database URL"):
        Database.open(wrong)


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    Database.open(url(tmp_path)).close()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(StorageError, match="newer AgentForge"):
        Database.open(url(tmp_path))


def test_a_database_in_memory_works_for_tests() -> None:
    with Database.open("sqlite://") as database:
        add_session(database, "one")
        assert names(database) == ["one"]


def test_a_folder_that_cannot_be_made_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file cannot be written: Not a directory\."):
        Database.open(url(tmp_path / "file" / "home"))


def _session(name: str) -> dict[str, object]:
    return {"id": name, "org": "o", "user": "u"}


def test_a_row_written_at_once_is_there_for_everybody(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database, Database.open(url(tmp_path)) as other:
        assert database.insert_at_once(SESSIONS, _session("s"))
        with other.read() as connection:
            assert connection.execute(select(SESSIONS.c.id)).scalars().all() == ["s"]


def test_what_would_have_to_wait_for_a_writer_is_not_written_at_once(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database, Database.open(url(tmp_path)) as other:
        with other.write():
            began = time.monotonic()
            assert not database.insert_at_once(SESSIONS, _session("s"))
            assert time.monotonic() - began < BUSY_SECONDS / 4
        assert database.insert_at_once(SESSIONS, _session("s"))


def test_a_row_that_cannot_be_written_is_left_to_who_hears_why(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database:
        assert database.insert_at_once(SESSIONS, _session("s"))
        assert not database.insert_at_once(SESSIONS, _session("s"))
        with pytest.raises(StorageError):
            database.insert(SESSIONS, _session("s"))


def test_a_database_that_is_gone_is_told_as_every_other_failure(tmp_path: Path) -> None:
    with Database.open(url(tmp_path)) as database:
        database.close()
        (tmp_path / "state.db").unlink()
        (tmp_path / "state.db").mkdir()
        assert not database.insert_at_once(SESSIONS, _session("s"))
        with pytest.raises(StorageError, match="cannot be opened"):
            database.insert(SESSIONS, _session("s"))


def test_nothing_is_written_at_once_in_memory() -> None:
    with Database.open("sqlite://") as database:
        assert not database.insert_at_once(SESSIONS, _session("s"))


def test_the_log_of_rows_written_at_once_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Who writes at once never copies the log into the database; every so often another one has to."""
    with Database.open(url(tmp_path)) as database:
        for number in range(4000):
            row = {**_session(f"s{number}"), "title": "x" * 500}
            if not database.insert_at_once(SESSIONS, row):
                database.insert(SESSIONS, row)
        assert (tmp_path / "state.db-wal").stat().st_size < 16 << 20


@pytest.mark.parametrize("overwrites", ["ON", "OFF"])
def test_what_was_deleted_is_in_no_file_any_more(tmp_path: Path, overwrites: str) -> None:
    """Also with an SQLite that was not built to overwrite what it deletes."""
    with Database.open(url(tmp_path)) as database:
        database.engine.dispose()
        event.listen(
            database.engine, "connect", lambda one, _: one.execute(f"PRAGMA secure_delete={overwrites}").close()
        )
        episodes = Episodes(database, org="o", user="u")
        pangolin, heron = episodes.start(), episodes.start()
        for session, word in ((pangolin, "pangolin"), (heron, "heron")):
            for turn in range(30):
                episodes.append(session, {"role": "user", "content": f"{word}tale {turn} {'and so on ' * 200}"}, turn)
        with database.write() as connection:
            for table in (MESSAGES, SAID):
                connection.execute(delete(table).where(table.c.session == pangolin))
        assert on_disk(tmp_path, b"pangolin") > 0
        assert database.scrub() == ""
        assert on_disk(tmp_path, b"pangolin") == 0
        assert on_disk(tmp_path, b"herontale") > 0


def on_disk(folder: Path, word: bytes) -> int:
    return sum(path.read_bytes().count(word) for path in folder.iterdir())


def test_a_log_that_another_process_reads_is_told_and_not_claimed_to_be_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.1)
    with Database.open(url(tmp_path)) as database:
        add_session(database, "one")
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        try:
            other.execute("BEGIN")
            other.execute("SELECT * FROM sessions").fetchall()
            with pytest.raises(StorageError, match=r"in use by another process|is locked"):
                database.scrub()
        finally:
            other.close()
        assert database.scrub() == ""


def test_a_database_in_memory_can_be_scrubbed() -> None:
    with Database.open("sqlite://") as database:
        assert database.scrub() == ""
