"""What candidates are compared on: cases that the tester writes from the spec alone, and inputs near all known ones.

A grid that lost a cell is not among them: on what no tool of the need is for, two right ones may differ.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from agentforge.errors import ModelError
from agentforge.forge.author import Author
from agentforge.forge.domain import is_ragged
from agentforge.forge.leaks import tells_secret
from agentforge.forge.parts import Teller
from agentforge.forge.probes import neighbours
from agentforge.types import Example, JSONObject

GENERATED_CASES = 6


class Comparison:
    """Asks for the tests as soon as it is entered, before any candidate is asked for; the answer may arrive beside
    theirs, since it sees none of them. A tester that fails costs its cases and not the forging.

    ``cases`` and ``probes`` are complete once :meth:`ready` returned, ``answer`` is what the tester said.
    """

    def __init__(self, author: Author, teller: Teller) -> None:
        self.cases: list[Example] = []
        self.probes: list[JSONObject] = []
        self.answer = ""
        self._author = author
        self._step = teller.step
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._asking = asyncio.create_task(self._ask())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def ready(self) -> None:
        """Waits for the tester."""
        if self._asking is not None:
            await self._asking

    async def _ask(self) -> None:
        spec = self._author.spec
        self._step("tests", "writing tests from the spec")
        cases: list[Example] = []
        try:
            cases, self.answer = await self._author.tests(GENERATED_CASES)
        except ModelError as error:
            self._step("tests", f"no generated cases, because the tester failed: {error}")
        known = [example.args for example in (*spec.visible, *spec.held_out)]
        new = (case for case in cases if case.args not in known and not is_ragged(case.args, known))
        self.cases = [case for case in new if not tells_secret(case, spec.secrets)]
        near = neighbours([example.args for example in (*spec.visible, *self.cases)])
        self.probes = [args for args in near if not is_ragged(args, known)]
        self._step("tests", f"{len(self.cases)} generated cases, {len(self.probes)} probes")
