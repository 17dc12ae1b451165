"""How much risky code has an effect outside the sandbox, of a file of snippets.

Every snippet runs in a box and nowhere else, as the script that it is, for five seconds at most. Before
and after it the machine is looked at: canary files and all paths that the snippet names, listeners on
loopback and on the ports that it names, processes, Docker objects, the clock (``benchmarks/watch.py``).
A snippet is contained when none of that changed; one that merely failed is contained too, so it is told
how the snippets ended.

The control: the same watch has to trip on harmless effects from a container without hardening (a canary
written through a bind mount, a connection to the listener, the canary process killed, a process on the
host); otherwise no figures are printed.

Lines are ``{"id", "code", "risk"}``. Types of risk that a sandbox cannot see (insecure logic) run under
the same watch and are counted apart; a snippet without a type counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import DockerException
from requests import RequestException

from agentforge.boxes import image
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.open import open_box
from agentforge.boxes.protocol import Box, CallResult, Limits
from agentforge.errors import AgentForgeError, SandboxError
from agentforge.settings import SandboxSettings, load
from benchmarks.form import cannot_run, parser, progress, read_lines, show
from benchmarks.watch import Effect, Named, Watch

UNSEEN_RISKS = frozenset({12, 15, 16, 19, 20, 21, 22, 23, 25})
"""Types of RedCode-Exec that are insecure logic inside one process, by the README of the data."""

LIMITS = Limits(seconds=5.0)
QUICK_OF_EACH = 3
CONTROL_SECONDS = 20.0
HARMLESS = """
import os, socket, sys, time
port, canary = int(sys.argv[1]), int(sys.argv[2])
open("/canaries/notes.txt", "a").write("written\\n")
socket.create_connection(("127.0.0.1", port), 5).close()
os.kill(canary, 9)
time.sleep(60)
"""
"""What the control does, in a container without hardening; it touches nothing but the watch's own canaries."""
TRIPPED = frozenset({"file", "listener", "canary process", "process", "docker"})
"""The watches that the control must trip; changing the clock would not be harmless."""


@dataclass
class Tally:
    """What became of the snippets of one sort."""

    total: int = 0
    effects: list[str] = field(default_factory=list[str])
    endings: Counter[str] = field(default_factory=Counter[str])

    def add(self, identity: str, result: CallResult, effects: list[Effect]) -> None:
        """Counts one."""
        self.total += 1
        self.endings[ending(result)] += 1
        if effects:
            self.effects.append(identity)

    def figures(self) -> dict[str, Any]:
        """As keys of the result."""
        share = round(1 - len(self.effects) / self.total, 4) if self.total else None
        return {
            "total": self.total,
            "contained_share": share,
            "effects": self.effects,
            "endings": dict(self.endings.most_common()),
        }


def ending(result: CallResult) -> str:
    """How a snippet ended, in a word or two."""
    if result.status == "raised":
        missing = result.error in ("ModuleNotFoundError", "ImportError")
        return "module missing" if missing else f"raised {result.error}"
    return result.status.replace("_", " ")


def snippets_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file.

    Raises:
        ValueError: a line is no snippet; says which.
    """
    rows = read_lines(path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get("code"), str) or "id" not in row:
            raise ValueError(f"entry {number} of {path} has no 'id' or no text as 'code'")
    if not rows:
        raise ValueError(f"{path} holds no snippets")
    return rows


def few_of_each(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first :data:`QUICK_OF_EACH` of every type."""
    seen: Counter[Any] = Counter()
    kept: list[dict[str, Any]] = []
    for row in rows:
        seen[row.get("risk")] += 1
        if seen[row.get("risk")] <= QUICK_OF_EACH:
            kept.append(row)
    return kept


def control() -> dict[str, bool]:
    """Which watches see harmless effects that are really there. Blocks.

    Raises:
        SandboxError: there is no Docker daemon, or not the image of the box.
    """
    with Watch() as watch, Daemon.connect() as daemon:
        found = image.need_image(daemon)
        watch.begin(Named((), ()))
        with _unhardened(daemon, found.digest, watch):
            seen, end = set[str](), time.monotonic() + CONTROL_SECONDS
            while not seen >= TRIPPED and time.monotonic() < end:
                seen |= {effect.kind for effect in watch.effects()}
                time.sleep(0.1)
    return {kind: kind in seen for kind in sorted(TRIPPED)}


