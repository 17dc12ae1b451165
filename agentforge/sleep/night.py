"""One night, as the work of a job: what is new → proposals → each made in a copy, rehearsed, kept or dropped → report.

Everything that was found out is a step of the job's journal, and every commit names the job and its change, so that a
night which was cut off is taken up where it stood: models' answers are not paid twice, and each change is made once.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from agentforge.agent.origins import believed
from agentforge.errors import LimitReached, ModelError, ModelTimeout, ModelUnavailable, ToolInvalid
from agentforge.forge.journal import Journalled
from agentforge.jobs.protocol import Ending, Steps, Task
from agentforge.models.protocol import ModelClient
from agentforge.registry.layers import Layers
from agentforge.registry.repository import Registry
from agentforge.sleep.budget import MILLION, dearest, paid
from agentforge.sleep.parts import Copy, Made, NightParts, Proposal
from agentforge.sleep.rehearsal import Rehearsal
from agentforge.sleep.remembering import FromSession, new_sessions, of_persona
from agentforge.sleep.report import Done, Effect, Kind, Report, done_of, effect_of
from agentforge.sleep.standing import merges, unused
from agentforge.sleep.tasks import past_tasks, right
from agentforge.sleep.tools import due_tools
from agentforge.types import JSON, JSONObject, Role, State, Usage

SLEEP = "sleep"
"""The kind of these jobs."""

LEAST_TOKENS = 1_000
"""With less of its budget left a night begins nothing that costs."""


def proposals(since: str, until: str, parts: NightParts) -> list[Proposal]:
    """The changes that a night would try, in the order in which it does; nothing is asked or run. Blocks."""
    tried = {done.key for one in parts.earlier() for done in one.changes}
    standing = [*merges(parts), *unused(parts, datetime.fromisoformat(until).date())]
    return [
        *due_tools(believed(parts.truths, parts.registry), parts),
        *(one for one in standing if one.key not in tried),
        *new_sessions(since, until, parts),
        *of_persona(until, parts),
    ]


class Night:
    """Implements :class:`~agentforge.jobs.protocol.Work`."""

    def __init__(self, parts: Callable[[], Awaitable[NightParts]]) -> None:
        self._open = parts

    async def effect(self, task: Task) -> Ending | None:
        """None: a night has many effects, and each looks for itself whether it has happened."""
        del task

    async def run(self, task: Task) -> Ending:
        """Sleeps.

        Raises:
            ModelError, SandboxError, RegistryError, StorageError: it breaks off; what was done is kept.
        """
        report = await _Night(await self._open(), task).run()
        state = "limited" if report.limited else "done"
        return Ending("done", report.sentence, state, report.to_json())


class _Night:
    """The state of one :meth:`Night.run`."""

    def __init__(self, parts: NightParts, task: Task) -> None:
        self.parts = parts
        self.id = task.id
        self.journal: Steps = task.journal
        self.since, self.until = str(task.payload["since"]), str(task.payload["until"])
        self.budget = int(cast("int", task.payload["tokens"]))
        self.usd = float(cast("float", task.payload.get("usd") or 0.0))
        self.dearest = dearest(parts.settings)
        self.done: list[Done] = []
        self.began = time.monotonic()
        self.models = parts.models() if parts.models is not None and self._room() >= LEAST_TOKENS else None

    async def run(self) -> Report:
        parts = self.parts
        offered = await asyncio.to_thread(proposals, self.since, self.until, parts)
        by_key = {one.key: one for one in offered}
        kept = await self.journal.step("proposals", lambda: _given([*by_key]))
        keys = [str(key) for key in cast("list[JSON]", kept)]
        truths = await asyncio.to_thread(believed, parts.truths, parts.registry)
        revoked = parts.memory.known().revoked
        tasks = await asyncio.to_thread(past_tasks, truths, parts.outcomes, parts.settings.sleep.tasks, revoked)
        rehearsal = Rehearsal(tasks, truths, parts)
        first = await self._lived("before", rehearsal) if keys else 0
        left: list[str] = []
        for key in keys:
            proposal = by_key.get(key)
            if self._is_spent(costs=proposal is not None and proposal.costs):
                left.append(key)
                continue
            told = await self.journal.step(f"done/{key}", self._work(key, proposal, rehearsal))
            self.done.append(done_of(cast("JSONObject", told)))
        last = await self._lived("after", rehearsal) if keys else 0
        return Report(
            night=self.id,
            since=self.since,
            until=self._read_until(left, by_key),
            changes=tuple(self.done),
            tokens=self._tokens(),
            usd=self._paid(),
            seconds=round(time.monotonic() - self.began, 1),
            left=len(left),
            registry=await asyncio.to_thread(parts.layers.fingerprint),
            tasks=len(tasks),
            right_before=first,
            right_after=last,
        )

    def _work(self, key: str, proposal: Proposal | None, rehearsal: Rehearsal) -> Callable[[], Awaitable[JSON]]:
        async def work() -> JSON:
            return (await self._tried(key, proposal, rehearsal)).to_json()

        return work

    async def _tried(self, key: str, proposal: Proposal | None, rehearsal: Rehearsal) -> Done:
        """One change: made in a copy, rehearsed, and committed or dropped."""
        once = f"{self.id}.{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        if done := await self._committed_before(key, once, proposal):
            return done
        if proposal is None:
            return Done(key, _kind(key), key, "nothing", "It no longer applies.")
        self.parts.tell(f"{proposal.what} …")
        before = dict(self.models.usage) if self.models is not None else {}
        client = Journalled(self.models, _Prefixed(self.journal, key)) if self.models is not None else None
        async with self._copy() as copy:
            done = await self._in(copy, proposal, once, client, rehearsal)
        spent = _since(before, self.models)
        return replace(done, tokens=_all(spent), usd=paid(spent, self.parts.settings))

    async def _in(
        self, copy: Copy, proposal: Proposal, once: str, client: ModelClient | None, rehearsal: Rehearsal
    ) -> Done:
        told = Done(proposal.key, proposal.kind, proposal.what, "nothing")
        try:
            made = await proposal.make(copy, once, client)
        except (ToolInvalid, LimitReached) as error:
            made = error.message
        except ModelError as error:
            if isinstance(error, ModelUnavailable | ModelTimeout):
                raise  # nothing can be asked now; of any other the next change may go better
            made = error.message
        if isinstance(made, str):
            await asyncio.to_thread(proposal.settle, "")
            return replace(told, why=made)
        effect = await self._rehearsed(proposal, made, copy, rehearsal) if made.rehearsed else None
        if effect is not None and effect.lost:
            await asyncio.to_thread(proposal.settle, "")
            why = f"{len(effect.lost)} past tasks would no longer go right: {', '.join(effect.lost[:3])}."
            return replace(told, outcome="dropped", why=why, effect=effect)
        committed = await asyncio.to_thread(made.commit, once)
        await asyncio.to_thread(proposal.settle, made.tool)
        rehearsal.accept(made)
        return replace(
            told,
            outcome=committed.outcome or made.outcome,
            why=committed.why or made.why,
            commits=committed.commits,
            effect=effect,
        )

    async def _rehearsed(self, proposal: Proposal, made: Made, copy: Copy, rehearsal: Rehearsal) -> Effect:
        """Kept before anything is committed, so that the report of a night that was cut off then has it too."""

        async def work() -> JSON:
            return (await rehearsal.of(made, copy)).to_json()

        key = f"rehearsed/{proposal.key}/{made.version}"
        return effect_of(cast("JSONObject", await self.journal.step(key, work)))

    async def _committed_before(self, key: str, once: str, proposal: Proposal | None) -> Done | None:
        """A change of tools that an earlier process of this night committed before it could say so."""
        found = await asyncio.to_thread(self.parts.registry.effect, once)
        if found is None:
            return None
        tool = found.tool if found.state is State.LIVE else ""
        if proposal is not None:
            await asyncio.to_thread(proposal.settle, tool)
        kept = await self.journal.step(f"rehearsed/{key}/{found.version}", lambda: _given(Effect().to_json()))
        what = proposal.what if proposal is not None else f"{found.tool} is {found.state}"
        outcome = "waits" if found.state is State.PROPOSED else "kept"
        effect = effect_of(cast("JSONObject", kept))
        return Done(key, _kind(key), what, outcome, commits=(found.commit,), effect=effect)

    @asynccontextmanager
    async def _copy(self) -> AsyncGenerator[Copy]:
        """A copy of the user's registry as it stands, gone afterwards."""
        own, layers = self.parts.registry, self.parts.layers
        with tempfile.TemporaryDirectory(prefix="agentforge-sleep-") as folder:
            store = await asyncio.to_thread(own.store.copy, Path(folder) / "copy.git")
            with Registry(store, layer=own.layer) as registry:
                yield Copy(registry, Layers(registry, layers.base, layers.company), self._room())

    async def _lived(self, when: str, rehearsal: Rehearsal) -> int:
        async def work() -> JSON:
            return right(await rehearsal.now())

        return int(cast("int", await self.journal.step(when, work)))

    def _is_spent(self, *, costs: bool) -> bool:
        """Whether nothing of that kind is begun any more. A night that is taken up decides as it did before, since
        what was done before is counted again.
        """
        if time.monotonic() - self.began > self.parts.settings.sleep.seconds:
            return True
        return costs and (self.models is None or self._room() < LEAST_TOKENS)

    def _room(self) -> int:
        """The tokens that models may still take, of which none may cost more than the dearest does."""
        tokens = self.budget - self._tokens()
        if not self.usd or not self.dearest:
            return tokens
        return min(tokens, int((self.usd - self._paid()) / self.dearest * MILLION))

    def _tokens(self) -> int:
        return sum(one.tokens for one in self.done)

    def _paid(self) -> float:
        return round(sum(one.usd for one in self.done), 6)

    def _read_until(self, left: Sequence[str], by_key: dict[str, Proposal]) -> str:
        """Up to when everything was read: the next night goes on behind the last session that was."""
        unread = [one for key in left if isinstance(one := by_key.get(key), FromSession)]
        if not unread:
            return self.until
        read = [one.updated for one in by_key.values() if isinstance(one, FromSession) and one.key not in left]
        return max((each for each in read if each < unread[0].updated), default=self.since)


class _Prefixed:
    """The steps of one change among those of its night."""

    def __init__(self, journal: Steps, prefix: str) -> None:
        self._journal = journal
        self._prefix = prefix

    async def step(self, key: str, work: Callable[[], Awaitable[JSON]]) -> JSON:
        """As the journal of the night."""
        return await self._journal.step(f"{self._prefix}/{key}", work)


async def _given(value: JSON) -> JSON:
    return value


def _since(before: Mapping[Role, Usage], models: ModelClient | None) -> dict[Role, Usage]:
    """What a client has spent since, by role."""
    now: Mapping[Role, Usage] = models.usage if models is not None else {}
    return {role: used - before.get(role, Usage()) for role, used in now.items()}


def _all(spent: Mapping[Role, Usage]) -> int:
    return sum(used.input_tokens + used.output_tokens for used in spent.values())


def _kind(key: str) -> Kind:
    return cast("Kind", key.partition("/")[0])
