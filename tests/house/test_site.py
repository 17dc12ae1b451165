"""The documentation site: built strictly and without a network, whole, and without anything from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from docs import generate

ROOT = Path(__file__).resolve().parents[2]
BUILD = ["-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-b", "html"]
LOADED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']([^"']+)""")


def built(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *BUILD, str(source), str(target)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    done = built(ROOT / "docs", target)
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.timeout(700)
def test_every_page_is_there_and_led_to(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    assert {path for path in pages if not (site / path.with_suffix(".html")).is_file()} == set()
    index = (site / "index.html").read_text("utf-8")
    assert {str(path) for path in pages if str(path) != "index" and f'href="{path}.html"' not in index} == set()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = LOADED.findall(page.read_text("utf-8"))
        assert [one for one in loaded if re.match(r"(?:[a-z]+:)?//", one)] == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", sheet.read_text("utf-8")), sheet


def test_the_reference_tells_every_public_name() -> None:
    text = (generate.REFERENCE / "python.md").read_text("utf-8")
    from agentforge import __all__ as names
    from agentforge.testing import __all__ as doubles

    for name in (*names, *doubles, "agentforge.sse.Streams", "forge.memory", "forge.approvals"):
        assert f"\n### `{name}`\n" in text, name
    assert "run(text: str, *, session: str | None = None" in text


def with_a_broken_link(docs: Path) -> None:
    (docs / "tutorial.md").write_text("# Tutorial\n\n[gone](gone.md)\n", "utf-8")


def with_a_missing_heading(docs: Path) -> None:
    (docs / "tutorial.md").write_text("# Tutorial\n\n[gone](index.md#no-such-heading)\n", "utf-8")


def with_a_page_that_nothing_leads_to(docs: Path) -> None:
    (docs / "lost.md").write_text("# Lost\n", "utf-8")


def without_a_page_of_the_navigation(docs: Path) -> None:
    (docs / "index.md").write_text("# Here\n\n```{toctree}\ntutorial\ngone\n```\n", "utf-8")


@pytest.mark.timeout(700)
@pytest.mark.parametrize(
    "spoil",
    [
        with_a_broken_link,
        with_a_missing_heading,
        with_a_page_that_nothing_leads_to,
        without_a_page_of_the_navigation,
    ],
)
def test_what_is_wrong_stops_the_build(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(ROOT / "docs" / "conf.py", docs)
    (docs / "index.md").write_text("# Here\n\n```{toctree}\ntutorial\n```\n", "utf-8")
    (docs / "tutorial.md").write_text("# Tutorial\n", "utf-8")
    spoil(docs)
    assert built(docs, tmp_path / "site").returncode != 0
