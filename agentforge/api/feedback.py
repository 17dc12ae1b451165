"""What a person says of a call, and what follows from it: the part of the façade that learns from failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from agentforge.api.opened import client_of, secrets_of
from agentforge.errors import AgentForgeError, ConfigurationError, UsageError
from agentforge.registry.contract import is_builtin_error
from agentforge.registry.schema import mismatches
from agentforge.settings import Settings
from agentforge.types import JSON, TOOL_NAME, JSONObject, Role

if TYPE_CHECKING:
    from agentforge.api.opened import Opened
    from agentforge.api.repairs import UserRepairs
    from agentforge.forge.learning import Learned, LearningParts
    from agentforge.forge.repair_work import Repairing
    from agentforge.memory.outcomes import Known, Outcomes
    from agentforge.memory.repairs import Repair
    from agentforge.models.protocol import ModelClient, Priority

Word: TypeAlias = Literal["good", "bad"]


class Unsaid:
    """Nothing was said of the right answer; None is an answer."""


UNSAID: Final = Unsaid()


@dataclass(frozen=True, slots=True)
class Learner:
    """Feedback and repairs of one user. What is given as ``tell`` hears of each step, in words for people."""

    opened: Opened
    settings: Settings
    given_models: ModelClient | None

    @property
    def outcomes(self) -> Outcomes:
        """What is known of this user's calls."""
        return self.opened.outcomes()

    @property
    def generates(self) -> bool:
        """Whether a model is set up that could write a repair."""
        return self.given_models is not None or generates(self.settings)

    async def feedback(
        self,
        word: Word,
        call: str | None,
        tell: Callable[[str], None],
        *,
        expected: JSON | Unsaid = UNSAID,
        raises: str | None = None,
    ) -> Learned:
        """As :meth:`agentforge.Forge.feedback`."""
        known = await self.known(call)
        correction = await asyncio.to_thread(self._correction, word, known, expected, raises)
        kind = "confirmed" if word == "good" else "wrong"
        await asyncio.to_thread(self.outcomes.label, known, kind, by="user", expected=correction)
        await asyncio.to_thread(self._keep, word, known, correction)
        return await self._learn(await self.known(known.id), tell)

    async def said(
        self,
        word: Word,
        where: tuple[str | None, str | None, int | None],
        tell: Callable[[str], None],
        *,
        expected: JSON | Unsaid,
        raises: str | None,
    ) -> Learned:
        """As :meth:`agentforge.Forge.feedback`; ``where`` is a call, or a session and a turn of it."""
        call, session, turn = where
        if session is None and turn is None:
            return await self.feedback(word, call, tell, expected=expected, raises=raises)
        if call is not None or session is None or raises is not None:
            raise UsageError("Feedback is on a call, or on the answer of a turn.", fix="Give 'session' and no 'call'.")
        return await self._on_answer(word, session, turn, tell, expected)

    async def _on_answer(
        self, word: Word, session: str, turn: int | None, tell: Callable[[str], None], expected: JSON | Unsaid
    ) -> Learned:
        from agentforge.agent.judging import gave_answer, keep, learn_of_call
        from agentforge.agent.told import value_text
        from agentforge.agent.verdicts import Verdict
        from agentforge.forge.learning import Learned

        truths = self.opened.truths()
        answered = await asyncio.to_thread(truths.answered, session, turn)
        if answered is None:
            raise UsageError(f"There is no answer of turn {turn or 'any'} in session {session[:80]!r}.")
        said = None if isinstance(expected, Unsaid) else value_text(expected)
        if word == "good" and said is not None:
            raise UsageError("An answer that is good needs no other one.", fix="Say 'bad', or leave it out.")
        verdict = Verdict("right" if word == "good" else "wrong", said)
        kept = await asyncio.to_thread(keep, truths, answered, verdict)
        if gave_answer(answered):
            done: list[Learned] = []
            await learn_of_call(partial(self.word, done=done), self.opened.layers, answered, verdict, tell)
            return done[0]
        told = "The right answer is kept." if kept is not None else "The word is kept; no right answer is known."
        return Learned("", "", "noted", f"Noted as {verdict.word}. {told}")

    async def word(
        self,
        word: Literal["right", "wrong"],
        call: str,
        expected: JSONObject | None,
        tell: Callable[[str], None],
        done: list[Learned] | None = None,
    ) -> str:
        """A word on the call that gave an answer (``agentforge.agent.parts.Learn``); ``done`` gets what came of it."""
        right = UNSAID if expected is None else expected["returns"]
        learned = await self.feedback("good" if word == "right" else "bad", call, tell, expected=right)
        if done is not None:
            done.append(learned)
        return learned.reason

    def _keep(self, word: Word, call: Known, correction: JSONObject | None) -> None:
        """What the word on a call says of the question that it answered, if it did."""
        from agentforge.agent.judging import gave_answer
        from agentforge.agent.told import value_text

        truths = self.opened.truths()
        answered = truths.answered_by(call.id)
        if answered is None or not gave_answer(answered):
            return
        told = correction.get("returns") if correction is not None and "returns" in correction else None
        expected = value_text(call.value) if word == "good" else None if told is None else value_text(told)
        truths.keep(answered, "right" if word == "good" else "wrong", expected)

    async def known(self, call: str | None) -> Known:
        """As :meth:`agentforge.Forge.recorded_call`."""
        if call is None:
            return await asyncio.to_thread(self.outcomes.last_call)
        return await asyncio.to_thread(self.outcomes.call, call)

    async def repair(self, what: str | None, tell: Callable[[str], None]) -> list[Learned]:
        """As :meth:`agentforge.Forge.repair`."""
        if what is not None and not TOOL_NAME.fullmatch(what):
            return [await self._learn(await self.known(what), tell)]
        if what is not None and (found := await self._call_of(what)):
            return [await self._learn(found, tell)]
        repairs = await self.opened.user_repairs()
        done: list[Learned] = []
        for one in await self._ready(repairs, what):
            try:
                done.append(await repairs.go_on(one, tell))
            except AgentForgeError as error:
                done.append(_waits_on(one, error))
        return done

    async def waiting(self) -> list[Repair]:
        """The repairs that wait, for the program or for a person's answer, oldest first."""
        return [one for one in await (await self.opened.user_repairs()).newest() if one.waits]

    def work(self, tell: Callable[[str], None], priority: Priority) -> Repairing:
        """The work of one repair."""
        from agentforge.forge.repair_work import Repairing

        return Repairing(self.opened.registry, lambda: self._parts(tell, priority))

    async def _learn(self, call: Known, tell: Callable[[str], None]) -> Learned:
        """What follows from a call, as a job where something may have to be repaired."""
        repairs = await self.opened.user_repairs()
        if call.version and call.word != "confirmed":
            return await repairs.of_call(call, tell)
        from agentforge.forge.learning import learn
        from agentforge.models.protocol import Priority

        async with self._parts(tell, Priority.AWAITED) as parts:
            learned = await learn(call, parts)
        await repairs.close(call.id, learned.reason)
        return learned

    async def _call_of(self, what: str) -> Known | None:
        """The call where ``what`` is its id and no name of a tool that ever had repairs."""
        if await (await self.opened.user_repairs()).newest(what):
            return None
        try:
            return await self.known(what)
        except UsageError:
            return None

    async def _ready(self, repairs: UserRepairs, name: str | None) -> list[Repair]:
        """What waits; a tool that is named is tried again, also where no repair was found before.

        Raises:
            UsageError: there is neither a tool nor a repair of that name.
        """
        found = await repairs.newest(name)
        if name is not None and not found:
            await asyncio.to_thread(self._refuse_unknown, name)
        again = [one for one in found if name is not None and (one.status, one.state) == ("done", "kept")]
        renewed = [await repairs.queue(await self.known(one.call)) for one in again]
        return [*(one for one in found if one.ready), *renewed]

    def _refuse_unknown(self, name: str) -> None:
        from agentforge.errors import ToolInvalid, ToolNotFound

        if name in self.opened.registry.snapshot().states.tools:
            return
        with suppress(ToolInvalid):
            try:
                self.opened.layers.find(name)
            except ToolNotFound:
                raise UsageError(
                    f"There is no tool and no call {name[:80]!r}.",
                    fix="`agentforge tools list` shows the tools; without a name all repairs that wait are tried.",
                ) from None

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
    async def _parts(self, tell: Callable[[str], None], priority: Priority) -> AsyncGenerator[LearningParts]:
        from agentforge.forge.learning import LearningParts
        from agentforge.policy import policy_of

        own, limits, policy = self.settings.sandbox, self.opened.limits, policy_of(self.settings)
        async with generating(self.settings, self.given_models) as models:
            yield LearningParts(
                outcomes=self.outcomes,
                registry=self.opened.registry,
                layers=self.opened.layers,
                box=self.opened.box,
                settings=self.settings.forge,
                gates=policy.gates,
                models=models and models.at(priority, lambda waiting: tell(str(waiting))),
                secrets=secrets_of(self.settings),
                call_limits=limits(own.call_seconds),
                suite_limits=limits(own.suite_seconds),
                recordings=self.settings.recordings,
                policy=policy,
                tell=tell,
            )


def _waits_on(repair: Repair, error: AgentForgeError) -> Learned:
    from agentforge.forge.learning import Learned

    return Learned(repair.call, repair.name, "waiting", f"It waits on: {error}")


@asynccontextmanager
async def generating(settings: Settings, given: ModelClient | None) -> AsyncGenerator[ModelClient | None]:
    """The models for a repair, while they are needed; None where no endpoint is set up that could write one."""
    if given is not None or not generates(settings):
        yield given
        return
    models = client_of(settings)
    try:
        yield models
    finally:
        await models.aclose()


def generates(settings: Settings) -> bool:
    """Whether an endpoint is set up that could write code."""
    try:
        settings.endpoint(Role.GENERATE)
    except ConfigurationError:
        return False
    return True
