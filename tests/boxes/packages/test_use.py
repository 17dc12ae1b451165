"""From a lock to a tool that uses it, through the façade: the whole way, in a real box."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentforge import Forge
from agentforge.boxes.packages import building, sets
from agentforge.boxes.packages.lock import NO_PACKAGES
from agentforge.errors import ImageError, ToolInvalid
from agentforge.registry.contract import read_signature
from agentforge.registry.layers import Registry
from agentforge.registry.manifest import Manifest
from agentforge.registry.packages import commit_lock
from agentforge.registry.tool import Tool
from agentforge.settings import load
from agentforge.types import Capabilities, Example, State
from tests.boxes.packages.making import make_wheel, only_from
from tests.conftest import namespaces_allowed

pytestmark = pytest.mark.skipif(not namespaces_allowed(), reason="without user namespaces there is no bubblewrap")

SOURCE = '''from thing import double


def twice(n: int) -> int:
    """Double n."""
    return double(n)
'''
TESTS = "from tool import twice\n\n\ndef test_twice():\n    assert twice(2) == 4\n"


def tool() -> Tool:
    signature = read_signature(SOURCE, "twice").text
    reach = Capabilities(packages=("Thing",))
    manifest = Manifest(name="twice", summary="Double n.", signature=signature, capabilities=reach)
    return Tool(manifest, SOURCE, TESTS, (Example({"n": 2}, 4),), {"gates": []})


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forge:
    index = tmp_path / "index"
    make_wheel(index, "thing", {"thing.py": "def double(n):\n    return n * 2\n"})
    only_from(index, monkeypatch)
    return Forge(user="ada", settings=load(overrides={"sandbox.launcher": "bubblewrap", "user": "ada"}))


async def test_a_tool_imports_what_its_registry_locked_once_that_is_built(forge: Forge) -> None:
    settings = forge.settings.sandbox
    lock = sets.resolve(
        {"thing": ""}, building.targets(settings), pinned={}, most_bytes=1 << 20, on_progress=lambda _: None
    ).lock
    with Registry.open_or_create(forge.settings.registries / "personal" / "ada.git") as registry:
        with pytest.raises(ToolInvalid, match="'agentforge packages lock Thing'"):
            registry.add(tool(), state=State.LIVE)
        commit_lock(registry.store, lock, subject="Lock packages")
        registry.add(tool(), state=State.LIVE)
        async with forge:
            with pytest.raises(ImageError, match="have not been built on this machine"):
                await forge.call("twice", {"n": 4})
            building.build(lock, settings, lambda _: None)
            assert (await forge.call("twice", {"n": 4})).value == 8
            commit_lock(registry.store, NO_PACKAGES, subject="Lock nothing")
            with pytest.raises(ToolInvalid, match="is not locked in this registry"):
                await forge.call("twice", {"n": 4})
