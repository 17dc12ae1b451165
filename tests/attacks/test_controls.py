"""Positive controls: where a layer is taken away, the same attack succeeds, so that stopping it proves something."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes import image
from agentforge.boxes.batteries.form import read_attacks, read_cheats
from agentforge.boxes.open import open_box
from agentforge.settings import SandboxSettings
from tests.attacks.plain import OPEN, UNFILTERED, Plain, plain_container

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

HERE = Path(__file__).parent
ATTACKS = {attack.name: attack for attack in read_attacks(HERE / "attacks.json")}
CHEATS = read_cheats(HERE / "cheats.json")

WITHOUT_FILTER = [
    "socket AF_ALG/NETLINK/PACKET create",
    "clone(NEWUSER)",
    "unshare(NEWUSER) + mount",
    "exec /bin/sh",
    "SysV shm leave/read",
    "POSIX mq leave",
    "io_uring / bpf / userfaultfd / perf / keyctl",
    "memfd, pidfd, inotify, fanotify, landlock, personality",
    "clone with CLONE_PARENT",
    "renice / affinity PID 1",
]
"""Every other flag of the container is in force; only the filter of system calls is not."""

WITHOUT_LAYER = {
    "write / and site-packages": "read-only root",
    "overwrite runner (/af, /proc/1/exe, mem)": "read-only root",
    "file names in the POSIX queue file system": "read-only root, covered folders",
    "become another user": "an ordinary user without capabilities",
    "mount, umount, pivot_root, chroot, sethostname": "no capabilities",
    "write+exec ELF in /tmp": "a /tmp that does not execute",
    "fill tmpfs bytes": "a small /tmp",
    "/proc/1/{environ,mem,maps,fd}": "an empty /proc",
    "/sys, /proc host info (kallsyms, config, dmi)": "an empty /proc",
    "raise own rlimits / un-dump / oom_score": "limits of the process",
    "env / argv / hostname secrets": "an empty environment",
    "see a process of somebody else": "a process namespace of its own",
}


@pytest.fixture(autouse=True)
def built() -> None:
    """The image's record stands in the home of each test."""
    image.build()


@pytest.fixture(scope="module")
def containers(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plain, Plain]]:
    """One without the filter alone, and one without most layers."""
    folder = tmp_path_factory.mktemp("controls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(folder))
        image.build()
        with plain_container(folder, **UNFILTERED) as unfiltered, plain_container(folder, **OPEN) as opened:
            yield unfiltered, opened


@pytest.mark.parametrize("name", WITHOUT_FILTER)
def test_without_the_filter_it_succeeds(containers: tuple[Plain, Plain], name: str) -> None:
    attack = ATTACKS[name]
    assert containers[0].call(attack.code, attack.entry, **attack.args)


@pytest.mark.parametrize("name", WITHOUT_LAYER)
def test_without_its_layer_it_succeeds(containers: tuple[Plain, Plain], name: str) -> None:
    attack = ATTACKS[name]
    assert containers[1].call(attack.code, attack.entry, **attack.args), WITHOUT_LAYER[name]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("leave file for next run", "/tmp/leak"),
        ("leave daemon (double fork, setsid)", "/tmp/daemon"),
        ("chmod 000 dir", "/tmp/z"),
    ],
)
def test_in_one_container_for_all_runs_it_leaves_something(
    containers: tuple[Plain, Plain], name: str, left: str
) -> None:
    look = "import os, time\ndef f(path):\n    time.sleep(0.3)\n    return os.path.exists(path)\n"
    containers[1].call(ATTACKS[name].code)
    assert containers[1].call(look, path=left)


def test_in_one_process_for_all_runs_the_next_answer_is_wrong(containers: tuple[Plain, Plain]) -> None:
    attack = ATTACKS["monkeypatch json/builtins/time"]
    both = f"import json, builtins\nexec({attack.code!r})\ndef g():\n    real = builtins.len\n    f()\n"
    both += "    wrong = json.loads('1') == 'POISON' and len([]) == 7\n    builtins.len = real\n"
    both += "    import importlib\n    importlib.reload(json)\n    return wrong\n"
    assert containers[1].call(both, "g") is True


def test_in_one_process_for_all_runs_the_secret_is_found(containers: tuple[Plain, Plain]) -> None:
    attack = ATTACKS["residue: scan heap for previous args"]
    both = (
        attack.code
        + "\ndef g(secret):\n    kept = [secret + str(n) for n in range(50)]\n    return f() if kept else 0\n"
    )
    assert containers[1].call(both, "g", secret="CANARY-7f3a" * 200)


CONNECT = """
import socket
def f(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).sendall(b"hello")
        return True
    except OSError:
        return False
"""


async def test_with_the_hosts_network_a_listener_hears_it_and_from_a_box_it_hears_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        port = listener.getsockname()[1]

        def listen() -> None:
            while (line := listener.accept()[0]) and (data := line.recv(100)) != b"end":
                heard.append(data)
                line.close()
            line.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            async with await open_box(SandboxSettings(launcher="docker"), user="network") as box:
                assert (await box.call(CONNECT, "f", {"port": port})).value is False
            assert heard == []
            with plain_container(tmp_path, **UNFILTERED, network_mode="none") as alone:
                assert alone.call(CONNECT, port=port) is False
            with plain_container(tmp_path, **UNFILTERED, network_mode="host") as connected:
                assert connected.call(CONNECT, port=port) is True
        finally:
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(b"end")
            thread.join(30)
    assert heard == [b"hello"]


ONE_PROCESS = """
import os, subprocess, sys, tempfile
def f(tool, tests):
    folder = tempfile.mkdtemp()
    for name, text in (("tool.py", tool), ("test_tool.py", tests)):
        open(os.path.join(folder, name), "w").write(text)
    environment = {"PYTHONPATH": "/opt/agentforge/site:" + folder, "PATH": os.environ["PATH"]}
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tool.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True).returncode
"""
PASS_IN_ONE_PROCESS = [
    "os._exit(0) on import",
    "os._exit(0) in call",
    "patch TestReport",
    "patch builtins AssertionError",
    "forge result frame fd 0",
    "a value that equals everything",
]
"""Judged by the exit code of a plain pytest run, as a program would that keeps tool and tests together."""


@pytest.mark.parametrize("name", PASS_IN_ONE_PROCESS)
def test_with_tool_and_tests_in_one_process_the_cheat_passes(containers: tuple[Plain, Plain], name: str) -> None:
    assert containers[1].call(ONE_PROCESS, tool=CHEATS.cheats[name], tests=CHEATS.tests) == 0


def test_that_control_tells_right_from_wrong(containers: tuple[Plain, Plain]) -> None:
    assert containers[1].call(ONE_PROCESS, tool=CHEATS.honest, tests=CHEATS.tests) == 0
    assert containers[1].call(ONE_PROCESS, tool=CHEATS.cheats["honest wrong tool"], tests=CHEATS.tests) == 1


def test_every_control_is_about_a_given_attack() -> None:
    named: list[Any] = [*WITHOUT_FILTER, *WITHOUT_LAYER]
    assert set(named) <= ATTACKS.keys()
    assert json.loads((HERE / "attacks.json").read_text("utf-8")).keys() == ATTACKS.keys()
