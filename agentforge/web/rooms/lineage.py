"""Lineage: what comes from a session, a source or a tool, and taking all of it out of use, or back."""

from __future__ import annotations

from urllib.parse import urlencode

from pydantic import BaseModel, Field

from agentforge.api import Forge
from agentforge.errors import UsageError
from agentforge.registry.lineage import Descent
from agentforge.web.rooms.room import Asked, Change, Made, Read, Why

PLACES = {"waiting": "proposed", "withdrawn": "taken out of the queue", "past": "an earlier version"}


class Branch(BaseModel):
    """One line of the tree: ``depth`` from 0; ``tool`` is empty where it is none."""

    depth: int
    what: str
    tool: str
    version: str
    places: list[str]
    again: bool


class Remembered(BaseModel):
    """What is remembered only because of it; the text only for those who may see it."""

    id: str
    text: str


class Revoked(BaseModel):
    """A revocation."""

    id: str
    origin: str
    time: str
    by: str
    why: str
    undone: bool


class Tree(BaseModel):
    """All that comes from one origin; without one, what was revoked."""

    origin: str
    kind: str
    ref: str
    rows: list[Branch]
    remembered: list[Remembered]
    revocation: str = Field(description="Under what it is revoked already; empty where it is not.")
    revocations: list[Revoked]


class Revoke(Why):
    """What is to be taken out of use: an origin as ``episode:ID``, ``source:ID`` or ``tool:NAME``."""

    origin: str = Field(min_length=3, max_length=300)


class GiveBack(BaseModel):
    """Nothing more is needed: the revocation keeps its own reason."""


async def tree(asked: Asked) -> Tree:
    """What comes from ``of``."""
    reference, sees = asked.word("of", 300), asked.person.may("see")

    def read(forge: Forge) -> Tree:
        lineage = forge.lineage
        revocations = [
            Revoked(id=key, origin=str(one.origin), time=one.time, by=one.approver, why=one.reason, undone=one.undone)
            for key, one in reversed(lineage.list().items())
        ]
        if not reference:
            return Tree(origin="", kind="", ref="", rows=[], remembered=[], revocation="", revocations=revocations[:50])
        family = lineage.tree(reference)
        found = lineage.remembered(str(family.origin))
        remembered = [Remembered(id=one.id, text=one.text if sees else "") for one in found.entries]
        remembered += [Remembered(id="persona", text=one.text if sees else "") for one in found.lines]
        return Tree(
            origin=str(family.origin),
            kind=family.origin.kind,
            ref=family.origin.ref,
            rows=[
                Branch(
                    depth=row.depth,
                    what=str(row.node) if row.node.kind != "tool" else row.node.name,
                    tool=row.node.name if row.node.kind == "tool" else "",
                    version=row.node.id.partition("@")[2],
                    places=[_place(one) for one in family.graph.places.get(row.node, ())],
                    again=row.again,
                )
                for row in family.rows
            ],
            remembered=remembered,
            revocation=family.revocation,
            revocations=revocations[:50],
        )

    return await asked.of(read)


def _place(one: Descent) -> str:
    return f"{one.now}" if one.place == "standing" else PLACES.get(one.place, one.place)


async def revoke(asked: Asked, given: Revoke) -> Made:
    """Takes all of it out of use in one commit."""

    def do(forge: Forge) -> Made:
        done = forge.lineage.revoke(given.origin, reason=given.reason, approver=asked.person.name)
        if not done.commit:
            raise UsageError(f"{done.origin} is revoked already ({done.id}): nothing was left to take.")
        taken = [*done.tools, *done.proposals, *done.memory]
        told = f"Out of use: {', '.join(taken)}." if taken else "Nothing that is in use came from it."
        address = f"/lineage?{urlencode({'of': str(done.origin)})}"
        did = f"{done.origin} is revoked. {told}"
        return Made(did=did, commit=done.commit, remarks=list(done.kept), address=address)

    return await asked.of(do)


async def undo(asked: Asked, given: GiveBack) -> Made:
    """Gives back what a revocation took."""
    del given  # holds nothing

    def do(forge: Forge) -> Made:
        done = forge.lineage.undo(asked.path["revocation"], approver=asked.person.name)
        if not done.commit:
            raise UsageError(f"Revocation {done.id} was undone before: nothing was changed.")
        back = ", ".join([*done.tools, *done.proposals, *done.memory]) or "nothing"
        return Made(
            did=f"The revocation of {done.origin} is undone. Back in use: {back}.",
            commit=done.commit,
            remarks=list(done.kept),
            address="/lineage",
        )

    return await asked.of(do)


READS = (
    Read(
        "/lineage",
        "lineage.html",
        Tree,
        "What comes from a session, source or tool; revocations",
        "activity",
        tree,
        ("of",),
    ),
)
CHANGES = (
    Change("/lineage/revoke", Revoke, "Takes what comes from an origin out of use", "revoke", revoke),
    Change("/lineage/{revocation}/undo", GiveBack, "Gives back what a revocation took", "revoke", undo),
)
