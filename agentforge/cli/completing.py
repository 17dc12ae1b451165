"""What a shell completes beside commands and options: names of tools, ids of sessions.

Pressing a key makes nothing and breaks nothing: without a home there is nothing to offer, nor where anything fails.
"""

from __future__ import annotations

SHOWN = 50
"""Sessions that are offered, the newest."""


def tool_names(incomplete: str) -> list[tuple[str, str]]:
    """The tools that begin so, each with what it does."""
    from agentforge.cli.options import Who
    from agentforge.cli.tools import ask
    from agentforge.settings import home_folder

    if not home_folder().exists():
        return []
    try:
        found = ask(Who(), lambda forge: forge.tools(None))
    except Exception:  # noqa: BLE001 - a shell that waits for words can do nothing with a failure
        return []
    return [(one.name, one.manifest.summary) for one in found if one.name.startswith(incomplete)]


def session_ids(incomplete: str) -> list[tuple[str, str]]:
    """The sessions that begin so, each with its title."""
    from agentforge.cli.options import Who
    from agentforge.cli.sessions import ask_sessions
    from agentforge.settings import home_folder

    if not home_folder().exists():
        return []
    try:
        found = ask_sessions(Who(), lambda sessions: sessions.list(SHOWN))
    except Exception:  # noqa: BLE001 - a shell that waits for words can do nothing with a failure
        return []
    return [(one.id, one.title) for one in found if one.id.startswith(incomplete)]


def script(shell: str) -> str:
    """What makes a shell ask this program, to be put into its start file."""
    from typer.completion import get_completion_script  # pyright: ignore[reportPrivateImportUsage] - its public place

    return get_completion_script(prog_name="agentforge", complete_var="_AGENTFORGE_COMPLETE", shell=shell)
