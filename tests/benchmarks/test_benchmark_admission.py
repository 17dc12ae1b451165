"""The benchmark of admission: figures from verdicts, kept results, a bounded baseline, and two peers' own steps."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Self

import pytest

from agentforge.errors import SandboxUnavailable, UsageError
from agentforge.forge.checking import Checked
from agentforge.types import GateResult
from benchmarks import admission
from benchmarks.admission import main, summed, timed
from benchmarks.peers.admission import judged_by
from benchmarks.peers.autotool_admission import script
from benchmarks.peers.setup import FOLDER, PEERS
from benchmarks.planted import bare
from benchmarks.planted.bare import bare_suites
from benchmarks.planted.folders import Folder, folders_of
from tests.conftest import insist_on_namespaces

INSTALLED = os.environ.get(FOLDER, "")  # read before the fixture `home` clears the environment
HALVE = 'def halve(number: int) -> int:\n    """Halve it."""\n    return number // 2\n'
WRONG = HALVE.replace("// 2", "* 2")
STRONG = """\
import pytest
from tool import halve


@pytest.mark.parametrize(("number", "half"), [(4, 2), (10, 5)])
def test_halves(number, half):
    assert halve(number) == half


def test_text_is_refused():
    with pytest.raises(TypeError):
        halve("x")
"""
EXAMPLES = '{"args": {"number": 4}, "returns": 2}\n'


def plant(folder: Path, source: str = HALVE, tests: str = STRONG, examples: str = EXAMPLES) -> Path:
    folder.mkdir(parents=True)
    for name, text in (("tool.py", source), ("test_tool.py", tests), ("examples.jsonl", examples), ("tool.toml", "")):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    plant(tmp_path / "set/right/halve")
    plant(tmp_path / "set/wrong/none/halve", WRONG, "")
    plant(
        tmp_path / "set/wrong/weak/halve",
        WRONG,
        "from tool import halve\n\n\ndef test_0():\n    assert halve(0) == 0\n",
    )
    return tmp_path / "set"


class Gates:
    """A forge of which only ``check`` is asked: it admits what ``admitted`` names and counts its checks."""

    checks: list[str]

    def __init__(self, admitted: tuple[str, ...]) -> None:
        self.admitted, self.checks = admitted, []

    def __call__(self, **_: Any) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def check(self, folder: Path) -> Checked:
        self.checks.append(folder.parent.name)
        if folder.parent.name == "weak" and "weak" not in self.admitted:
            raise UsageError("It is no tool folder.")
        good = folder.parent.name in self.admitted
        gate = GateResult("suite strength", "passed" if good else "failed", "told", {}, 0.25)
        return Checked("halve", "live" if good else "rejected", "told", gates=(gate,))


@pytest.fixture
def timeless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare.BareSuites, "seconds", lambda *_: 0.5)


def run(planted: Path, capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    assert main(["--planted", str(planted), "--json", "--out", str(planted.parent / "kept.jsonl"), *more]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_figures_tell_what_was_admitted_and_rejected_wrongly(
    planted: Path, monkeypatch: pytest.MonkeyPatch, timeless: None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(admission, "Forge", Gates(("none",)))
    figures = run(planted, capsys)
    assert (figures["wrong_total"], figures["wrong_admitted"]) == (2, 1)
    assert (figures["right_total"], figures["right_admitted_share"]) == (1, 0.0)
    assert figures["by_suite"] == {"none": {"total": 1, "admitted": 1}, "weak": {"total": 1, "admitted": 0}}
    assert figures["by_gate"] == {"folder": 1}
    assert [row["id"] for row in figures["admitted_wrongly"]] == ["wrong/none/halve"]
    assert figures["rejected_wrongly"] == [
        {"id": "right/halve", "state": "rejected", "gate": "suite strength", "reason": "suite strength: told"}
    ]
    assert figures["gate_seconds_ratio"] is not None
    assert figures["seconds_by_gate"] == {"suite strength": 0.25}


def test_a_run_goes_on_where_it_ended_and_judges_anew_what_has_changed(
    planted: Path, monkeypatch: pytest.MonkeyPatch, timeless: None, capsys: pytest.CaptureFixture[str]
) -> None:
    gates = Gates(("right", "weak"))
    monkeypatch.setattr(admission, "Forge", gates)
    first = run(planted, capsys)
    assert gates.checks == ["right", "right", "none", "weak"]  # the first one warms the box
    assert run(planted, capsys)["wrong_admitted"] == first["wrong_admitted"] == 1
    assert len(gates.checks) == 4
    (planted / "wrong/none/halve/test_tool.py").write_text("# other\n")
    run(planted, capsys)
    assert gates.checks[4:] == ["none", "none"]


def test_only_and_quick_choose_folders(
    planted: Path, monkeypatch: pytest.MonkeyPatch, timeless: None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(admission, "Forge", Gates(("right",)))
    assert run(planted, capsys, "--only", "weak")["right_admitted_share"] is None
    assert run(planted, capsys, "--quick")["wrong_total"] == 2


def test_what_cannot_be_run_has_an_exit_code(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--planted", str(planted), "--arms", "nobody"]) == 2
    assert main(["--planted", str(tmp_path / "empty")]) == 2
    monkeypatch.chdir(tmp_path)
    assert main(["--planted", str(planted), "--arms", "arise"]) == SandboxUnavailable("x").exit_code
    assert "benchmarks.peers.setup" in capsys.readouterr().err


def test_seconds_are_those_of_folders_that_passed_all_gates() -> None:
    rows = [
        {"state": "live", "seconds": 2.0, "bare_seconds": 0.5, "gates": {"fuzz": 1.0}},
        {"state": "proposed", "seconds": 4.0, "bare_seconds": 0.5, "gates": {"fuzz": 3.0}},
        {"state": "rejected", "seconds": 0.1, "bare_seconds": 0.5, "gates": {"fuzz": 0.1}},
        {"state": "rejected", "gates": {}},
    ]
    figures = timed(rows)
    assert figures["gate_seconds_ratio"] == 6.0
    assert figures["gate_seconds_ratio_of_all_folders"] == 4.0
    assert figures["seconds_by_gate"] == {"fuzz": 2.0}
    assert timed([])["gate_seconds_ratio"] is None


def test_proposed_is_not_admitted() -> None:
    row = {"id": "x", "mistake": "", "suite": "s", "gate": "", "reason": ""}
    figures = summed([{**row, "wrong": True, "state": "proposed"}, {**row, "wrong": False, "state": "proposed"}])
    assert (figures["wrong_admitted"], figures["right_admitted_share"]) == (0, 0.0)


def of(folder: Path) -> Folder:
    return folders_of(folder)[0]


def test_a_bare_suite_runs_without_network_and_sees_nothing_of_the_machine(tmp_path: Path) -> None:
    insist_on_namespaces()
    told = tmp_path / "told"
    told.mkdir()
    tests = f"""
