"""The relay: carries one crew's bytes between its ends and the container's stdin and stdout, then ends.

It is used for one crew only, since it keeps what it relayed. It holds no capability and may make
hardly more system calls than read, write and poll. It understands frames, never what is in them.

A frame is one byte of channel, four bytes of length (big-endian), and that many bytes. Channels from
1 on are the crew's: its lines, then stdout, then stderr; a frame without bytes is their end. The
others, each way:

- ``FIRST`` to the host: a crew's number, from here on all is that crew's. From the host: an order
  for PID 1.
- ``CREDIT``: a channel and how many of its bytes have been taken. Neither side sends more than
  ``WINDOW`` bytes that were not taken yet, so a channel whose reader sleeps stops nothing else.
- ``LAST`` from the host: an order for PID 1 after which nothing follows. To the host: the crew's
  number; with it the stream is again between two frames.

Not protected from: a worker of tier ``wiped``, which shares its user and may kill or stop it. Then
PID 1 ends the box.
"""

import json
import os
import select
import struct

from runner.confine import confine_relay

FIRST, CREDIT, LAST = 0, 254, 255
WINDOW = 256 << 10
HOST_IS_GONE = 3
"""The exit code that tells PID 1 of the end of stdin."""

_HEADER = struct.Struct(">BI")
_CREDIT = struct.Struct(">BI")
_NUMBER = struct.Struct(">I")
_CHUNK = 64 << 10
_PIPE = 64 << 10
"""What a pipe holds, unless somebody makes it larger."""

_LONGEST_ORDER = 4096


def become(number, streams, ends, bounds, program):
    """Turns this freshly forked process into the relay of the crew ``number``; never returns.

    ``streams`` are the descriptors of stdin, stdout, the pipe that says when its turn is, and the
    pipe to PID 1.
    """
    stdin, stdout, go, orders = streams
    try:
        _keep_only((*streams, *ends))
        relay = Relay(stdin, stdout, orders, ends)
        confine_relay(bounds, program)
        if os.read(go, 1):
            relay.run(number)
        os._exit(0)
    except EOFError:
        os._exit(HOST_IS_GONE)
    except BaseException as error:  # noqa: BLE001  told to PID 1 by its kind only: it must touch no data
        write(orders, json.dumps({"failed": type(error).__name__}).encode() + b"\n")
        os._exit(1)


def write(descriptor, data):
    """Writes all of it; waits where it has to."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _keep_only(descriptors):
    low = 0
    for descriptor in sorted(descriptors):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


class _End:
    """The host's end of a line or an output of the crew."""

    def __init__(self, channel, descriptor):
        os.set_blocking(descriptor, False)
        self.channel = channel
        self.descriptor = descriptor
        self.open = True
        self.room = WINDOW  # bytes that the host still takes
        self.pending = bytearray()  # bytes that the worker has not taken yet
        self.taken = 0  # bytes that the host has not been told of yet

    def read(self):
        """What is there, at most a chunk and what the host takes; None where nothing is."""
        try:
            return os.read(self.descriptor, min(_CHUNK, self.room))
        except BlockingIOError:
            return None
        except OSError:  # the worker died with something unread
            return b""

    def flush(self):
        """Gives the worker what it takes now."""
        try:
            written = os.write(self.descriptor, self.pending)
        except BlockingIOError:
            return
        except OSError:  # nobody will ever take it
            written = len(self.pending)
        del self.pending[:written]
        self.taken += written


