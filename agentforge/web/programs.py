"""The JSON API: what the pages show and decide, for programs, under ``/api/v1`` with an OpenAPI document.

A program sends a person's token as ``Authorization: Bearer …`` and acts as that person. Texts are given as they are,
not made safe to show: that is up to whoever shows them.
"""

from __future__ import annotations

from typing import Any, Final, Literal, cast

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentforge.errors import ToolNotFound
from agentforge.registry.history import Happening
from agentforge.registry.pending import gates_of
from agentforge.registry.tool import Tool
from agentforge.types import JSON
from agentforge.web import listing
from agentforge.web.catalogue import Catalogue, Entry, Listed, OpenCatalogue
from agentforge.web.deciding import Deciding, Stale
from agentforge.web.openapi import document
from agentforge.web.orders import offers
from agentforge.web.people import Act, Person
from agentforge.web.rooms.doors import CHANGES, READS
from agentforge.web.rooms.room import Made

API: Final = "/api/v1"


class Happened(BaseModel):
    """One thing that happened to a tool."""

    commit: str
    time: str = Field(description="ISO 8601 with offset.")
    what: str
    version: str
    state: str
    by: str = Field(description="Who decided it; empty where it happened by itself.")
    why: str


class Line(BaseModel):
    """A tool in the list."""

    name: str
    summary: str
    signature: str
    state: Literal["live", "proposed", "quarantined", "retired"]
    layer: Literal["user", "company", "base"]
    version: str
    pure: bool = Field(description="Whether it reaches nothing beyond its arguments.")
    unconfirmed: bool
    stale: bool
    shadowed: bool


class Lines(BaseModel):
    """One page of the list."""

    tools: list[Line]
    total: int = Field(description="Tools in this state that were found.")
    page: int
    pages: int
    counts: dict[str, int] = Field(description="Tools that were found, by state.")
    problems: list[str]


class GateLine(BaseModel):
    """One check of a report, as the report claims it."""

    gate: str
    verdict: str
    summary: str


class Page(BaseModel):
    """A tool with everything that its page tells."""

    name: str
    summary: str
    signature: str
    state: Literal["live", "proposed", "quarantined", "retired"]
    layer: Literal["user", "company", "base"]
    version: str
    unconfirmed: bool
    stale: bool
    pinned: bool
    reason: str
    reaches: list[str]
    seen: list[str]
    gates: list[GateLine]
    examples: list[dict[str, Any]]
    source: str
    tests: str
    requests: list[str]
    provenance: dict[str, Any]
    passages: list[str]
    near: list[str]
    needed_by: list[str]
    credit: float | None
    history: list[Happened]
    commit: str = Field(description="The newest commit of the tool: send it along with a decision.")
    may: list[Act] = Field(description="What whose token it is may decide here.")


class Waits(BaseModel):
    """What waits, in the order of deciding."""

    count: int
    targets: list[str] = Field(description="NAME/N each.")
    problem: str = Field(description="What is wrong with the company's review policy; empty where nothing is.")


class Proposal(BaseModel):
    """One thing that waits, with everything needed to decide."""

    target: str
    name: str
    number: int
    version: str
    standing: str = Field(description="The version that stands; empty where none does.")
    reason: str = Field(description="Why it waits.")
    more: list[str] = Field(description="Rights beyond those of the version that stands.")
    less: list[str]
    passed_on: list[str] = Field(description="Live tools that need it and so come to reach these.")
    doubts: list[str]
    obstacles: list[str] = Field(description="Why it cannot be approved.")
    diff: dict[str, list[str]]
    commit: str
    may: list[Act]
    tool: Page | None


class Decided(BaseModel):
    """A decision that was made: one commit."""

    name: str
    did: str
    state: str
    version: str
    commit: str
    remarks: list[str]


class Refused(BaseModel):
    """Why a request came to nothing; ``since`` is what happened to the tool since it was looked at."""

    status: int
    message: str
    fix: str
    since: list[Happened] = []


