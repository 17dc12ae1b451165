"""Two homes and one bare repository: what is taken, what waits, what goes, and that nothing is ever lost."""

from __future__ import annotations

import pytest

from agentforge.memory.files import write_tables
from agentforge.registry.repository import Registry
from agentforge.registry.review import approve, pin, put, reject
from agentforge.types import State
from tests.registry.sample_tools import make_tool
from tests.sync.conftest import Home, Meet, git, settle

Pair = tuple[Home, Home]


class TestSigned:
    def test_a_tool_goes_to_the_other_home_and_is_live_there(self, pair: Pair) -> None:
        ada, bea = pair
        tool = ada.add(make_tool())
        sent = ada.sync()
        assert (sent.went, sent.took, sent.signer) == (("slugify",), (), "")
        came = bea.sync()
        assert [(one.name, one.version, one.state) for one in came.took] == [("slugify", tool.version, "live")]
        assert (came.signer, bea.state("slugify")) == ("ada", "live")
        settle(ada, bea)
        assert ada.tree == bea.tree
        assert ada.commits == bea.commits

    def test_decisions_go_along(self, pair: Pair) -> None:
        ada, bea = pair
        ada.add(make_tool())
        ada.add(make_tool("shorten"))
        settle(ada, bea)
        put(bea.registry, "slugify", State.QUARANTINED, approver="bea", reason="It lost my umlauts.")
        pin(ada.registry, "shorten", approver="ada")
        settle(ada, bea)
        assert ada.state("slugify") == "quarantined"
        assert bea.registry.snapshot().states.tools["shorten"].pinned
        assert ada.tree == bea.tree

    def test_the_more_careful_of_two_decisions_about_one_version_holds(self, pair: Pair) -> None:
        ada, bea = pair
        ada.add(make_tool())
        settle(ada, bea)
        put(ada.registry, "slugify", State.RETIRED, approver="ada")
        put(bea.registry, "slugify", State.QUARANTINED, approver="bea", reason="Wrong.")
        settle(ada, bea)
        assert ada.state("slugify") == bea.state("slugify") == "quarantined"
        assert ada.registry.snapshot().states.tools["slugify"].reason == "Wrong."

    def test_versions_made_on_both_sides_are_tried_and_both_are_kept(self, pair: Pair) -> None:
        ada, bea = pair
        first = ada.add(make_tool())
        settle(ada, bea)
        mine = ada.add(make_tool(body="return text.lower()", parent=first.version))
        hers = bea.add(make_tool(body="return text.casefold()", parent=first.version))
        ada.sync()
        bea.sync()
        assert bea.contests == ["slugify"]
        settle(ada, bea)
        assert ada.version("slugify") == bea.version("slugify") == hers.version
        assert ada.waiting("slugify") == [1]
        assert ada.tree == bea.tree
        assert {one.version for one in ada.registry.versions("slugify")} >= {first.version, mine.version, hers.version}
        approve(ada.registry, "slugify", approver="ada", version=ada.registry.proposed()[0].version)
        settle(ada, bea)
        assert bea.registry.get("slugify").source == mine.source

    def test_the_one_that_passes_stands_whoever_made_it(self, pair: Pair) -> None:
        ada, bea = pair
        first = ada.add(make_tool())
        settle(ada, bea)
        mine = ada.add(make_tool(body="return text.lower()", parent=first.version))
        bea.add(make_tool(body="return text.casefold()", parent=first.version))
        bea.side = "theirs"
        settle(ada, bea)
        assert ada.version("slugify") == bea.version("slugify") == mine.version

    def test_a_version_made_while_the_other_side_took_the_old_one_out_of_use_waits(self, pair: Pair) -> None:
        ada, bea = pair
        first = ada.add(make_tool())
        settle(ada, bea)
        ada.add(make_tool(body="return text.lower()", parent=first.version))
        put(bea.registry, "slugify", State.QUARANTINED, approver="bea", reason="Wrong.")
        settle(ada, bea)
        assert (ada.state("slugify"), ada.version("slugify")) == ("quarantined", first.version)
        assert bea.waiting("slugify") == [1]
        assert bea.contests == ada.contests == []

    def test_proposals_of_both_sides_wait_under_numbers_of_their_own(self, pair: Pair) -> None:
        ada, bea = pair
        for home, body in ((ada, "return text.lower()"), (bea, "return text.casefold()")):
            home.add(make_tool(body=body), State.PROPOSED)
        settle(ada, bea)
        assert ada.waiting("slugify") == bea.waiting("slugify") == [1, 2]
        reject(ada.registry, "slugify/1", "No.", approver="ada")
        settle(ada, bea)
        assert bea.waiting("slugify") == [2]
        assert ada.tree == bea.tree

    def test_memory_comes_along_entry_by_entry(self, pair: Pair) -> None:
        ada, bea = pair
        for home, key in ((ada, "f0000001"), (bea, "f0000002")):
            table = {"kind": "fact", "text": f"I am {key}.", "time": "2026-01-01"}
            text = write_tables("memory/facts.toml", {key: table})
            home.registry.store.commit(
                {"memory/facts.toml": text}, subject="Remember", trailers={}, expected=home.registry.store.head()
            )
        settle(ada, bea)
        facts = ada.registry.store.read("memory/facts.toml") or b""
        assert (b"f0000001" in facts, b"f0000002" in facts) == (True, True)
        assert ada.tree == bea.tree

    def test_a_dry_run_changes_nothing(self, pair: Pair) -> None:
        ada, bea = pair
        ada.add(make_tool())
        before = (ada.registry.head(), git(ada.remote, "for-each-ref"))
        assert ada.sync(dry_run=True).went == ("slugify",)
        assert (ada.registry.head(), git(ada.remote, "for-each-ref")) == before
        ada.sync()
        refs = git(bea.registry.path, "for-each-ref")
        assert [one.name for one in bea.sync(dry_run=True).took] == ["slugify"]
        assert git(bea.registry.path, "for-each-ref") == refs


