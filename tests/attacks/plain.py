"""Containers from which layers were taken away: the controls, in which an attack has to succeed.

They run the box's own image, hold at most what Docker gives by default, and know nothing of the host.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentforge.boxes import hardening, image, owners
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.docker import OWNER_LABEL
from agentforge.settings import SandboxSettings

HARNESS = """
import json, sys
request = json.loads(sys.argv[1])
module = {"__name__": "tool"}
exec(compile(request["source"], "tool.py", "exec"), module)
print(json.dumps(module[request["entry"]](**request["args"])))
"""
ASLEEP = "import os, time\nos.fork()\ntime.sleep(3600)\n"
"""Two processes of the container: its first one, and another for attacks to find."""

UNFILTERED: dict[str, Any] = {"security_opt": ["no-new-privileges", "seccomp=unconfined"]}
OPEN: dict[str, Any] = {
    "security_opt": ["seccomp=unconfined"],
    "read_only": False,
    "user": "0:0",
    "cap_drop": [],
    "tmpfs": {},
    "ipc_mode": "private",
    "ulimits": [],
    "environment": {"SECRET": "x"},
}


class Plain:
    """A running container in which every call is a bare ``python``: no runner, no namespaces of its own."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def call(self, source: str, entry: str = "f", **args: Any) -> Any:
        """What ``entry(**args)`` of ``source`` returns; None where it gives no JSON."""
        request = json.dumps({"source": source, "entry": entry, "args": args})
        _, printed = self._container.exec_run(["python3", "-I", "-B", "-c", HARNESS, request], stderr=False)
        lines = printed.decode().splitlines()
        return json.loads(lines[-1]) if lines else None

    def run(self, *command: str) -> int:
        """The exit code of a command in it."""
        return int(self._container.exec_run(list(command)).exit_code)


@contextmanager
def plain_container(folder: Path, **weakened: Any) -> Iterator[Plain]:
    """A container of the box's image with all of its hardening but for what ``weakened`` changes."""
    request = hardening.request(SandboxSettings(), folder) | {"mounts": []} | weakened
    request["labels"] = {OWNER_LABEL: owners.Owner.this_process().label()}
    name = f"agentforge-control-{secrets.token_hex(6)}"
    with Daemon.connect() as daemon:
        found = image.need_image(daemon)
        try:
            daemon.run(name, found.digest, {"command": ["python3", "-I", "-B", "-c", ASLEEP], **request})
            yield Plain(daemon._client.containers.get(name))
        finally:
            daemon.remove(name)
