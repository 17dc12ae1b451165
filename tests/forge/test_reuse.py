"""Search before writing: a live tool that behaves as needed is used, whatever it is called; a near miss is not."""

from dataclasses import replace

import pytest

from agentforge.boxes.protocol import Limits
from agentforge.forge.parts import ForgeParts
from agentforge.forge.pipeline import forge
from agentforge.forge.reuse import MOST_TRIED, find_reusable
from agentforge.forge.spec import make_spec
from agentforge.registry.contract import read_signature
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.manifest import Manifest
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import ForgeSettings
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.testing.box import raised, returned
from agentforge.types import Capabilities, Example, Need, State

DURATIONS = tuple(
    Example({"how_long": text}, returns=seconds, source="user")
    for text, seconds in (("2h 30m", 9000), ("1 day, 4 hours", 100800), ("45s", 45))
)
NEED = Need("seconds_of", "(how_long: str) -> int", "Turn a length of time into seconds.", DURATIONS)


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_a_need_equal_to_a_starter_tool_is_met_by_it_without_a_model(bubblewrap_box, registry):
    model, head = ScriptedModel([]), registry.head()
    parts = ForgeParts(model, bubblewrap_box, Layers(registry, BaseLayer()), registry, ForgeSettings())
    result = await forge(NEED, parts, lambda *_: None)
    assert (result.state, result.reused, result.arguments) == ("live", "parse_duration", {"how_long": "text"})
    assert (model.requests, registry.head(), result.usage.calls) == ([], head, 0)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_near_miss_is_not_used_although_it_differs_on_one_held_out_example_only(bubblewrap_box, registry):
    last = Example({"how_long": "2 weeks"}, returns=10 * 86400, source="user")  # working days
    spec = make_spec(replace(NEED, examples=(*DURATIONS, last)))
    assert last.args in [one.args for one in spec.held_out]
    layers = Layers(registry, BaseLayer())
    assert await find_reusable(spec, layers, bubblewrap_box, Limits()) is None
    right = make_spec(replace(NEED, examples=(*DURATIONS, replace(last, returns=14 * 86400))))
    assert (await find_reusable(right, layers, bubblewrap_box, Limits())).tool.name == "parse_duration"


def tool(name, source, **facts):
    signature = read_signature(source, name).text
    manifest = Manifest(name=name, summary=f"It is {name}.", signature=signature, **facts)
    return Tool(manifest, source, f"from tool import {name}\n\n\ndef test_it():\n    assert callable({name})\n")


def plain(name, parameters="x: int", result="int", raises="", **facts):
    more = f"\n\n    Raises:\n        {raises}: always.\n    " if raises else ""
    return tool(
        name, f'def {name}({parameters}) -> {result}:\n    """It is {name}.{more}"""\n    return {name!r}\n', **facts
    )


DOUBLES = (Example({"n": 2}, returns=4), Example({"n": 5}, returns=10))


class Scene:
    """A registry with some tools whose behaviour is given as Python functions."""

    def __init__(self, registry, folder):
        folder.mkdir()
        self.registry, self.layers, self.does = registry, Layers(registry, BaseLayer(folder)), {}
        self.box = FakeBox(self._run)

    def _run(self, run):
        try:
            return returned(self.does[run.entry](**run.args))
        except (ValueError, KeyError) as error:
            return raised(type(error).__name__)

    def add(self, made, does, state=State.LIVE):
        self.registry.add(made, state=state)
        self.does[made.name] = does

    async def find(self, *examples, signature="(n: int) -> int", purpose="Double n.", **facts):
        need = Need("twice", signature, purpose, examples or DOUBLES, **facts)
        found = await find_reusable(make_spec(need), self.layers, self.box, Limits())
        return found and found.tool.name


@pytest.fixture
def scene(registry, tmp_path):
    return Scene(registry, tmp_path / "base")


async def test_the_first_tool_that_gives_all_examples_is_taken(scene):
    scene.add(plain("adds"), lambda x: x + 2)
    scene.add(plain("doubles"), lambda x: x * 2)
    scene.add(plain("squares"), lambda x: x * x)
    assert await scene.find() == "doubles"
    assert {run.entry for run in scene.box.runs} <= {"adds", "doubles", "squares"}


