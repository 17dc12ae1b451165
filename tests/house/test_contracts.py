"""The rules of the house hold, and each of them is able to notice when it is broken."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "agentforge"
MODULES = sorted(PACKAGE.rglob("*.py"))
CODE = [
    *MODULES,
    *sorted(path for name in ("tests", "benchmarks", "docs", "examples") for path in (ROOT / name).rglob("*.py")),
]

ENVIRONMENT_READERS = {"settings.py", "models/local/processes.py"}
"""The second hands the caller's environment on to the programs it starts; it reads no setting from it."""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(folder)},
    )


def test_the_import_contracts_hold() -> None:
    found = lint_imports(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts, to break."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(PACKAGE, folder / "agentforge", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("boxes/planted.py", "import agentforge.models.protocol", "Layers"),
        ("registry/planted.py", "import agentforge.memory.episodes", "Layers"),
        ("models/planted.py", "import agentforge.forge.spec", "Layers"),
        ("helpers.py", "", "Layers"),
        ("agent/planted.py", "import git", "Only gitstore imports git"),
        ("memory/planted.py", "import pickle", "never unpickles"),
        ("cli/planted.py", "import toolbox", "never imported on the host"),
        ("boxes/planted.py", "from sandbox import runner", "never imported on the host"),
    ],
)
def test_a_broken_contract_is_noticed(copy: Path, file: str, line: str, contract: str) -> None:
    planted = copy / "agentforge" / file
    planted.write_text(f"{line}\n")
    try:
        found = lint_imports(copy)
    finally:
        planted.unlink()
    assert found.returncode != 0
    assert re.search(rf"{contract}.*BROKEN|not listed as layers", found.stdout), found.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_small_and_named_after_what_it_is(module: Path) -> None:
    assert len(module.read_text("utf-8").splitlines()) <= 400
    assert module.stem not in ("utils", "util", "helpers", "helper", "manager", "base", "common", "misc")


def test_only_settings_reads_the_environment() -> None:
    readers = {str(path.relative_to(PACKAGE)) for path in MODULES if _reads_environment(path.read_text("utf-8"))}
    assert readers <= ENVIRONMENT_READERS


def _reads_environment(source: str) -> bool:
    names = {
        node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute) and _is_os(node.value)
    }
    imported = {
        name.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module == "os"
        for name in node.names
    }  # fmt: skip
    return bool((names | imported) & {"environ", "environb", "getenv", "getenvb"})


def _is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import os\nx = os.environ['A']", True),
        ("import os\nx = os.getenv('A')", True),
        ("from os import environ", True),
        ("import os\nx = os.getcwd()", False),
    ],
)
def test_reading_the_environment_is_noticed(source: str, reads: bool) -> None:
    assert _reads_environment(source) is reads


SILENCED = re.compile(r"#\s*(?:noqa|(?:pyright|type|fmt|ruff): *(?:ignore|noqa))(?P<rest>.*)")
REASONED = re.compile(r"(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[\w, -]+\])\W+(?P<why>\w.*)")


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_whatever_is_silenced_names_its_rule_and_its_reason(path: Path) -> None:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        silenced = None if path == Path(__file__) else SILENCED.search(line)
        if silenced:
            reason = REASONED.match(silenced["rest"])
            assert reason, f"{path.relative_to(ROOT)}:{number} gives no rule or no reason: {line.strip()}"
            assert len(reason["why"].split()) > 1, f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_nothing_is_imported_until_it_is_needed() -> None:
    heavy = ["anthropic", "docker", "git", "sqlalchemy", "alembic", "starlette", "pydantic", "rich", "typer", "jinja2"]
    code = f"import sys, agentforge; print([name for name in {heavy!r} if name in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert shown.stdout.strip() == "[]"


def test_the_client_of_models_is_not_loaded_before_one_is_asked() -> None:
    """It takes a second, which a worker or a check of a tool need not spend."""
    code = "import sys, agentforge.api.worker, agentforge.agent.session, agentforge.forge.checking\n"
    code += "print('anthropic' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert shown.stdout == "False\n"


SCRIPTS = ("__main__.py", "env.py")
"""Run, never imported: the second is what alembic runs for each migration."""


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name not in SCRIPTS], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_nothing_happens_at_import(path: Path) -> None:
    """No loose calls at the top of a module but those that make a value or wire the command line."""
    allowed = {"app.add_typer", "app.command", "app.callback"}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            assert ast.unparse(node.value.func) in allowed, f"{path.name}:{node.lineno} does something at import"
