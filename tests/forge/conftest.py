"""What tests of forgings share."""

import pytest

from agentforge.forge.parts import ForgeParts
from agentforge.forge.pipeline import forge
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.settings import ForgeSettings
from agentforge.testing import FakeBox, ScriptedModel
from agentforge.types import Role

from .forging import TESTS, behaves, judged


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


@pytest.fixture
def run(registry, tmp_path):
    (tmp_path / "base").mkdir()
    events = []
    boxes = []

    async def forging(
        need, answers, *, plan=(), judge=(), models=None, tests=TESTS, secrets=frozenset(), recordings=None, **settings
    ):
        script = {Role.TEST: [tests], Role.GENERATE: answers, Role.PLAN: plan, Role.JUDGE: judge}
        models = models or {}
        model = ScriptedModel(script, models={Role.PLAN: models.get(Role.GENERATE, "scripted"), **models})
        settings = ForgeSettings(**({"candidates": 2, "rounds": 1} | settings))
        layers = Layers(registry, BaseLayer(tmp_path / "base"))
        boxes.append(FakeBox(behaves, judged))
        parts = ForgeParts(model, boxes[-1], layers, registry, settings, secrets, recordings=recordings)
        result = await forge(need, parts, lambda kind, data: events.append((kind, data)))
        return result, model, events

    forging.boxes = boxes
    return forging
