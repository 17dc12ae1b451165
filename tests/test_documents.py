"""``forge.documents``: from a file, over a passage and a tool that was made from it, to a change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_review import NEED, forged, person

from agentforge import Forge
from agentforge.agent.toolbox import Entry
from agentforge.errors import UsageError
from agentforge.forge.parts import ForgeResult
from agentforge.settings import load
from agentforge.types import Need, State

POLICY_OF_DOUBLES = """# Travel policy 2026

Valid for all employees of the company, from the first of January on.

## Meals

A number is paid out doubled, 28 times, for as long as a journey lasts.

## Hotel

Rooms are paid up to 120 EUR a night, whatever the town.
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "travel.md"
    file.write_text(POLICY_OF_DOUBLES)
    return file


def passage_about(forge: Forge, words: str) -> str:
    return forge.documents.search(words, 1)[0].passage.id


async def made_from(forge: Forge, passage: str) -> ForgeResult:
    need = Need(NEED.name, NEED.signature, NEED.purpose, NEED.examples, sources=(f"passage:{passage}",))
    return await forged(forge, need)


async def test_a_document_is_kept_searched_cited_changed_and_removed(policy: Path) -> None:
    async with Forge(user="ada") as forge:
        documents = forge.documents
        [kept] = documents.add(policy).kept
        assert [one.title for one in documents.list()] == ["Travel policy 2026"]
        assert documents.search("doubled")[0].citation == "Travel policy 2026, Meals, lines 5–7"
        assert not documents.add(policy).changed
        policy.write_text(POLICY_OF_DOUBLES.replace("28", "30"))
        done = documents.refresh()
        assert done.changed
        assert "30 times" in documents.text(kept.document.id)
        changes = documents.changed(kept.commit)
        assert (len(changes.gone), len(changes.came)) == (1, 1)
        removed = documents.remove("Travel policy 2026")
        assert len(removed.commits) == 2
        assert documents.search("doubled") == []


async def test_a_tool_whose_passage_changed_is_stale_and_old_and_new_stand_side_by_side(policy: Path) -> None:
    async with person() as forge:
        documents = forge.documents
        documents.add(policy, trusted=True)
        passage = passage_about(forge, "doubled")
        assert (await made_from(forge, passage)).state == "live"
        assert forge.tool("double").stale == ()
        [cited] = documents.cited("double")
        assert (cited.citation, cited.gone, cited.new) == ("Travel policy 2026, Meals, lines 5–7", False, cited.old)

        policy.write_text(POLICY_OF_DOUBLES.replace("120", "140").replace("2026", "2027"))
        assert documents.refresh().stale == ()
        assert forge.tool("double").stale == (), "what it was made from is as it was"

        before = documents.library.head()
        policy.write_text(POLICY_OF_DOUBLES.replace("doubled", "tripled"))
        [stale] = documents.refresh().stale
        assert (stale.name, stale.version) == ("double", forge.tool("double").version)
        [one] = stale.passages
        assert one.old is not None
        assert one.new is not None
        assert ["doubled" in one.old.text, "tripled" in one.new.text] == [True, True]
        assert forge.tool("double").stale == (passage,)
        assert documents.stale() == documents.stale(documents.changed(before)) == [stale]
        assert documents.stale(documents.changed(documents.library.head())) == []
        assert "stale" in Entry(forge.tool("double"), forge.tool("double").signature).line
        assert (await forge.call("double", {"n": 4})).value == 8, "it goes on working"

        policy.write_text(POLICY_OF_DOUBLES)
        assert documents.refresh().stale == ()
        assert forge.tool("double").stale == ()
        assert "stale" not in Entry(forge.tool("double"), forge.tool("double").signature).line


async def test_no_file_but_the_history_holds_the_words_of_a_removed_document(policy: Path, home: Path) -> None:
    async with Forge(user="ada") as forge:
        [kept] = forge.documents.add(policy).kept
        assert forge.documents.search("doubled")
        caches = [path for path in (home / "caches").rglob("*") if path.is_file()]
        assert any(b"doubled" in path.read_bytes() for path in caches)
        forge.documents.remove(kept.document.id)
        assert not any(b"doubled" in path.read_bytes() for path in caches if path.exists())
        assert forge.documents.search("doubled") == []


async def test_a_removed_document_makes_its_tools_stale(policy: Path) -> None:
    async with person() as forge:
        forge.documents.add(policy, trusted=True)
        await made_from(forge, passage_about(forge, "doubled"))
        [stale] = forge.documents.remove(str(policy)).done.stale
        assert stale.passages[0].new is None
        assert stale.passages[0].old is not None


async def test_a_document_that_changes_while_a_tool_is_made_from_it_is_noticed(policy: Path) -> None:
    async with person() as forge:
        forge.documents.add(policy, trusted=True)
        passage = passage_about(forge, "doubled")
        policy.write_text(POLICY_OF_DOUBLES.replace("doubled", "tripled"))
        forge.documents.refresh()
        assert (await made_from(forge, passage)).state == "live"
        assert forge.tool("double").stale == (passage,)


async def test_a_proposal_that_cites_what_is_gone_is_stale_as_soon_as_it_is_let_in(policy: Path) -> None:
    async with person(**{"review.policy": "review-all"}) as forge:
        forge.documents.add(policy)
        passage = passage_about(forge, "doubled")
        await made_from(forge, passage)
        policy.write_text(POLICY_OF_DOUBLES.replace("doubled", "tripled"))
        assert forge.documents.refresh().stale == (), "nothing is live yet"
        done = forge.review.approve("double")
        assert "It is stale: a passage that it was made from has changed." in done.remarks
        assert forge.tool("double").stale == (passage,)


