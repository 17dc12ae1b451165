"""Documents as commits: one for each change, none where nothing is new, and nothing of it in a commit's words."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from agentforge.errors import RegistryConflict, UsageError
from agentforge.gitstore.store import GitStore
from agentforge.memory.documents.conversion import Converted, digest_of
from agentforge.memory.documents.library import Documents
from agentforge.memory.documents.record import Record, id_of, read_record, write_record

from .conftest import POLICY, keep


def test_a_document_is_two_files_and_one_commit(documents: Documents, store: GitStore) -> None:
    kept = keep(documents, POLICY)
    folder = f"memory/documents/{kept.document.id}"
    assert (kept.what, kept.commit) == ("added", store.head())
    assert [path for path in store.list() if path.startswith("memory")] == [
        f"{folder}/document.toml",
        f"{folder}/text.md",
    ]
    assert documents.text(kept.document.id) == POLICY
    record = read_record(store.read(f"{folder}/document.toml") or b"")
    assert (record.title, record.origin, record.untrusted) == ("Travel policy 2026", "/policies/travel.md", True)
    assert record.sha256 == digest_of(POLICY.encode())


def test_a_commit_says_the_id_and_no_word_of_what_it_is_about(documents: Documents, store: GitStore) -> None:
    kept = keep(documents, POLICY)
    newest = store.log()[0]
    assert (newest.message, newest.trailers) == (f"Add document {kept.document.id}", {"Document": (kept.document.id,)})
    assert kept.document.id == id_of("/policies/travel.md") != id_of("/policies/travel2.md")


def test_the_same_contents_commit_nothing(documents: Documents, store: GitStore) -> None:
    keep(documents, POLICY)
    head = store.head()
    again = keep(documents, POLICY)
    assert (again.what, again.before, again.commit, store.head()) == ("unchanged", head, head, head)


def test_the_same_origin_gives_a_new_version_of_the_same_document(documents: Documents) -> None:
    first = keep(documents, POLICY)
    second = keep(documents, POLICY.replace("28", "30"))
    assert (second.what, second.document.id, second.before) == ("changed", first.document.id, first.commit)
    assert second.document.record.added == first.document.record.added
    assert "28 EUR" in documents.text(first.document.id, first.commit)
    assert "30 EUR" in documents.text(first.document.id)
    assert len(documents.all()) == 1


def test_trust_is_given_to_contents_and_not_to_a_file(documents: Documents) -> None:
    assert not keep(documents, POLICY, trusted=True).document.untrusted
    assert not keep(documents, POLICY).document.untrusted, "the same words"
    changed = keep(documents, POLICY.replace("28", "99"))
    assert changed.document.untrusted
    assert changed.no_longer_trusted
    assert not documents.say(changed.document, trusted=True).document.untrusted
    withdrawn = documents.say(changed.document, trusted=False)
    assert (withdrawn.what, withdrawn.document.untrusted) == ("changed", True)
    assert documents.text(changed.document.id) == POLICY.replace("28", "99")


def test_a_title_of_the_users_own_stays(documents: Documents) -> None:
    keep(documents, POLICY, title="Our rules")
    assert keep(documents, POLICY.replace("2026", "2027")).document.title == "Our rules"
    assert keep(documents, "no heading", "/x/notes.md", default_title="notes").document.title == "notes"


def test_secrets_are_not_kept_and_neither_is_an_original_that_holds_them(documents: Documents, store: GitStore) -> None:
    found = Converted("Log in with hunter2hunter2 and password: swordfish99.\n", "html")
    kept = documents.keep("/a.html", "0" * 64, found, original=b"<p>hunter2hunter2")
    text = documents.text(kept.document.id)
    assert "hunter2" not in text
    assert "swordfish" not in text
    assert kept.redacted == 2
    assert not [path for path in store.list() if "original" in path]


def test_an_original_is_kept_beside_its_text_and_goes_when_it_is_too_large(
    documents: Documents, store: GitStore
) -> None:
    def originals() -> list[str]:
        return [path.rpartition("/")[2] for path in store.list() if "original" in path]

    documents.keep("/a", "0" * 64, Converted("one\n", "html"), original=b"<p>one")
    assert originals() == ["original.html"]
    documents.keep("/a", "1" * 64, Converted("two\n", "pdf"), original=b"%PDF")
    assert originals() == ["original.pdf"]
    documents.keep("/a", "2" * 64, Converted("three\n", "pdf"))
    assert originals() == []
    documents.keep("/b", "3" * 64, Converted("four\n", "markdown"), original=b"four\n")
    assert originals() == []


def test_a_document_is_found_by_id_beginning_origin_and_title(documents: Documents) -> None:
    travel = keep(documents, POLICY).document
    keep(documents, POLICY, "/other.md")
    other = keep(documents, "# Sick leave\n\nx", "/leave.md").document
    assert documents.get(travel.id) == documents.get(travel.id[:6]) == documents.get("/policies/travel.md") == travel
    assert documents.get("sick LEAVE") == other
    with pytest.raises(UsageError, match="may mean 2 documents"):
        documents.get("Travel policy 2026")
    with pytest.raises(UsageError, match="no document 'zebra'"):
        documents.get("zebra")


def test_what_is_removed_is_gone_from_the_files_and_held_by_the_history(documents: Documents, store: GitStore) -> None:
    first = keep(documents, POLICY)
    second = keep(documents, POLICY.replace("28", "30"))
    other = keep(documents, "# Other\n\nwords", "/other.md")
    removed = documents.remove(first.document.id)
    assert (removed.what, removed.commit) == ("removed", store.head())
    assert [one.id for one in documents.all()] == [other.document.id]
    assert documents.held(first.document.id) == [second.commit, first.commit]
    assert keep(documents, POLICY).what == "added"


def test_a_malformed_document_is_told_and_hides_no_other(documents: Documents, store: GitStore) -> None:
    kept = keep(documents, POLICY)
    store.commit(
        {
            "memory/documents/d000000000000/document.toml": b"title = 1",
            "memory/documents/d000000000001/text.md": b"x",
            "memory/documents/notes.md": b"x",
        },
        subject="By hand",
        trailers={},
        expected=store.head(),
    )
    assert [one.id for one in documents.all()] == [kept.document.id]
    problems = " ".join(documents.problems())
    assert "d000000000000: document.toml" in problems or "d000000000000: text.md is missing" in problems
    assert "d000000000001" in problems
    assert "notes.md" in problems


def test_many_writers_at_once_all_get_through(documents: Documents, store: GitStore) -> None:
    def write(number: int) -> None:
        with GitStore.open(store.path) as own:
            keep(Documents(own), f"# Note {number}\n\nwords", f"/{number}.md")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.title for one in documents.all()] == [f"Note {number}" for number in range(4)]


def test_a_lost_race_is_looked_at_again(documents: Documents, store: GitStore, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = GitStore.commit

    def beaten(self: GitStore, *args: object, **kwargs: object) -> str:
        monkeypatch.setattr(GitStore, "commit", honest)
        keep(documents, POLICY)
        raise RegistryConflict("beaten")

    monkeypatch.setattr(GitStore, "commit", beaten)
    assert keep(documents, POLICY).what == "unchanged"


def test_a_text_of_too_many_passages_is_refused(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    from agentforge.memory.documents import library

    monkeypatch.setattr(library, "MOST_PASSAGES", 3)
    with pytest.raises(UsageError, match="falls into more than 3 passages"):
        keep(documents, POLICY)


def test_a_record_comes_back_as_it_was_written() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    record = Record(
        title='A "title" ü', origin="/a\nb", kind="pdf", sha256="0" * 64, added=now, changed=now, untrusted=False
    )
    assert read_record(write_record(record)) == record
    assert b"untrusted = false" in write_record(record)


@pytest.mark.parametrize("text", [b"", b"\xff", b"format = 2", b"title = 1", b"[" * 5000])
def test_a_malformed_record_is_one_sentence(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^document\.toml"):
        read_record(text)
