"""The first process of the box: ``start.py CONTROL KIND BOUNDS``.

CONTROL is the path of the host's socket, the number of a descriptor that is already connected, or
``stdio`` where the host is attached to this process's own streams; KIND is ``call`` or ``suite``;
BOUNDS is a JSON object of whole numbers.
"""

import fcntl
import json
import os
import socket
import sys

_NOBODY = 65534
_STDIO = "stdio"
_HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    """Dials out, then serves until the host hangs up."""
    sys.path[:0] = [_HERE, os.path.join(_HERE, "site")]
    sys.dont_write_bytecode = True
    where, kind, bounds = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    sys.argv[1:] = []
    _be_nobody()
    os.environ.clear()
    os.environ.update(PATH="/usr/local/bin:/usr/bin:/bin", HOME="/tmp")  # noqa: S108
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    serve(_transport(where, bounds), kind, bounds)


def _be_nobody():
    """Where the launcher had to be root (bubblewrap started by root), this process is not."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _transport(where, bounds):
    from runner.passing import Passing
    from runner.relaying import Relaying

    return Relaying(_take_streams(), bounds) if where == _STDIO else Passing(_dial(where))


def _take_streams():
    """The three streams under other numbers, so that nothing printed by accident gets among frames."""
    taken = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10) for number in range(3)]
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return taken


def _dial(where):
    if where.isdigit():
        return socket.socket(fileno=int(where))
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.settimeout(30)
    control.connect(where)
    control.settimeout(None)
    return control


def serve(transport, kind, bounds):
    """Becomes the keeper of calls or of suites. Ends the process, whatever happens."""
    from runner import kernel
    from runner.keeper import Keeper

    keeper = Keeper(transport, bounds)
    try:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        if kind == "suite":
            from runner import pytest_house

            pytest_house.run(keeper)
        else:
            from runner import work

            work.run(keeper)
    except BaseException as error:  # noqa: BLE001  told to the host, which sees nothing else of PID 1
        keeper.give_up(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
