"""The product with two tenants: streamed, resumed, approved later, and kept apart."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import httpx2

from agentforge import Forge, State
from agentforge.boxes.protocol import Box
from agentforge.models.capabilities import FEATURES
from agentforge.models.protocol import ToolCall
from agentforge.registry.repository import Registry
from agentforge.settings import SandboxSettings, load
from agentforge.testing import FakeBox, Reply, ScriptedModel
from agentforge.testing.box import returned
from agentforge.types import Capabilities, Layer
from examples.product.app import make_app

KEYS = {"acme-key": ("acme", "ada"), "globex-key": ("globex", "gil")}
USE = Reply("", (ToolCall("call-1", "word_count", {"text": "a b"}),))


def made(boxes: dict[str, FakeBox]) -> Any:
    def make(org: str, user: str) -> Forge:
        async def open_box(_: SandboxSettings) -> Box:
            return boxes.setdefault(org, FakeBox([returned(2)]))

        model = ScriptedModel([USE, f"Two, says {org}."], features=FEATURES["claude"])
        settings = load(overrides={"agent.embeddings": False})
        return Forge(user=user, org=org, settings=settings, models=model, open_box=open_box)

    return make


async def let_fetch() -> None:
    """``word_count`` of acme's user may fetch, so that its calls wait for a person."""
    async with Forge(user="ada", org="acme", settings=load(overrides={"agent.embeddings": False})) as forge:
        base = forge.tool("word_count")
        reach = {"capabilities": Capabilities(hosts=("GET api.example.com",))}
        manifest = base.manifest.model_copy(update=reach)
        with Registry.open(forge.settings.registries / "acme" / "ada.git") as registry:
            registry.add(dataclasses.replace(base, manifest=manifest, layer=Layer.USER), state=State.LIVE)


def events_of(response: httpx2.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line.removeprefix("data: ")) for line in response.text.split("\n") if line.startswith("data: ")]


async def test_two_tenants_ask_and_a_call_that_reaches_out_waits_for_its_own_person() -> None:
    await let_fetch()
    boxes: dict[str, FakeBox] = {}
    app = make_app(KEYS, made(boxes))
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        acme, globex = ({"Authorization": f"Bearer {key}"} for key in KEYS)
        assert (await client.post("/ask", json={"text": "Count"})).status_code == 401
        paused = events_of(await client.post("/ask", json={"text": "Count a b"}, headers=acme))
        done = events_of(await client.post("/ask", json={"text": "Count a b"}, headers=globex))
        assert (paused[-1]["type"], done[-1]["data"]["answer"]) == ("waiting", "Two, says globex.")
        assert {event["org"] for event in done} == {"globex"}
        assert (await client.get("/approvals", headers=globex)).json() == []
        (waiting,) = (await client.get("/approvals", headers=acme)).json()
        assert (waiting["tool"], waiting["rights"]) == ("word_count", ["fetch GET api.example.com"])
        where = f"/approvals/{waiting['id']}"
        assert (await client.post(where, json={"allow": True}, headers=globex)).status_code == 400
        resumed = events_of(await client.post(where, json={"allow": True}, headers=acme))
        assert resumed[-1]["data"]["answer"] == "Two, says acme."
        first = f"{done[0]['session']}.1.0"
        rest = events_of(await client.get("/ask", headers={**globex, "Last-Event-ID": first}))
        assert rest[-1] == done[-1]
        assert (await client.get("/ask", headers={**acme, "Last-Event-ID": first})).status_code == 400
    assert all(box.closed for box in boxes.values())