class TestUnsigned:
    @pytest.fixture
    def strangers(self, home_of: Meet) -> Pair:
        return home_of("ada"), home_of("eve", signs=False)

    def test_a_tool_waits_and_its_state_is_not_believed(self, strangers: Pair) -> None:
        ada, eve = strangers
        eve.add(make_tool())
        eve.sync()
        came = ada.sync()
        assert [one.name for one in came.arrived] == ["slugify"]
        assert came.took == ()
        assert (ada.state("slugify"), ada.waiting("slugify")) == ("", [1])
        assert any("no signature of anybody known" in each for each in came.told)
        settle(ada, eve)

    def test_what_stands_here_is_not_moved_by_what_a_remote_says(self, strangers: Pair) -> None:
        ada, eve = strangers
        tool = ada.add(make_tool())
        settle(ada, eve)
        approve(eve.registry, "slugify", approver="eve", version=eve.registry.proposed()[0].version)
        put(eve.registry, "slugify", State.RETIRED, approver="eve")
        settle(ada, eve)
        assert (ada.state("slugify"), ada.version("slugify")) == ("live", tool.version)

    def test_every_commit_of_both_is_kept_all_the_same(self, strangers: Pair) -> None:
        ada, eve = strangers
        ada.add(make_tool())
        eve.add(make_tool("shorten"))
        all_of_them = ada.commits | eve.commits
        settle(ada, eve)
        assert {*git(ada.remote, "rev-list", "main").split()} >= all_of_them

    def test_a_signature_of_somebody_unknown_is_none(self, home_of: Meet) -> None:
        ada, mallory = home_of("ada", knows=["ada"]), home_of("mallory", knows=["mallory"])
        mallory.add(make_tool())
        mallory.sync()
        assert (ada.sync().signer, ada.state("slugify")) == ("", "")

    def test_commits_without_a_signature_on_top_of_signed_ones_are_claims(self, pair: Pair, home_of: Meet) -> None:
        ada, bea = pair
        eve = home_of("eve", signs=False)
        ada.add(make_tool())
        ada.sync()
        eve.sync()
        eve.add(make_tool("shorten"))
        put_live(eve)
        eve.sync()
        came = bea.sync()
        assert (bea.state("slugify"), bea.state("shorten"), bea.waiting("shorten")) == ("live", "", [1])
        assert came.signer == "ada"

    def test_who_becomes_known_later_is_believed_with_the_next_signature(self, home_of: Meet, pair: Pair) -> None:
        ada, bea = pair
        known = ada.allowed
        ada.allowed = None
        bea.add(make_tool())
        bea.sync()
        ada.sync()
        assert (ada.state("slugify"), ada.waiting("slugify")) == ("", [1])
        ada.allowed = known
        settle(ada, bea)
        assert (ada.state("slugify"), ada.waiting("slugify")) == ("live", [])

    def test_who_does_not_know_me_takes_nothing_away_from_me(self, home_of: Meet) -> None:
        ada, bea = home_of("ada", knows=["bea"]), home_of("bea")
        tool = ada.add(make_tool())
        ada.sync()
        bea.sync()
        ada.sync()
        newer = ada.add(make_tool(body="return text.lower()", parent=tool.version))
        settle(ada, bea)
        assert (ada.state("slugify"), ada.version("slugify")) == ("live", newer.version)


def put_live(home: Home) -> None:
    """Makes all that waits live, as somebody who writes states by hand would."""
    for tool in home.registry.proposed():
        approve(home.registry, tool.name, approver="eve", version=tool.version)


def test_a_registry_is_brought_back_from_its_remote(pair: Pair, tmp_path) -> None:
    ada, _ = pair
    ada.add(make_tool())
    ada.sync()
    with Registry.create(tmp_path / "new.git") as fresh:
        again = Home(fresh, ada.remote, ada.key, ada.allowed)
        again.sync()
        assert again.state("slugify") == "live"
