"""The transport for a host on another kernel: the container's own streams, and a relay for each crew.

PID 1 only writes control messages, one JSON text a line, on the container's stderr, which no other
process holds: Docker marks the two outputs apart, so no worker can forge them. The container's
stdin and stdout belong to the relay of the crew whose turn it is (``relay.py``). It is used once:
a process that relays keeps what it relayed, and the next run must not find it.

One crew at a time can speak. The next one and its relay are forked ahead; that relay reads nothing
until its turn. The end of stdin is the end of the box.
"""

import collections
import json
import os
import select
import signal

from runner import filter as syscall_filter
from runner import kernel, relay
from runner.syscalls import RELAYS

_STATE = ("Uid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
_LONGEST_ORDERS = 16384

_Relay = collections.namedtuple("_Relay", "number pid go orders")


class Relaying:
    """Owns the container's three streams (``streams``), and the relays."""

    def __init__(self, streams, bounds):
        self.stdin, self.stdout, self.stderr = streams
        self.bounds = bounds
        self.program = syscall_filter.compile_filter(kernel.architecture(), RELAYS)
        self.relays = collections.deque()

    def crews_at_once(self, width):
        """One, however many are ready."""
        del width
        return 1

    def about(self):
        """The kernel's word on PID 1, which a host on another kernel cannot read itself."""
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            lines = [line.rstrip("\n").partition(":\t") for line in file]
        return {"state": {key: value for key, _, value in lines if key in _STATE}}

    def tell(self, message):
        """Sends the host one control message."""
        relay.write(self.stderr, json.dumps(message).encode() + b"\n")

    def offer(self, number, ends):
        """Forks the relay of a crew: its ends of the lines, then of stdout and of stderr."""
        go, orders = os.pipe(), os.pipe()
        pid = kernel.fork_with(0)
        if pid == 0:
            relay.become(number, (self.stdin, self.stdout, go[0], orders[1]), ends, self.bounds, self.program)
        os.close(go[0])
        os.close(orders[1])
        self.relays.append(_Relay(number, pid, go[1], orders[0]))
        if len(self.relays) == 1:
            self._begin()

    def _begin(self):
        """From now on the first relay reads the host. Raises OSError when it died."""
        first = self.relays[0]
        os.write(first.go, b"+")
        os.close(first.go)
        self.tell({"ready": first.number})

    def orders(self, patience):
        """What the host ordered within ``patience`` milliseconds (None: without end); ends the box with it.

        Raises:
            OSError: the relay died; what it left half read or half written cannot be told apart.
        """
        waiting = select.poll()
        waiting.register(self.relays[0].orders, select.POLLIN)
        if not waiting.poll(patience):
            return []
        orders = os.read(self.relays[0].orders, _LONGEST_ORDERS)
        if not orders:
            self._bury()
        return [json.loads(order) for order in orders.splitlines()]

    def _bury(self):
        try:
            _, status = os.waitpid(self.relays[0].pid, 0)
        except ChildProcessError:
            raise OSError("the relay had to be killed with its crew") from None
        code = os.waitstatus_to_exitcode(status)
        if code == relay.HOST_IS_GONE:
            os._exit(0)
        raise OSError(f"the relay ended by itself ({code})")

    def part(self, number):
        """Ends the relay of a crew: then it is the turn of the next, where one is ready.

        The relay passed on the host's last order, so it has said its last frame.
        """
        first = self.relays.popleft()
        if first.number != number:
            raise ValueError(f"an order for crew {number} came through the relay of {first.number}")
        os.kill(first.pid, signal.SIGKILL)
        if self.relays:
            self._begin()
        os.waitpid(first.pid, 0)
        os.close(first.orders)

    def forget(self):
        """In a forked process: nothing but numbers, which it closes with all others."""
