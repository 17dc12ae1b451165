"""``sandbox attack|cheat``: the verdict is the exit code, the table says why, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes.batteries import remains
from agentforge.boxes.batteries.lookouts import LOOK, WATCH
from agentforge.boxes.protocol import CallResult, SuiteResult
from agentforge.cli import batteries
from agentforge.errors import SandboxError, SandboxUnavailable
from agentforge.settings import SandboxSettings
from agentforge.testing import FakeBox
from agentforge.testing.box import Run, returned, suite
from tests.cli.conftest import Program

ATTACKS = {name: {"code": name, "fn": "f", "args": {}} for name in ("good", "bad")}
CHEATS = {"tests": "TESTS", "cheats": {"wrong": "WRONG"}}


def answer(run: Run) -> CallResult:
    """A sound box in which ``bad`` gets what it wants, and ``worst`` breaks it."""
    if run.source == LOOK:
        nonce = run.args["nonce"]
        assert isinstance(nonce, int)
        return returned({"answer": [1, 2, 3, nonce * 2 + 1], "files": [], "residue": 0})
    if run.source == WATCH:
        return returned(["PermissionError: open() is refused", "\x1b[31mred\u202e"])
    if run.source == "broken":
        raise SandboxError("The box failed: gone.")
    return returned(run.source == "bad")


def judge(run: Run) -> SuiteResult:
    return suite(test_a="return a + b" in run.source or '"sum": a + b' in run.source)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[SandboxSettings]:
    """The settings of each box that was opened; the boxes are fakes."""
    seen: list[SandboxSettings] = []

    async def open_box(settings: SandboxSettings, **_: Any) -> FakeBox:
        seen.append(settings)
        return FakeBox(answer, judge)

    monkeypatch.setattr(batteries, "open_box", open_box)
    monkeypatch.setattr(remains, "SETTLE_SECONDS", 0.05)
    return seen


def battery(folder: Path, content: object) -> str:
    file = folder / "battery.json"
    file.write_text(json.dumps(content), "utf-8")
    return str(file)


def test_0_when_every_attack_is_stopped(program: Program, tmp_path: Path, opened: list[SandboxSettings]) -> None:
    done = program("sandbox", "attack", battery(tmp_path, {"good": ATTACKS["good"]}), "--launcher", "bubblewrap")
    assert done.code == 0, done.err
    head, row = done.out.splitlines()
    assert head.split("  ")[0] == "ATTACK"
    assert row.split()[:2] == ["good", "stopped"]
    assert "PermissionError: open() is refused; " in row
    assert row.split()[-2:] == ["yes", "?"]
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "good" in done.err  # progress
    assert [settings.launcher for settings in opened] == ["bubblewrap"]


@pytest.mark.usefixtures("opened")
def test_1_when_any_attack_succeeds(program: Program, tmp_path: Path) -> None:
    file = battery(tmp_path, ATTACKS)
    done = program("sandbox", "attack", file)
    assert done.code == 1
    assert "bad     succeeded  it got what it wanted" in done.out
    told = json.loads(program("sandbox", "attack", file, "--output-format", "json").out)
    assert (told["status"], told["exit_code"], told["total"], told["succeeded"]) == ("failed", 1, 2, ["bad"])
    assert told["box"]["launcher"] == "fake"
    good, bad = told["attacks"]
    assert (good["outcome"], good["next_right"], good["processes_left"]) == ("stopped", True, None)
    assert (bad["outcome"], bad["reasons"], bad["value"]) == ("succeeded", ["it got what it wanted"], True)


@pytest.mark.usefixtures("opened")
def test_0_and_1_for_cheats(program: Program, tmp_path: Path) -> None:
    done = program("sandbox", "cheat", battery(tmp_path, CHEATS), "--output-format", "json")
    told = json.loads(done.out)
    assert (done.code, told["control"], told["succeeded"]) == (0, "passed", [])
    assert told["cheats"][0]["outcome"] == "rejected"
    passing = {**CHEATS, "cheats": {"wrong": "WRONG", "right": "return a + b"}}
    done = program("sandbox", "cheat", battery(tmp_path, passing))
    assert done.code == 1
    assert "right  succeeded  the tests passed" in done.out
    assert "✗ right: the tests passed" in done.err


@pytest.mark.usefixtures("opened")
def test_tests_that_nothing_passes_are_told(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {**CHEATS, "honest": "HONEST"}
    done = program("sandbox", "cheat", battery(tmp_path, named))
    assert (done.code, "honest tool does not pass" in done.err) == (2, True)
    monkeypatch.setattr("agentforge.boxes.batteries.form.HONEST_ADD", "SOMETHING ELSE")
    done = program("sandbox", "cheat", battery(tmp_path, CHEATS), "--output-format", "json")
    assert (done.code, "nothing shows that they can be passed" in done.err) == (0, True)
    told = json.loads(done.out)
    assert (told["control"], told["cheats"][0]["next_right"]) == ("unknown", True)


def test_2_a_bad_file_before_any_box_is_opened(program: Program, tmp_path: Path, opened: list[SandboxSettings]) -> None:
    for command in ("attack", "cheat"):
        done = program("sandbox", command, battery(tmp_path, {"a": 1}))
        assert done.code == 2
        assert "battery.json is no battery of" in done.err
        assert done.out == ""
    assert opened == []


def test_7_no_sandbox(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_box(settings: SandboxSettings, **_: Any) -> FakeBox:
        raise SandboxUnavailable("No launcher works.", fix="Start Docker.")

    monkeypatch.setattr(batteries, "open_box", open_box)
    done = program("sandbox", "attack", battery(tmp_path, ATTACKS))
    assert (done.code, done.err) == (7, "agentforge: No launcher works.\n  Start Docker.\n")


@pytest.mark.usefixtures("opened")
def test_a_box_that_an_attack_breaks_for_good_is_a_success_of_that_attack(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[bool] = []

    def breaking(run: Run) -> CallResult:
        if run.source == "worst" or gone:
            gone.append(True)
            raise SandboxError("The box failed: gone.")
        return answer(run)

    async def open_box(settings: SandboxSettings, **_: Any) -> FakeBox:
        return FakeBox(breaking)

    monkeypatch.setattr(batteries, "open_box", open_box)
    entries = {name: {"code": name, "fn": "f"} for name in ("good", "worst", "later")}
    done = program("sandbox", "attack", battery(tmp_path, entries))
    assert done.code == 1
    assert "worst   succeeded  the call after it: The box failed: gone." in done.out
    assert "The battery ended early" in done.err
    assert "later" not in done.out


def test_7_a_box_that_fails_by_itself_is_no_success_of_an_attack(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def open_box(settings: SandboxSettings, **_: Any) -> FakeBox:
        return FakeBox(lambda run: returned(None))  # nobody can look around in it

    monkeypatch.setattr(batteries, "open_box", open_box)
    done = program("sandbox", "attack", battery(tmp_path, ATTACKS))
    assert (done.code, "untouched box" in done.err, done.out) == (7, True, "")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_130_an_interrupted_battery_leaves_no_process(tmp_path: Path, ending: signal.Signals) -> None:
    slow = {"slow": {"code": "import time\ndef f():\n    time.sleep(60)\n", "fn": "f"}}
    memory = 300 + os.getpid() % 1000 + ending.value  # marks this run's processes on their command line
    command = [sys.executable, "-m", "agentforge", "sandbox", "attack", battery(tmp_path, slow)]
    command += ["--launcher", "bubblewrap", "--set", "sandbox.call_seconds=60", "--set", f"sandbox.memory_mb={memory}"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ})
    assert run.stderr is not None
    with run.stderr:
        while b"slow" not in run.stderr.readline():
            pass
        time.sleep(1)
        run.send_signal(ending)
        said = run.stderr.read()
    assert (b"Traceback" in said, b"agentforge: Interrupted." in said) == (False, True)
    assert run.wait(30) == 130
    mark = f'"memory_bytes": {memory * (1 << 20) * 3 // 4}'.encode()
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.docker
@pytest.mark.usefixtures("docker")
def test_real_batteries_on_a_real_box(program: Program, tmp_path: Path) -> None:
    assert program("sandbox", "build").code == 0
    getting = {
        "sums": {"code": "def f(a):\n    return a - a", "fn": "f", "args": {"a": 2}},
        "reads what every box shows": {"code": "def f():\n    return open('{runner}').read(20)\n", "fn": "f"},
    }
    done = program("sandbox", "attack", battery(tmp_path, getting), "--launcher", "docker")
    assert done.code == 1
    rows = [" ".join(line.split()) for line in done.out.splitlines()[1:]]
    assert rows == [
        "sums stopped it got nothing and left nothing yes 0",
        "reads what every box shows succeeded it got what it wanted yes 0",
    ]
