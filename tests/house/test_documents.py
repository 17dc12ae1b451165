"""The documentation is true: generated pages are current, and links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from docs import generate

ROOT = Path(__file__).resolve().parents[2]
PAGES = generate.documents()


def test_the_reference_says_what_the_code_says() -> None:
    assert generate.outdated() == []


def test_a_page_that_is_out_of_date_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, make in generate.PAGES.items():
        (tmp_path / name).write_text(make(), "utf-8")
    (tmp_path / "cli.md").write_text("old", "utf-8")
    (tmp_path / "errors.md").unlink()
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    assert [problem.split()[0] for problem in generate.outdated()] == [
        "docs/reference/cli.md",
        "docs/reference/errors.md",
    ]


def test_every_link_leads_somewhere() -> None:
    assert generate.broken_links() == []


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        ("[a](other.md)", False),
        ("[a](other.md#a-heading)", False),
        ("[a](#here)", False),
        ("[a](https://example.org/x)", False),
        ("`[a](gone.md)`", False),
        ("[a](gone.md)", True),
        ("[a](other.md#none)", True),
        ("[a](../../outside.md)", True),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, broken: bool
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "other.md").write_text("# A `heading`\n", "utf-8")
    (tmp_path / "docs" / "page.md").write_text(f"# Here\n{link}\n", "utf-8")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    assert bool(generate.broken_links()) is broken


def test_every_command_group_and_setting_has_its_line() -> None:
    commands = (generate.REFERENCE / "cli.md").read_text("utf-8")
    for words in ("run", "chat", "doctor", "web", "tools list", "model up", "sandbox check", "config show"):
        assert f"## agentforge {words}\n" in commands
    settings = (generate.REFERENCE / "settings.md").read_text("utf-8")
    for key in ("forge.candidates", "sandbox.launcher", "endpoints.NAME.url", "database_url"):
        assert f"| `{key}` |" in settings
    assert [line for line in settings.splitlines() if line.startswith("| `") and line.endswith("|  |")] == []


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    return [re.split(r"[^A-Za-z0-9_-]", line)[0] for line in wanted]


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "decisions.md").read_text("utf-8")
    assert [name for name in dependencies() if f"`{name}`" not in reasons] == []


def test_every_dependency_is_locked() -> None:
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    assert [name for name in dependencies() if not re.search(rf"^{name}==", lock, re.MULTILINE)] == []


def test_the_lock_names_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    assert not re.search(r"https?://|--index|--find-links|file:", lock)
    pinned = re.split(r"\n(?=[a-zA-Z0-9])", lock)[1:]
    assert len(pinned) > 40
    assert all("==" in one and "--hash=sha256:" in one for one in pinned)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_one_machine_stands_in_the_documents(page: Path) -> None:
    assert not re.search(r"/(root|home|work|tmp)/\w", page.read_text("utf-8"))