import os, pathlib, socket
from tool import halve

def test_alone():
    assert halve(4) == 2
    assert not os.path.exists({str(told)!r})
    with open("/work/planted", "w"):
        pass
"""
    plant(tmp_path / "set/right/halve", tests=tests)
    with bare_suites(sys.executable) as baseline:
        assert baseline.run(HALVE, tests.replace("    with open", "    return\n    with open")) == 0
        assert baseline.run(HALVE, tests) == 1
        assert 0 < baseline.seconds(of(tmp_path / "set")) < bare.SECONDS
    assert list(told.iterdir()) == []


def test_a_bare_suite_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    insist_on_namespaces()
    monkeypatch.setattr(bare, "SECONDS", 3)
    plant(tmp_path / "set/right/halve", tests="while True:\n    pass\n")
    with bare_suites(sys.executable) as baseline:
        assert baseline.seconds(of(tmp_path / "set")) == 3.0


def test_a_tool_becomes_a_server_for_autotool() -> None:
    source = "from __future__ import annotations\nfrom typing import TypedDict\n\n\n" + HALVE
    code = script({"name": "halve", "source": source})
    assert code.startswith("from __future__ import annotations\n")
    assert code.index("_typing.TypedDict =") < code.index("from typing import TypedDict")
    compile(code, "halve.py", "exec")
    assert 'mcp.tool(name="halve")(_as_text(halve))' in code


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [peer for peer in PEERS if not Path(INSTALLED, peer, "bin", "python").exists()]
    if not INSTALLED or missing:
        pytest.skip(f"peers are not set up ({FOLDER}; see benchmarks/peers/setup.py)")
    monkeypatch.setenv(FOLDER, INSTALLED)


async def test_arise_adopts_what_passes_its_tests(installed: None, planted: Path) -> None:
    plant(planted / "wrong/strong/halve", WRONG)
    verdicts = dict(
        zip([one.id for one in folders_of(planted)], await judged_by("arise", folders_of(planted)), strict=True)
    )
    assert {name: one.adopted for name, one in verdicts.items()} == {
        "right/halve": True,
        "wrong/none/halve": True,
        "wrong/strong/halve": False,
        "wrong/weak/halve": True,
    }
    assert "test_halves" in verdicts["wrong/strong/halve"].reason


async def test_autotool_adopts_what_survives_one_call(installed: None, planted: Path) -> None:
    plant(planted / "wrong/raises/halve", WRONG.replace("return number * 2", "raise KeyError(number)"))
    verdicts = dict(
        zip([one.id for one in folders_of(planted)], await judged_by("autotool", folders_of(planted)), strict=True)
    )
    assert {name: one.adopted for name, one in verdicts.items()} == {
        "right/halve": True,
        "wrong/none/halve": True,
        "wrong/raises/halve": False,
        "wrong/weak/halve": True,
    }
    assert "Error executing tool halve" in verdicts["wrong/raises/halve"].reason


def test_ctrl_c_is_told_in_one_sentence(monkeypatch, tmp_path, capsys):
    async def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(admission, "run", interrupted)
    assert admission.main(["--planted", str(tmp_path)]) == 130
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Interrupted; what was judged is kept")
    assert len(told.err.splitlines()) == 1
