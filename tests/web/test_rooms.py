"""The rooms beside tools and queue, over a real home: what they say, who may see and change what, and safely."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from agentforge.api import Forge
from agentforge.web import hostile
from agentforge.web.app import create_app
from agentforge.web.desk import Desk
from agentforge.web.rooms.doors import CHANGES, READS

from .lived import NIGHT, Lived, lived, settings_here
from .memory import ORIGIN, PEOPLE
from .test_pages import OUR_LINKS, OUR_TAGS, PAYLOADS, Reader

ROOM_TAGS = OUR_TAGS | frozenset("figure figcaption svg line rect text meter textarea input".split())  # noqa: SIM905 - a table of words
pytestmark = pytest.mark.timeout(300)  # a busy machine

ADA, BEN, REX = (one.token for one in PEOPLE)


@dataclass
class House:
    """The application over one home, and what is in it."""

    client: TestClient
    forge: Forge
    made: Lived

    def get(self, path: str, token: str = ADA) -> Any:
        return self.client.get(path, headers={"authorization": f"Bearer {token}"})

    def post(self, path: str, token: str = ADA, **fields: str) -> Any:
        """As a program does."""
        return self.client.post(f"/api/v1{path}", json=fields, headers={"authorization": f"Bearer {token}"})

    def told(self, path: str) -> Any:
        """What a program reads."""
        answer = self.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def pages(self) -> list[str]:
        """Every page of the rooms, in most of its shapes."""
        made = self.made
        return [
            "/sessions", "/sessions?q=numbers", f"/sessions/{made.session}", f"/sessions/{made.fork}", "/learning",
            "/learning?by=day", "/memory", "/memory?all=yes", "/memory?q=fiscal", f"/memory/{made.fact}",
            f"/memory/{made.waits}", f"/memory/{made.lesson}", "/persona", "/sleep", f"/sleep/{NIGHT}", "/activity",
            "/activity?by=people", "/lineage", f"/lineage?of=episode:{made.session}", "/lineage?of=tool:clean_phone",
        ]  # fmt: skip


@contextmanager
def served(made: Lived | None = None) -> Iterator[House]:
    """The home of ``AGENTFORGE_HOME``, served."""
    forge = Forge(user="ada", settings=settings_here())
    asyncio.run(forge.open())
    desk = Desk(forge)
    app = create_app(desk.read, desk.decide, PEOPLE, forge=forge)
    try:
        with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
            yield House(client, forge, made or Lived())
    finally:
        asyncio.run(forge.aclose())


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lived]:
    """A home that was lived in, made once; each test has a copy."""
    home = tmp_path_factory.mktemp("furnished") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(home))
        return home, asyncio.run(lived(settings_here()))


@pytest.fixture
def home_of_ada(furnished: tuple[Path, Lived], home: Path) -> Iterator[House]:
    copied, made = furnished
    shutil.copytree(copied, home)
    with served(made) as it:
        yield it


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(Reader(answer.text).text.split())


def test_a_trace_tells_what_went_into_a_prompt_what_did_not_and_what_it_cost(home_of_ada: House) -> None:
    text = text_of(home_of_ada.get(f"/sessions/{home_of_ada.made.session}"))
    for told in (
        "Tidy these numbers", "instructions", "310", "What was left out, and why", "The oldest 2 turns did not fit",
        "690 tokens in (310 from a cache), 61 out", "clean_phone is called", "URLError: no route", "made: proposed",
        "Text from outside was read in it", "11,253 tokens", "completed", "failed", "Telephone policy, section 2",
    ):  # fmt: skip
        assert told in text, told
    turn = home_of_ada.told(f"/sessions/{home_of_ada.made.session}")["turns"][-1]
    assert turn["usd"] == pytest.approx((690 * 3 + 61 * 15) / 1e6)
    assert [step["kind"] for step in turn["steps"]][:3] == ["model_finished", "tool_called", "tool_returned"]


def test_sessions_are_found_by_words_and_forks_show_what_they_began_with(home_of_ada: House) -> None:
    found = home_of_ada.told("/sessions?q=francs")["sessions"]
    assert [one["id"] for one in found] == [home_of_ada.made.session]
    assert "francs" in found[0]["snippet"]
    assert "Nobody said" in text_of(home_of_ada.get("/sessions?q=zebra"))
    text = text_of(home_of_ada.get(f"/sessions/{home_of_ada.made.fork}"))
    assert "It began as a copy of" in text
    assert "+4930123456 and +491715550123" in text
    assert home_of_ada.get("/sessions/nothing").status_code == 404


def test_learning_counts_what_happened(home_of_ada: House) -> None:
    told = home_of_ada.told("/learning?by=day")
    today = told["lines"][-1]
    assert (today["turns"], today["answers"]) == (4, 3)
    assert today["success"] == 0.75
    assert today["reuse"] == pytest.approx(1 / 3), "of three answers one used a tool that was there before its turn"
    assert today["tokens_per_answer"] == pytest.approx(4 * 3751 / 3)
    page = home_of_ada.get("/learning?by=week")
    assert page.text.count("<svg") == 6
    assert page.text.count("<table") == 1
    assert 'style="' not in page.text
    assert len(home_of_ada.told("/learning?by=month")["lines"]) == 12


def test_memory_tells_tiers_source_and_when_it_was_recalled(home_of_ada: House) -> None:
    made = home_of_ada.made
    text = text_of(home_of_ada.get("/memory"))
    for told in (
        "Working",
        "Episodic",
        "Semantic",
        "Procedural",
        "Persona",
        "changes: forging, sleep",
        "Waits for you 1",
    ):
        assert told in text, told
    assert "December" not in text
    assert "December" in text_of(home_of_ada.get("/memory?all=yes"))
    entry = home_of_ada.told(f"/memory/{made.fact}")
    assert [(one["session"], one["score"]) for one in entry["recalls"]] == [(made.other, 4.25)]
    assert [one["text"] for one in entry["before"]] == ["The fiscal year ends in December."]
    text = text_of(home_of_ada.get(f"/memory/{made.fact}"))
    assert f"'agentforge memory forget {made.fact} --rewrite' rewrites the history" in text
    best = home_of_ada.told("/memory?q=when+does+the+fiscal+year+end")["entries"][0]
    assert best["id"] == made.fact
    assert best["score"] > 0


def test_an_entry_is_edited_let_in_turned_down_and_forgotten_by_name(home_of_ada: House) -> None:
    made, memory = home_of_ada.made, home_of_ada.forge.memory
    saw = home_of_ada.told(f"/memory/{made.fact}")["entry"]["saw"]
    done = home_of_ada.post(f"/memory/{made.fact}/edit", text="The fiscal year ends in June.", saw=saw)
    assert done.status_code == 200, done.text
    assert memory.get(made.fact).text == "The fiscal year ends in June."
    waits = home_of_ada.told(f"/memory/{made.waits}")["entry"]
    assert home_of_ada.post(f"/memory/{made.waits}/approve", saw=waits["saw"]).status_code == 200
    assert memory.standing(made.waits) == "current"
    gone = home_of_ada.post(f"/memory/{made.lesson}/forget").json()
    assert any("The history of your registry still holds it" in remark for remark in gone["remarks"])
    assert home_of_ada.get(f"/memory/{made.lesson}").status_code == 404
    by = {one["what"]: one["by"] for one in home_of_ada.told("/activity?by=people")["changes"]}
    assert by[f"Edit {made.fact}"] == by[f"Approve {made.waits}"] == by[f"Forget {made.lesson}"] == "ada"


def test_of_two_who_change_the_same_entry_the_slower_one_loses_nothing_they_wrote(home_of_ada: House) -> None:
    made, memory = home_of_ada.made, home_of_ada.forge.memory
    saw = home_of_ada.told(f"/memory/{made.fact}")["entry"]["saw"]
    memory.edit(made.fact, "The fiscal year ends in May.")
    page = home_of_ada.client.post(
        f"/memory/{made.fact}/edit", data={"text": "The fiscal year ends in July.", "saw": saw},
        headers={"authorization": f"Bearer {ADA}"},
    )  # fmt: skip
    assert page.status_code == 409
    assert "has changed since you looked at it" in page.text
    assert "The fiscal year ends in July." in page.text
    assert memory.get(made.fact).text == "The fiscal year ends in May."
    for act, more in (("forget", {}), ("edit", {"text": "x y z"})):
        assert home_of_ada.post(f"/memory/{made.fact}/{act}", saw=saw, **more).status_code == 409
    assert home_of_ada.post(f"/memory/{made.waits}/reject", saw=saw, reason="No.").status_code == 409


def test_the_persona_is_decided_about_edited_and_read_as_it_was(home_of_ada: House) -> None:
    page = home_of_ada.told("/persona")
    assert any("+- Put the result first" in line for line in page["diff"])
    home_of_ada.forge.memory.persona.edit("Answer in long sentences.\n")
    late = home_of_ada.post("/persona/approve", saw=page["saw"])
    assert (late.status_code, late.json()["status"]) == (409, 409)
    saw = home_of_ada.told("/persona")["saw"]
    assert home_of_ada.post("/persona/reject", saw=saw, reason="Too vague.").status_code == 200
    assert home_of_ada.told("/activity")["changes"][0]["why"] == "Too vague."
    saw = home_of_ada.told("/persona")["saw"]
    assert home_of_ada.post("/persona/edit", saw=saw, text="Be brief.\r\nBe kind.").status_code == 200
    assert home_of_ada.told("/persona")["text"] == "Be brief.\nBe kind.\n"
    first = home_of_ada.told("/persona")["history"][-1]["commit"]
    then = home_of_ada.told(f"/persona?version={first[:12]}")
    assert then["earlier"].startswith("Answer in short sentences.")
    assert any(line == "+Be brief." for line in then["since"])
    assert home_of_ada.get("/persona?version=0000000").status_code == 404


def test_a_night_shows_its_effect_and_is_taken_back_with_a_reason(home_of_ada: House) -> None:
    text = text_of(home_of_ada.get(f"/sleep/{NIGHT}"))
    assert "11 → 12 of 12 past tasks right" in text
    assert "− lost: total of invoice 9" in text
    assert home_of_ada.post(f"/sleep/{NIGHT}/undo", change="3").status_code == 422, "without a reason"
    assert home_of_ada.post(f"/sleep/{NIGHT}/undo", change="1", reason="Why not").status_code == 409, "it did nothing"
    done = home_of_ada.post(f"/sleep/{NIGHT}/undo", change="3", reason="I never said so.")
    assert done.status_code == 200, done.text
    assert home_of_ada.told(f"/sleep/{NIGHT}")["changes"][2]["undone"] is True
    assert home_of_ada.post(f"/sleep/{NIGHT}/undo", change="9", reason="x").status_code == 409
    assert home_of_ada.get("/sleep/never").status_code == 404


def test_activity_tells_who_and_why_and_whether_all_is_well(home_of_ada: House) -> None:
    told = home_of_ada.told("/activity")
    assert all(one["well"] for one in told["health"] if one["name"] != "Disk")
    assert {(one["kind"], one["status"]) for one in told["jobs"]} == {("forging", "queued"), ("sleep", "done")}
    people = home_of_ada.told("/activity?by=people")["changes"]
    assert all(one["by"] for one in people)
    approved = next(one for one in people if one["what"] == "Approve clean_phone")
    assert (approved["by"], approved["why"]) == ("ben", "Checked it against our customer list.")


def test_what_comes_from_an_origin_is_revoked_and_given_back(home_of_ada: House) -> None:
    page = home_of_ada.get("/lineage?of=tool:check_iban")
    assert "Take all of it out of use" in page.text
    form = {"csrf": PEOPLE[0].csrf, "origin": "tool:check_iban", "reason": "It passes too much."}
    cookie = {"cookie": f"agentforge-8430={PEOPLE[0].cookie}", "origin": ORIGIN}
    done = home_of_ada.client.post("/lineage/revoke", data=form, headers=cookie)
    assert done.status_code == 303, done.text
    said = home_of_ada.get(done.headers["location"])
    assert "tool:check_iban is revoked. Out of use: check_iban." in html.unescape(said.text)
    revoked = home_of_ada.told("/lineage")["revocations"][0]
    assert (revoked["by"], revoked["why"]) == ("ada", "It passes too much.")
    assert home_of_ada.told("/activity")["changes"][0]["why"] == "It passes too much."
    assert home_of_ada.post(f"/lineage/{revoked['id']}/undo").status_code == 200
    assert home_of_ada.post(f"/lineage/{revoked['id']}/undo").status_code == 409
    assert home_of_ada.post("/lineage/revoke", origin="no such thing", reason="x").status_code == 409


PRIVATE = {one.path for one in READS if one.private}


def test_roles(home_of_ada: House) -> None:
    paths = {"session": home_of_ada.made.session, "key": home_of_ada.made.fact, "night": NIGHT, "revocation": "r" * 13}
    assert {path.partition("/{")[0] for path in PRIVATE} == {"/sessions", "/memory", "/persona"}
    for room in READS:
        path = room.path.format(**paths)
        for token in (BEN, REX):
            for address in (path, f"/api/v1{path}"):
                answer = home_of_ada.get(address, token)
                assert answer.status_code == (403 if room.private else 200), (address, answer.text[:300])
                assert "fiscal" not in answer.text
        assert home_of_ada.get(path).status_code == 200
    head = home_of_ada.forge.opened.registry.head()
    for change in CHANGES:
        path = change.path.format(**paths)
        for token in (BEN, REX):
            answer = home_of_ada.post(path, token, text="x y", reason="x", origin="tool:clean_phone")
            assert answer.status_code == 403, path
            assert "may not" in answer.text
    assert home_of_ada.forge.opened.registry.head() == head


def test_no_change_without_a_value_that_only_our_forms_know(home_of_ada: House) -> None:
    head = home_of_ada.forge.opened.registry.head()
    cookie = {"cookie": f"agentforge-8430={PEOPLE[0].cookie}"}
    paths = {"key": home_of_ada.made.fact, "night": NIGHT, "revocation": "r" * 13}
    fields = {"text": "x y", "reason": "x", "origin": "tool:clean_phone"}
    for change in CHANGES:
        path = change.path.format(**paths)
        for csrf in ("", PEOPLE[1].csrf):
            answer = home_of_ada.client.post(path, data={**fields, "csrf": csrf}, headers={**cookie, "origin": ORIGIN})
            assert answer.status_code == 403, path
        elsewhere = {**cookie, "origin": "http://evil.example"}
        assert (
            home_of_ada.client.post(path, data={**fields, "csrf": PEOPLE[0].csrf}, headers=elsewhere).status_code == 403
        )
        assert home_of_ada.client.post(path, data=fields).status_code == 403, "without any token"
    assert home_of_ada.forge.opened.registry.head() == head


class RoomReader(Reader):
    """As on the other pages; a chart has tags of its own, which only our templates write."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = len(self.problems)
        super().handle_starttag(tag, attrs)
        if tag in ROOM_TAGS:
            self.problems[known:] = [one for one in self.problems[known:] if one != f"<{tag}>"]


