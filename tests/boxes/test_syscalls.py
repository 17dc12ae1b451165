"""The allow-list of system calls. The runner is no part of this package, so it is read as data."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from agentforge import assets

TABLE = runpy.run_path(str(assets.folder("sandbox") / "runner" / "syscalls.py"))
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
DEFINITION = re.compile(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b")

FORBIDDEN_NAMES = """
execve execveat ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd pidfd_open pidfd_send_signal
unshare setns mount umount2 pivot_root chroot move_mount fsopen open_tree mount_setattr shmget shmat msgget
semget mq_open add_key request_key keyctl bpf io_uring_setup io_uring_enter userfaultfd perf_event_open
memfd_create memfd_secret open_by_handle_at name_to_handle_at personality clock_settime clock_adjtime
settimeofday adjtimex setpriority sched_setscheduler sched_setattr sched_setparam sched_setaffinity ioprio_set
landlock_restrict_self modify_ldt swapon reboot kexec_load init_module finit_module quotactl syslog socket
connect bind listen accept accept4 seccomp capset setuid setgid setreuid setresuid setgroups mknod mknodat
fanotify_init inotify_init1 vmsplice splice tee acct sethostname iopl ioperm kexec_file_load process_madvise
migrate_pages move_pages set_mempolicy mbind rt_sigqueueinfo
"""
FORBIDDEN = tuple(re.findall(r"\w+", FORBIDDEN_NAMES))


@pytest.mark.parametrize("column", [0, 1])
def test_numbers_are_those_of_the_kernels_headers(column: int) -> None:
    architecture = TABLE["ARCHITECTURES"][column]
    header = HEADERS[architecture]
    if not header.exists():
        pytest.skip(f"{header} is not installed (Debian: linux-libc-dev)")
    known = {name: int(number) for name, number in DEFINITION.findall(header.read_text("ascii"))}
    ours = {name: numbers[column] for name, numbers in (TABLE["ALLOWED"] | TABLE["CONDITIONAL"]).items()}
    wrong = {name: number for name, number in ours.items() if name in known and known[name] != number}
    assert not wrong
    assert len(ours.keys() & known.keys()) > 100


@pytest.mark.parametrize("name", FORBIDDEN)
def test_dangerous_calls_are_not_on_the_list(name: str) -> None:
    assert name not in TABLE["ALLOWED"]
    assert name not in TABLE["CONDITIONAL"]


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_a_program_exists_for_each_architecture(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(assets.folder("sandbox")))
    for name in [name for name in sys.modules if name.partition(".")[0] == "runner"]:
        monkeypatch.delitem(sys.modules, name)
    compiled = runpy.run_path(str(assets.folder("sandbox") / "runner" / "filter.py"))["compile_filter"](architecture)
    assert len(compiled) % 8 == 0
    assert 100 < len(compiled) // 8 <= 4096  # BPF_MAXINSNS
    for name in [name for name in sys.modules if name.partition(".")[0] == "runner"]:
        monkeypatch.delitem(sys.modules, name)


def test_the_outer_profile_refuses_what_it_does_not_name() -> None:
    import json

    profile = json.loads((assets.folder("sandbox") / "seccomp.json").read_text("utf-8"))
    allowed = {name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    needed_by_the_keeper = {
        "execve",
        "mount",
        "connect",
        "capset",
        "seccomp",
        "socket",
        "setgroups",
        "setuid",
        "setgid",
    }
    assert not allowed.intersection(FORBIDDEN) - needed_by_the_keeper
    assert allowed.issuperset(TABLE["ALLOWED"])
