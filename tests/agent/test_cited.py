"""A stale tool is made anew before a turn uses it or does not answer, and an answer tells the passages behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from agentforge.agent.parts import AgentParts, Emit
from agentforge.errors import RegistryError
from agentforge.registry.stale import settle
from agentforge.registry.tool import Tool
from agentforge.result import Citation, result_of
from agentforge.types import State

from .conftest import Scene, roman_tool

PASSAGE = "d0123456789ab.0123456789abcdef"
QUESTION = "What number is the Roman numeral XL?"
CHOSEN = {"call": {"tool": "roman_to_int", "args": {"text": "XL"}}}


@dataclass
class Reading(Scene):
    """A scene whose tool cites a passage, and whose documents say ``here`` of which passages are there."""

    here: list[str] = field(default_factory=list)
    why: str = ""
    renewed: list[str] = field(default_factory=list)
    cite_error: RegistryError | None = None

    @property
    def parts(self) -> AgentParts:
        return replace(super().parts, renew=self.renew, cite=self.cite)

    async def renew(self, name: str, emit: Emit) -> str:
        self.renewed.append(name)
        if not self.why:
            self.here.append(PASSAGE)
            self.settle()
        return self.why

    async def cite(self, names: Sequence[str]) -> list[Citation]:
        if self.cite_error:
            raise self.cite_error
        return [Citation(name, "v", PASSAGE, "Numbers, Roman, lines 3–4") for name in names]

    def settle(self) -> None:
        settle(self.registry, lambda ids, rev: [one for one in ids if one in self.here])


def citing() -> Tool:
    tool = roman_tool()
    provenance = tool.manifest.provenance.model_copy(update={"sources": (f"passage:{PASSAGE}",)})
    return replace(tool, manifest=tool.manifest.model_copy(update={"provenance": provenance}))


@pytest.fixture
def reading(scene: Scene) -> Reading:
    found = Reading(scene.registry, scene.layers, scene.index, scene.episodes, scene.settings)
    found.registry.add(citing(), state=State.LIVE)
    return found


async def test_an_answer_tells_the_passages_behind_the_tools_that_it_used(reading: Reading) -> None:
    reading.script(CHOSEN, "It is 40.")
    told = await reading.run(QUESTION)
    [cite] = result_of(told.events).cites
    assert cite == Citation("roman_to_int", "v", PASSAGE, "Numbers, Roman, lines 3–4")
    assert reading.renewed == []


async def test_an_answer_without_tools_cites_nothing(reading: Reading) -> None:
    reading.script({"call": {"tool": "none"}}, {"kind": "answer_directly"}, "Hello.")
    assert "cites" not in (await reading.run(QUESTION)).last.data


async def test_passages_that_cannot_be_looked_up_cost_the_citation_and_not_the_answer(reading: Reading) -> None:
    reading.cite_error = RegistryError("It is damaged.")
    reading.script(CHOSEN, "It is 40.")
    told = await reading.run(QUESTION)
    assert (told.answer, told.last.data.get("cites")) == ("It is 40.", None)
    assert "cannot be looked up" in told.of("notice")[-1]["message"]


async def test_a_stale_tool_that_fits_is_made_anew_before_it_answers(reading: Reading) -> None:
    reading.settle()
    reading.script(CHOSEN, "It is 40.")
    told = await reading.run(QUESTION)
    assert (told.answer, reading.renewed) == ("It is 40.", ["roman_to_int"])
    assert "it is made anew" in told.of("notice")[0]["message"]


@pytest.mark.parametrize("free", [False, True])
async def test_one_that_could_not_be_made_anew_does_not_answer_and_is_not_even_offered(
    reading: Reading, free: bool
) -> None:
    reading.settle()
    reading.why = "no candidate passed"
    model = reading.script(*([] if free else [{"kind": "answer_directly"}]), "I do not know.", free=free)
    told = await reading.run(QUESTION)
    assert (told.answer, told.last.data["tools_used"]) == ("I do not know.", [])
    assert told.of("notice")[1]["message"] == (
        "roman_to_int does not answer, since it could not be made anew: no candidate passed."
    )
    assert "roman_to_int" not in str([request.ask for request in model.requests])


async def test_a_script_cannot_import_it_either(reading: Reading) -> None:
    reading.settle()
    reading.why = "no"
    code = "```python\nfrom toolbox import roman_to_int\nroman_to_int('XL')\n```"
    reading.script({"kind": "run_python"}, code, "```python\nprint(40)\n```", "It is 42.")
    told = await reading.run(QUESTION)
    assert sum("was made from has changed" in request.prompt for request in reading.model.requests) == 1
    assert told.last.type == "completed"


async def test_where_the_settings_say_so_it_answers_as_it_did(reading: Reading) -> None:
    reading.settle()
    reading.limit(stale_tools=True)
    model = reading.script(CHOSEN, "It is 40.")
    told = await reading.run(QUESTION)
    assert (told.answer, reading.renewed) == ("It is 40.", [])
    assert "(stale: the text that it was made from has changed since)" in model.requests[0].prompt