class DecideWaiting(BaseModel):
    """A decision about what waits. ``reason`` is needed to reject."""

    act: Literal["approve", "reject"]
    version: str = Field(pattern="^[0-9a-f]{7,64}$", description="The version that was looked at.")
    reason: str = Field(default="", max_length=500)
    commit: str = Field(default="", pattern="^([0-9a-f]{7,64})?$")


class DecideStanding(BaseModel):
    """A decision about a tool that stands; it falls on the version and state that were looked at, or not at all."""

    act: Literal["quarantine", "retire", "release", "rollback"]
    version: str = Field(pattern="^[0-9a-f]{64}$")
    state: Literal["live", "quarantined", "retired"]
    reason: str = Field(min_length=1, max_length=500)
    commit: str = Field(default="", pattern="^([0-9a-f]{7,64})?$")
    to: str = Field(default="", pattern="^([0-9a-f]{7,64})?$", description="Version of a roll back.")


def problem(status: int, message: str, fix: str) -> Response:
    """A refusal as JSON."""
    return _answer(Refused(status=status, message=message, fix=fix), status)


class Programs:
    """The routes of the API."""

    def __init__(self, open_catalogue: OpenCatalogue, deciding: Deciding) -> None:
        self.open_catalogue = open_catalogue
        self.deciding = deciding

    def routes(self) -> list[Route]:
        """All of them, without their common beginning."""
        return [
            Route("/openapi.json", self.openapi, methods=["GET"]),
            Route("/tools", self.tools, methods=["GET"]),
            Route("/tools/{name}", self.tool, methods=["GET"]),
            Route("/tools/{name}/decision", self.decide_standing, methods=["POST"]),
            Route("/queue", self.queue, methods=["GET"]),
            Route("/queue/{name}/{number:int}", self.waiting, methods=["GET"]),
            Route("/queue/{name}/{number:int}/decision", self.decide_waiting, methods=["POST"]),
        ]

    def openapi(self, _: Request) -> Response:
        """What is here, as an OpenAPI document."""
        return JSONResponse(openapi())

    def tools(self, request: Request) -> Response:
        """The list, filtered and searched."""
        given = request.query_params
        wish = listing.Wish.of(*(given.get(key, "") for key in ("q", "state", "layer", "kind", "page")))
        with self.open_catalogue() as catalogue:
            found = listing.listing(catalogue, wish)
        return _answer(
            Lines(
                tools=[_line(row) for row in found.rows],
                total=found.total,
                page=found.wish.page,
                pages=found.pages,
                counts={tab.label: tab.count for tab in found.tabs},
                problems=list(found.problems),
            )
        )

    def tool(self, request: Request) -> Response:
        """One tool."""
        name = request.path_params["name"]
        with self.open_catalogue() as catalogue:
            entry = catalogue.entry(name, request.query_params.get("version", ""))
            if entry is None:
                raise ToolNotFound(f"No tool is called {name[:80]!r} here.")
            return _answer(_page(catalogue, entry, request.state.person))

    def queue(self, _: Request) -> Response:
        """What waits."""
        with self.open_catalogue() as catalogue:
            waiting = catalogue.queue()
            return _answer(Waits(count=len(waiting), targets=waiting, problem=catalogue.policy_problem()))

    def waiting(self, request: Request) -> Response:
        """One thing that waits."""
        target = f"{request.path_params['name']}/{request.path_params['number']}"
        person: Person = request.state.person
        with self.open_catalogue() as catalogue:
            if target not in catalogue.queue():
                raise ToolNotFound(f"{target[:80]} does not wait.", fix="The queue lists what does.")
            found = catalogue.waiting(target)
            one = found.pending
            page = _page(catalogue, Entry(one.tool, number=one.number), person) if one.tool else None
            happened = catalogue.history(one.name)
        return _answer(
            Proposal(
                target=one.target,
                name=one.name,
                number=one.number,
                version=one.version,
                standing=found.standing,
                reason=one.reason,
                more=list(one.more),
                less=list(found.less),
                passed_on=list(one.passed_on),
                doubts=list(one.doubts),
                obstacles=[*filter(None, [one.stale]), *one.problems],
                diff={file: list(lines) for file, lines in found.files.items()},
                commit=happened[0].commit if happened else "",
                may=[offer.act for offer in offers(person, "proposed", "user")],
                tool=page,
            )
        )

    async def decide_waiting(self, request: Request) -> Response:
        """Approves or rejects what waits."""
        return await self._decided(request, request.path_params["number"])

    async def decide_standing(self, request: Request) -> Response:
        """Moves what stands."""
        return await self._decided(request, 0)

    async def _decided(self, request: Request, number: int) -> Response:
        came = await self.deciding.ask(request, request.path_params["name"], number)
        if isinstance(came, Stale):
            since = [_happened(one) for one in came.since]
            told = Refused(status=409, message=came.error.message, fix=came.error.fix, since=since)
            return _answer(told, 409)
        done = came.decision
        return _answer(
            Decided(
                name=done.name,
                did=done.did,
                state=done.state,
                version=done.version,
                commit=done.commit,
                remarks=list(done.remarks),
            )
        )


