"""Carrying a taken job to its end: signs of life, the effect that happens once, and one reason when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from agentforge.errors import (
    AgentForgeError,
    ForgeFailed,
    ModelTimeout,
    ModelUnavailable,
    RegistryConflict,
    SandboxBusy,
    StorageError,
)
from agentforge.jobs import protocol
from agentforge.jobs.journal import Journal
from agentforge.jobs.protocol import MOST_CRASHES, Ending, Record, Store, Task, Work
from agentforge.types import JSONObject

PASSING = (ModelUnavailable, ModelTimeout, SandboxBusy, RegistryConflict)
"""Failures that say nothing about the job: where pauses are given, it is tried again after each."""


async def carry(store: Store, record: Record, work: Work, *, pauses: Sequence[float] = ()) -> Ending:
    """Runs a job that the caller has just taken, ends it and returns how.

    ``pauses`` are seconds to wait before each further try after a passing failure. When this is cancelled
    the job is given back, for whoever takes it up next; the caller may cancel the job instead.

    Raises:
        ForgeFailed: a person cancelled the job, or somebody else took it over.
        AgentForgeError: what the work raised; the job has ended with it.
        StorageError: its end could not be written; it will be taken up again.
    """
    alive = asyncio.create_task(_do(store, record, work, pauses))
    signs = asyncio.create_task(_signs_of_life(store, record, alive))
    try:
        ending, error = await alive
    except asyncio.CancelledError:
        if signs.done() and not _asked_to_stop():
            raise await _no_longer_ours(store, record) from None
        alive.cancel()
        await asyncio.gather(alive, return_exceptions=True)
        with suppress(StorageError):  # then its lease runs out
            await asyncio.shield(asyncio.to_thread(store.release, record.id, record.takes))
        raise
    finally:
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)
    ended = await asyncio.to_thread(store.finish, record.id, record.takes, ending)
    if not ended and ending.status != "done":  # what is done is done, whoever may say so
        raise await _no_longer_ours(store, record) from error
    if error is not None:
        raise error
    return ending


async def _do(
    store: Store, record: Record, work: Work, pauses: Sequence[float]
) -> tuple[Ending, AgentForgeError | None]:
    """The end of the job, and the exception that led to it, if any."""
    task = Task(record.id, record.name, record.payload, await Journal.open(store, record.id))
    error: AgentForgeError | None = None
    try:
        if done := await work.effect(task):
            return done, None
        if record.crashes >= MOST_CRASHES:
            reason = f"It was given up: {record.crashes} times the process that ran it ended in the middle of it."
            return await _broken_off(store, record, reason), None
        ending = await _tried(work, task, pauses)
    except AgentForgeError as raised:
        error, ending = raised, await _broken_off(store, record, str(raised))
    except Exception as raised:  # noqa: BLE001 - a defect of ours ends this job, and not the worker with all others
        reason = f"Something is wrong inside AgentForge: {type(raised).__name__}: {raised}."
        error = AgentForgeError(
            reason.replace("..", "."), fix="Please report it with the output of AGENTFORGE_DEBUG=1."
        )
        error.__cause__ = raised
        ending = await _broken_off(store, record, error.message)
    if ending.status == "failed":
        with suppress(AgentForgeError):  # a registry that cannot be read: a retry asks again
            if done := await work.effect(task):
                return done, None  # another process finished it meanwhile
    return ending, error


async def _tried(work: Work, task: Task, pauses: Sequence[float]) -> Ending:
    for pause in pauses:
        with suppress(*PASSING):
            ending = await work.run(task)
            if ending.status == "done" or not ending.keep_steps:
                return ending
        await asyncio.sleep(pause)
    return await work.run(task)


async def _broken_off(store: Store, record: Record, reason: str) -> Ending:
    """What was paid for is kept, for people to look at and for a retry."""
    answers: JSONObject = {}
    with suppress(StorageError):
        answers = dict(await asyncio.to_thread(store.steps, record.id))
    return Ending("failed", reason, "failed", artefacts={"steps": answers} if answers else {}, keep_steps=True)


async def _signs_of_life(store: Store, record: Record, alive: asyncio.Task[object]) -> None:
    """Renews the lease until the job is somebody else's, and then stops the work."""
    while True:
        await asyncio.sleep(protocol.RENEW_SECONDS)
        with suppress(StorageError):  # locked for a moment: the lease lasts for several tries
            if not await asyncio.to_thread(store.renew, record.id, record.takes):
                alive.cancel()
                return


async def _no_longer_ours(store: Store, record: Record) -> ForgeFailed:
    now = await asyncio.to_thread(store.get, record.id)
    what = f"The {record.kind} of {record.name} (job {record.id})"
    if now is None:
        return ForgeFailed(f"{what} was erased.", job=record.id)
    if now.status == "cancelled":
        return ForgeFailed(f"{what} was cancelled.", job=record.id)
    return ForgeFailed(
        f"{what} was taken over by another process.", job=record.id, fix=f"See 'agentforge jobs show {record.id}'."
    )


def _asked_to_stop() -> bool:
    """Whether the running task itself was cancelled, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
