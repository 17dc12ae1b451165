"""``python -m agentforge`` and the installed command: the command line, quiet about Ctrl-C from its first moment.

Who presses it twice or three times means it once: after the first that ends the command, the others change neither
the sentence nor the exit code. What takes time to load is imported inside the guard.
"""

import atexit
import os
import sys

INTERRUPTED = 130


def main() -> int:
    """Runs the command line of this process; returns its exit code."""
    try:
        atexit.register(_hear_no_more)  # Python gives its handler up before it ends, and would die of the signal
        from agentforge.cli.app import main as run

        code = run()
        if code == INTERRUPTED:
            _leave_at_the_next()
    except KeyboardInterrupt:  # while it was loading, or while it told of another one
        _hear_no_more()
        if sys.stderr is not None:
            sys.stderr.write("agentforge: Interrupted.\n")
        _leave_at_the_next()
        return INTERRUPTED
    else:
        return code


def _hear_no_more() -> None:
    while True:
        try:
            import signal

            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt:  # one that came before
            continue
        else:
            return


def _leave_at_the_next() -> None:
    """For who does not wait for what still runs in threads."""
    import signal

    exec("")  # noqa: S102 - one that ended an exec of text, as dataclasses are made, is forgotten with the next exec

    def leave(number: int, frame: object) -> None:
        del number, frame
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, leave)


if __name__ == "__main__":
    sys.exit(main())