def openapi() -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    return document(
        API,
        reads={
            "/tools": (Lines, "The tools, by search and filters", ("q", "state", "layer", "kind", "page")),
            "/tools/{name}": (Page, "One tool with everything that its page tells", ("version",)),
            "/queue": (Waits, "What waits for a person", ()),
            "/queue/{name}/{number}": (Proposal, "One thing that waits", ()),
            **{one.path: (one.answer, one.summary, one.query) for one in READS},
        },
        decisions={
            "/tools/{name}/decision": (DecideStanding, Decided, "Quarantine, retire, release or roll back a tool"),
            "/queue/{name}/{number}/decision": (DecideWaiting, Decided, "Approve or reject a proposal"),
            **{one.path: (one.body, Made, one.summary) for one in CHANGES},
        },
        refused=Refused,
    )


def _line(row: Listed) -> Line:
    return Line(
        name=row.name,
        summary=row.summary,
        signature=row.signature,
        state=row.state.value,
        layer=row.layer.value,
        version=row.version,
        pure=row.pure,
        unconfirmed=row.unconfirmed,
        stale=row.stale,
        shadowed=row.shadowed,
    )


def _page(catalogue: Catalogue, entry: Entry, person: Person) -> Page:
    tool: Tool = entry.tool
    known = catalogue.dossier(tool)
    allowed = () if entry.shadowed else offers(person, tool.state, tool.layer)
    return Page(
        name=tool.name,
        summary=tool.manifest.summary,
        signature=tool.manifest.signature,
        state=tool.state.value,
        layer=tool.layer.value,
        version=tool.version,
        unconfirmed=tool.unconfirmed,
        stale=bool(tool.stale),
        pinned=known.pinned,
        reason=known.reason,
        reaches=list(known.reaches),
        seen=list(known.seen),
        gates=[GateLine(gate=gate, verdict=verdict, summary=says) for gate, verdict, says in gates_of(tool)],
        examples=[
            {
                "args": one.args,
                "returns": one.returns,
                "raises": one.raises,
                "source": one.source,
                "held_out": one.held_out,
            }
            for one in tool.examples
        ],
        source=tool.source,
        tests=tool.tests,
        requests=list(tool.manifest.requests),
        provenance=cast("dict[str, JSON]", tool.manifest.provenance.model_dump(mode="json")),
        passages=[one.citation for one in known.passages],
        near=[name for name, _ in known.near],
        needed_by=list(known.users),
        credit=known.credit,
        history=[_happened(one) for one in known.history],
        commit=known.history[0].commit if known.history else "",
        may=[offer.act for offer in allowed],
    )


def _happened(one: Happening) -> Happened:
    return Happened(
        commit=one.commit,
        time=one.time.isoformat(),
        what=one.what,
        version=one.version,
        state=one.state,
        by=one.approver,
        why=one.reason,
    )


def _answer(value: BaseModel, status: int = 200) -> Response:
    return Response(value.model_dump_json(), status, media_type="application/json")
