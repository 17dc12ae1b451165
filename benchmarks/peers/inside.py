"""What starts in a peer's box: bounds itself, opens the way to the model, runs the driver.

Reads the task as JSON on stdin and writes one JSON line each time that something is known; the last
one counts. Uses the standard library only, since it runs in the peer's virtual environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import runpy
import socket
import sys
import threading

_SOCKET = "/run/model.sock"
_DRIVER = "/opt/driver/driver.py"
_NOBODY = 65534
_BOUNDS = {
    resource.RLIMIT_AS: 2 << 30,  # bytes of address space, of each process
    resource.RLIMIT_NPROC: 256,  # processes and threads of the user
    resource.RLIMIT_FSIZE: 32 << 20,
    resource.RLIMIT_NOFILE: 512,
    resource.RLIMIT_CORE: 0,
}


def bound() -> None:
    """Limits that all children inherit, then another user than root."""
    for kind, value in _BOUNDS.items():
        resource.setrlimit(kind, (value, value))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def serve() -> int:
    """A port on this box's own loopback that leads to the socket file."""
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listening,), daemon=True).start()
    return listening.getsockname()[1]


def _accept(listening: socket.socket) -> None:
    while True:
        near, _ = listening.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(_SOCKET)
        except OSError:
            near.close()
            continue
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def main() -> None:
    """Runs the driver with stdout kept for its JSON lines; what the peer prints goes to stderr."""
    bound()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = json.load(sys.stdin)

    def tell(source: str | None, reason: str) -> None:
        print(json.dumps({"source": source, "adopted": source is not None, "reason": reason}), file=out, flush=True)

    tell(None, "nothing adopted yet")
    url = f"http://127.0.0.1:{serve()}/v1"
    runpy.run_path(_DRIVER)["drive"](task["need"], url, task["model"], tell)


if __name__ == "__main__":
    main()