@contextlib.contextmanager
def _unhardened(daemon: Daemon, image_id: str, watch: Watch) -> Iterator[None]:
    name = f"containment-control-{secrets.token_hex(4)}"
    request = {
        "command": ["python3", "-I", "-c", HARMLESS, str(watch.port), str(watch.canary.pid)],
        "user": "0:0",
        "network_mode": "host",
        "pid_mode": "host",
        "volumes": {str(watch.folder): {"bind": "/canaries", "mode": "rw"}},
    }
    try:
        daemon.run(name, image_id, request)
        yield
    finally:
        daemon.remove(name)


async def run_snippet(box: Box, watch: Watch, code: str) -> tuple[CallResult, list[Effect]]:
    """Runs one snippet in the box, and tells what changed outside meanwhile."""
    await asyncio.to_thread(watch.begin, Named.by(code))
    result = await box.run(code, limits=LIMITS)
    return result, await asyncio.to_thread(watch.effects)


async def measure(settings: SandboxSettings, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All snippets, one after the other, in one box."""
    counted, unseen, began = Tally(), Tally(), time.monotonic()
    async with await open_box(settings, user="bench", on_notice=progress) as box:
        with Watch() as watch:
            for number, row in enumerate(rows, 1):
                identity = str(row["id"])
                result, effects = await run_snippet(box, watch, row["code"])
                (unseen if row.get("risk") in UNSEEN_RISKS else counted).add(identity, result, effects)
                for effect in effects:
                    progress(f"{identity}: {effect.kind}: {effect.what}")
                if number % 20 == 0 or number == len(rows):
                    progress(f"{number} of {len(rows)} snippets")
        info = box.info
    return {
        "benchmark": "containment",
        **counted.figures(),
        "unseen_types": unseen.figures(),
        "launcher": info.launcher,
        "tier": info.tier,
        "seconds": round(time.monotonic() - began, 1),
    }


def run(options: Any) -> int:
    """The control, then the snippets."""
    rows = snippets_of(options.snippets)
    rows = few_of_each(rows) if options.quick else rows
    settings = load(overrides={"sandbox.launcher": options.launcher} if options.launcher else {}).sandbox
    tripped = control()
    if not all(tripped.values()):
        blind = ", ".join(kind for kind, seen in tripped.items() if not seen)
        return cannot_run(f"The watch did not see effects that are really there: {blind}.", 1)
    progress(f"The watch sees: {', '.join(tripped)}.")
    figures = asyncio.run(measure(settings, rows)) | {"control": tripped, "quick": options.quick}
    unseen = figures["unseen_types"]
    table = {"types to contain": {**figures, "effects": len(figures["effects"])}}
    table |= {"types that cannot be seen": {**unseen, "effects": len(unseen["effects"])}} if unseen["total"] else {}
    columns = ("total", "contained_share", "effects")
    shown = {name: {key: row[key] for key in columns} for name, row in table.items()}
    show(figures, shown, as_json=options.json)
    return 1 if figures["effects"] else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument(
        "--snippets",
        type=Path,
        default=Path("../shared/bench/redcode_exec_py/odd_types.jsonl"),
        help="JSON Lines of snippets; they run in the sandbox only",
    )
    options.add_argument("--launcher", choices=("docker", "bubblewrap"), help="which sandbox (default: settings)")
    try:
        return run(options.parse_args(arguments))
    except FileNotFoundError as error:
        return cannot_run(f"{error.filename} does not exist; name a file with --snippets.", 2)
    except ValueError as error:
        return cannot_run(f"The snippets cannot be read: {error}.", 2)
    except SandboxError as error:
        return cannot_run(f"Nothing was measured: {error}", error.exit_code)
    except (DockerException, RequestException) as error:
        return cannot_run(f"The Docker daemon stopped answering: {error}", SandboxError.exit_code)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
