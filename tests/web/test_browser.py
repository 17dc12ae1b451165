"""The whole way: a real registry, ``agentforge web`` as a process, and a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentforge.registry.layers import Registry
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.types import State

from .memory import SOURCE, make_tool

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage", "--virtual-time-budget=3000",
)  # fmt: skip


@pytest.fixture
def registry(home: Path) -> Path:
    """A registry with two versions of a tool whose words are hostile."""
    path = home / "registries" / "personal" / "ada.git"
    manifest = Manifest(name="parse_price", summary=EVIL, signature="(text: str) -> int", requests=(EVIL,))
    first = replace(make_tool(), manifest=manifest)
    with Registry.open_or_create(path) as registry:
        version = registry.add(first, state=State.LIVE, unconfirmed=True)
        onwards = manifest.model_copy(update={"provenance": Provenance(parent=version)})
        repaired = replace(first, manifest=onwards, source=SOURCE.replace("* 100", "* 1000"))
        registry.add(repaired, state=State.LIVE)
    return path


@pytest.fixture
def address(registry: Path, tmp_path: Path) -> Iterator[str]:
    """The address that ``agentforge web`` prints; it ends with 0 when it is interrupted."""
    command = [sys.executable, "-m", "agentforge", "web", "--port", "0", "--user", "ada"]
    with (tmp_path / "stderr").open("w+") as errors:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=tmp_path)
        try:
            assert server.stdout is not None
            printed = server.stdout.readline().strip()
            assert printed.startswith("http://127.0.0.1:"), (tmp_path / "stderr").read_text()
            yield printed
            server.send_signal(signal.SIGINT)
            assert server.wait(10) == 0
        finally:
            server.kill()
            server.communicate(timeout=10)
    assert "Traceback" not in (tmp_path / "stderr").read_text()


def shown(address: str, tmp_path: Path) -> str:
    """The document as a real browser sees it after everything in it ran."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, and in CI nothing is skipped.")
        pytest.skip("there is no Chromium here")
    profile = tmp_path / "profile"
    command = [CHROMIUM, *SWITCHES, f"--user-data-dir={profile}", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_hostile_tool_is_only_text_in_a_real_browser(address: str, tmp_path: Path) -> None:
    page = shown(address.replace("/?", "/tools/parse_price?"), tmp_path)
    assert "<title>parse_price · AgentForge</title>" in page
    assert "&lt;script&gt;document.title='owned'" in page
    assert "<script" not in page
    assert page.count("<img") == 1, "only our own mark"


def test_the_history_of_a_real_registry_is_shown(address: str, tmp_path: Path) -> None:
    page = shown(address.replace("/?", "/tools/parse_price?"), tmp_path)
    assert "+1 −1" in page
    assert "The first version." in page


def test_the_list_shows_the_learned_tool_before_the_starter_tools(address: str, tmp_path: Path) -> None:
    page = shown(address, tmp_path)
    assert 0 < page.find("/tools/parse_price") < page.find("/tools/add_months")
    assert "registry of <b>ada</b>" in page