FIT = [one for one in PAYLOADS if one.isprintable()]
"""What one line of printable characters can hold; memory refuses the others."""


def parcels(payloads: list[str]) -> list[str]:
    """The payloads in as few lines as memory takes them in."""
    lines = [""]
    for one in payloads:
        if len(lines[-1]) + len(one) > 250:
            lines.append("")
        lines[-1] = f"{lines[-1]} {one}".strip()
    return lines


def test_hostile_text_of_sessions_memory_persona_and_nights_is_shown_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(FIT) >= 40
    seen: dict[str, list[dict[str, int]]] = {}
    for name, mark in (("hostile", ""), ("harmless", "harmless")):
        monkeypatch.setenv("AGENTFORGE_HOME", str(tmp_path / name))
        every, lines = mark or "\n".join(PAYLOADS), [mark or one for one in parcels(FIT)]
        told = [lambda text, more=more: f"{text} {more}" for more in (every, mark or FIT[0])]
        with served(asyncio.run(lived(settings_here(), word=told[0], line=told[1]))) as it:
            memory = it.forge.memory
            kept = [memory.add(f"Customer {number} writes {one}") for number, one in enumerate(lines)]
            assert {one.outcome for one in kept} == {"accepted"}
            memory.persona.edit("\n".join(f"- {number} {one}" for number, one in enumerate(lines)))
            pages = [it.get(path) for path in (*it.pages, *(f"/memory/{one.entry.id}" for one in kept if one.entry))]
            assert [one.status_code for one in pages] == [200] * len(pages)
            read = [RoomReader(one.text) for one in pages]
            assert [problem for page in read for problem in page.problems] == []
            seen[name] = [page.tags for page in read]
            text = "\n".join(page.text for page in read)
            assert [one for one in PAYLOADS if not mark and hostile.plain(one) not in text] == []
    assert seen["hostile"] == seen["harmless"], "hostile text changed what a page is made of"


def test_every_link_of_every_room_leads_somewhere_here(home_of_ada: House) -> None:
    asked: set[str] = set()
    for path in home_of_ada.pages:
        page = home_of_ada.get(path).text
        assert RoomReader(page).problems == [], path
        asked |= {html.unescape(link) for link in re.findall(r'<a [^>]*href="([^"]*)"', page)}
    for link in sorted(asked):
        assert link.startswith(OUR_LINKS), link
        assert link.startswith("#") or home_of_ada.get(link).status_code == 200 or "fabcdefg" in link, link
