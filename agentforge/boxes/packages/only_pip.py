"""Runs pip as a program that can start no other: ``only_pip.py BYTES ARGUMENTS…``.

pip runs a package's own code in one way only: it starts a process that builds the package. It is
told to take nothing but wheels, yet a wheel's metadata may point to an address of sources, and
those it would build all the same. Here every attempt to start a process fails, and an audit hook
cannot be taken away again. ``BYTES`` is the largest file that may be written.
"""

import resource
import runpy
import sys

_STARTS = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.spawn")


def refuse(event: str, _: object) -> None:
    """The audit hook: what pip tries by itself (asking for a compiler's version) it does without."""
    if event.startswith(_STARTS):
        raise PermissionError("no process may be started while packages are taken")


if __name__ == "__main__":
    most = int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    sys.addaudithook(refuse)
    sys.argv[0] = "pip"
    runpy.run_module("pip", run_name="__main__")
