"""The ten days of one user, lived again on real git, database and sandbox: what stands in her registry afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.database.store import Database
from examples.living import Person
from examples.ten_days.days import DAYS
from examples.ten_days.page import FILE, page, same_in_every_run
from tests.examples.lived import git, lived

pytestmark = [pytest.mark.timeout(900), pytest.mark.docker, pytest.mark.usefixtures("docker")]


@pytest.fixture(scope="module")
def mira(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with lived("mira", tmp_path_factory.mktemp("mira"), DAYS) as person:
        yield person


@pytest.fixture(autouse=True)
def at_her_home(mira: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private home of each test is hers."""
    monkeypatch.setenv("AGENTFORGE_HOME", str(mira.folder.parent / "home"))


def test_each_day_left_the_commits_that_a_reader_expects_of_it(mira: Person) -> None:
    rows = map(str.split, git(mira, "log", "--reverse", "--date=format:%d", "--format=%ad %s").splitlines())
    tools = {"batch_label", "price_parcel", "count_bags", "agreed_price"}
    assert [" ".join((day, verb, *(word for word in words if word in tools))) for day, verb, *words in rows] == [
        "02 Create", "02 Remember", "02 Remember",
        "03 Add batch_label",
        "04 Remember",
        "05 Keep batch_label", "05 Update batch_label",
        "06 Add", "06 Add price_parcel",
        "07 Change", "07 Mark price_parcel", "07 Update price_parcel",
        "08 Add count_bags", "08 Remember", "08 Remember",
        "09 Undo", "09 Confirm",
        "10 Remember", "10 Add agreed_price", "10 Confirm", "10 Propose",
        "11 Approve", "11 Revoke", "11 Forget",
    ]  # fmt: skip


def test_the_page_tells_what_happened(mira: Person) -> None:
    fresh = mira.folder / FILE.name
    fresh.write_text(page(mira), "utf-8")
    assert same_in_every_run(fresh.read_text("utf-8")) == same_in_every_run(FILE.read_text("utf-8")), (
        f"docs/{FILE.name} is not of these days; as it should be: {fresh}"
    )


def test_a_fact_that_was_superseded_stays_readable(mira: Person) -> None:
    facts = git(mira, "show", "main:memory/facts.toml")
    assert "has a small shop in Graz" in facts
    assert facts.count("superseded_by") == 1
    assert [entry.text for entry in mira.remembered() if entry.topic == "shop"] == [
        "Mira's shop is in Vienna since March 2026."
    ]


def test_the_correction_is_a_test_for_good_and_the_repair_gives_it(mira: Person) -> None:
    [kept] = git(mira, "show", "main:regressions/batch_label.jsonl").splitlines()
    assert json.loads(kept)["returns"] == "ELS-0026-1"
    assert mira.types("tools", "call", "batch_label", "country=El Salvador", "number=27") == "ELS-0027-2\n"


def test_the_tool_of_the_night_stands_and_what_she_took_back_is_gone(mira: Person) -> None:
    assert mira.types("tools", "call", "count_bags", "green=18") == "60\n"
    assert {entry.text for entry in mira.remembered()} == {
        "Mira's shop is in Vienna since March 2026.",
        "I post parcels on Tuesdays only.",
        "Keep answers short.",
    }


def test_the_persona_names_the_three_sessions_that_spoke_for_it(mira: Person) -> None:
    line = git(mira, "show", "main:memory/persona.md")
    assert line.startswith("- Keep answers short. <!-- from: ")
    assert len(line.partition("from: ")[2].split()) == 4, "three ids and the end of the comment"


def test_nothing_of_the_forgotten_customer_is_left_anywhere(mira: Person) -> None:
    assert "Berger" not in git(mira, "log", "-p", "--all")
    assert "agreed_price" not in [tool["name"] for tool in json.loads(mira.types("tools", "list", "--json"))["tools"]]
    with Database.open(f"sqlite:///{mira.folder.parent / 'home' / 'state.db'}") as database:
        place = Path(str(database.engine.url.database))
    assert b"Berger" not in place.read_bytes()
