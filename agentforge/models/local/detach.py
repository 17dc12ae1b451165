"""Starts a process that outlives its starter: run as ``python -I detach.py``, never imported.

Reads a JSON object from stdin (``command``, ``environment``, ``folder`` to run in, ``log`` for its
output), starts the command in a session of its own and prints its pid. As this process ends at
once, the started one belongs to nobody who would have to wait for it.
"""

import json
import subprocess
import sys

if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    with open(wanted["log"], "ab") as log:  # noqa: PTH123 (quick to start: no pathlib)
        started = subprocess.Popen(  # noqa: S603 (the command comes from agentforge.models.local.server)
            wanted["command"],
            env=wanted["environment"],
            cwd=wanted["folder"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    sys.stdout.write(str(started.pid))
