"""What is asked of models while forging: tests, candidates, repairs. Nothing is judged here.

Candidates of one forging share everything up to their last line (system prompt, rules, examples),
so that the server's prefix cache holds it; variety comes from temperature and from that last line.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeAlias

from agentforge.errors import ContextOverflow, ModelError
from agentforge.forge.cases import fenced, read_asserts
from agentforge.forge.composing import Imports
from agentforge.forge.spec import Spec, as_session, literals, numbered, render_example
from agentforge.models.prompts import render
from agentforge.models.protocol import Completion, Message, ModelClient
from agentforge.types import Example, JSONObject, Role, Usage

PROMPTS = (
    "forge_system",
    "forge_candidate",
    "forge_complete",
    "forge_dispute",
    "forge_network",
    "forge_repair",
    "forge_tests",
    "forge_toolbox",
)
"""The prompt files of a forging; their hashes are part of a tool's provenance."""

STOP = ("\n```\n",)
"""Everything behind the first fenced block is wasted tokens."""

CODE_STOP = (*STOP, "\nprint(", "\nif __name__", "\n# Example")
"""So is a demonstration behind a function. vLLM takes four stop sequences at the most."""

GIVEN = "given draft"
"""The origin of a draft that came with the need."""

Form: TypeAlias = Literal["rules", "stub"]
"""How a candidate is asked for: the rules as a list, or a function to complete."""

_STOPS = {Role.TEST: STOP, Role.GENERATE: CODE_STOP}
"""Another role may begin with a sketch, so that it is read to its end."""

CANDIDATE_TOKENS = 800
"""The most that one may have, whatever its rules."""
CODE_ROOM = 200
CODE_SLACK = 4
"""A candidate may have so many tokens, and so many more for each of its rules' tokens: of 938 kept answers that gave
all examples but one at the most, none was longer; an answer that rambles holds up its whole round.
"""
PLANNED_TOKENS = 2_000
"""The same where another role than ``generate`` writes: a stronger model may think aloud first."""
PLANNED_LEAST = 300
"""With less left of the budget it is not asked."""
TEST_TOKENS = 300
"""At the most: as the tests are needed once a candidate passes, an answer that rambles holds up the forging."""
TEST_SLACK = 2.0
"""A test may be so many times as long as an example of the user's, ``assert`` and arguments' names included."""
TEST_TEMPERATURE = 0.2


@dataclass(frozen=True, slots=True)
class Draft:
    """One answer of a generator, not yet looked at.

    ``origin`` tells how it was asked for; ``lineage`` is shared by a draft and all its repairs, so
    that they never count as independent of one another. ``role`` wrote it.
    """

    source: str
    origin: str
    lineage: int
    answer: str
    cut: bool
    usage: Usage
    seconds: float
    role: Role = Role.GENERATE


