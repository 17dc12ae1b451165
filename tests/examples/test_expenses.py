"""The expense app: grown over five sessions on real git, database and sandbox, kept, and started like a program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from examples.expenses import __main__ as program
from examples.expenses.page import FILE, NOTES, page
from examples.expenses.sessions import ENTRY, SESSIONS
from examples.living import MARK, Person
from examples.ten_days.page import same_in_every_run
from tests.empty import python_with, run
from tests.examples.lived import git, lived

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.timeout(900), pytest.mark.docker, pytest.mark.usefixtures("docker")]


@pytest.fixture(scope="module")
def noor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with lived("noor", tmp_path_factory.mktemp("noor"), SESSIONS) as person:
        yield person


@pytest.fixture(autouse=True)
def at_her_home(noor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private home of each test is hers."""
    monkeypatch.setenv("AGENTFORGE_HOME", str(noor.folder.parent / "home"))


def test_the_app_is_made_of_three_tools_and_grew_session_by_session(noor: Person) -> None:
    assert git(noor, "log", "--reverse", "--date=format:%d", "--format=%ad %s").splitlines() == [
        "02 Create the registry",
        "02 Add parse_amount",
        "03 Add expense_category",
        "04 Add vat_in",
        "05 Add monthly_report",
        "06 Keep a regression of parse_amount",
        "06 Update parse_amount",
    ]
    told = json.loads(noor.types("tools", "show", ENTRY, "--json"))["tool"]
    assert sorted(told["manifest"]["depends"]) == ["expense_category", "parse_amount", "vat_in"]


def test_the_correction_of_one_tool_made_the_whole_app_right_without_touching_it(noor: Person) -> None:
    printed = noor.types("tools", "call", ENTRY, f"lines=@{ROOT / NOTES}", "month=2026-03")
    assert json.loads(printed) == {
        "lodging": 21400,
        "meals": 6300,
        "other": 1250,
        "travel": 127090,
        "VAT": 22898,
        "total": 156040,
    }
    assert len(git(noor, "log", "--format=%h", "--", f"tools/{ENTRY}").split()) == 1


def test_carried_away_the_app_runs_as_a_program_where_nothing_of_ours_is(noor: Person, tmp_path: Path) -> None:
    python = python_with(tmp_path / "venv")
    file = noor.types("tools", "export", ENTRY, "--out", str(tmp_path)).strip().splitlines()[-1]
    words = (f"lines=@{ROOT / NOTES}", "month=2026-03")
    code, out, err = run(python, file, *words)
    assert (code, err) == (0, "")
    assert out.strip() == noor.types("tools", "call", ENTRY, *words).strip()
    assert "Noor" not in Path(file).read_text("utf-8")


def test_it_starts_as_a_program_without_a_model(noor: Person, capsys: pytest.CaptureFixture[str]) -> None:
    home = noor.folder.parent / "home"
    (home / MARK).touch()
    with patch.dict(os.environ):  # the program makes the environment its own
        assert program.main([str(ROOT / NOTES), "2026-04", "--home", str(home)]) == 0
    assert capsys.readouterr().out.split() == ["travel", "89.90", "EUR", "VAT", "14.35", "EUR", "total", "89.90", "EUR"]


def test_its_history_can_be_carried_away(noor: Person, tmp_path: Path) -> None:
    git(noor, "bundle", "create", str(tmp_path / "app.bundle"), "main")
    git(noor, "clone", "-q", "-b", "main", str(tmp_path / "app.bundle"), str(tmp_path / "app"))
    assert (tmp_path / "app" / "tools" / ENTRY / "tool.py").read_text("utf-8").startswith("from toolbox import")


def test_the_page_tells_how_it_grew(noor: Person) -> None:
    fresh = noor.folder / FILE.name
    fresh.write_text(page(noor), "utf-8")
    assert same_in_every_run(fresh.read_text("utf-8")) == same_in_every_run(FILE.read_text("utf-8")), (
        f"docs/{FILE.name} is not of these sessions; as it should be: {fresh}"
    )
