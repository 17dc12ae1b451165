"""Tools made of live tools: what a candidate may import, and that what it imports is kept with it. Real boxes."""

from dataclasses import replace

import pytest

from agentforge.errors import ToolInvalid
from agentforge.forge.composing import MOST_OFFERED, fitting_imports, named_imports
from agentforge.forge.parts import ForgeParts
from agentforge.forge.pipeline import forge
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.settings import ForgeSettings, GateSettings
from agentforge.testing import ScriptedModel
from agentforge.types import Capabilities, Example, Need, Role, State
from tests.registry.sample_tools import make_tool

pytestmark = pytest.mark.asyncio(loop_scope="module")

BARK = "return text.strip().upper() + '!'"
NEED = Need(
    "shout_twice",
    "(text: str) -> str",
    "Shout the words of the text, then shout them again, with a space between.",
    tuple(
        Example({"text": word}, f"{word.strip().upper()}! {word.strip().upper()}!") for word in ("a", " b ", "c d", "e")
    ),
    depends=("shout",),
)
USING = (
    "```python\nfrom toolbox import shout\n\n\ndef shout_twice(text: str) -> str:\n"
    "    said = shout(text)\n    return f'{said} {said}'\n```"
)
ALSO_USING = (
    "```python\nfrom toolbox import shout\n\n\ndef shout_twice(text: str) -> str:\n"
    "    return ' '.join([shout(text)] * 2)\n```"
)
PLANNER = {Role.PLAN: "strong", Role.GENERATE: "small", Role.TEST: "strong"}


@pytest.fixture
def layers(registry, tmp_path):
    (tmp_path / "base").mkdir()
    tools = (
        make_tool("louder", BARK),
        make_tool("shout", "return louder(text)", summary="Shout the words of a text.", imports=["louder"]),
    )
    for tool in tools:
        registry.add(replace(tool, tests=tool.tests.replace("'a'", "'A!'"), examples=()), state=State.LIVE)
    return Layers(registry, BaseLayer(tmp_path / "base"))


async def forged(need, answers, box, layers, *, plan=(), models=None):
    script = {Role.TEST: ["none"], Role.GENERATE: answers, Role.PLAN: plan}
    model = ScriptedModel(script, models=models or {})
    settings, gates = ForgeSettings(candidates=2, rounds=0), GateSettings(mutants=5)
    parts = ForgeParts(model, box, layers, layers.registry, settings, gates=gates)
    return await forge(need, parts, lambda *_: None), model


async def test_a_tool_is_made_of_the_live_tool_that_the_need_names(bubblewrap_box, layers):
    result, model = await forged(NEED, [USING, ALSO_USING], bubblewrap_box, layers)
    assert (result.state, result.reason) == ("live", "All gates passed.")
    made = layers.find("shout_twice")
    assert made.manifest.depends == ("shout",)
    assert "- shout(text: str) -> str: Shout the words of a text." in model.asked(Role.GENERATE)[0].prompt
    needs = layers.closure(["shout_twice"])
    assert list(needs.sources) == ["louder", "shout", "shout_twice"]
    said = await bubblewrap_box.call(made.source, made.name, {"text": "hi"}, toolbox=needs.sources)
    assert said.value == "HI! HI!"


async def test_what_is_named_and_not_imported_is_no_dependency(bubblewrap_box, layers):
    body = "    said = text.strip().upper() + '!'\n    return said + ' ' + said\n"
    alone = f"```python\ndef shout_twice(text: str) -> str:\n{body}```"
    result, _ = await forged(NEED, [alone, alone], bubblewrap_box, layers)
    assert result.state == "live"
    assert layers.find("shout_twice").manifest.depends == ()


async def test_what_the_need_does_not_name_breaks_the_contract_and_is_not_shown_to_the_generator(
    bubblewrap_box, layers
):
    result, model = await forged(replace(NEED, depends=()), [USING, ALSO_USING], bubblewrap_box, layers)
    assert result.state == "failed"
    assert "shout" in result.artefacts["candidates"][0]["problems"][0]
    assert "toolbox" not in model.asked(Role.GENERATE)[0].prompt


async def test_a_stronger_model_is_offered_what_fits_the_need(bubblewrap_box, layers):
    answers = {"plan": [USING], "models": PLANNER}
    result, model = await forged(replace(NEED, depends=()), ["none"] * 2, bubblewrap_box, layers, **answers)
    assert result.state == "live"
    assert layers.find("shout_twice").manifest.depends == ("shout",)
    assert "- shout(text: str)" in model.asked(Role.PLAN)[0].prompt
    assert "- louder" not in model.asked(Role.PLAN)[0].prompt


async def test_a_tool_that_goes_while_one_is_made_of_it_lets_nothing_be_committed(bubblewrap_box, layers, monkeypatch):
    seen = layers.closure

    def gone(names):
        names = list(names)
        if names == ["shout"] and "commit" in steps:
            raise ToolInvalid("shout", ["it is not live any more"])
        return seen(names)

    steps = []
    monkeypatch.setattr(layers, "closure", gone)
    script = {Role.TEST: ["none"], Role.GENERATE: [USING, ALSO_USING]}
    parts = ForgeParts(
        ScriptedModel(script), bubblewrap_box, layers, layers.registry, ForgeSettings(candidates=2, rounds=0)
    )
    result = await forge(
        NEED, replace(parts, gates=GateSettings(mutants=5)), lambda _, data: steps.append(data.get("step"))
    )
    assert (result.state, isinstance(result.error, ToolInvalid)) == ("failed", True)
    assert "shout_twice" not in [tool.name for tool in layers.live()]


def reaching(layers):
    clock = make_tool("ring", "import time; return str(time.time())", capabilities=Capabilities(clock=True))
    layers.registry.add(replace(clock, examples=()), state=State.LIVE)
    layers.registry.add(
        make_tool("ring_twice", "return ring(text) * 2", imports=["ring"], examples=()), state=State.LIVE
    )


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("nothing",), "'nothing', which is no live tool"),
        (("shout_twice",), "it cannot import itself"),
        (("ring",), "it is to import ring, but ring has capabilities"),
        (("ring_twice", "gone"), r"ring has capabilities.*'gone', which is no live tool"),
    ],
)
async def test_what_cannot_be_imported_is_refused_before_any_model_is_asked(bubblewrap_box, layers, names, words):
    reaching(layers)
    with pytest.raises(ToolInvalid, match=words):
        await forged(replace(NEED, depends=names), [], bubblewrap_box, layers)


async def test_a_circle_is_refused(layers):
    """A live tool imports one of the name that is to be made; that one is not live, so neither can be run."""
    layers.registry.add(
        make_tool("early", "return shout_twice(text)", imports=["shout_twice"], examples=()), state=State.LIVE
    )
    with pytest.raises(ToolInvalid, match="depends on 'shout_twice', which is not live"):
        named_imports(replace(NEED, depends=("early",)), layers)


async def test_only_pure_tools_that_share_words_are_offered_and_few(layers):
    reaching(layers)
    assert fitting_imports(NEED, layers).names == ("shout",)
    assert fitting_imports(NEED, layers, without=["shout"]).names == ()
    for number in range(MOST_OFFERED + 1):
        tool = make_tool(f"shout_{number}", "return text", summary="Shout the words again.", examples=())
        layers.registry.add(tool, state=State.LIVE)
    offered = fitting_imports(NEED, layers)
    assert offered.names == ("shout_0", "shout_1", "shout_2")
    assert list(offered.sources) == [*offered.names]
