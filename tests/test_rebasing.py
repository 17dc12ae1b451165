"""What is compared before a tool of a user's own is retired in favour of the shared one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from agentforge.api import rebasing
from agentforge.settings import load
from tests.registry.sample_tools import make_tool

pytestmark = pytest.mark.asyncio


class ComparedError(Exception):
    """Both would be run."""


async def test_the_same_source_does_not_do_the_same_where_it_imports_other_tools() -> None:
    async def box() -> None:
        raise ComparedError

    opened: Any = SimpleNamespace(box=box)
    tool = make_tool()
    assert await rebasing._difference(tool, tool, opened, load()) == ""
    apart = replace(tool, manifest=tool.manifest.model_copy(update={"depends": ("shorten",)}))
    with pytest.raises(ComparedError):
        await rebasing._difference(apart, apart, opened, load())
