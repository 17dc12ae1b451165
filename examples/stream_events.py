"""Follows a task as it happens, then goes on with the same session.

python -m examples.stream_events "How many seconds are 2h 45m?"
"""

from __future__ import annotations

import asyncio
import sys

from agentforge import Event, Forge


def show(event: Event) -> None:
    if event.type == "model_delta":
        print(event.data["text"], end="", flush=True)
    elif event.type == "tool_called":
        print(f"→ {event.data['tool']} {event.data['args']}")
    elif event.type == "forge_step":
        print(f"  {event.data['step']}: {event.data['message']}")
    elif event.terminal:
        print(f"\n{event.type}: {event.data.get('answer') or event.data.get('message')}")


async def main(task: str) -> int:
    async with Forge(user="ada") as forge:
        session, code = None, 1
        async for event in forge.stream(task):
            session, code = event.session, event.exit_code
            show(event)
        if code == 0:
            more = await forge.run("And how did you find that out?", session=session)
            print(more.answer or more.message)
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "How many seconds are 2h 45m?")))
