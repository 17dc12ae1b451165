"""What candidates do in a real box: the same answer twice or not, and recordings instead of the network."""

from __future__ import annotations

import pytest

from agentforge.boxes.network.recordings import Exchange
from agentforge.boxes.protocol import Box, Limits
from agentforge.forge.agreement import grouped
from agentforge.forge.author import Draft
from agentforge.forge.evidence import SUITE_FETCHES, Candidate, Workshop, examine, probe, run_all
from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.fuzz import same_answer_twice
from agentforge.forge.gates.submission import Forged, LiveTools, submit
from agentforge.forge.spec import make_spec
from agentforge.settings import GateSettings
from agentforge.types import Capabilities, Example, GateResult, JSONObject, Need, Usage

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEED = Need("list_words", "(text: str) -> list[str]", "List each word once.", (Example({"text": "a"}, ["a"]),))
PROBES: list[JSONObject] = [{"text": " ".join(f"{first}{n}" for n in range(5))} for first in "abcdef"]

UNORDERED = "def list_words(text: str) -> list[str]:\n    return list(set(text.split()))\n"
SORTED = "def list_words(text: str) -> list[str]:\n    return sorted(set(text.split()))\n"


async def twice(box: Box, source: str) -> GateResult:
    spec, shop = make_spec(NEED), Workshop(box, Limits(10.0))
    draft = Draft(source, "candidate", 0, source, False, Usage(), 0.0)
    candidate: Candidate = await examine(draft, spec, shop, round=0)
    await probe(candidate, spec, [], PROBES, shop)
    assert candidate.eligible, candidate
    forged = Forged(spec, grouped([candidate])[0], 1, tester_is_generator=True)
    submission = submit(forged, [], shop, Limits(), GateSettings(fuzz_inputs=0), LiveTools())
    return await same_answer_twice(Bench(submission))


async def test_a_tool_whose_answer_depends_on_the_order_of_a_set_of_texts_is_rejected(bubblewrap_box: Box) -> None:
    result = await twice(bubblewrap_box, UNORDERED)
    assert (result.gate, result.verdict) == ("same answer twice", "failed")
    assert "list_words(text='a0 a1 a2 a3 a4')" in str(result.evidence["differing"])
    assert "it depends on the order of a set" in result.summary


async def test_one_that_sorts_passes(bubblewrap_box: Box) -> None:
    result = await twice(bubblewrap_box, SORTED)
    assert (result.verdict, result.evidence["inputs"]) == ("passed", 1 + len(PROBES))


async def test_a_candidate_that_fetches_gets_what_was_recorded_and_nothing_else(bubblewrap_box: Box) -> None:
    source = "from toolbox import fetch\ndef rate(day):\n    return fetch('https://rates.test/' + day)['text']\n"
    url = "https://rates.test/monday"
    answer: JSONObject = {"status": 200, "url": url, "headers": {}, "text": "7"}
    shop = Workshop(
        bubblewrap_box, Limits(10.0), Capabilities(hosts=("rates.test",)), (Exchange(("GET", url, (), ""), answer),)
    )
    known, unknown = await run_all(source, "rate", [{"day": "monday"}, {"day": "sunday"}], shop)
    assert (known.status, known.value) == ("returned", "7")
    assert (unknown.status, unknown.error) == ("raised", "PermissionError")
    assert unknown.message.startswith("No recording answers GET https://rates.test/sunday.")
    tests = "from tool import rate\ndef test_it():\n    for _ in range(30):\n        assert rate('monday') == '7'\n"
    assert (await bubblewrap_box.suite(source, tests, grant=shop.grant())).passed is False, "a run may fetch 20 times"
    assert (await bubblewrap_box.suite(source, tests, grant=shop.grant(SUITE_FETCHES))).passed
