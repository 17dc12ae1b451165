"""A small tool with suites of every kind, and one way to have it checked in a real box."""

from __future__ import annotations

import json
from pathlib import Path

from agentforge.boxes.protocol import Box, Limits
from agentforge.forge.checking import Checked, CheckParts, check_folder
from agentforge.policy import Policy
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.settings import GateSettings
from agentforge.types import GateResult, JSONObject

SOURCE = '''def total_price(quantity: int, unit: float) -> float:
    """Price of some pieces, 10 % off from ten pieces.

    Raises:
        ValueError: quantity is negative.
    """
    if quantity < 0:
        raise ValueError("negative")
    price = quantity * unit
    if quantity >= 10:
        price = price * 0.9
    return round(price, 2)
'''
HEAD = "import pytest\nfrom tool import total_price\n\n\n"
STRONG = (
    HEAD
    + """def test_prices():
    assert total_price(1, 2.0) == 2.0
    assert total_price(9, 1.0) == 9.0
    assert total_price(10, 1.0) == 9.0
    assert total_price(0, 3.0) == 0
    assert total_price(3, 0.333) == 1.0


def test_refused():
    with pytest.raises(ValueError):
        total_price(-1, 1.0)
"""
)
EXAMPLES: list[tuple[JSONObject, float]] = [
    ({"quantity": 1, "unit": 2.0}, 2.0),
    ({"quantity": 3, "unit": 1.5}, 4.5),
    ({"quantity": 20, "unit": 1.0}, 18.0),
    ({"quantity": 2, "unit": 2.5}, 5.0),
]
QUICK = GateSettings(mutants=12, near_inputs=12, fuzz_inputs=12)


def write(
    folder: Path,
    source: str = SOURCE,
    tests: str = STRONG,
    examples: list[tuple[JSONObject, float]] = EXAMPLES,
    *,
    name: str = "total_price",
    signature: str = "(quantity: int, unit: float) -> float",
    more: str = "",
) -> Path:
    """The folder of a tool as somebody would hand it in, without a report."""
    folder.mkdir(exist_ok=True)
    manifest = f'format = 1\nname = "{name}"\nsummary = "Price of some pieces."\nsignature = "{signature}"\n{more}'
    rows = [json.dumps({"args": args, "returns": returns}) + "\n" for args, returns in examples]
    for file, text in (("tool.py", source), ("test_tool.py", tests), ("tool.toml", manifest)):
        (folder / file).write_text(text, encoding="utf-8")
    (folder / "examples.jsonl").write_text("".join(rows), encoding="utf-8")
    return folder


async def check(
    folder: Path,
    box: Box,
    registry: Registry,
    settings: GateSettings = QUICK,
    policy: Policy | None = None,
    seconds: float = 3.0,
) -> Checked:
    """All gates, among the live tools of ``registry`` alone; a call may take ``seconds``, a suite thrice as long."""
    base = folder.parent / "no base tools"
    base.mkdir(exist_ok=True)
    layers = Layers(registry, BaseLayer(base))
    parts = CheckParts(box, layers, registry, settings, Limits(seconds), Limits(3 * seconds), policy=policy or Policy())
    return await check_folder(folder, parts)


def gate(checked: Checked, name: str) -> GateResult:
    """The verdict of one gate."""
    return next(result for result in checked.gates if result.gate == name)
