"""What every test gets without asking: a private home, a clean environment and no way out.

Nothing in a test may reach another machine, so no test can spend money at a paid model by accident.
Docker is spoken to over its local socket, models are served on loopback.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_asyncio

from agentforge.boxes.protocol import Box
from agentforge.settings import SandboxSettings

KEPT = ("AGENTFORGE_REQUIRE_DOCKER", "AGENTFORGE_TEST_")
NETWORK_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})


def _is_local(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not isinstance(text, str) or text in ("", "localhost"):
        return True  # no host at all: a wildcard to listen on
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _no_way_out(event: str, args: tuple[Any, ...], watched: frozenset[str] = NETWORK_EVENTS) -> None:
    """An audit hook: sees every connection that this process makes, whichever library makes it.

    ``watched`` is bound here since a module has lost its names when an interpreter ends.
    """
    if event not in watched:
        return
    target = args[0] if event.startswith("socket.get") else args[1]
    host = target[0] if isinstance(target, tuple) else target
    if isinstance(target, tuple) or event.startswith("socket.get"):
        listening = event == "socket.getaddrinfo" and host in ("0.0.0.0", "::")
        if not listening and not _is_local(host):
            pytest.fail(f"A test tried to reach {host!r}; only loopback is allowed ({event}).")


def pytest_configure() -> None:
    """Audit hooks cannot be taken away again, so it is added once for the whole run. No property is timed:
    the machine may be busy. What is compiled is kept whatever the caller says: every worker reads all tests, and
    hundreds of programs start.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # what a shell does to a command in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")
    sys.addaudithook(_no_way_out)


SLOW = (
    "tests/examples/test_ten_days.py",
    "tests/examples/test_expenses.py",
    "tests/attacks/test_attacks.py",
    "tests/conformance/test_box.py",
    "tests/conformance/test_suite.py",
    "tests/conformance/test_packages.py",
    "tests/cli/test_exit_codes.py",
    "tests/cli/chat/test_terminal.py",
    "tests/attacks/test_kept.py",
    "tests/boxes/packages/test_sets.py",
    "tests/conformance/test_calls.py",
    "tests/boxes/test_stdio.py",
    "tests/boxes/test_lifecycle.py",
    "tests/jobs/test_crashes.py",
    "tests/jobs/test_worker.py",
    "tests/forge/test_checking.py",
    "tests/forge/test_learning.py",
    "tests/memory/test_memory_as_a_model.py",
)
"""What takes longest, in this order: begun first, so that no worker is left alone with it at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files come first."""
    rank = {name: number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Workers get whole files, in the order of :func:`pytest_collection_modifyitems`.

    loadscope alone would cut a file into its classes, so that each class opens every kind of box anew, and would
    begin with what has the most tests instead of what takes longest.
    """
    if config.getvalue("dist") not in ("loadscope", "loadfile"):
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private ``AGENTFORGE_HOME`` (not made yet); keys, settings and git identity of the caller are gone."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "AGENTFORGE_", "GIT_")) and not name.startswith(KEPT):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("AGENTFORGE_HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


@pytest.fixture(scope="session", autouse=True)
def boxes_prepared_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What bubblewrap puts into the home is made once and copied into each private home: the runner and pytest
    take a second to compile.
    """
    from agentforge.boxes import bubblewrap

    fill, made = bubblewrap._fill, tmp_path_factory.mktemp("prepared") / "box"

    def copied(folder: Path, program: Path) -> None:
        if not made.is_dir():
            fill(made, program)
        shutil.copytree(made, folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bubblewrap, "_fill", copied)
        yield


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A Docker daemon with the image of the box, which is built where it is missing.

    Without a daemon the test is skipped, or fails where AGENTFORGE_REQUIRE_DOCKER=1.
    """
    from agentforge.boxes import image
    from agentforge.errors import SandboxError

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AGENTFORGE_HOME", str(tmp_path_factory.mktemp("docker-home")))
        try:
            image.build()
        except SandboxError as error:
            if os.environ.get("AGENTFORGE_REQUIRE_DOCKER") == "1":
                pytest.fail(f"Docker is required here: {error}")
            pytest.skip(f"no Docker: {error}")


BOXES = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("docker without own namespaces", marks=pytest.mark.docker),
    pytest.param("docker over stdio", marks=pytest.mark.docker),
    pytest.param("docker over stdio without own namespaces", marks=pytest.mark.docker),
    pytest.param("docker in tier reuse", marks=pytest.mark.docker),
    pytest.param("docker in tier strict", marks=pytest.mark.docker),
    "bubblewrap",
    "bubblewrap in tier reuse",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=BOXES)
async def warm_box(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Box]:
    """A warm box of each kind for one module, whose tests say ``asyncio(loop_scope="module")``."""
    from agentforge.boxes.open import open_box

    launcher, _, variant = request.param.partition(" ")
    if launcher == "docker":
        request.getfixturevalue("docker")
    else:
        insist_on_namespaces()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(tmp_path_factory.mktemp("box-home")))
        tier = variant.removeprefix("in tier ") if "in tier" in variant else "call"
        settings = SandboxSettings(launcher=launcher, transport="stdio" if "stdio" in variant else "auto", tier=tier)
        without = "without own namespaces" in variant
        if without:
            _forbid_mounting(patch)
        async with await open_box(settings, user="tests") as box:
            assert box.info.tier == ("wiped" if without else tier)
            assert box.info.transport == ("stdio" if "stdio" in variant else "descriptors")
            yield box


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bubblewrap_box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Box]:
    """A bubblewrap box for one module, for what depends on no launcher."""
    from agentforge.boxes.open import open_box

    insist_on_namespaces()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTFORGE_HOME", str(tmp_path_factory.mktemp("box-home")))
        async with await open_box(SandboxSettings(launcher="bubblewrap"), user="tests") as box:
            yield box


def _forbid_mounting(patch: pytest.MonkeyPatch) -> None:
    """As AppArmor's docker-default does: then no call can have namespaces of its own."""
    from agentforge.boxes import hardening

    profile = json.loads(hardening.profile())
    profile["syscalls"][0]["names"].remove("mount")
    patch.setattr(hardening, "profile", lambda: json.dumps(profile, separators=(",", ":")))


def insist_on_namespaces() -> None:
    """Skips the test where there can be no bubblewrap."""
    if not namespaces_allowed():
        pytest.skip("this kernel forbids unprivileged user namespaces, without which there is no bubblewrap")


def namespaces_allowed() -> bool:
    refusals = {"apparmor_restrict_unprivileged_userns": "1", "unprivileged_userns_clone": "0"}
    for name, refusal in refusals.items():
        setting = Path("/proc/sys/kernel", name)
        if setting.exists() and setting.read_text("ascii").strip() == refusal:
            return False
    return Path("/proc/sys/user/max_user_namespaces").read_text("ascii").strip() != "0"
