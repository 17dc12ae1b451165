"""``python -m agentforge`` and the installed command: the command line, quiet about Ctrl-C from its first moment.

Nothing but the standard library is imported outside the guard, since what the command line stands on
takes its time to load.
"""

import sys

INTERRUPTED = 130


def main() -> int:
    """Runs the command line of this process; returns its exit code."""
    try:
        from agentforge.cli.app import main as run

        return run()
    except KeyboardInterrupt:  # while it was loading, or while it told of another one
        if sys.stderr is not None:
            sys.stderr.write("agentforge: Interrupted.\n")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
