"""The pictures of all rooms in ``docs/images``: ``python -m tests.web.pictures``. Light, dark, and as on a phone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from .chromium import Chromium
from .lived import NIGHT, lived, settings_here

LOOKS = {"": {}, "-dark": {"dark": True}, "-narrow": {"width": 390, "height": 844}}


def main(folder: Path) -> None:
    """Makes a home, serves it and takes the pictures."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["AGENTFORGE_HOME"] = f"{place}/home"
        made = asyncio.run(lived(settings_here()))
        pages = {
            "sessions": "/sessions",
            "session": f"/sessions/{made.session}",
            "learning": "/learning",
            "memory": "/memory",
            "memory-entry": f"/memory/{made.fact}",
            "persona": "/persona",
            "sleep": "/sleep",
            "sleep-night": f"/sleep/{NIGHT}",
            "activity": "/activity",
            "lineage": "/lineage?of=tool:clean_phone",
        }
        command = [sys.executable, "-m", "agentforge", "web", "--port", "0", "--user", "ada"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            with Chromium(Path(place, "profile")) as browser:
                browser.open(server.stdout.readline().strip())
                origin = browser.run("location.origin")
                for look, how in LOOKS.items():
                    browser.looks(**how)
                    for name, path in pages.items():
                        browser.open(f"{origin}{path}")
                        browser.picture(folder / f"{name}-page{look}.png")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(120)


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[2] / "docs" / "images")
