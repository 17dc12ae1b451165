"""The routes of all rooms: for each page one that renders it, one that gives it as JSON, and its OpenAPI entry."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agentforge.api import Forge
from agentforge.web.catalogue import OpenCatalogue
from agentforge.web.deciding import NOT_DONE
from agentforge.web.orders import OrderRefusedError, fields_of
from agentforge.web.people import Person
from agentforge.web.rooms import activity, learning, lineage, memory, nights, persona, sessions
from agentforge.web.rooms.room import Asked, Change, Made, Read

READS: Final[tuple[Read, ...]] = (
    *(*sessions.READS, *learning.READS, *memory.READS, *persona.READS),
    *(*nights.READS, *activity.READS, *lineage.READS),
)
CHANGES: Final[tuple[Change, ...]] = (*memory.CHANGES, *persona.CHANGES, *nights.CHANGES, *lineage.CHANGES)
MOST_BYTES: Final = 65_536
"""Largest request that changes something: a persona of 4,000 characters, each escaped."""
KEPT: Final = 200
"""So many changes are remembered for the page that is shown after each."""

Render: TypeAlias = "Callable[..., Response]"
"""Fills a template for a request: (request, template, status, blanks)."""
Told: TypeAlias = "Callable[[int, str, str], Response]"
"""A refusal as JSON: status, one sentence, what to do."""


class Doors:
    """The routes. ``forge`` is read and changed; ``open_catalogue`` keeps requests that read it apart."""

    def __init__(self, forge: Forge, open_catalogue: OpenCatalogue, render: Render, problem: Told) -> None:
        self._forge = forge
        self._open = open_catalogue
        self._render = render
        self._problem = problem
        self._made: OrderedDict[str, Made] = OrderedDict()

    def pages(self) -> list[Route]:
        """For people."""
        return [
            *(Route(one.path, self._page(one), methods=["GET"]) for one in READS),
            *(Route(one.path, self._form(one), methods=["POST"]) for one in CHANGES),
        ]

    def programs(self) -> list[Route]:
        """For programs, without the common beginning."""
        return [
            *(Route(one.path, self._told(one), methods=["GET"]) for one in READS),
            *(Route(one.path, self._order(one), methods=["POST"]) for one in CHANGES),
        ]

    def _page(self, room: Read) -> Any:
        async def page(request: Request) -> Response:
            value = await self._value(room, request)
            said = self._made.get(request.query_params.get("said", ""))
            blanks = {"page": value, "said": said, "here": room.here, "room": room}
            return await asyncio.to_thread(self._render, request, room.template, 200, blanks)

        return page

    def _told(self, room: Read) -> Any:
        async def told(request: Request) -> Response:
            return _json(await self._value(room, request))

        return told

    def _form(self, change: Change) -> Any:
        async def form(request: Request) -> Response:
            asked = self._asked(request)
            given = await fields_of(request, asked.person, MOST_BYTES)
            address = _address(request.url.path, given.pop("back", ""))
            try:
                made = await self._change(change, asked, given)
            except NOT_DONE as error:
                blanks = {
                    "error": error,
                    "again": address,
                    "given": _words(given),
                    "here": "",
                    "summary": change.summary,
                }
                return await asyncio.to_thread(self._render, request, "conflict.html", 409, blanks)
            key = made.commit or f"none-{len(self._made)}"
            self._made[key] = made
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
            address = made.address or address
            return RedirectResponse(f"{address}{'&' if '?' in address else '?'}said={key}", status_code=303)

        return form

    def _order(self, change: Change) -> Any:
        async def order(request: Request) -> Response:
            asked = self._asked(request)
            given = await fields_of(request, asked.person, MOST_BYTES)
            try:
                return _json(await self._change(change, asked, given))
            except NOT_DONE as error:
                return self._problem(409, error.message, error.fix)

        return order

    async def _value(self, room: Read, request: Request) -> BaseModel:
        asked = self._asked(request)
        if room.private and not asked.person.may("see"):
            raise OrderRefusedError(
                403, f"A {asked.person.role} may not see this: it is what was said to the agent, or what it remembers.",
                "Ask an administrator of these pages.",
            )  # fmt: skip
        return await room.read(asked)

    async def _change(self, change: Change, asked: Asked, given: Mapping[str, str]) -> Made:
        if not asked.person.may(change.right):
            raise OrderRefusedError(
                403, f"A {asked.person.role} may not do this: {change.summary[0].lower()}{change.summary[1:]}.",
                "Ask an administrator of these pages.",
            )  # fmt: skip
        try:
            body = change.body.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors()[0]
            named = ".".join(map(str, first["loc"])) or "body"
            raise OrderRefusedError(422, f"What was sent is not complete: {named}: {first['msg']}.") from None
        return await change.do(asked, body)

    def _asked(self, request: Request) -> Asked:
        person: Person = request.state.person
        path = {name: str(value) for name, value in request.path_params.items()}
        return Asked(self._forge, self._open, person, path, dict(request.query_params))


def _address(path: str, back: str) -> str:
    """The page from which a form came: the one above the form's own, or one of ours that it names."""
    rooms = [one.path for one in READS if "{" not in one.path]
    if back.partition("?")[0] in rooms:
        return back
    return path.rpartition("/")[0]


def _words(given: Mapping[str, str]) -> list[str]:
    """What a person wrote, so that it is not lost."""
    return [given[name] for name in ("text", "when", "reason") if given.get(name)]


def _json(value: BaseModel) -> Response:
    return Response(value.model_dump_json(), media_type="application/json")
