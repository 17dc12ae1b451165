"""PID 1 of the box. It forks, kills, reaps and wipes, and never touches data.

It keeps ``width`` crews of confined single-use processes ready and offers each to the host through
a transport (``passing.py``, ``relaying.py``). When PID 1 relayed bytes itself, the next call found
the previous call's secrets in its own heap.

Control messages are small JSON texts.
From here: ``hello``; ``ready`` with a crew's number; ``resting`` (a kept crew stands still); ``gone``
with ``clean``; ``broken``.
From the host: ``start`` (a crew's number and its seconds: the clock inside; it is told for a kept crew,
which it wakes, and otherwise where a run takes longer than most), ``keep`` (its call is over and it
stays for others; until the next ``start`` it is stopped), ``done`` (end it).
The end of the transport is the end of the box: nothing outlives its host.
"""

import gc
import os
import signal
import socket
import sys
import time

from runner import determinism, kernel, rest
from runner import filter as syscall_filter
from runner.confine import WORK, confine, plan
from runner.wipe import wipe

_GRACE = 2.0
"""Seconds that the clock inside runs behind the host's, which normally ends a run."""


class Keeper:
    """Owns every process of the box; ``transport`` is how the host is reached."""

    def __init__(self, transport, bounds):
        self.transport = transport
        self.bounds = bounds
        self.roles = ()
        self.tier = "call"
        self.program = syscall_filter.compile_filter(kernel.architecture())
        self.steps = ()  # of a confinement
        self.crews = {}
        self.kept = set()  # those of them that do not count in the width
        self.dying = []  # to be reaped
        self.deadlines = {}
        self.count = 0

    def begin(self, roles, about):
        """Finds out which tier this kernel allows, and says hello.

        ``roles`` are the functions that make up one crew, one process each.
        """
        self.roles = roles
        determinism.fix()
        reason = self._try_tier()
        if reason:
            self.tier = "wiped"
            self._give_up_on(self._try_tier())
        found = {"tier": self.tier, "reason": reason, "python": sys.version.split()[0]}
        at_once = self.transport.crews_at_once(self._width())
        self.transport.tell({"hello": 1, "at_once": at_once, **found, **self.transport.about(), **about})
        gc.collect()
        gc.freeze()
        gc.disable()

    def _give_up_on(self, problem):
        if problem:
            self.give_up(problem)

    def give_up(self, problem):
        """Tells the host why there can be no box, and ends it."""
        self.transport.tell({"broken": problem[:2000]})
        os._exit(1)

    def serve(self):
        """Never returns in PID 1. In a forked process it returns the role that this process has."""
        try:
            return self._serve()
        except Exception as error:  # noqa: BLE001  told to the host; only PID 1 comes here
            return self.give_up(f"{type(error).__name__}: {error}")

    def _serve(self):
        while True:
            while len(self.crews) - len(self.kept) < self._width():
                role = self._hire()
                if role is not None:
                    return role
            self._reap()
            for order in self.transport.orders(self._patience()):
                self._obey(order)
            for number in [n for n, deadline in self.deadlines.items() if deadline < time.monotonic()]:
                self._kill(number)

    def _width(self):
        """Without namespaces of their own, crews follow each other."""
        return self.bounds["width"] if self.tier == "call" else 1

    def _obey(self, order):
        if "start" in order:
            self._start(order["start"], order["seconds"])
        elif order.get("keep") in self.crews:
            self._keep(order["keep"])
        elif order.get("done") in self.crews:
            self._let_go(order["done"])
        elif "failed" in order:
            self.give_up(f"the relay failed: {order['failed']}")

    def _start(self, number, seconds):
        self.deadlines[number] = time.monotonic() + seconds + _GRACE
        if number in self.kept:
            for pid in self.crews[number]:
                rest.wake(pid)

    def _keep(self, number):
        """One that does not come to rest is killed, which the host sees as the end of its line."""
        if self.tier != "call":
            raise ValueError("a crew that cannot be told from others cannot be kept")
        self.kept.add(number)
        self.deadlines.pop(number, None)
        if self.crews[number] and all(rest.settle(pid) for pid in self.crews[number]):
            self.transport.tell({"resting": number})
        else:
            self._kill(number)

    def _let_go(self, number):
        self.transport.part(number)
        self._kill(number)
        del self.crews[number]
        self.kept.discard(number)
        self.transport.tell({"gone": number, "clean": self.tier == "call" or wipe()})

    def _patience(self):
        if not self.deadlines:
            return None
        return max(0, int((min(self.deadlines.values()) - time.monotonic()) * 1000) + 1)

    def _hire(self):
        """Forks one crew. Returns a role in the child, None in PID 1."""
        self.count += 1
        out, err = os.pipe(), os.pipe()
        lines = [_pair() for _ in self.roles]
        between = _pair() if len(self.roles) > 1 else ()
        pids = []
        for position, role in enumerate(self.roles):
            own = [lines[position][1], out[1], err[1], *between[position : position + 1]]
            pid = self._fork()
            if pid == 0:
                self._become(own)
                return role
            pids.append(pid)
        self.crews[self.count] = pids
        self.transport.offer(self.count, [*(line[0] for line in lines), out[0], err[0]])
        for descriptor in (*out, *err, *between, *(end for line in lines for end in line)):
            os.close(descriptor)
        return None

    def _fork(self):
        return kernel.fork_with(kernel.OWN_NAMESPACES if self.tier == "call" else 0)

    def _become(self, descriptors):
        """In the child: its descriptors become 0, 1, 2 (and 3), all others close, and it is confined."""
        try:
            self.transport.forget()
            high = 900
            for position, descriptor in enumerate(descriptors):
                os.dup2(descriptor, high + position)
            for position in range(len(descriptors)):
                os.dup2(high + position, position)
            os.closerange(len(descriptors), high + len(descriptors))
            gc.enable()
            confine(self.steps)
            determinism.begin()
        except BaseException as error:  # noqa: BLE001  whatever it is, this process must not go on
            os.write(2, f"cannot confine: {error}".encode())
            os._exit(97)

    def _kill(self, number):
        """Ends a crew and all that it started. Its number stays taken until the host says done.

        In tier ``call`` crews have nothing in common: the next may be forked and speak before this one is
        reaped, which takes a while since its namespaces go with it.
        """
        self.deadlines.pop(number, None)
        if self.tier == "call":
            for pid in self.crews[number]:
                os.kill(pid, signal.SIGKILL)
            self.dying += self.crews[number]
        else:
            _kill_everybody()
        self.crews[number] = []

    def _reap(self):
        while self.dying:
            os.waitpid(self.dying.pop(), 0)

    def _try_tier(self):
        """Confines a process as tier ``self.tier`` would; returns why that failed, or ``""``."""
        self.steps = plan(self.tier, self.bounds, self.program)
        reading, writing = os.pipe()
        try:
            pid = self._fork()
        except OSError as error:
            os.close(reading)
            os.close(writing)
            return str(error)
        if pid == 0:
            try:
                confine(self.steps)
                answer = "+"
            except BaseException as error:  # noqa: BLE001  told to the parent
                answer = f"{type(error).__name__}: {error}"
            os.write(writing, answer.encode()[:1000])
            os._exit(0)
        os.close(writing)
        answer = os.read(reading, 1000).decode(errors="replace")
        os.close(reading)
        os.waitpid(pid, 0)
        if answer == "+" and self.tier == "call" and os.path.exists(WORK):
            answer = "what a call writes is seen by others"
        wipe()
        return "" if answer == "+" else answer or "the confined process died"


def _pair():
    """A socket pair as bare descriptors: an object would close a number that a child uses anew."""
    return [end.detach() for end in socket.socketpair()]


def _kill_everybody():
    """PID 1 of a namespace reaches all of it, at once, and nobody reaches PID 1."""
    if os.getpid() != 1:
        sys.exit("the keeper must be PID 1")
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