async def test_revoking_a_passage_takes_its_tools_out_of_use(policy: Path) -> None:
    async with person() as forge:
        forge.documents.add(policy, trusted=True)
        passage = passage_about(forge, "doubled")
        await made_from(forge, passage)
        outcome = forge.lineage.revoke(f"passage:{passage}")
        assert outcome.tools == ("double",)
        assert forge.documents.stale() == []
        assert [tool.name for tool in forge.tools(State.QUARANTINED)] == ["double"]


async def test_of_a_folder_what_cannot_be_read_is_told_and_the_rest_is_kept(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0")
    async with Forge(user="ada") as forge:
        done = forge.documents.add(tmp_path)
        assert [one.document.title for one in done.kept] == ["Travel policy 2026"]
        assert [(Path(file).name, "damaged" in error.message) for file, error in done.failed] == [("broken.pdf", True)]
        assert done.left_out >= 1
        with pytest.raises(UsageError, match="damaged"):
            forge.documents.add(tmp_path / "broken.pdf")


async def test_what_is_gone_from_the_disk_is_told_and_stays(policy: Path) -> None:
    async with Forge(user="ada") as forge:
        forge.documents.add(policy)
        policy.unlink()
        done = forge.documents.refresh()
        assert [error.message for _, error in done.failed] == [f"There is no file {policy}."]
        assert len(forge.documents.list()) == 1


async def test_a_text_that_is_at_hand_is_kept_under_its_address() -> None:
    async with Forge(user="ada") as forge:
        documents = forge.documents
        [kept] = documents.keep("# Prices\n\nA room is 90 EUR.", origin="https://example.com/prices").kept
        assert (kept.document.title, kept.document.untrusted) == ("Prices", True)
        assert documents.keep("# Prices\n\nA room is 90 EUR.", origin="https://example.com/prices").changed is False
        assert documents.refresh().kept == ()
        with pytest.raises(UsageError, match="Prices: not read from a file on this machine"):
            documents.refresh(["Prices"])
        for wrong in ("", "a\nb", "x" * 5000):
            with pytest.raises(UsageError, match="one line"):
                documents.keep("words", origin=wrong)


async def test_a_path_that_others_wrote_into_the_registry_is_not_read(policy: Path, home: Path) -> None:
    """Whoever may push could else have any file of this machine committed."""
    async with Forge(user="ada") as forge:
        forge.documents.add(policy)
    (home / "documents" / "personal" / "ada.ids").unlink()  # as on a machine where it was never added
    policy.write_text("secrets of this machine")
    async with Forge(user="ada") as forge:
        assert forge.documents.refresh().kept == ()
        with pytest.raises(UsageError, match="not read from a file on this machine"):
            forge.documents.refresh([str(policy)])
        assert forge.documents.add(policy).changed
        policy.write_text("changed")
        assert forge.documents.refresh().changed


async def test_a_title_is_one_line_for_one_file(policy: Path) -> None:
    async with Forge(user="ada") as forge:
        forge.documents.add(policy, title="Our\n rules " + "x" * 300)
        [title] = [one.title for one in forge.documents.list()]
        assert title.startswith("Our rules xxx")
        assert len(title) == 200
        with pytest.raises(UsageError, match="A title is for one file"):
            forge.documents.add(policy.parent, title="All")


PEOPLE = [("acme", "ada"), ("acme", "bob"), ("zeta", "ada"), ("acme", "ada.documents"), ("acme", "ada.index")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["keep", "search", "remove"])), max_size=10))
def test_no_person_ever_finds_what_another_keeps(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[tuple[str, str], str]]
) -> None:
    """The same address and the same words for all, but for the name of whose they are."""
    monkeypatch.setenv("AGENTFORGE_HOME", str(tmp_path_factory.mktemp("people")))
    kept: set[tuple[str, str]] = set()

    async def step(person: tuple[str, str], what: str) -> None:
        org, user = person
        async with Forge(user=user, org=org, settings=load(overrides={"org": org, "user": user})) as forge:
            if what == "keep":
                forge.documents.keep(f"The meals of {user} at {org} cost 28 EUR.", origin="https://example.com/x")
                kept.add(person)
            elif what == "remove" and person in kept:
                forge.documents.remove("https://example.com/x")
                kept.discard(person)
            found = [hit.passage.text for hit in forge.documents.search("meals cost EUR", 10)]
            assert found == ([f"The meals of {user} at {org} cost 28 EUR."] if person in kept else [])

    for person_, what in steps:
        asyncio.run(step(person_, what))


async def test_the_history_is_rewritten_without_a_removed_document_and_what_quotes_it_is_named(policy: Path) -> None:
    """As with an entry that is forgotten; also later, by the id that was told."""
    line = "Whoever travels with a dog is paid for its ticket and for nothing else at all."
    policy.write_text(f"{policy.read_text()}\n{line}\n")
    other = policy.with_name("quoting.md")
    other.write_text(f"# Another\n\nThe policy says: {line}\n")
    async with Forge(user="ada") as forge:
        forge.documents.add(policy)
        [quoting] = forge.documents.add(other).kept
        [kept] = forge.documents.remove(str(policy)).done.kept
        with pytest.raises(UsageError, match="There is no document"):
            forge.documents.remove(kept.document.id)
        done = forge.documents.remove(kept.document.id, rewrite=True)
        assert (done.done.kept, done.commits) == ((), ())
        assert done.erased is not None
        assert done.erased.commits >= 2
        assert [one.rpartition("/")[0] for one in done.erased.left] == [quoting.document.folder]
        assert [one.id for one in forge.documents.list()] == [quoting.document.id]
        again = forge.documents.remove(quoting.document.id, rewrite=True)
        assert again.erased is not None
        assert again.erased.left == ()
