"""From a form or a program's JSON to a decision: who may, what is missing, what they saw."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast, get_args
from urllib.parse import parse_qsl

from starlette.requests import Request

from agentforge.registry.review import SHORTEST_HASH, Saw
from agentforge.types import TOOL_NAME, Layer, State
from agentforge.web.catalogue import Order
from agentforge.web.guard import bearer
from agentforge.web.people import Act, Person

MOST_BYTES: Final = 16_384
"""Largest request that decides something: a reason is one line."""

_HASH = re.compile(rf"[0-9a-f]{{{SHORTEST_HASH},64}}")
_ACTS: Final = frozenset(get_args(Act))


class OrderRefusedError(Exception):
    """A decision that was not tried: an HTTP status, one sentence, and what to do."""

    def __init__(self, status: int, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Offer:
    """A decision that may be made where a tool stands. ``needs`` says that it wants a reason."""

    act: Act
    label: str
    effect: str
    needs: bool = True


_APPROVE = Offer("approve", "Approve", "It goes live with everything listed under “What it may do”.", needs=False)
_REJECT = Offer("reject", "Reject", "It is taken away; the reason stays in the tool's history.")
_QUARANTINE = Offer("quarantine", "Quarantine", "Sets it aside at once, until it is released.")
_RETIRE = Offer("retire", "Retire", "Takes it out of use; git keeps it, and it can be released.")
_RELEASE = Offer("release", "Release", "Makes the version that stands live again.")
_ROLLBACK = Offer("rollback", "Roll back", "The version that stood before stands again; once more undoes it.")
_OFFERS: Mapping[State, tuple[Offer, ...]] = {
    State.PROPOSED: (_APPROVE, _REJECT),
    State.LIVE: (_QUARANTINE, _RETIRE, _ROLLBACK),
    State.QUARANTINED: (_RELEASE, _RETIRE, _ROLLBACK),
    State.RETIRED: (_RELEASE, _QUARANTINE, _ROLLBACK),
}


def offers(person: Person, state: str, layer: str, *, own: str = Layer.USER, older: bool = True) -> tuple[Offer, ...]:
    """What this person may do with a tool of the ``own`` layer; without ``older`` versions nothing is rolled back."""
    if layer != own:
        return ()
    return tuple(one for one in _OFFERS[State(state)] if person.may(one.act) and (older or one.act != "rollback"))


async def order_of(request: Request, person: Person, name: str, number: int = 0) -> Order:
    """The decision that a request asks for, from a form or from JSON.

    Raises:
        OrderRefusedError: it does not come from a form of ours, is too large or malformed, the person's role does not
            cover it, or it names no reason or not what was seen.
    """
    given = await fields_of(request, person)
    act = given.get("act", "")
    if act not in _ACTS or (act in ("approve", "reject")) != bool(number) or not TOOL_NAME.fullmatch(name):
        raise OrderRefusedError(422, "There is no such decision here.", "Use the buttons of the page.")
    if not person.may(act):
        raise OrderRefusedError(
            403, f"A {person.role} may not {_told(act)} tools.", "Ask an administrator of these pages."
        )
    reason = given.get("reason", "").strip()
    if not reason and act != "approve":
        raise OrderRefusedError(
            422, f"To {_told(act)} a tool needs a reason.", "Say it in one sentence: it is kept in the history."
        )
    if len(reason) > 500:
        raise OrderRefusedError(422, "The reason is longer than 500 characters.", "Say it in a sentence or two.")
    version, state, commit, to = (given.get(key, "") for key in ("version", "state", "commit", "to"))
    if not _HASH.fullmatch(version) or any(one and not _HASH.fullmatch(one) for one in (commit, to)):
        raise OrderRefusedError(
            422, "The decision does not name the version that was seen.", "Open the page again and decide there."
        )
    if not number and (len(version) != 64 or state not in list(State)):
        raise OrderRefusedError(422, "The decision does not name the whole version and the state that were seen.")
    return Order(cast("Act", act), name, person.name, number, Saw(state, version), reason, commit, to)


async def fields_of(request: Request, person: Person, most: int = MOST_BYTES) -> dict[str, str]:
    """The named texts of a form, or of a program's JSON object.

    Raises:
        OrderRefusedError: it does not come from a form of ours, is longer than ``most`` bytes, or malformed.
    """
    given = _fields(await _body(request, most), request.headers.get("content-type", ""))
    sent = request.headers.get("x-csrf-token", given.get("csrf", ""))
    if not bearer(request) and not hmac.compare_digest(sent.encode(), person.csrf.encode()):
        raise OrderRefusedError(
            403, "This form is not from this server, or too old.", "Open the page again and decide there."
        )
    return given


def _told(act: str) -> str:
    return "roll back" if act == "rollback" else act


async def _body(request: Request, most: int) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise OrderRefusedError(413, "The request is too large.")
    return body


def _fields(body: bytes, kind: str) -> dict[str, str]:
    """Named texts of a form or of a JSON object; a name that is given twice is an error."""
    try:
        text = body.decode()
        if kind.partition(";")[0].strip().lower() == "application/json":
            pairs = json.loads(text, object_pairs_hook=list)
        else:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=20)
        given = dict(pairs)
        if len(given) == len(pairs) and all(isinstance(part, str) for pair in pairs for part in pair):
            return given
    except (ValueError, TypeError, RecursionError):
        pass
    raise OrderRefusedError(400, "The request is malformed.", "Send a form, or a JSON object of texts.")
