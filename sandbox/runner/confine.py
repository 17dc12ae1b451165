"""What a freshly forked process does to itself before it reads anything.

In tier ``call`` it stands in namespaces of its own (user, process, mount, IPC), sees an empty
``/tmp`` and nothing in ``/proc``, and killing it kills all it started. In tier ``wiped`` it shares
the container with nothing else, and PID 1 kills and wipes after it. In both it holds no
capability and is bound to the allow-list of ``filter.py``.

Not protected from: the files of the image (world-readable), side channels of the processor, and
the kernel's own bugs.
"""

import os
import resource

from runner import kernel

WORK = "/tmp/work"  # noqa: S108  a private tmpfs of the box
_MASKED = ("/proc", "/sys", "/run", "/dev/mqueue", "/dev/shm", "/dev/pts", "/var/tmp")  # noqa: S108
_PROCESS_COUNT_IS_PER_NAMESPACE = (5, 14)  # Linux before that counts a user's processes machine-wide


PROCESSOR_SECONDS = 3600
"""What a process may use of the processor before its request says less."""


def plan(tier, bounds, program):
    """What a process of ``tier`` does to itself, as steps for :func:`confine`; made in PID 1, before any fork."""
    own = tier == "call"
    steps = [
        kernel.setting(kernel.PR_SET_PDEATHSIG, 9),
        kernel.setting(kernel.PR_SET_DUMPABLE, 1),  # only then are the files in /proc/self its own
    ]
    if own:
        steps += _user_mapping()
    steps.append(_writing("/proc/self/oom_score_adj", "1000"))
    if own:
        steps += [*_covers(bounds), kernel.dropping_capabilities()]
    steps += [
        kernel.setting(kernel.PR_SET_DUMPABLE, 0),
        (os.mkdir if own else _make_folder, (WORK, 0o700), "work folder"),
        (os.chdir, (WORK,), "work folder"),
        *_limits(bounds, own),
        *kernel.filtering(program),
    ]
    return steps


def confine(steps):
    """Binds this process for good. Raises OSError or ValueError when any step is refused."""
    for function, arguments, what in steps:
        kernel.do(function, arguments, what)


def _user_mapping():
    """Only the process's own user exists in its namespace."""
    user, group = os.getuid(), os.getgid()
    return [
        _writing("/proc/self/uid_map", f"{user} {user} 1"),
        _writing("/proc/self/setgroups", "deny"),
        _writing("/proc/self/gid_map", f"{group} {group} 1"),
    ]


def _covers(bounds):
    """A ``/tmp`` of its own, and one empty folder over every other place that holds what is not its business."""
    safe = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    own = f"size={bounds['tmp_bytes']},nr_inodes={bounds['tmp_files']},mode=700"
    first, *others = (path for path in _MASKED if os.path.isdir(path) and not os.path.islink(path))
    return [
        kernel.covering("/tmp", safe, own),  # noqa: S108
        kernel.covering(first, safe | kernel.MS_RDONLY, "size=4k,nr_inodes=2,mode=555"),
        *(kernel.covering_again(first, path) for path in others),
    ]


def _limits(bounds, own):
    limits = {
        resource.RLIMIT_AS: bounds["memory_bytes"],
        resource.RLIMIT_FSIZE: bounds["file_bytes"],
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: PROCESSOR_SECONDS,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if own and _kernel_version() >= _PROCESS_COUNT_IS_PER_NAMESPACE:
        limits[resource.RLIMIT_NPROC] = bounds["processes"]
    if _queues_can_be_limited():
        limits[resource.RLIMIT_MSGQUEUE] = 0
    return [(resource.setrlimit, (kind, (limit, limit)), "limit") for kind, limit in limits.items()]


def _queues_can_be_limited():
    """GVisor cannot; the filter refuses every call on queues anyway."""
    try:
        resource.getrlimit(resource.RLIMIT_MSGQUEUE)
    except (ValueError, OSError):
        return False
    return True


def confine_relay(bounds, program):
    """Binds a relay for good: it can neither open nor start anything. Raises OSError when a step is refused.

    It shares the container's namespaces with PID 1, whose lack of capabilities it has inherited.
    """
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    nothing = (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK)
    limits = dict.fromkeys(nothing, 0) | {resource.RLIMIT_AS: bounds["memory_bytes"], resource.RLIMIT_NOFILE: 64}
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    for step in kernel.filtering(program):
        kernel.do(*step)


def limit_processor(seconds):
    """Lowers the processor time of this process to what its request allows."""
    whole = min(int(seconds) + 2, PROCESSOR_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))


def _kernel_version():
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(filter(str.isdigit, minor)) or 0)


def _make_folder(path, mode):
    os.makedirs(path, mode, exist_ok=True)


def _writing(path, text):
    return _write, (path, text.encode()), f"write {path}"


def _write(path, data):
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
