"""The public names, as ``docs/versions.md`` promises them: whoever changes this list changes a version number."""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module

import pytest

from agentforge import Forge, RunResult

NAMES = {
    "agentforge": """
        AgentForgeError Allow ApprovalRequest Decision Defer Deny Event Forge Narrow RunLimits RunResult Settings State
        Usage""",
    "agentforge.testing": """
        FakeBox Fault MessagesServer MovedClock NoPaidCalls PaidCall Reply ScriptExhausted ScriptedModel""",
}

FORGE = """
    aclose activity approvals audit call check documents end_session enqueue feedback interchange job jobs
    knowledge learning lineage log memory open opened problems promotion recorded_call repair repairs resume
    resume_stream review run run_sync search sessions set_aside sleep stream sync tool tools tried usage verify"""

RESULT = """
    status exit_code answer session tools_made tools_used cites usage by_role message fix error approval events"""


@pytest.mark.parametrize("module", NAMES)
def test_a_module_names_these_and_has_them_all(module: str) -> None:
    loaded = import_module(module)
    assert loaded.__all__ == NAMES[module].split()
    assert all(getattr(loaded, name) is not None for name in loaded.__all__)


def test_a_forge_can_do_these() -> None:
    assert [name for name in dir(Forge) if not name.startswith("_")] == FORGE.split()


def test_a_result_tells_these() -> None:
    assert [field.name for field in dataclasses.fields(RunResult)] == RESULT.split()


@pytest.mark.parametrize("method", ["run", "run_sync", "stream"])
def test_a_run_takes_a_text_and_these_by_name(method: str) -> None:
    taken = inspect.signature(getattr(Forge, method)).parameters
    assert list(taken) == ["self", "text", "session", "on_approval", "limits"]
    assert all(taken[name].default is None for name in ("session", "on_approval", "limits"))


@pytest.mark.parametrize(
    ("module", "name"),
    [("agentforge.sse", "Streams"), ("agentforge.toolrunner", "runner_tools"), ("agentforge.telemetry", "traced")],
)
def test_what_stands_outside_the_package_s_own_names_is_there(module: str, name: str) -> None:
    assert callable(getattr(import_module(module), name))
