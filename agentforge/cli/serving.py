"""``agentforge web``: the registry browser on loopback."""

from __future__ import annotations

import asyncio

from agentforge.api import Forge
from agentforge.cli.options import Who
from agentforge.cli.output import Output
from agentforge.settings import Settings, load
from agentforge.web.app import serve
from agentforge.web.desk import Desk


def web(who: Who, *, host: str | None, port: int | None) -> int:
    """Serves until Ctrl-C, which is the ordinary way to end it: exit code 0."""
    given = {key: value for key, value in (("web.host", host), ("web.port", port)) if value is not None}
    settings = load(overrides=who.overrides() | given)
    output = Output()

    def ready(address: str) -> None:
        output.text(address)
        output.note("Open this address; the token in it is valid until Ctrl-C.")

    async def run(settings: Settings) -> None:
        async with Forge(user=settings.user, org=settings.org, settings=settings, company=who.company) as forge:
            desk = Desk(forge)
            await serve(settings.web, desk.read, desk.decide, starter=settings.user, forge=forge, on_ready=ready)

    try:
        asyncio.run(run(settings))
    except KeyboardInterrupt:
        output.note("Stopped.")
    return 0
