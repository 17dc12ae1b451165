"""The baseline: a bare Python process for each call, a bare ``python -m pytest`` for each suite.

It gets every advantage that it could have: the same version as the box's Python where the machine has
it, no user or virtual environment to look through, pytest compiled beforehand and without plugins.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentforge.boxes import contents
from agentforge.errors import UsageError
from benchmarks.peers.bubble import program
from benchmarks.sandbox.work import PASSED, PROGRAM, REQUEST, SOURCE, TESTS, WrongAnswerError, insist_on_text

_SECONDS = 300
_LINKED_FOLDERS = ("/bin", "/lib", "/lib64")


@dataclass(frozen=True)
class Bare:
    """A Python of this machine, and a folder with the tool, its tests and pytest."""

    python: str
    folder: Path

    def call(self) -> None:
        """One call in a process of its own."""
        self._call([self.python, "-I", "-B", "-c", PROGRAM])

    def call_in_bubblewrap(self) -> None:
        """The same in namespaces of its own, without any other hardening."""
        self._call([*bubblewrapped(self.python), self.python, "-I", "-B", "-c", PROGRAM])

    def suite(self) -> None:
        """The five tests, as a person would run them; nothing that is compiled is kept."""
        self._suite("-B")

    def compile_pytest(self) -> None:
        """A first run, which leaves all of pytest that it imports compiled, and nothing of the tool and its tests."""
        self._suite()
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)

    def _suite(self, *flags: str) -> None:
        command = [self.python, "-s", *flags, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tool.py"]
        environment = {
            "PYTHONPATH": str(self.folder / "site"),
            "PATH": os.defpath,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, timeout=_SECONDS)
        if PASSED not in done.stdout.decode("utf-8", "replace"):
            raise WrongAnswerError(f"bare pytest said {(done.stdout or done.stderr)[-800:]!r}")

    def _call(self, command: list[str]) -> None:
        done = subprocess.run(command, input=REQUEST.encode(), capture_output=True, timeout=_SECONDS)
        insist_on_text(command[0], (done.stdout or done.stderr).decode("utf-8", "replace"))


@contextmanager
def bare(python: str) -> Iterator[Bare]:
    """The baseline on ``python``; its folder is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="bare-") as name:
        folder = Path(name)
        contents.write_to(folder / "box")
        (folder / "box" / "site").rename(folder / "site")
        shutil.rmtree(folder / "box")
        (folder / "tool.py").write_text(SOURCE, "utf-8")
        (folder / "test_tool.py").write_text(TESTS, "utf-8")
        made = Bare(python, folder)
        made.compile_pytest()
        yield made


def python_like(version: str) -> str:
    """A Python of this machine of the version that the box has, else of its minor version, else this one."""
    minor = version.rpartition(".")[0]
    named = ["/usr/bin/python3", str(getattr(sys, "_base_executable", "")), shutil.which(f"python{minor}") or ""]
    found = {path: version_of(path) for path in named if path and Path(path).exists()}
    same = [path for path, has in found.items() if has == version]
    near = [path for path, has in found.items() if has.rpartition(".")[0] == minor]
    return [*same, *near, sys.executable][0]


def version_of(python: str) -> str:
    """The version of an interpreter (raises UsageError where it is none)."""
    command = [python, "-I", "-c", "import platform; print(platform.python_version())"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        raise UsageError(f"{python} is no Python that runs.", fix="Name another one with --python.") from None
    return done.stdout.strip()


def bubblewrapped(python: str, more: Sequence[str] = ()) -> list[str]:
    """A command in front of another one: namespaces of its own with what ``python`` needs, and ``more`` options."""
    view = ["--ro-bind", "/usr", "/usr"]
    for path in map(Path, _LINKED_FOLDERS):
        if path.is_symlink():
            view += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            view += ["--ro-bind", str(path), str(path)]
    home = Path(python).resolve().parents[1]
    view += [] if home.is_relative_to("/usr") else ["--ro-bind", str(home), str(home)]
    places = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    return [program(), "--unshare-all", "--die-with-parent", *view, *places, *more, "--"]
