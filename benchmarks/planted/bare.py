"""The baseline of the gates' seconds: one bare ``python -m pytest`` of the folder's suite.

A planted set may be anybody's, so that it runs in bubblewrap: no network, nothing but Python and pytest,
and a folder of its own that is gone afterwards. These namespaces cost some ten milliseconds of the
baseline's two hundred. Memory and the size of files are bounded; that is not the sandbox of the product.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentforge.errors import SandboxUnavailable
from benchmarks.planted.folders import Folder
from benchmarks.sandbox.bare import bare, bubblewrapped
from benchmarks.sandbox.work import SOURCE, TESTS

SECONDS = 60
"""The longest that a bare run may take; a suite that takes longer counts as this."""
_BOUNDED = ("/bin/sh", "-c", 'ulimit -v 2097152 && ulimit -f 65536 && exec "$@"', "sh")
"""2 GiB of memory and files of 32 MiB for each process (KiB, and blocks of 512 bytes)."""


_PYTEST = ("-s", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tool.py")


@dataclass(frozen=True)
class BareSuites:
    """A Python of this machine and a folder with the box's own pytest, compiled."""

    python: str
    site: Path

    def seconds(self, folder: Folder) -> float:
        """Wall-clock seconds of one run, whatever it says."""
        began = time.monotonic()
        code = self.run(folder.files["tool.py"], folder.files["test_tool.py"])
        return float(SECONDS) if code is None else time.monotonic() - began

    def run(self, source: str, tests: str) -> int | None:
        """The exit code of pytest; None where it was ended."""
        with tempfile.TemporaryDirectory(prefix="planted-") as place:
            for name, text in (("tool.py", source), ("test_tool.py", tests)):
                Path(place, name).write_text(text, "utf-8", "replace")
            inside = ["--ro-bind", str(self.site), "/opt/site", "--ro-bind", place, "/work", "--chdir", "/work"]
            inside += ["--clearenv", "--setenv", "PYTHONPATH", "/opt/site", "--setenv", "HOME", "/tmp"]
            inside += ["--setenv", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"]
            command = [*_BOUNDED, *bubblewrapped(self.python, inside), self.python, *_PYTEST]
            quiet = subprocess.DEVNULL
            try:
                done = subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return None
            return done.returncode


@contextmanager
def bare_suites(python: str) -> Iterator[BareSuites]:
    """The baseline on ``python``.

    Raises:
        SandboxUnavailable: a suite that passes does not pass there.
    """
    with bare(python) as made:
        baseline = BareSuites(str(Path(python).resolve()), made.folder / "site")
        if baseline.run(SOURCE, TESTS) != 0:
            raise SandboxUnavailable("A bare suite does not run in bubblewrap here, so there is no baseline.")
        yield baseline
