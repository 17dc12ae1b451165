"""Compiles the allow-list of ``syscalls.py`` to a seccomp program of one architecture.

Not protected from: what the allowed calls themselves can do with the descriptors and files of the
run (that is the work of namespaces, limits and the outer profile), and bugs of the kernel.
"""

import struct

from runner.syscalls import ALLOWED, ARCHITECTURES, CONDITIONAL

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_X32_BIT = 0x4000_0000

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_OR_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; low halves of arguments

_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_EPERM, _ENOTTY, _ENOSYS = 1, 25, 38

_NEW_NAMESPACES_OR_SIBLING = 0x7E02_0000 | 0x8000  # every CLONE_NEW* flag, and CLONE_PARENT
_AF_UNIX = 1
_HARMLESS_PRCTL = (15, 16, 3)  # PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE
_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""What isatty, the window's size, and non-blocking and close-on-exec descriptors ask."""


def compile_filter(architecture, only=None):
    """The program as bytes, eight for each instruction; ``only`` names the calls of a shorter list."""
    column = ARCHITECTURES.index(architecture)
    program = [
        _do(_LOAD, _ARCH),
        _do(_JUMP_EQUAL, _AUDIT_ARCH[architecture], 1, 0),
        _do(_RETURN, _KILL_PROCESS),
        _do(_LOAD, _NUMBER),
        _do(_JUMP_GREATER_OR_EQUAL, _X32_BIT, 0, 1),
        _do(_RETURN, _ERRNO | _EPERM),
    ]
    for name, numbers in ALLOWED.items():
        if numbers[column] is not None and (only is None or name in only):
            program += _when_call(numbers[column], [_do(_RETURN, _ALLOW)])
    for name, numbers in CONDITIONAL.items():
        if only is None or name in only:
            program += _when_call(numbers[column], _CONDITIONS[name])
    return b"".join([*program, _do(_RETURN, _ERRNO | _EPERM)])


def _do(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def _when_call(number, instructions):
    return [_do(_JUMP_EQUAL, number, 0, len(instructions)), *instructions]


def _argument(position):
    return _do(_LOAD, _FIRST_ARGUMENT + 8 * position)


def _one_of(position, values, otherwise):
    program = [_argument(position)]
    for value in values:
        program += [_do(_JUMP_EQUAL, value, 0, 1), _do(_RETURN, _ALLOW)]
    return [*program, _do(_RETURN, _ERRNO | otherwise)]


_CONDITIONS = {
    "clone": [
        _argument(0),
        _do(_JUMP_ANY_BIT, _NEW_NAMESPACES_OR_SIBLING, 0, 1),
        _do(_RETURN, _ERRNO | _EPERM),
        _do(_RETURN, _ALLOW),
    ],
    "clone3": [_do(_RETURN, _ERRNO | _ENOSYS)],  # its flags lie in memory; libc then uses clone
    "ioctl": _one_of(1, _TERMINAL_QUESTIONS, _ENOTTY),
    "prctl": _one_of(0, _HARMLESS_PRCTL, _EPERM),
    "prlimit64": _one_of(0, (0,), _EPERM),  # of this process only
    "socketpair": _one_of(0, (_AF_UNIX,), _EPERM),
}
