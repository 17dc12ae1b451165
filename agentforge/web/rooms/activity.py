"""Activity: every change and decision with who and why, the jobs, and whether all is well."""

from __future__ import annotations

from pydantic import BaseModel

from agentforge.api import Forge
from agentforge.jobs.protocol import Record
from agentforge.web.rooms.room import PAGE, Asked, Read, minute

JOBS = 30


class Changed(BaseModel):
    """One commit: ``by`` is empty where it happened by itself."""

    commit: str
    time: str
    what: str
    about: str
    names: list[str]
    by: str
    why: str


class Job(BaseModel):
    """One piece of work in the background."""

    id: str
    kind: str
    name: str
    status: str
    state: str
    reason: str
    created: str
    updated: str
    session: str
    crashes: int


class Health(BaseModel):
    """One thing that is looked at."""

    name: str
    well: bool
    detail: str
    fix: str


class ActivityPage(BaseModel):
    """The log of one page, the newest jobs, and the state of all."""

    health: list[Health]
    jobs: list[Job]
    changes: list[Changed]
    decided: bool
    page: int
    more: bool


async def page(asked: Asked) -> ActivityPage:
    """All of it; jobs and health on the first page only."""
    decided, number = asked.query.get("by", "") == "people", asked.page
    jobs = await (await asked.forge.jobs()).list(JOBS) if number == 1 else []

    def read(forge: Forge) -> ActivityPage:
        activity = forge.activity
        found = activity.changes(PAGE + 1, (number - 1) * PAGE, decided=decided)
        return ActivityPage(
            health=[
                Health(name=one.name, well=one.well, detail=one.detail, fix=one.fix)
                for one in (activity.health() if number == 1 else ())
            ],
            jobs=[_job(one) for one in jobs],
            changes=[
                Changed(
                    commit=one.commit,
                    time=one.time.isoformat(),
                    what=one.what,
                    about=one.about,
                    names=list(one.names),
                    by=one.by,
                    why=one.why,
                )
                for one in found[:PAGE]
            ],
            decided=decided,
            page=number,
            more=len(found) > PAGE,
        )

    return await asked.of(read)


def _job(one: Record) -> Job:
    return Job(
        id=one.id,
        kind=one.kind,
        name=one.name,
        status=one.status,
        state=one.state,
        reason=one.reason,
        created=minute(one.created),
        updated=minute(one.updated),
        session=one.session,
        crashes=one.crashes,
    )


READS = (
    Read(
        "/activity",
        "activity.html",
        ActivityPage,
        "Changes, decisions, jobs and health",
        "activity",
        page,
        ("by", "page"),
    ),
)
