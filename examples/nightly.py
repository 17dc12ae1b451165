"""Lets every user of this home sleep, one after the other; for a timer, once a night.

15 3 * * *  AGENTFORGE_HOME=/srv/agentforge /srv/agentforge/venv/bin/python nightly.py

One line each on stdout. The exit code is 1 if anybody's night broke off: the next one goes on with it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

from agentforge import AgentForgeError, Forge, Settings
from agentforge.settings import load


def users(settings: Settings) -> Iterator[tuple[str, str]]:
    """Organisation and user of every registry; those of companies have no sessions, so no nights."""
    for folder in sorted(settings.home.glob("registries/*/*.git")):
        if not folder.name.startswith("_"):
            yield folder.parent.name, folder.name.removesuffix(".git")


async def night(org: str, user: str) -> str:
    """What came of one user's night, in a sentence."""
    async with Forge(user=user, org=org) as forge:
        report = await forge.sleep.run()
    if report is None:
        return "nothing is new"
    kept = [change.what for change in report.changes if change.outcome == "kept"]
    waits = [change.what for change in report.changes if change.outcome == "waits"]
    return f"{report.tokens} tokens; kept: {'; '.join(kept) or 'nothing'}; waits: {'; '.join(waits) or 'nothing'}"


async def main() -> int:
    code = 0
    for org, user in users(load()):
        try:
            print(f"{org}/{user}: {await night(org, user)}")
        except AgentForgeError as error:
            print(f"{org}/{user}: {error} {error.fix}".rstrip())
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
