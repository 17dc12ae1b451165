"""Live ten days of one user again, and look at them in git.

    python -m examples.ten_days [--home DIR] [--days N] [--model-url URL] [--page]

It keeps to a home of its own (``.ten-days``), which is made anew each time. ``--model-url`` lets a real model answer
(a server that speaks the Messages protocol, as ``agentforge model up`` starts one) instead of the script; then nothing
is promised of what it answers. ``--page`` writes docs/ten-days.md.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from agentforge.cli.failure import present
from agentforge.cli.local import bring_up
from agentforge.cli.output import Output
from agentforge.settings import load
from examples.living import Person, new_home
from examples.ten_days.days import DAYS
from examples.ten_days.page import FILE, page


def main(arguments: Sequence[str] | None = None) -> int:
    """Lives the days; returns the exit code."""
    chosen = _arguments().parse_args(arguments)
    try:
        return _live(chosen, new_home(chosen.home.absolute()))
    except BaseException as error:  # noqa: BLE001 - as on the command line: a sentence and an exit code
        return present(error, "text")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.ten_days", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--home", type=Path, default=Path(".ten-days"), help="where all of it is kept, made anew")
    parser.add_argument("--days", type=int, default=len(DAYS), help="so many of the ten")
    parser.add_argument("--model-url", default="", help="a server that answers instead of the script")
    parser.add_argument("--page", action="store_true", help="write docs/ten-days.md")
    return parser


def _live(chosen: argparse.Namespace, desk: Path) -> int:
    if chosen.model_url:
        asyncio.run(bring_up(load(overrides={"model.source": chosen.model_url}), Output(), yes=True))
    mira = Person("mira", desk, real=bool(chosen.model_url))
    with mira.clock:
        for number, day in enumerate(DAYS[: chosen.days], 1):
            print(f"\nDay {number}: {(day.__doc__ or '').partition(chr(10))[0]}\n")
            mira.wakes(number)
            day(mira)
            print("\n".join(mira.told.get(number, [])), flush=True)
    if chosen.page:
        FILE.write_text(page(mira), "utf-8")
    print(f"\nAll of it in git:\n  git --git-dir {mira.registry} log --reverse --date=short --format='%ad %s'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
