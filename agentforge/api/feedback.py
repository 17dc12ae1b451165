"""What a person says of a call, and the repairs that follow: the part of the façade that learns from failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agentforge.api.opened import client_of, secrets_of
from agentforge.errors import ConfigurationError, UsageError
from agentforge.registry.contract import is_builtin_error
from agentforge.registry.schema import mismatches
from agentforge.settings import Settings
from agentforge.types import JSON, TOOL_NAME, JSONObject, Role

if TYPE_CHECKING:
    from agentforge.api.opened import Opened
    from agentforge.boxes.protocol import Box, Limits
    from agentforge.forge.learning import Learned, LearningParts
    from agentforge.memory.outcomes import Known, Outcomes, Repair
    from agentforge.models.protocol import ModelClient

Word: TypeAlias = Literal["good", "bad"]


class Unsaid:
    """Nothing was said of the right answer; None is an answer."""


UNSAID: Final = Unsaid()


@dataclass(frozen=True, slots=True)
class Learner:
    """Feedback and repairs of one user. ``tell`` hears of each step of a repair, in words for people."""

    opened: Opened
    settings: Settings
    given_models: ModelClient | None
    box: Callable[[], Awaitable[Box]]
    limits: Callable[[float], Limits]
    tell: Callable[[str], None]

    @property
    def outcomes(self) -> Outcomes:
        """What is known of this user's calls."""
        return self.opened.outcomes()

    async def feedback(
        self, word: Word, call: str | None, *, expected: JSON | Unsaid = UNSAID, raises: str | None = None
    ) -> Learned:
        """As :meth:`agentforge.Forge.feedback`."""
        known = await self.known(call)
        correction = await asyncio.to_thread(self._correction, word, known, expected, raises)
        kind = "confirmed" if word == "good" else "wrong"
        await asyncio.to_thread(self.outcomes.label, known, kind, by="user", expected=correction)
        if word == "bad" and known.version:
            await asyncio.to_thread(self.outcomes.queue, known)
        return await self.learn(known.id)

    async def known(self, call: str | None) -> Known:
        """As :meth:`agentforge.Forge.recorded_call`."""
        if call is None:
            return await asyncio.to_thread(self.outcomes.last_call)
        return await asyncio.to_thread(self.outcomes.call, call)

    async def learn(self, call: str) -> Learned:
        """Does all that follows from what is known of a call."""
        from agentforge.forge.learning import learn

        known = await asyncio.to_thread(self.outcomes.call, call)
        async with self._parts() as parts:
            return await learn(known, parts)

    async def repair(self, what: str | None = None) -> list[Learned]:
        """As :meth:`agentforge.Forge.repair`."""
        from agentforge.forge.learning import repair_pending

        if what is not None and not TOOL_NAME.fullmatch(what):
            return [await self.learn(what)]
        if what is not None and (found := await asyncio.to_thread(self._call_of, what)):
            return [await self.learn(found)]
        await asyncio.to_thread(self._refuse_unknown, what)
        await asyncio.to_thread(self._wait_again, what)
        async with self._parts() as parts:
            return await repair_pending(parts, what)

    async def waiting(self) -> list[Repair]:
        """The repairs that wait, for the program or for a person's answer, oldest first."""
        states = ("waiting", "asked")
        found = [await asyncio.to_thread(self.outcomes.repairs, state=state) for state in states]
        return sorted((job for jobs in found for job in jobs), key=lambda job: job.created)

    def _call_of(self, what: str) -> str:
        """``what`` where it is the id of a call and no name of a tool that has repairs to wait for."""
        if self.outcomes.repairs(state=None, name=what):
            return ""
        try:
            return self.outcomes.call(what).id
        except UsageError:
            return ""

    def _refuse_unknown(self, name: str | None) -> None:
        """Raises UsageError for a name of which there is neither a tool nor a repair."""
        from agentforge.errors import ToolInvalid, ToolNotFound

        if name is None or name in self.opened.registry.snapshot().states.tools:
            return
        if self.outcomes.repairs(state=None, name=name):
            return
        with suppress(ToolInvalid):
            try:
                self.opened.layers.find(name)
            except ToolNotFound:
                raise UsageError(
                    f"There is no tool and no call {name[:80]!r}.",
                    fix="`agentforge tools list` shows the tools; without a name all repairs that wait are tried.",
                ) from None

    def _wait_again(self, name: str | None) -> None:
        """A tool that is named is tried again, also where no repair was found before."""
        for job in self.outcomes.repairs(state="kept", name=name) if name is not None else ():
            self.outcomes.queue(self.outcomes.call(job.call))

    def _correction(self, word: Word, call: Known, expected: JSON | Unsaid, raises: str | None) -> JSONObject | None:
        """What a person expects, checked.

        Raises:
            UsageError: it makes no sense, or is just what the call gave.
        """
        said = not isinstance(expected, Unsaid)
        if word == "good" and (said or raises is not None):
            raise UsageError("An answer that is good needs no other one.", fix="Say 'bad', or leave it out.")
        if said and raises is not None:
            raise UsageError("A call either returns something or raises.", fix="Give one of the two.")
        if raises is not None:
            if not is_builtin_error(raises):
                raise UsageError(f"{raises[:80]!r} is no builtin exception.", fix="For example: ValueError")
            if raises == call.raised:
                raise UsageError(f"The call {call.id} raised just that.", fix="Say 'good'.")
            return {"raises": raises}
        if isinstance(expected, Unsaid):
            return None
        if call.status == "returned" and call.value == expected and type(call.value) is type(expected):
            raise UsageError(f"The call {call.id} returned just that.", fix="Say 'good'.")
        self._check_type(call, expected)
        return {"returns": expected}

    def _check_type(self, call: Known, expected: JSON) -> None:
        from agentforge.errors import ToolInvalid, ToolNotFound

        try:
            signature = self.opened.layers.find(call.tool).signature
        except (ToolNotFound, ToolInvalid):
            return
        if problems := mismatches(expected, signature.returns):
            declared = signature.text.rpartition("->")[2].strip()
            raise UsageError(f"{call.tool} returns {declared}, and that is none: {problems[0]}.")

    @asynccontextmanager
    async def _parts(self) -> AsyncGenerator[LearningParts]:
        from agentforge.forge.learning import LearningParts
        from agentforge.policy import policy_in_force

        own = self.settings.sandbox
        async with generating(self.settings, self.given_models) as models:
            yield LearningParts(
                outcomes=self.outcomes,
                registry=self.opened.registry,
                layers=self.opened.layers,
                box=self.box,
                settings=self.settings.forge,
                gates=self.settings.gates,
                models=models,
                secrets=secrets_of(self.settings),
                call_limits=self.limits(own.call_seconds),
                suite_limits=self.limits(own.suite_seconds),
                recordings=self.settings.recordings,
                policy=policy_in_force(self.settings.review, self.settings.registries / self.settings.org),
                tell=self.tell,
            )


@asynccontextmanager
async def generating(settings: Settings, given: ModelClient | None) -> AsyncGenerator[ModelClient | None]:
    """The models for a repair, while they are needed; None where no endpoint is set up that could write one."""
    if given is not None or not _generates(settings):
        yield given
        return
    models = client_of(settings)
    try:
        yield models
    finally:
        await models.aclose()


def _generates(settings: Settings) -> bool:
    try:
        settings.endpoint(Role.GENERATE)
    except ConfigurationError:
        return False
    return True