async def test_one_example_or_results_that_tell_nothing_prove_no_tool(scene):
    scene.add(plain("doubles"), lambda x: x * 2)
    scene.add(plain("same", "x: str", "str"), lambda x: x)
    scene.add(plain("even", "x: int", "bool"), lambda x: x % 2 == 0)
    assert await scene.find(DOUBLES[0]) is None
    assert await scene.find(DOUBLES[0], Example({"n": 0}, returns=0)) is None
    assert await scene.find(DOUBLES[0], Example({"n": -1}, raises="ValueError")) is None
    echoes = [Example({"n": word}, returns=word) for word in ("abc", "def", "ghi")]
    assert await scene.find(*echoes, signature="(n: str) -> str") is None
    truths = [Example({"n": n}, returns=n % 2 == 0) for n in range(2, 9)]
    assert await scene.find(*truths, signature="(n: int) -> bool") is None
    assert scene.box.runs == [], "where examples prove nothing, nothing is run"


async def test_a_constant_is_no_match(scene):
    scene.add(plain("always"), lambda x: 4)
    assert await scene.find(Example({"n": 2}, returns=4), Example({"n": 3}, returns=4)) is None


async def test_a_tool_must_declare_the_errors_that_the_need_names(scene):
    refusing = Example({"n": -1}, raises="ValueError")

    def double(x):
        if x < 0:
            raise ValueError
        return x * 2

    scene.add(plain("silent"), double)
    assert await scene.find(*DOUBLES, refusing) is None
    scene.add(plain("told", raises="ValueError"), double)
    assert await scene.find(*DOUBLES, refusing) == "told"


async def test_what_the_rules_promise_of_every_result_binds_a_found_tool_too(scene):
    scene.add(plain("third", "x: float", "float"), lambda x: x / 3)
    some = (Example({"n": 3.0}, returns=1.0), Example({"n": 6.0}, returns=2.0), Example({"n": 9.0}, returns=3.0))
    asked = {"signature": "(n: float) -> float"}
    assert await scene.find(*some, purpose="Divide n by 3.", **asked) == "third"
    stated = "Divide n by 3. '10' gives '3.33'. The result is rounded to 2 decimals."
    assert await scene.find(*some, Example({"n": 10.0}, returns=3.3333333333), purpose=stated, **asked) is None


async def test_tools_that_may_reach_something_are_not_tried_nor_are_those_that_use_them(scene):
    scene.add(plain("clocked", capabilities=Capabilities(clock=True)), lambda x: x * 2)
    source = 'from toolbox import clocked\n\n\ndef over(x: int) -> int:\n    """It is over."""\n    return clocked(x)\n'
    scene.add(tool("over", source, depends=("clocked",)), lambda x: x * 2)
    assert await scene.find() is None
    assert scene.box.runs == []


async def test_only_live_tools_are_tried_and_none_for_a_need_with_capabilities(scene):
    scene.add(plain("doubles"), lambda x: x * 2)
    assert await scene.find(capabilities=Capabilities(clock=True)) is None
    scene.registry.set_state("doubles", State.QUARANTINED)
    assert await scene.find() is None
    assert scene.box.runs == []


async def test_parameters_of_one_type_must_be_told_apart_by_an_example(scene):
    scene.add(plain("minus", "x: int, y: int"), lambda x, y: 10 * x - y)
    signature = "(a: int, b: int) -> int"
    same = [Example({"a": n, "b": n}, returns=9 * n) for n in (2, 3, 4)]
    assert await scene.find(*same, signature=signature) is None
    assert await scene.find(*same, Example({"a": 2, "b": 3}, returns=17), signature=signature) == "minus"
    assert await scene.find(*same, Example({"b": 2, "a": 3}, returns=17), signature=signature) is None


async def test_at_most_so_many_are_tried_and_the_nearest_in_words_first(scene):
    for number in range(MOST_TRIED + 5):
        scene.add(plain(f"other_{number:02}"), lambda x: 0)
    scene.add(plain("zz_twice"), lambda x: 0)
    assert await scene.find() is None
    tried = list(dict.fromkeys(run.entry for run in scene.box.runs))
    assert (len(tried), tried[0], len(scene.box.runs)) == (MOST_TRIED, "zz_twice", MOST_TRIED)
