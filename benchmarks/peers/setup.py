"""Installs each peer into a virtual environment of its own, outside the repository.

    python -m benchmarks.peers.setup --folder DIR
    export AGENTFORGE_BENCH_PEERS=DIR

The versions of the peers are fixed here; those of their own dependencies are what the package
index gives on that day (see with ``DIR/NAME/bin/python -m pip list``).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from agentforge.errors import SandboxUnavailable

FOLDER = "AGENTFORGE_BENCH_PEERS"
PEERS = {"arise": "arise-ai==0.2.1", "autotool": "autotool-mcp[models]==0.1.0"}
INSTALL_SECONDS = 600
"""For one command."""


def venv_of(peer: str) -> Path:
    """The virtual environment of a peer.

    Raises:
        SandboxUnavailable: it is not set up; nothing can be measured (exit code 7).
    """
    return installed(peer, PEERS[peer], FOLDER, "benchmarks.peers.setup")


def installed(peer: str, package: str, variable: str, setup: str) -> Path:
    """``peer`` in the folder that an environment ``variable`` names, where the module ``setup`` put it.

    Raises:
        SandboxUnavailable: it is not set up.
    """
    named = os.environ.get(variable, "")
    venv = Path(named or ".").absolute() / peer
    if not named or not _mark(venv, package).exists():
        raise SandboxUnavailable(
            f"The peer {peer!r} ({package}) is not set up here.",
            fix=f"Run `python -m {setup} --folder DIR` and set {variable} to DIR.",
        )
    return venv


def install(folder: Path, packages: Mapping[str, str]) -> None:
    """Makes a virtual environment ``folder/NAME`` for each name, with its package in it."""
    for name, package in packages.items():
        venv = folder / name
        for command in (
            [sys.executable, "-m", "venv", str(venv)],
            [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", package],
        ):
            subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
        _mark(venv, package).touch()
        print(f"{name}: {package}")


def _mark(venv: Path, package: str) -> Path:
    """The file that says that the installation came to its end."""
    return venv / f"installed-{package}"


def asked_folder(description: str | None) -> Path:
    """The folder that the command line names."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, required=True, help="where the virtual environments go")
    folder: Path = options.parse_args().folder
    return folder.absolute()


def main() -> int:
    """The command; returns its exit code."""
    folder = asked_folder(__doc__)
    install(folder, PEERS)
    print(f"export {FOLDER}={folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
