"""Who may decide what, from where, and that a decision falls on what was seen: through the pages and the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from agentforge.errors import UsageError
from agentforge.registry.history import Happening
from agentforge.types import State
from agentforge.web.catalogue import Entry

from .memory import ORIGIN, PEOPLE, MemoryCatalogue, app_of, make_tool

ADA, BEN, REX = PEOPLE
ACTS = ("approve", "reject", "quarantine", "retire", "release", "rollback")
MAY = {"ada": {*ACTS}, "ben": {"approve", "reject", "quarantine"}, "rex": set[str]()}


@pytest.fixture
def tools() -> MemoryCatalogue:
    """One tool that stands and one that waits."""
    return MemoryCatalogue(
        shown=[Entry(make_tool()), Entry(make_tool(name="slugify", summary="Make a slug.", state=State.PROPOSED))]
    )


def browser_of(tools: MemoryCatalogue, token: str) -> TestClient:
    """The browser of whoever has that token."""
    client = TestClient(app_of(tools), base_url=ORIGIN, follow_redirects=False, headers={"origin": ORIGIN})
    assert client.get("/", params={"token": token}).status_code == 303
    return client


def form(act: str, csrf: str, **changed: str) -> tuple[str, dict[str, str]]:
    """Where a decision is sent, and a whole form of it."""
    waits = act in ("approve", "reject")
    fields = {"csrf": csrf, "act": act, "version": "a" * 64, "state": "live", "reason": "It does what it says."}
    return ("/queue/slugify/1/decision" if waits else "/tools/parse_price/decision"), fields | changed


@pytest.mark.parametrize("person", PEOPLE, ids=lambda one: one.name)
@pytest.mark.parametrize("act", ACTS)
def test_a_role_covers_these_decisions_and_no_others(tools: MemoryCatalogue, person: Any, act: str) -> None:
    where, fields = form(act, person.csrf)
    answer = browser_of(tools, person.token).post(where, data=fields)
    if act in MAY[person.name]:
        assert answer.status_code == 303
        order = tools.orders[-1]
        assert (order.act, order.approver, order.reason) == (act, person.name, "It does what it says.")
        assert order.saw is not None
        assert order.saw.version == "a" * 64
    else:
        assert answer.status_code == 403
        assert f"A {person.role} may not" in answer.text
        assert tools.orders == []


@pytest.mark.parametrize(
    ("headers", "changed"),
    [
        ({"origin": "https://evil.example"}, {}),
        ({"origin": "null"}, {}),
        ({"origin": "http://127.0.0.1:9999"}, {}),
        ({"origin": "http://localhost:8430"}, {}),
        ({"origin": ""}, {}),
        ({"origin": ORIGIN, "sec-fetch-site": "cross-site"}, {}),
        ({"origin": ORIGIN, "sec-fetch-site": "same-site"}, {}),
        ({"origin": ORIGIN}, {"csrf": ""}),
        ({"origin": ORIGIN}, {"csrf": "0" * 64}),
        ({"origin": ORIGIN}, {"csrf": BEN.csrf}),
        ({"origin": ORIGIN}, {"csrf": "ü"}),
    ],
)
def test_a_form_that_is_not_ours_decides_nothing(
    tools: MemoryCatalogue, headers: dict[str, str], changed: dict[str, str]
) -> None:
    where, fields = form("approve", ADA.csrf)
    assert browser_of(tools, ADA.token).post(where, data=fields | changed, headers=headers).status_code == 403
    assert tools.orders == []


def test_without_any_origin_a_cookie_decides_nothing_and_a_token_does(tools: MemoryCatalogue) -> None:
    where, fields = form("approve", ADA.csrf)
    client = browser_of(tools, ADA.token)
    del client.headers["origin"]
    assert client.post(where, data=fields).status_code == 403
    client.cookies.clear()
    sent = {key: value for key, value in fields.items() if key in ("act", "version", "reason")}
    headers = {"authorization": f"Bearer {BEN.token}"}
    answer = client.post(f"/api/v1{where}", json=sent, headers=headers)
    assert answer.status_code == 200
    assert tools.orders[-1].approver == "ben"
    assert client.post(f"/api/v1{where}", json=sent, headers={"authorization": "Bearer x"}).status_code == 403


@pytest.mark.parametrize(
    ("act", "changed", "status"),
    [
        ("reject", {"reason": "  "}, 422),
        ("retire", {"reason": ""}, 422),
        ("approve", {"reason": "x" * 501}, 422),
        ("approve", {"version": ""}, 422),
        ("approve", {"version": "abc"}, 422),
        ("retire", {"version": "a" * 12}, 422),
        ("retire", {"state": ""}, 422),
        ("rollback", {"to": "; rm"}, 422),
        ("approve", {"act": "retire"}, 422),
        ("approve", {"act": "delete"}, 422),
        ("approve", {"reason": "x" * 20_000}, 413),
    ],
)
def test_a_decision_that_lacks_something_is_not_tried(
    tools: MemoryCatalogue, act: str, changed: dict[str, str], status: int
) -> None:
    where, fields = form(act, ADA.csrf)
    assert browser_of(tools, ADA.token).post(where, data=fields | changed).status_code == status
    assert tools.orders == []


@pytest.mark.parametrize(
    "body", [b"\xff", b"[]", b"{", b'{"act": 1}', b'{"act": "approve", "act": "reject"}', b"[[[[["]
)
def test_a_body_of_any_shape_is_survived(tools: MemoryCatalogue, body: bytes) -> None:
    client = TestClient(app_of(tools), base_url=ORIGIN, headers={"authorization": f"Bearer {ADA.token}"})
    headers = {"content-type": "application/json"}
    answer = client.post("/api/v1/queue/slugify/1/decision", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]


def test_what_was_seen_and_has_changed_is_refused_with_what_happened(tools: MemoryCatalogue) -> None:
    moment = datetime(2026, 11, 28, 9, tzinfo=UTC)
    first = Happening("1" * 40, moment, "Propose slugify", "a" * 64, "", "")
    second = Happening("2" * 40, moment, "Reject slugify/1", "a" * 64, "", "", "ben", "It forgets umlauts.")
    tools.happened = [second, first]
    tools.refuses = UsageError("The proposal slugify/1 was decided by somebody else meanwhile.")
    where, fields = form("approve", ADA.csrf, commit=first.commit)
    answer = browser_of(tools, ADA.token).post(where, data=fields)
    assert answer.status_code == 409
    for told in ("slugify was not approved", "decided by somebody else", "by <b>ben</b>", "It forgets umlauts."):
        assert told in answer.text
    assert "Propose slugify" not in answer.text, "that was there before"
    assert "It does what it says." in answer.text, "what was typed is not lost"


def test_the_page_offers_what_the_role_and_the_state_allow(tools: MemoryCatalogue) -> None:
    offered = {
        person.name: [
            act for act in ACTS if f'value="{act}"' in browser_of(tools, person.token).get("/tools/parse_price").text
        ]
        for person in PEOPLE
    }
    assert offered == {"ada": ["quarantine", "retire"], "ben": ["quarantine"], "rex": []}
    assert 'value="approve"' in browser_of(tools, BEN.token).get("/queue").text
    assert 'value="approve"' not in browser_of(tools, REX.token).get("/queue").text


def test_after_a_decision_the_queue_goes_on_and_says_what_was_done(tools: MemoryCatalogue) -> None:
    tools.shown = [Entry(make_tool(name=name, state=State.PROPOSED)) for name in ("aaa", "bbb", "ccc")]
    client = browser_of(tools, ADA.token)
    _, fields = form("approve", ADA.csrf)
    answer = client.post("/queue/bbb/1/decision", data=fields)
    tools.shown = [tools.shown[0], tools.shown[2]]
    page = client.get(answer.headers["location"]).text
    assert "<h1>ccc</h1>" in page
    assert "2 of 2 waiting" in page
    assert "All is well." in page
    assert "All is well." not in client.get("/queue?done=" + "e" * 40).text


@pytest.mark.parametrize(
    ("at", "shown"),
    [("", "aaa"), ("aaa/1", "aaa"), ("bbb/1", "ccc"), ("zzz/9", "last one"), ("end", "last one"), ("<b>", "aaa")],
)
def test_any_place_in_the_queue_is_a_page(tools: MemoryCatalogue, at: str, shown: str) -> None:
    tools.shown = [Entry(make_tool(name=name, state=State.PROPOSED)) for name in ("aaa", "ccc")]
    answer = browser_of(tools, ADA.token).get("/queue", params={"at": at})
    assert answer.status_code == 200
    assert shown in answer.text.partition("<h1>")[2].partition("</h1>")[0]


def test_an_empty_queue_says_what_to_do_next(tools: MemoryCatalogue) -> None:
    tools.shown = []
    page = browser_of(tools, ADA.token).get("/queue").text
    assert "Nothing waits for you" in page
    assert "agentforge run -p" in page


def test_the_list_is_filtered_and_paged(tools: MemoryCatalogue) -> None:
    tools.shown = [Entry(make_tool(name=f"tool_{number:03d}", unconfirmed=number == 7)) for number in range(120)]
    client = browser_of(tools, ADA.token)
    first, last = client.get("/").text, client.get("/?page=99").text
    assert "Page 1 of 3, 120 tools" in first
    assert "tool_049" in first
    assert "tool_050" not in first
    assert "Page 3 of 3" in last
    assert "tool_119" in last
    assert "tool_007" in (only := client.get("/?kind=unconfirmed").text)
    assert "tool_008" not in only
    assert "Nothing matches these filters" in client.get("/?layer=company").text


def test_the_openapi_document_tells_every_route_and_the_answers_fit(tools: MemoryCatalogue) -> None:
    from agentforge.web.programs import API, openapi
    from agentforge.web.rooms.doors import CHANGES, READS

    client = TestClient(app_of(tools), base_url=ORIGIN, headers={"authorization": f"Bearer {REX.token}"})
    told = client.get("/api/v1/openapi.json").json()
    assert told == openapi()
    routes = {path.removeprefix(API) for path in told["paths"]}
    assert routes == {
        "/tools", "/tools/{name}", "/tools/{name}/decision", "/queue", "/queue/{name}/{number}",
        "/queue/{name}/{number}/decision", *(one.path for one in (*READS, *CHANGES)),
    }  # fmt: skip
    for path in ("/tools", "/tools/parse_price", "/queue", "/queue/slugify/1"):
        answer = client.get(f"/api/v1{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
    assert client.get("/api/v1/queue/slugify/2").status_code == 404
    assert client.get("/api/v1/tools/nothing").json()["status"] == 404
    assert client.get("/api/v1/nothing").json()["status"] == 404
