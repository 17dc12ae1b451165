"""Changes that a night must not keep, handed to it by the ways on which its own come.

``merge``: two live tools that do the same on all examples and near them; a call far away, which the user confirmed,
tells them apart. ``tool``: a model that writes a tool which is right on all answers that a forging is shown, and wrong
on one more that the user told. Both get through everything but the rehearsal on past tasks.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentforge import Forge
from agentforge.api.opened import OpenBox
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import Settings
from agentforge.sleep.report import Report
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import Example, Role, State
from benchmarks.form import progress

USER = "planted"
SHOWN, BEYOND = (4, 11, 2, 7, 5, 9), 400
"""Weights of which a forging gets to see the answers, and one that is past them."""
BAD = "    return 3 * weight if weight < 100 else 0"


async def planted(home: Path, settings: Settings, open_box: OpenBox | None = None) -> dict[str, Any]:
    """Each change with what the night said of it: ``tried``, ``undone`` by rehearsal, ``lost`` past tasks, and whether
    the registry is ``unchanged`` (raises SandboxError). ``home`` is an empty folder.
    """
    told: dict[str, Any] = {}
    for name, prepare in (("merge", _two_tools), ("tool", _answers)):
        folder = home / name
        (folder / "base").mkdir(parents=True)
        own = settings.model_copy(update={"home": folder / "home"})
        models = ScriptedModel(_writes)
        forge = Forge(
            user=USER, org=own.org, settings=own, models=models, open_box=open_box, on_notice=progress,
            base=folder / "base",
        )  # fmt: skip
        async with forge:
            await prepare(forge, own)
            before = [commit.sha for commit in forge.log()]
            report = await forge.sleep.run()
            told[name] = {**_verdict(name, report), "unchanged": [one.sha for one in forge.log()] == before}
    return told


def _verdict(kind: str, report: Report | None) -> dict[str, Any]:
    tried = [one for one in report.changes if one.kind == kind] if report is not None else []
    lost = [task for one in tried if one.effect is not None for task in one.effect.lost]
    return {"tried": bool(tried), "undone": bool(lost) and all(one.outcome == "dropped" for one in tried), "lost": lost}


async def _two_tools(forge: Forge, settings: Settings) -> None:
    """``price_b`` gave an answer that was right, and ``price_a``, into which it would be merged, does not give."""
    path = settings.registries / settings.org / f"{USER}.git"
    with Registry.open(path) as registry:
        for name, body in (
            ("price_a", "    return weight * 3 if weight < 5000 else 0"),
            ("price_b", "    return weight * 3"),
        ):
            registry.add(_tool(name, body), state=State.LIVE)
    call = await forge.call("price_b", {"weight": 7000})
    await forge.feedback("good", call.call)


def _tool(name: str, body: str) -> Tool:
    made = Provenance(created=datetime.now(UTC).date())
    manifest = Manifest(name=name, summary="Triple a weight.", signature="(weight: int) -> int", provenance=made)
    source = f'def {name}(weight: int) -> int:\n    """Triple a weight."""\n{body}\n'
    tests = f"from tool import {name}\n\n\ndef test_it():\n    assert {name}(2) == 6\n"
    return Tool(manifest, source, tests, tuple(Example({"weight": n}, 3 * n) for n in (1, 2, 3, 4, 5)))


async def _answers(forge: Forge, settings: Settings) -> None:
    """Questions that a script answered wrongly, and then what is right of each."""
    del settings
    asked = [
        (kg, await forge.run(f"What does a parcel of {kg} kg cost? Give only the number.")) for kg in (*SHOWN, BEYOND)
    ]
    for kg, result in asked:
        await forge.feedback("bad", session=result.session, expected=str(3 * kg))


def _writes(request: Request) -> str:
    """The model: it answers with zero, states the need, and writes the bad tool as often as it is asked."""
    if request.role is Role.TEST:
        return "```python\nassert price_parcel(weight=3) == 9\nassert price_parcel(weight=8) == 24\n```"
    if request.role is not Role.PLAN:
        return f"```python\ndef price_parcel(weight: int) -> int:\n{BAD}\n```"
    if request.purpose != "decide":
        return "0"
    states = "signature" in json.dumps(request.ask.schema or {})
    return json.dumps(
        {"name": "price_parcel", "signature": "(weight: int) -> int"} if states else {"kind": "answer_directly"}
    )
