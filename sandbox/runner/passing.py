"""The transport of one kernel: the host gets the crews' own descriptors (SCM_RIGHTS).

No process of the box carries what a crew and the host tell each other. Control messages are small
JSON texts on a SOCK_SEQPACKET socket; its end is the end of the box.
"""

import json
import os
import select
import socket


class Passing:
    """Owns the control socket."""

    def __init__(self, control):
        self.control = control
        self.waiting = select.poll()
        self.waiting.register(control, select.POLLIN)

    def crews_at_once(self, width):
        """How many crews the host may use at the same time."""
        return width

    def about(self):
        """What the host cannot find out itself: nothing, it reads the kernel's word on PID 1."""
        return {}

    def tell(self, message):
        """Sends the host one control message."""
        self._send(message, [])

    def offer(self, number, ends):
        """Gives the host a crew: its ends of the lines, then of stdout and of stderr."""
        self._send({"ready": number}, ends)

    def orders(self, patience):
        """What the host ordered within ``patience`` milliseconds (None: without end); ends the box with it."""
        if not self.waiting.poll(patience):
            return []
        order = self.control.recv(4096)
        if not order:
            os._exit(0)
        return [json.loads(order)]

    def part(self, number):
        """Nothing stands between the host and the crew ``number`` that has to go with it."""

    def forget(self):
        """In a forked process: the socket is not its own, so that no object of it closes a number."""
        self.control.detach()

    def _send(self, message, descriptors):
        socket.send_fds(self.control, [json.dumps(message).encode()], descriptors)
