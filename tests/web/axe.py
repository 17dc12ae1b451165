"""axe-core in the page: rules of accessibility, as an engine checks them. https://github.com/dequelabs/axe-core"""

from __future__ import annotations

import json
import os
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from .chromium import SECONDS, Chromium

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def source() -> str:
    """The engine; another version by ``AGENTFORGE_TEST_AXE``, a file."""
    other = os.environ.get("AGENTFORGE_TEST_AXE")
    return Path(other).read_text() if other else (files("axe_core_python") / "axe.min.js").read_text("utf-8")


def serious(browser: Chromium) -> list[str]:
    """What it finds serious or critical in the open page: the rule, and the first places. It comes in over the
    debugging protocol, which the content security policy does not bind.
    """
    options = json.dumps({"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    browser.run(source() + "; undefined")
    browser.run(
        f"window.found = null; axe.run(document, {options}).then((it) => {{ window.found = it.violations }}); 0"
    )
    end = time.monotonic() + SECONDS
    while (found := browser.run("window.found")) is None:
        assert time.monotonic() < end, "axe does not end"
        time.sleep(0.1)
    return [_told(one) for one in found if one["impact"] in ("serious", "critical")]


def _told(one: dict[str, Any]) -> str:
    places = ", ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:3])
    return f"{one['id']} ({one['impact']}): {one['help']}: {places}"
