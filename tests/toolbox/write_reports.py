"""Writes ``report.json`` of starter tools from a real run of all gates.

``python tests/toolbox/write_reports.py [NAME …]``; without a name, of all tools. Ends with 1 when a
gate fails; such a report is written as well.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from starter_gates import ALL, Exam, judge, open_starter_box, report_of

from agentforge import assets
from agentforge.registry.tool import load_folder, to_files


async def main(names: list[str]) -> int:
    """Judges the tools in one warm box and writes what came out."""
    folder = assets.folder("toolbox")
    failed = 0
    async with await open_starter_box() as box:
        for name in names or sorted(path.name for path in folder.iterdir() if path.is_dir()):
            tool = load_folder(folder / name)
            gates = await judge(Exam(tool, box), ALL)
            report = report_of(tool, gates, box.info)
            (folder / name / "report.json").write_bytes(to_files(replace(tool, report=report))["report.json"])
            summary = "; ".join(gate.summary for gate in gates)
            sys.stdout.write(f"{name}: {summary}\n")
            failed += any(gate.verdict == "failed" for gate in gates)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
