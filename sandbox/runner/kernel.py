"""The few system calls that Python's standard library does not offer, through ctypes."""

import ctypes
import os
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2

CLONE_NEWNS, CLONE_NEWIPC = 0x0002_0000, 0x0800_0000
CLONE_NEWUSER, CLONE_NEWPID = 0x1000_0000, 0x2000_0000
OWN_NAMESPACES = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 1, 2, 4, 8, 4096

_CLONE = {"x86_64": 56, "aarch64": 220}
_SIGCHLD = 17
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc_holding_the_lock = ctypes.PyDLL(None, use_errno=True)


def architecture():
    """``x86_64`` or ``aarch64``; anything else is refused."""
    name = os.uname().machine
    if name not in _CLONE or sys.maxsize < 2**32:
        raise OSError(f"the box does not know the architecture {name}")
    return name


def _check(outcome, what):
    if outcome is not None and outcome < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return outcome


def fork_with(flags):
    """Like ``os.fork()``, but the child starts in the new namespaces of ``flags``.

    Returns the child's pid, and 0 in the child. The raw call skips Python's at-fork hooks, without
    which successive runs would draw the same random numbers, so they are called here. The
    interpreter lock is held all the while, as ``os.fork`` does.
    """
    _libc_holding_the_lock.PyOS_BeforeFork()
    number = ctypes.c_long(_CLONE[architecture()])
    pid = _libc_holding_the_lock.syscall(number, ctypes.c_ulong(flags | _SIGCHLD), None, None, None, None)
    if pid == 0:
        _libc_holding_the_lock.PyOS_AfterFork_Child()
    else:
        _libc_holding_the_lock.PyOS_AfterFork_Parent()
    return _check(pid, "clone")


def prctl(option, *values):
    """Changes an attribute of this process."""
    do(*setting(option, *values))


def do(function, arguments, what):
    """Takes one step of those that the functions below make ready; raises OSError where it is refused."""
    _check(function(*arguments), what)


# Steps are made ready before a fork, since the forked process pays for each page that it touches.


def setting(option, *values):
    """The step that changes an attribute of the process that takes it."""
    padded = (*values, 0, 0, 0, 0)[:4]
    return _libc.prctl, (ctypes.c_int(option), *(ctypes.c_ulong(value) for value in padded)), "prctl"


def covering(path, flags, options):
    """The step that covers ``path`` with an empty file system of the mount namespace."""
    return (
        _libc.mount,
        (b"tmpfs", os.fsencode(path), b"tmpfs", ctypes.c_ulong(flags), options.encode()),
        f"cover {path}",
    )


def covering_again(source, path):
    """The step that covers ``path`` with what is mounted at ``source``, which costs less than a new file system."""
    arguments = os.fsencode(source), os.fsencode(path), None, ctypes.c_ulong(MS_BIND), None
    return _libc.mount, arguments, f"cover {path}"


def dropping_capabilities():
    """The step that gives up every capability held in the user namespace."""
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0))
    return _libc.capset, (header, ctypes.create_string_buffer(24)), "capset"


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def filtering(program):
    """The steps that bind a process and its descendants to a seccomp program, for good."""
    buffer = ctypes.create_string_buffer(program, len(program))
    descriptor = _Program(len(program) // 8, ctypes.addressof(buffer))
    descriptor.owner = buffer  # lives as long as what points to it
    function, (option, mode, _, *rest), what = setting(PR_SET_SECCOMP, SECCOMP_MODE_FILTER)
    return setting(PR_SET_NO_NEW_PRIVS, 1), (function, (option, mode, ctypes.byref(descriptor), *rest), what)
