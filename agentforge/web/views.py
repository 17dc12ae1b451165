"""The pages for people. Each works without script; every decision is an ordinary form."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from agentforge.errors import AgentForgeError, ToolNotFound
from agentforge.web import hostile, listing, pages
from agentforge.web.catalogue import Catalogue, Entry, OpenCatalogue
from agentforge.web.deciding import Deciding, Stale
from agentforge.web.guard import SECURITY_HEADERS
from agentforge.web.orders import OrderRefusedError, offers
from agentforge.web.people import Person
from agentforge.web.programs import API, problem

_HERE = Path(__file__).resolve().parent
_STATUS = {1: 500, 2: 404, 3: 500, 4: 503, 7: 503}
ROOMS: Final = (
    ("sessions", "Sessions", True),
    ("learning", "Learning", False),
    ("memory", "Memory", True),
    ("persona", "Persona", True),
    ("sleep", "Sleep", False),
    ("activity", "Activity", False),
)
"""The rooms beside tools and queue, for the head of every page: their address, name, and whether they are private."""
END = "end"
"""The place behind the last one of the queue."""


class Views:
    """The pages; holds the templates, which are read once."""

    def __init__(self, open_catalogue: OpenCatalogue, deciding: Deciding, *, rooms: bool = False) -> None:
        self.open_catalogue = open_catalogue
        self.deciding = deciding
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=hostile.finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        given = {"address_of": listing.address_of, "quoted": _quoted, "rooms": ROOMS if rooms else ()}
        self.templates.globals.update(given)  # pyright: ignore[reportUnknownMemberType] - Jinja leaves its type open

    def tools(self, request: Request) -> Response:
        """The list, filtered and searched."""
        given = request.query_params
        wish = listing.Wish.of(*(given.get(key, "") for key in ("q", "state", "layer", "kind", "page")))
        with self.open_catalogue() as catalogue:
            found = listing.listing(catalogue, wish)
            blanks = {"found": found, "wish": wish, "kinds": listing.KINDS, "layers": listing.LAYERS}
            return self._page(request, catalogue, "tools.html", here="tools", **blanks)

    def tool(self, request: Request) -> Response:
        """One version of one tool."""
        name, version = request.path_params["name"], request.query_params.get("version", "")
        with self.open_catalogue() as catalogue:
            entry = catalogue.entry(name, version)
            if entry is None:
                raise ToolNotFound(f"No tool is called {name[:80]!r} here.", fix="See the list of all tools.")
            page = self._tool_page(catalogue, entry)
            person: Person = request.state.person
            allowed = (
                () if entry.shadowed or entry.number else offers(person, page.state, page.layer, older=_older(page))
            )
            return self._page(request, catalogue, "tool.html", here="tools", tool=page, offers=allowed, entry=entry)

    def compare(self, request: Request) -> Response:
        """Two versions of a tool side by side, or the form that chooses them."""
        name = request.path_params["name"]
        old, new = (request.query_params.get(key, "")[:64] for key in ("from", "to"))
        with self.open_catalogue() as catalogue:
            entry = catalogue.entry(name)
            if entry is None:
                raise ToolNotFound(f"No tool is called {name[:80]!r} here.", fix="See the list of all tools.")
            diff = pages.file_diffs(catalogue.compared(name, old, new)) if old and new else ()
            known = catalogue.versions(entry.tool)
            blanks = {"name": name, "old": old, "new": new, "diff": diff, "versions": known}
            return self._page(request, catalogue, "compare.html", here="tools", **blanks)

    def queue(self, request: Request) -> Response:
        """One thing that waits, with everything needed to decide."""
        at = request.query_params.get("at", "")
        with self.open_catalogue() as catalogue:
            waiting = catalogue.queue()
            problem = catalogue.policy_problem()
            place = _place(waiting, at)
            if place == len(waiting):
                return self._page(request, catalogue, "idle.html", here="queue", waiting=waiting, problem=problem)
            target = waiting[place]
            difference = catalogue.waiting(target)
            one, person = difference.pending, request.state.person
            page = None
            if one.tool is not None:
                page = self._tool_page(catalogue, Entry(one.tool, number=one.number), difference)
            blanks = {
                "tool": page,
                "one": pages.proposed(difference),
                "name": one.name,
                "version": one.version,
                "seen": _newest(catalogue, one.name),
                "place": place + 1,
                "waiting": waiting,
                "problem": problem,
                "before": _queue(waiting[place - 1]) if place else "",
                "after": _queue(waiting[place + 1] if place + 1 < len(waiting) else END),
                "allowed": {offer.act: offer for offer in offers(person, "proposed", "user")},
            }
            return self._page(request, catalogue, "queue.html", here="queue", **blanks)

    async def decide_waiting(self, request: Request) -> Response:
        """Approves or rejects a proposal, and goes on to the next one."""
        name, number = request.path_params["name"], request.path_params["number"]
        came = await self.deciding.ask(request, name, number)
        if isinstance(came, Stale):
            return self._stale(request, came, _queue(came.order.target))
        return RedirectResponse(f"{_queue(came.order.target)}&done={came.decision.commit}", status_code=303)

    async def decide_standing(self, request: Request) -> Response:
        """Moves a tool that stands, and shows it."""
        name = request.path_params["name"]
        came = await self.deciding.ask(request, name)
        address = f"/tools/{quote(name, safe='')}"
        if isinstance(came, Stale):
            return self._stale(request, came, address)
        return RedirectResponse(f"{address}?done={came.decision.commit}", status_code=303)

    def room(self, request: Request, template: str, code: int, blanks: Mapping[str, object]) -> Response:
        """A page of one of the other rooms (:mod:`agentforge.web.rooms`); blocks."""
        with self.open_catalogue() as catalogue:
            return self._page(request, catalogue, template, code, **blanks)

    def refusal(self, request: Request, status: int, message: str, fix: str) -> Response:
        """One sentence and what to do; as JSON where a program asks."""
        if request.scope["path"].startswith(f"{API}/"):
            return problem(status, message, fix)
        return self._render("message.html", status, status=status, message=message, fix=fix, **_NOBODY)

    def no_such(self, request: Request, error: Exception) -> Response:
        """No such page, or a method that it does not have."""
        status = error.status_code if isinstance(error, HTTPException) else 400
        said = {404: "There is no such page.", 405: "This page can only be read."}
        return self.refusal(request, status, said.get(status, "That request makes no sense here."), "")

    def refused(self, request: Request, error: Exception) -> Response:
        """A decision that was not tried."""
        known = error if isinstance(error, OrderRefusedError) else OrderRefusedError(400, str(error))
        return self.refusal(request, known.status, known.message, known.fix)

    def failed(self, request: Request, error: Exception) -> Response:
        """What the program knows to say: one sentence and a fix."""
        known = error if isinstance(error, AgentForgeError) else AgentForgeError(str(error))
        return self.refusal(request, _STATUS.get(known.exit_code, 500), known.message, known.fix)

    def crashed(self, request: Request, _: Exception) -> Response:
        """A defect of ours; the server logs it. Answered outside all middleware, hence the headers."""
        page = self.refusal(request, 500, "This page failed.", "The terminal that runs 'agentforge web' says why.")
        page.headers.update(SECURITY_HEADERS)
        return page

    def _stale(self, request: Request, came: Stale, again: str) -> Response:
        with self.open_catalogue() as catalogue:
            since = [pages.happening(one) for one in came.since]
            blanks = {"error": came.error, "order": came.order, "since": since, "again": again}
            return self._page(
                request, catalogue, "stale.html", 409, here="queue" if came.order.number else "tools", **blanks
            )

    @staticmethod
    def _tool_page(catalogue: Catalogue, entry: Entry, difference: pages.Difference | None = None) -> pages.ToolPage:
        tool = entry.tool
        if difference is None and entry.number:
            difference = catalogue.waiting(f"{tool.name}/{entry.number}")
        known = sorted({row.name for row in catalogue.shelf().rows})
        packages = catalogue.packages(tool)
        versions = catalogue.versions(tool)
        return pages.tool_page(entry, versions, known, packages, catalogue.dossier(tool), difference)

    def _page(
        self, request: Request, catalogue: Catalogue, template: str, code: int = 200, /, **blanks: object
    ) -> Response:
        person: Person = request.state.person
        done = self.deciding.made(request.query_params.get("done", ""))
        whole = {"who": catalogue.owner, "person": person, "done": done, "waits": len(catalogue.queue()), "said": None}
        return self._render(template, code, **{**whole, **blanks})

    def _render(self, template: str, code: int = 200, /, **blanks: object) -> Response:
        return HTMLResponse(self.templates.get_template(template).render(**blanks), code)


def _quoted(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="")


_NOBODY: Final = {"who": "", "person": None, "done": None, "waits": 0, "here": "", "said": None}


def _queue(target: str) -> str:
    return f"/queue?{urlencode({'at': target})}"


def _place(waiting: list[str], at: str) -> int:
    """Where in the queue ``at`` is, or what comes after it where it is there no longer; the number of all of them at
    the end.
    """
    if not at:
        return 0
    if at == END:
        return len(waiting)
    return bisect_left([_key(one) for one in waiting], _key(at))


def _key(target: str) -> tuple[str, int]:
    name, _, number = target.partition("/")
    return name, int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 0


def _newest(catalogue: Catalogue, name: str) -> str:
    happened = catalogue.history(name)
    return happened[0].commit if happened else ""


def _older(page: pages.ToolPage) -> bool:
    """Whether another version stood before: only then can it be rolled back."""
    return any(row.version and not page.version.startswith(row.version) for row in page.versions)
