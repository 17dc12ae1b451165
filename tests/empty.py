"""Environments that hold nothing of ours: a bare Python, and one with a package and what that requires."""

from __future__ import annotations

import subprocess
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def python_with(folder: Path, *packages: str) -> Path:
    """A Python in an environment of its own, with these installed packages, linked, and those that they require."""
    venv.create(folder, symlinks=True)
    [place] = folder.glob("lib/python3.*/site-packages")
    seen, waiting = set[str](), [Requirement(package) for package in packages]
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        found = distribution(wanted.name)
        for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
            if not (place / top).exists():
                (place / top).symlink_to(found.locate_file(top))
        for line in found.requires or []:
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": each}) for each in ["", *wanted.extras]):
                waiting.append(needed)
    return folder / "bin" / "python"


def run(python: Path, *words: object, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a program that sees neither the environment nor the folder of the caller."""
    done = subprocess.run(
        [python, "-I", *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
    return done.returncode, done.stdout, done.stderr