class Relay:
    """One crew's connection to the host."""

    def __init__(self, stdin, stdout, orders, ends):
        self.stdin, self.stdout, self.orders = stdin, stdout, orders
        made = [_End(channel, descriptor) for channel, descriptor in enumerate(ends, 1)]
        self.lines, self.outputs = made[:-2], made[-2:]
        self.channel = None  # of the frame from the host that is being read
        self.left = 0  # bytes of it that have not been read
        self.head = bytearray()
        self.note = bytearray()  # what was read of a frame that is for the relay or for PID 1
        self.out = bytearray()  # frames for the host that wait for others, so that they travel together
        self.over = False

    def run(self, number):
        """Carries both ways until the host's last order. Raises EOFError when the host hangs up."""
        self._say(FIRST, _NUMBER.pack(number))
        while not self.over:
            ready = self._wait()
            if self.stdin in ready:
                self._hear_host()
            for line in self.lines:
                if line.pending and line.descriptor in ready:
                    self._flush(line)
            self._hear_crew(ready)
        self._say(LAST, _NUMBER.pack(number))
        self._send()
        write(self.orders, self.note + b"\n")

    def _wait(self):
        """The descriptors where something can be done. The host is listened to at all times."""
        waiting = select.poll()
        waiting.register(self.stdin, select.POLLIN)
        for line in self.lines:
            wanted = (select.POLLOUT if line.pending else 0) | (select.POLLIN if self._may_speak(line) else 0)
            if wanted:
                waiting.register(line.descriptor, wanted)
        for output in self.outputs:
            if output.open and output.room:
                waiting.register(output.descriptor, select.POLLIN)
        ready = waiting.poll(0) if self.out else waiting.poll()
        if not ready:
            self._send()
        return {descriptor for descriptor, _ in ready}

    def _may_speak(self, line):
        """A line is heard only while there is room for all that was printed before it spoke."""
        return line.open and line.room and all(not out.open or out.room >= _PIPE for out in self.outputs)

    def _hear_crew(self, ready):
        """What was printed before a line spoke goes out before what the line said."""
        said = [(line, line.read()) for line in self.lines if line.descriptor in ready and self._may_speak(line)]
        for output in self.outputs:
            if output.open and output.room and (said or output.descriptor in ready):
                self._pass(output, output.read())
        for line, data in said:
            self._pass(line, data)

    def _pass(self, end, data):
        if data is None:
            return
        end.room -= len(data)
        end.open = bool(data)
        self._say(end.channel, data)

    def _say(self, channel, data):
        self.out += _HEADER.pack(channel, len(data)) + data
        if len(self.out) >= _CHUNK:
            self._send()

    def _send(self):
        """Waits while the host's side is full: it reads at all times, whatever it has to write."""
        write(self.stdout, self.out)
        self.out.clear()

    def _hear_host(self):
        """One read, exactly up to the end of a header or of a frame, or less."""
        if self.channel is None:
            self.head += self._read(_HEADER.size - len(self.head))
            if len(self.head) < _HEADER.size:
                return
            self.channel, self.left = _HEADER.unpack(self.head)
            self.head.clear()
            self._check_frame()
        elif self.left:
            data = self._read(min(self.left, _CHUNK))
            self.left -= len(data)
            self._take(data)
        if not self.left:
            self._end_frame()

    def _read(self, most):
        data = os.read(self.stdin, most)
        if not data:
            raise EOFError
        return data

    def _check_frame(self):
        if self.channel in (FIRST, CREDIT, LAST):
            if self.left > _LONGEST_ORDER:
                raise ValueError("an order too long")
            self.note.clear()
        elif len(self.lines[self.channel - 1].pending) + self.left > WINDOW:
            raise ValueError("more than the window")

    def _take(self, data):
        if self.channel in (FIRST, CREDIT, LAST):
            self.note += data
        else:
            line = self.lines[self.channel - 1]
            line.pending += data
            self._flush(line)

    def _end_frame(self):
        channel, self.channel = self.channel, None
        if channel == FIRST:
            write(self.orders, self.note + b"\n")
        elif channel == CREDIT:
            number, count = _CREDIT.unpack(self.note)
            (*self.lines, *self.outputs)[number - 1].room += count
        elif channel == LAST:
            self.over = True

    def _flush(self, line):
        line.flush()
        if line.taken >= WINDOW // 2:
            self._say(CREDIT, _CREDIT.pack(line.channel, line.taken))
            line.taken = 0
