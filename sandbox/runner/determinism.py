"""A fixed clock and fixed chance, for runs that were granted neither.

So that the same call gives the same answer today and tomorrow, in a test and in a replay. This is
determinism, not isolation: code that wants the real time gets it (``time.monotonic`` still runs,
and the kernel answers whoever asks it directly), and nothing rests on its not knowing.

PID 1 fixes both before it forks, so that this costs no run anything; a run that was granted one
frees it. The hash of text is fixed too, by the environment in which the box's Python starts.
"""

import _random
import _uuid
import ctypes
import datetime
import gc
import os
import random
import sys
import time

NOW = 1_577_880_000
"""2020-01-01 12:00:00 UTC, in seconds since 1970: what every clock says."""

_ABSENT = object()

_clock = []
_chance = []
"""What was replaced: (owner, name, what stood there before)."""


def fix():
    """The clock stands still, and random numbers, keys and UUIDs come from a fixed seed. Once, before any fork."""
    _fix_clock()
    _fix_chance()


def free_clock():
    """Gives this process the real clock."""
    _undo(_clock)


def free_chance():
    """Gives this process real chance."""
    _undo(_chance)
    random.seed()


def _fix_clock():
    """Every way in which Python tells the date and the time of day says :data:`NOW`."""

    def told(tell):
        return lambda seconds=None: tell(NOW if seconds is None else seconds)

    asctime, strftime, gettime = time.asctime, time.strftime, time.clock_gettime
    for name in ("gmtime", "localtime", "ctime"):
        _replace(_clock, time, name, told(getattr(time, name)))
    _replace(_clock, time, "time", lambda: float(NOW))
    _replace(_clock, time, "time_ns", lambda: NOW * 10**9)
    _replace(_clock, time, "asctime", lambda moment=None: asctime(moment or time.localtime()))
    _replace(_clock, time, "strftime", lambda form, moment=None: strftime(form, moment or time.localtime()))
    _replace(
        _clock, time, "clock_gettime", lambda which: float(NOW) if which == time.CLOCK_REALTIME else gettime(which)
    )
    _replace(_clock, datetime.datetime, "now", classmethod(lambda cls, tz=None: cls.fromtimestamp(NOW, tz)))
    _replace(_clock, datetime.datetime, "utcnow", classmethod(_utcnow))
    _replace(_clock, datetime.date, "today", classmethod(lambda cls: cls.fromtimestamp(NOW)))


def _utcnow(cls):
    return cls.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)


def _fix_chance():
    seeded = random.Random.seed

    def seed(self, a=None, version=2):
        seeded(self, _source.seed() if a is None else a, version)

    for owner, name in ((os, "urandom"), (random, "_urandom")):
        _replace(_chance, owner, name, lambda size: _source.take(size))
    _replace(_chance, os, "getrandom", lambda size, _flags=0: _source.take(size))
    for name in ("generate_time_safe", "UuidCreate"):
        _replace(_chance, _uuid, name, None)  # so ``uuid`` makes them from the clock and from ``random``
    _replace(_chance, random.Random, "seed", seed)
    _replace(_chance, random, "seed", random._inst.seed)


def begin():
    """In a process just forked, where Python gives chance a seed of its own: from here on it is the fixed one."""
    _source.seeds = _source.blocks = 0
    random.seed()


def mark():
    """Remembers where chance is now that the tool is loaded: there each of its calls begins."""
    _marked[:] = _source.seeds, _source.blocks, random.getstate()


def reseed():
    """Back to where :func:`mark` was, so that a process that serves several calls gives each the same chance."""
    _source.seeds, _source.blocks, state = _marked
    random.setstate(state)
    if "uuid" in sys.modules:
        sys.modules["uuid"]._last_timestamp = None


class _Source:
    """A stream of bytes and of seeds that is the same in each process."""

    def __init__(self):
        self.seeds = self.blocks = 0  # so many were given

    def seed(self):
        self.seeds += 1
        return self.seeds

    def take(self, size):
        self.blocks += 1
        return _random.Random(self.blocks).getrandbits(8 * size).to_bytes(size, "big") if size else b""


_source = _Source()
_marked = []


def _replace(kept, owner, name, value):
    kept.append((owner, name, vars(owner).get(name, _ABSENT)))
    _set(owner, name, value)


def _undo(kept):
    while kept:
        _set(*kept.pop())


def _set(owner, name, value):
    """Sets or removes an attribute, also of a type written in C, which Python code cannot; subclasses inherit it."""
    space = vars(owner)
    if isinstance(owner, type):
        (space,) = gc.get_referents(space)
    if value is _ABSENT:
        space.pop(name, None)
    else:
        space[name] = value
    if isinstance(owner, type):
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
