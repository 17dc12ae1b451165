"""The expense app as a program: the report of a month, from the lines of a file.

    python -m examples.expenses [FILE] [MONTH] [--home DIR] [--anew] [--page]

The app lives in a registry below ``--home`` (``.expenses``). Where there is none yet, or with ``--anew``, the five
sessions in which it grew are replayed first: everything in git, and every tool through the gates. ``--page`` writes
docs/app.md.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from agentforge import Forge
from agentforge.agent.calls import error_text
from agentforge.cli.failure import present
from agentforge.settings import load
from agentforge.types import JSON
from examples.expenses.page import FILE, page
from examples.expenses.sessions import SESSIONS, start
from examples.living import MARK, Person, live_in, new_home

USER = "noor"
NOTES = Path(__file__).with_name("march.txt")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; returns the exit code."""
    chosen = _arguments().parse_args(arguments)
    try:
        return _main(chosen, chosen.home.absolute())
    except BaseException as error:  # noqa: BLE001 - as on the command line: a sentence and an exit code
        return present(error, "text")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.expenses", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=NOTES, help="the notes: date; text; amount")
    parser.add_argument("month", nargs="?", default="2026-03", help="such as 2026-03")
    parser.add_argument("--home", type=Path, default=Path(".expenses"), help="where the app lives")
    parser.add_argument("--anew", action="store_true", help="let it grow again, from nothing")
    parser.add_argument("--page", action="store_true", help="write docs/app.md (with --anew)")
    return parser


def _main(chosen: argparse.Namespace, home: Path) -> int:
    if chosen.anew or not (home / MARK).exists():
        noor = Person(USER, new_home(home))
        grow(noor)
        if chosen.page:
            FILE.write_text(page(noor), "utf-8")
    live_in(home)
    result = asyncio.run(_started(chosen.file.read_text("utf-8").splitlines(), chosen.month))
    if not isinstance(result, dict):
        print(result, file=sys.stderr)
        return 1
    print("\n".join(f"{name:<10}{int(str(cents)) / 100:>12,.2f} EUR" for name, cents in result.items()))
    return 0


def grow(noor: Person) -> None:
    """Replays the sessions in which the app grew, and tells them on stderr."""
    with noor.clock:
        for number, session in enumerate(SESSIONS, 1):
            print(f"Session {number}: {' '.join((session.__doc__ or '').split())}", file=sys.stderr, flush=True)
            noor.wakes(number)
            session(noor)


async def _started(lines: Sequence[str], month: str) -> JSON:
    """What the app returns, or why it failed."""
    async with Forge(user=USER, settings=load()) as forge:
        result = await start(forge, lines, month)
        return result.value if result.ok else error_text(result)


if __name__ == "__main__":
    sys.exit(main())
