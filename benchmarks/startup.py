"""How long AgentForge takes to start, against a bare interpreter.

Measured, interleaved, each in a process of its own: ``python -c pass`` (the baseline),
``python -c "import agentforge"`` and ``agentforge --help``; then ``python -X importtime`` for what
the import alone costs. Compiled files are warm. Also reported: the installed size of the package
with everything it depends on.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from statistics import median

from packaging.requirements import Requirement

COMMANDS: dict[str, list[str]] = {
    "bare": [sys.executable, "-c", "pass"],
    "import": [sys.executable, "-c", "import agentforge"],
    "help": [sys.executable, "-m", "agentforge", "--help"],
}
DISTRIBUTION = "agentforge-toolsmith"


def timed(command: Sequence[str]) -> float:
    """Milliseconds of one run of ``command``, from fork to exit."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
    return (time.perf_counter() - start) * 1000


def interleaved(rounds: int) -> dict[str, float]:
    """Median milliseconds of each command; they take turns, so that a busy machine hurts all alike."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        timed(command)  # writes compiled files
    for number in range(rounds):
        print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr)
        for name, command in COMMANDS.items():
            times[name].append(timed(command))
    print(file=sys.stderr)
    return {name: median(values) for name, values in times.items()}


def import_cost(rounds: int) -> float:
    """Median milliseconds of ``import agentforge`` as the interpreter itself accounts for it."""
    return median(_import_cost_once() for _ in range(rounds))


def _import_cost_once() -> float:
    command = [sys.executable, "-X", "importtime", "-c", "import agentforge"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stderr
    found = re.search(r"\|\s+(\d+) \| agentforge$", lines, flags=re.MULTILINE)
    if found is None:
        raise SystemExit("The interpreter did not report the import of agentforge.")
    return int(found[1]) / 1000


def installed_mb() -> dict[str, float]:
    """Megabytes on disk of each distribution that a plain installation brings."""
    wanted, sizes = [DISTRIBUTION], dict[str, float]()
    while wanted:
        distribution = metadata.distribution(wanted.pop())
        name = distribution.metadata["Name"]
        if name in sizes:
            continue
        files = (Path(str(distribution.locate_file(one))) for one in distribution.files or ())
        sizes[name] = sum(one.stat().st_size for one in files if one.is_file()) / 1e6
        requirements = map(Requirement, distribution.requires or ())
        wanted += [one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
    return sizes


def measure(rounds: int) -> dict[str, float]:
    """All figures: milliseconds, ratios to the bare interpreter, megabytes."""
    took = interleaved(rounds)
    sizes = installed_mb()
    return {
        "bare_ms": round(took["bare"], 1),
        "import_ms": round(took["import"], 1),
        "import_ratio": round(took["import"] / took["bare"], 2),
        "import_cost_ms": round(import_cost(rounds), 1),
        "help_ms": round(took["help"], 1),
        "help_ratio": round(took["help"] / took["bare"], 2),
        "installed_mb": round(sum(sizes.values()), 1),
        "rounds": rounds,
    }


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="7 rounds instead of 31")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    figures = measure(7 if options.quick else 31)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:<16}{value:>10}" for name, value in figures.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