@dataclass(slots=True)
class Author:
    """Asks the models of one forging and adds up what they cost.

    ``modules`` are what a candidate may import beside the standard library, ``imports`` the tools that any candidate
    may, ``offered`` those that one of another role than ``generate`` may as well. ``budget`` is the most generated
    tokens of the forging: what another role than ``generate`` writes is cut to what is left of it.
    """

    models: ModelClient
    spec: Spec
    temperature: float
    parallel: int
    modules: tuple[str, ...] = ()
    imports: Imports = field(default_factory=Imports)
    offered: Imports = field(default_factory=Imports)
    budget: int = sys.maxsize
    spent: dict[Role, Usage] = field(default_factory=lambda: {})
    models_used: dict[Role, str] = field(default_factory=lambda: {})
    _lineages: Iterator[int] = field(default_factory=itertools.count)

    @property
    def usage(self) -> Usage:
        """What has been spent on this forging so far, all roles together."""
        return sum(self.spent.values(), Usage())

    @property
    def left(self) -> int:
        """Generated tokens that may still be spent."""
        return self.budget - self.usage.output_tokens

    async def tests(self, count: int) -> tuple[list[Example], str]:
        """Generated cases from the spec alone, and the answer they were read from."""
        names = list(self._parameters())
        prompt = render(
            "forge_tests",
            name=self.spec.name,
            signature=self.spec.need.signature,
            rules=numbered(self.spec.rules),
            examples=self._examples(),
            count=str(count),
            arguments=", ".join(f"{name}=..." for name in names),
        )
        completion = await self._ask(Role.TEST, prompt, self._test_tokens(count), TEST_TEMPERATURE, system="")
        return read_asserts(completion.text, self.spec.name, names), completion.text

    async def decide(self, role: Role, prompt: str, schema: JSONObject, **blanks: str) -> JSONObject:
        """One small decision about the spec (raises ModelError). What it cost is read from the client's own count."""
        spec, before = self.spec, self.models.usage.get(role, Usage())
        rules, examples = numbered(spec.rules), self._examples()
        text = render(prompt, name=spec.name, signature=spec.need.signature, rules=rules, examples=examples, **blanks)
        said = await self.models.decide(role, [Message("user", text)], schema, temperature=0.0)
        self.spent[role] = self.spent.get(role, Usage()) + (self.models.usage.get(role, Usage()) - before)
        self.models_used[role] = self.models.endpoint_name(role)
        return said

    def _test_tokens(self, count: int) -> int:
        """Room for ``count`` tests about as long as the user's examples; all there is where there are none."""
        longest = max((self.models.count(line) for line in self._example_lines()), default=TEST_TOKENS)
        return min(TEST_TOKENS, int(count * longest * TEST_SLACK))

    def _code_tokens(self) -> int:
        """Room for one candidate of role ``generate``."""
        rules = self.models.count(" ".join(self.spec.rules))
        return min(CANDIDATE_TOKENS, CODE_ROOM + CODE_SLACK * rules)

    def drafts(
        self,
        fresh: int,
        attempts: Sequence[tuple[Draft, str]] = (),
        *,
        form: Form = "rules",
        role: Role = Role.GENERATE,
    ) -> AsyncGenerator[Draft]:
        """``fresh`` independent drafts, asked for in one ``form``, and a repair of each of ``attempts`` (a draft and
        what went wrong; only visible failures may be given) by the role that wrote it: all at once, in the order in
        which they arrive.
        """
        repairs = [partial(self._repair, draft, failures) for draft, failures in attempts]
        return self._gather([partial(self._candidate, role, form)] * fresh + repairs)

    async def given(self) -> AsyncGenerator[Draft]:
        """The drafts that came with the need, each different one once."""
        for source in dict.fromkeys(self.spec.need.drafts):
            yield Draft(source, GIVEN, next(self._lineages), source, cut=False, usage=Usage(), seconds=0.0)

    async def _candidate(self, role: Role, form: Form) -> Draft:
        blanks = self._blanks(role)
        prompt = render("forge_candidate", **blanks) if form == "rules" else self._stub(blanks)
        return await self._draft(role, prompt, "candidate", next(self._lineages))

    def _stub(self, blanks: Mapping[str, str]) -> str:
        """The spec as a function to complete, with its examples as in an interactive session."""
        lines = [
            *self.spec.rules,
            "",
            *(line for example in self.spec.visible for line in as_session(self.spec.name, example)),
        ]
        body = "\n".join(f"    {line}".rstrip() for line in ('"""', *lines, '"""'))
        stub = f"def {self.spec.name}{self.spec.need.signature}:\n{body}"
        return render("forge_complete", stub=stub, constants=blanks["constants"])

    async def _repair(self, draft: Draft, failures: str) -> Draft:
        blanks = self._blanks(draft.role)
        prompt = render("forge_repair", source=draft.source.strip(), failures=failures, **blanks)
        return await self._draft(draft.role, prompt, "repair", draft.lineage)

    async def _draft(self, role: Role, prompt: str, origin: str, lineage: int) -> Draft:
        tokens = self._code_tokens() if role is Role.GENERATE else min(PLANNED_TOKENS, self.left)
        completion = await self._ask(role, prompt, tokens, self.temperature, system=render("forge_system"))
        return Draft(
            source=fenced(completion.text, holding=f"def {self.spec.name}("),
            origin=origin,
            lineage=lineage,
            answer=completion.text,
            cut=completion.stop == "max_tokens",
            usage=completion.usage,
            seconds=completion.seconds,
            role=role,
        )

    async def _ask(self, role: Role, prompt: str, tokens: int, temperature: float | None, *, system: str) -> Completion:
        room = self.models.context(role) - self.models.count(system + prompt) - 50
        if room < 100:
            raise ContextOverflow(
                f"The need {self.spec.name!r} does not fit the context of {self.models.endpoint_name(role)!r} "
                f"({self.models.context(role)} tokens).",
                fix="State it more briefly, or map the role to an endpoint with a larger context.",
            )
        completion = await self.models.complete(
            role,
            [Message("user", prompt)],
            system=system,
            max_tokens=min(tokens, room),
            temperature=temperature,
            stop=_STOPS.get(role, ()),
        )
        self.spent[role] = self.spent.get(role, Usage()) + completion.usage
        self.models_used[role] = completion.model
        return completion

    async def _gather(self, asked: Sequence[Callable[[], Awaitable[Draft]]]) -> AsyncGenerator[Draft]:
        """Drafts as they come; one that is cancelled while it waits for its turn was never begun. One that fails is
        dropped as long as another arrives; else its error is raised.
        """
        gate = asyncio.Semaphore(self.parallel)

        async def bounded(ask: Callable[[], Awaitable[Draft]]) -> Draft:
            async with gate:
                return await ask()

        tasks = [asyncio.create_task(bounded(ask)) for ask in asked]
        arrived, failure = 0, None
        try:
            for task in asyncio.as_completed(tasks):
                try:
                    draft = await task
                except ModelError as error:
                    failure = error
                    continue
                arrived += 1
                yield draft
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if failure is not None and not arrived:
            raise failure

    def _parameters(self) -> Sequence[str]:
        properties = self.spec.signature.parameters.get("properties")
        return list(properties) if isinstance(properties, dict) else []

    def _example_lines(self) -> list[str]:
        return [render_example(self.spec.name, example) for example in self.spec.visible]

    def _examples(self) -> str:
        return "\n".join(self._example_lines()) or "(none were given)"

    def _blanks(self, role: Role) -> dict[str, str]:
        return {
            "name": self.spec.name,
            "signature": self.spec.need.signature,
            "rules": numbered(self.spec.rules),
            "examples": self._examples(),
            "constants": self._constants() + self._toolbox(role),
        }

    def _constants(self) -> str:
        """Long literals once more, as code: a small model "completes" the ones that it has to spell itself.
        And what may be imported beside the standard library, where a package may.
        """
        lines = [f"{literal!r}" for literal in literals(self.spec.rules)]
        copied = "\nCopy these texts exactly where the rules use them:\n" + "\n".join(lines) + "\n" if lines else ""
        modules = ", ".join(self.modules)
        imports = f"\nBeside the standard library you may import: {modules}\n" if modules else ""
        return copied + imports + self._network()

    def _toolbox(self, role: Role) -> str:
        """The tools that a candidate may import, if any."""
        tools = self.imports if role is Role.GENERATE else self.imports + self.offered
        return f"\n{render('forge_toolbox', tools=tools.lines)}\n" if tools.tools else ""

    def _network(self) -> str:
        """How a candidate gets at the hosts that the need declares, if any."""
        hosts = ", ".join(self.spec.need.capabilities.hosts)
        return f"\n{render('forge_network', hosts=hosts)}\n" if hosts else ""
