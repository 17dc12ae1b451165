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

from benchmarks.planted.folders import Folder
from benchmarks.sandbox.bare import bare, bubblewrapped

SECONDS = 60
"""The longest that a bare run may take; a suite that takes longer counts as this."""
_BOUNDED = ("/bin/sh", "-c", 'ulimit -v 2097152 && ulimit -f 65536 && exec "$@"', "sh")
"""2 GiB of memory and files of 32 MiB for each process (KiB, and blocks of 512 bytes)."""


@dataclass(frozen=True)
class BareSuites:
    """A Python of this machine and a folder with the box's own pytest, compiled."""

    python: str
    site: Path

    def seconds(self, folder: Folder) -> float:
        """Wall-clock seconds of one run, whatever it says."""
        with tempfile.TemporaryDirectory(prefix="planted-") as place:
            for name in ("tool.py", "test_tool.py"):
                Path(place, name).write_text(folder.files[name], "utf-8", "replace")
            inside = ["--ro-bind", str(self.site), "/opt/site", "--ro-bind", place, "/work", "--chdir", "/work"]
            inside += ["--clearenv", "--setenv", "PYTHONPATH", "/opt/site", "--setenv", "HOME", "/tmp"]
            inside += ["--setenv", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"]
            run = [self.python, "-s", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tool.py"]
            command = [*bubblewrapped(self.python, inside), *run]
            began = time.monotonic()
            try:
                subprocess.run(
                    [*_BOUNDED, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=SECONDS,
                )
            except subprocess.TimeoutExpired:
                return float(SECONDS)
            return time.monotonic() - began


@contextmanager
def bare_suites(python: str) -> Iterator[BareSuites]:
    """The baseline on ``python``."""
    with bare(python) as made:
        yield BareSuites(made.python, made.folder / "site")
