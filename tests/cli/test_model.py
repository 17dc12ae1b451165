"""``model up|status|down`` at the command line; the room itself is tested where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agentforge.cli import local
from agentforge.errors import ApprovalNeeded
from agentforge.models.local.progress import Plan, PlanItem, Progress
from agentforge.models.local.up import LocalModel
from agentforge.models.metrics import Load
from agentforge.settings import Settings
from agentforge.testing import MessagesServer
from tests.cli.conftest import Program

PLAN = Plan((PlanItem("weights", 2 * 10**9, 3 * 10**9, 4 * 10**9),), Path("cache"), 10**11)


@pytest.fixture
def bringing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ``up`` that asks before it downloads, as the real one does."""

    async def up(
        settings: Settings, *, on_progress: Callable[[Progress], None], confirm: Callable[[Plan], bool]
    ) -> LocalModel:
        on_progress(Progress("environment", "To be fetched: weights: 2.0 GB", notice=True))
        if not confirm(PLAN):
            raise ApprovalNeeded("Nothing was downloaded.", fix="Agree to the download.")
        on_progress(Progress("weights", "Downloading part 1 of 2", 0, 2))
        return LocalModel("http://127.0.0.1:1", "tiny", 7, 4096, settings.model.source)

    monkeypatch.setattr(local.room, "up", up)


def test_where_nobody_can_be_asked_yes_has_to_be_said(program: Program, bringing_up: None) -> None:
    done = program("model", "up")
    assert done.code == 2
    assert "2.0 GB" in done.err
    assert "--yes" in done.err


def test_sizes_are_said_before_and_the_result_alone_is_on_stdout(program: Program, bringing_up: None) -> None:
    done = program("model", "up", "--yes", "--source", "hf:some/model")
    assert done.code == 0
    assert done.out == "tiny answers at http://127.0.0.1:1 (context 4,096 tokens, pid 7, from hf:some/model).\n"
    assert "2.0 GB" in done.err
    assert "Downloading part 1 of 2" in done.err


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 6)])
def test_somebody_who_is_there_is_asked(
    program: Program, bringing_up: None, answer: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "somebody_is_there", lambda: True)
    monkeypatch.setattr(local.typer, "confirm", lambda question, **_: "2.0 GB" in question and answer)
    assert program("model", "up").code == code


def test_status_is_0_only_when_a_model_answers(program: Program, tmp_path: Path) -> None:
    here = ["--set", "model.source='hf:some/model'", "--set", f"model.cache='{tmp_path}'"]
    done = program("model", "status", "--output-format", "json", *here)
    told = json.loads(done.out)
    assert (done.code, told["exit_code"], told["status"], told["model"]["state"]) == (4, 4, "failed", "not installed")
    assert "agentforge model up" in program("model", "status", *here).out


def test_status_tells_how_much_the_cache_has_spared(program: Program) -> None:
    with MessagesServer([], mode="vllm") as server:
        server.load = Load(running=1, waiting=0, tokens=500, looked_up=400, cached=248)
        here = ["--set", f"model.source='{server.url}'"]
        assert "62% of the prompt tokens from the cache since its start" in program("model", "status", *here).out
        told = json.loads(program("model", "status", "--output-format", "json", *here).out)
        assert told["model"]["cached_share"] == 0.62
        server.load = None
        assert "cache since" not in program("model", "status", *here).out


def test_down_where_nothing_runs_is_no_failure(program: Program) -> None:
    done = program("model", "down")
    assert (done.code, done.out) == (0, "No model server was running.\n")


def test_a_source_that_makes_no_sense(program: Program) -> None:
    assert program("model", "up", "--yes", "--source", "ftp:x").code == 3
