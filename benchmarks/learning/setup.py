"""Installs the scorers of the learning benchmark into a virtual environment of their own, outside the repository.

    python -m benchmarks.learning.setup --folder DIR
    export AGENTFORGE_BENCH_SCORERS=DIR

The version is that with which the data was made. It brings numpy and matplotlib, and a compiler is needed for one of
its dependencies where there is no wheel of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers.setup import asked_folder, install, installed

FOLDER = "AGENTFORGE_BENCH_SCORERS"
NAME, PACKAGE = "gym", "reasoning-gym==0.1.25"


def scorers() -> Path:
    """The virtual environment of the scorers.

    Raises:
        SandboxUnavailable: it is not set up; nothing can be measured (exit code 7).
    """
    return installed(NAME, PACKAGE, FOLDER, "benchmarks.learning.setup")


def main() -> int:
    """The command; returns its exit code."""
    folder = asked_folder(__doc__)
    install(folder, {NAME: PACKAGE})
    print(f"export {FOLDER}={folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
