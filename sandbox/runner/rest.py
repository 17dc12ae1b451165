"""Between two calls a kept worker is stopped, and proved to be alone.

So nothing of a call goes on after it: no thread or process that it left computes, prints or answers
while no call is under way. What stays in the worker's own memory stays: that is what tier ``reuse`` is.
"""

import os
import signal
import time

_PAUSES = (0.000_05, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.004)
"""Seconds between looks. Honest workers wait for the next call already; a thread that was joined may
take a moment to go.
"""


def settle(pid):
    """Stops a worker of tier ``call``. Returns whether it stands still, and nothing beside it.

    It is the first process of a namespace, so no signal from inside can move it, and all that it
    started stands below it. Where False, it has to be killed.
    """
    os.kill(pid, signal.SIGSTOP)
    for pause in _PAUSES:
        time.sleep(pause)
        if _stopped(pid) and _alone(pid):
            return True
    return False


def wake(pid):
    """Lets a settled worker go on."""
    os.kill(pid, signal.SIGCONT)


def _stopped(pid):
    state = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return state is not None and state.si_code == os.CLD_STOPPED


def _alone(pid):
    """Neither a second thread nor a child. A process that ended while it was looked at may have left one."""
    try:
        return len(os.listdir(f"/proc/{pid}/task")) == 1 and pid not in _parents()
    except OSError:
        return False


def _parents():
    return {_parent(name) for name in os.listdir("/proc") if name.isdigit()}


def _parent(name):
    with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
        return int(file.read(4096).rpartition(b")")[2].split()[1])  # the name in brackets may hold anything
