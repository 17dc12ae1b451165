"""A fixed clock and fixed chance, for runs that were granted neither.

So that the same call gives the same answer today and tomorrow, in a test and in a replay. This is
determinism, not isolation: code that wants the real time gets it (``time.monotonic`` still runs,
and the kernel answers whoever asks it directly), and nothing rests on its not knowing.

The hash of text is fixed too, by the environment in which the box's Python starts.
"""

import ctypes
import datetime
import gc
import hashlib
import os
import random
import time
import uuid

NOW = 1_577_880_000
"""2020-01-01 12:00:00 UTC, in seconds since 1970: what every clock says."""

_SEED = "agentforge"
_WITH_A_TIME_TO_TELL = ("gmtime", "localtime", "ctime")


def fix_clock():
    """Every way in which Python tells the date and the time of day says :data:`NOW`. Once for each process."""
    real = {name: getattr(time, name) for name in (*_WITH_A_TIME_TO_TELL, "asctime", "strftime", "clock_gettime")}
    time.time = lambda: float(NOW)
    time.time_ns = lambda: NOW * 10**9
    for name in _WITH_A_TIME_TO_TELL:
        setattr(time, name, lambda seconds=None, tell=real[name]: tell(NOW if seconds is None else seconds))
    time.asctime = lambda moment=None: real["asctime"](time.localtime() if moment is None else moment)
    time.strftime = lambda form, moment=None: real["strftime"](form, time.localtime() if moment is None else moment)
    time.clock_gettime = lambda clock: float(NOW) if clock == time.CLOCK_REALTIME else real["clock_gettime"](clock)
    _replace(
        datetime.datetime,
        now=lambda cls, tz=None: cls.fromtimestamp(NOW, tz),
        utcnow=lambda cls: cls.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None),
    )
    _replace(datetime.date, today=lambda cls: cls.fromtimestamp(NOW))


def fix_chance():
    """Random numbers, keys and UUIDs begin anew from a fixed seed. Once for each process."""
    os.urandom = random._urandom = lambda size: _chance.take(size)
    os.getrandom = lambda size, _flags=0: _chance.take(size)
    uuid._generate_time_safe = uuid._UuidCreate = None
    uuid._node = 0x02_00_00_00_00_01
    seeded = random.Random.seed

    def seed(self, a=None, version=2):
        seeded(self, _chance.seed() if a is None else a, version)

    random.Random.seed = seed
    random.seed = random._inst.seed
    random.seed()
    uuid._last_timestamp = None


def mark():
    """Remembers where chance is now that the tool is loaded: there each of its calls begins."""
    _marked[:] = _chance.seeds, _chance.blocks, random.getstate()


def reseed():
    """Back to where :func:`mark` was, so that a process that serves several calls gives each the same chance."""
    _chance.seeds, _chance.blocks, state = _marked
    random.setstate(state)
    uuid._last_timestamp = None


class _Chance:
    """A stream of bytes and of seeds that is the same in each process."""

    def __init__(self):
        self.seeds = self.blocks = 0  # so many were given

    def seed(self):
        self.seeds += 1
        return self.seeds

    def take(self, size):
        blocks = -(-size // 64)
        made = [hashlib.blake2b(f"{_SEED} {self.blocks + n}".encode()).digest() for n in range(blocks)]
        self.blocks += blocks
        return b"".join(made)[:size]


_chance = _Chance()
_marked = []


def _replace(kind, **methods):
    """Puts class methods into a type written in C, which Python code cannot; subclasses inherit them."""
    (space,) = gc.get_referents(kind.__dict__)
    space.update({name: classmethod(method) for name, method in methods.items()})
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
