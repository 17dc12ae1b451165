"""``agentforge web`` as a process, and a browser that opened the address that it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .chromium import PROGRAM, Chromium


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address that ``agentforge web`` prints; it ends with 0 when it is interrupted, and without a traceback."""
    command = [sys.executable, "-m", "agentforge", "web", "--port", "0", "--user", "ada"]
    with (folder / "stderr").open("w+") as errors:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder)
        try:
            assert server.stdout is not None
            printed = server.stdout.readline().strip()
            assert printed.startswith("http://127.0.0.1:"), (folder / "stderr").read_text()
            yield printed
            server.send_signal(signal.SIGINT)
            assert server.wait(120) == 0
        finally:
            server.kill()
            server.communicate(timeout=10)
    assert "Traceback" not in (folder / "stderr").read_text()


@contextmanager
def looking(address: str, folder: Path) -> Iterator[Chromium]:
    """A browser that opened an address; without one the test is skipped, but not in CI."""
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, and in CI nothing is skipped.")
        pytest.skip("there is no Chromium here")
    with Chromium(folder / "profile") as chromium:
        chromium.looks()
        chromium.open(address)
        yield chromium


def go(browser: Chromium, path: str) -> None:
    """Opens another page of the same address."""
    browser.open(f"{browser.run('location.origin')}{path}")
