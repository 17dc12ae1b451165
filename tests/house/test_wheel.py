"""What is installed is what stands in the checkout: whole, clean and able to start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import insist_on_namespaces

ROOT = Path(__file__).resolve().parents[2]
DATA = ("sandbox", "toolbox", "registry")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone, installed into an empty folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(folder)]
    subprocess.run([*command, str(wheel)], check=True, timeout=100)
    return folder


def in_checkout(folder: str) -> set[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", folder]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout.split(
        "\n"
    )
    return {name for name in listed if name and (ROOT / name).is_file()}


def test_the_package_is_whole(names: set[str]) -> None:
    assert {name for name in names if not name.startswith("agentforge/_data/")} == in_checkout("agentforge")


@pytest.mark.parametrize("folder", DATA)
def test_a_data_folder_is_whole(names: set[str], folder: str) -> None:
    inside = {
        name.removeprefix("agentforge/_data/") for name in names if name.startswith(f"agentforge/_data/{folder}/")
    }
    assert inside == in_checkout(folder)
    assert inside


def test_nothing_else_comes_along(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names} == {"agentforge"}
    unwanted = ("__pycache__", ".pyc", ".env", "/tests/", ".sqlite", ".db", ".log")
    assert [name for name in names if any(part in name for part in unwanted)] == []
    data = {name.split("/")[2] for name in names if name.startswith("agentforge/_data/")}
    assert data <= {*DATA, "examples"}


def test_it_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 1_500_000


def test_the_metadata_names_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(files["METADATA"]).decode()
        assert "Name: agentforge-toolsmith\n" in metadata
        assert "License-Expression: Apache-2.0\n" in metadata
        assert "agentforge = agentforge.__main__:main" in archive.read(files["entry_points.txt"]).decode()
        assert b"Apache License" in archive.read(files["licenses/LICENSE"])


def test_the_installed_package_finds_its_data_and_starts(site: Path, tmp_path: Path, home: Path) -> None:
    code = (
        "import json, agentforge, agentforge.assets as assets\n"
        "from agentforge.registry.layers import BaseLayer\n"
        "folders = {name: str(assets.folder(name)) for name in ('sandbox', 'toolbox', 'registry')}\n"
        "print(json.dumps([agentforge.__file__, folders, len(BaseLayer().tools()), BaseLayer().problems()]))"
    )
    where, folders, tools, problems = json.loads(run(site, tmp_path, "-c", code))
    assert Path(where).is_relative_to(site)
    assert all(Path(folder).is_relative_to(site / "agentforge" / "_data") for folder in folders.values())
    assert tools >= 12
    assert problems == []


def test_the_installed_command_lists_the_starter_tools(site: Path, tmp_path: Path, home: Path) -> None:
    assert "parse_duration" in run(site, tmp_path, "-m", "agentforge", "tools", "list")


SESSION = """
from agentforge import Forge
from agentforge.testing import ScriptedModel

script = [{"call": {"tool": "parse_duration", "args": {"text": "2h 45m"}}}, "They are 9900 seconds."]
result = Forge(user="ada", models=ScriptedModel(script)).run_sync("How many seconds are 2h 45m?")
print(result.raise_for_status().answer, *result.tools_used)
"""


def test_a_scripted_session_calls_a_starter_tool_in_a_box(site: Path, tmp_path: Path, home: Path) -> None:
    insist_on_namespaces()
    (tmp_path / "agentforge.toml").write_text('[sandbox]\nlauncher = "bubblewrap"\n')
    assert run(site, tmp_path, "-c", SESSION) == "They are 9900 seconds. parse_duration\n"


def run(site: Path, folder: Path, *arguments: str) -> str:
    """Runs Python outside the checkout, with the installed wheel before everything else."""
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
