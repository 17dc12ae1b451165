"""Builds our planted set for ``benchmarks.admission``: ``python -m benchmarks.planted DIR``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from agentforge.boxes.open import open_box
from agentforge.errors import AgentForgeError
from agentforge.settings import load
from benchmarks.form import cannot_run, progress
from benchmarks.planted.build import build
from benchmarks.planted.source import read_all


async def run(folder: Path, only: Sequence[str]) -> int:
    """Builds the set and says how large it is."""
    tools = [tool for tool in read_all() if not only or tool.name in only]
    async with await open_box(load().sandbox, user="bench", on_notice=progress) as box:
        rows = await build(folder, tools, box, progress)
    wrong = [str(row["path"]).split("/")[1] for row in rows if "mistake" in row]
    print(f"{len(rows) - len(wrong)} right tools, {len(set(wrong))} wrong ones in {len(wrong)} folders: {folder}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="where the set is written; an older one there is replaced")
    options.add_argument("--only", default="", help="names of right tools, separated by commas")
    chosen = options.parse_args(arguments)
    try:
        return asyncio.run(run(chosen.folder, [name for name in chosen.only.split(",") if name]))
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
