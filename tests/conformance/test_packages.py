"""Locked packages in a box: there for runs that were granted them, last in line, and never running by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentforge.agent.calls import Caller
from agentforge.boxes import image
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.packages import layer, sets
from agentforge.boxes.packages.building import targets
from agentforge.boxes.packages.lock import Lock, Locked
from agentforge.boxes.packages.targets import of_image, of_this_machine
from agentforge.boxes.protocol import Box, CallResult, Grant, Limits
from agentforge.errors import ImageError, SandboxError, SandboxUnavailable
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.manifest import Manifest
from agentforge.registry.packages import commit_lock
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import SandboxSettings
from agentforge.types import Capabilities, State
from tests.agent.test_calls import Silent
from tests.boxes.packages.making import make_wheel, only_from, repack

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHADOWS = ("json", "textwrap", "runner", "tool", "toolbox", "pytest", "sitecustomize", "usercustomize")
"""Modules that a set must not be able to put in the place of others, nor have run by themselves."""

RAN = "import builtins\nbuiltins.ran_by_itself = True\nHERE = 'the package'\n"


@dataclass(frozen=True)
class Sets:
    """What the tests import from: an honest set, and one that no wheel could bring past the unpacker."""

    home: Path
    lock: Lock
    honest: str
    hostile: str
    images: list[str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sets]:
    """Both sets, ready for every launcher that this machine has."""
    with pytest.MonkeyPatch.context() as patch:
        home, index = tmp_path_factory.mktemp("packages-home"), tmp_path_factory.mktemp("index")
        patch.setenv("AGENTFORGE_HOME", str(home))
        only_from(index, patch)
        make_wheel(index, "low", {"low.py": "def double(n):\n    return n * 2\n"})
        make_wheel(index, "High-Level", {"high/__init__.py": "from low import double\n"}, requires=["low"])
        compiled = repack(index, "markupsafe")
        lock = sets.resolve(
            {"high-level": "", "markupsafe": ""},
            targets(SandboxSettings()),
            pinned={},
            most_bytes=10 << 20,
            on_progress=lambda _: None,
        ).lock
        assert compiled.name in {path.name for path in index.iterdir()}
        made = Sets(home, lock, lock.digest, Lock((Locked("hostile", "1", ("f" * 64,)),)).digest, [])
        _make_ready(made, lock)
        yield made
        with pytest.MonkeyPatch.context() as again:
            again.setenv("AGENTFORGE_HOME", str(home))
            _remove(made)


def _make_ready(made: Sets, lock: Lock) -> None:
    for target in {of_this_machine().label: of_this_machine(), of_image("x86_64").label: of_image("x86_64")}.values():
        try:
            sets.build(lock, target, most_bytes=10 << 20, on_progress=lambda _: None)
        except ImageError:  # the compiled wheel is for this very Python
            continue
        _fill_hostile(sets.folder_of(made.hostile, target))
    try:
        with Daemon.connect(600) as daemon:
            base = image.build()
            for digest in (made.honest, made.hostile):
                site = sets.need(digest, of_image(str(daemon.info()["Architecture"])))
                made.images.append(layer.build_layer(daemon, base, digest, site, lambda _: None).tag)
    except SandboxError:
        return  # the fixtures of the boxes tell


def _fill_hostile(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(RAN, "utf-8")
    (folder / "evil.pth").write_text("import builtins; builtins.ran_by_itself = True\n", "utf-8")
    (folder / "innocent.py").write_text("HERE = 'the package'\n", "utf-8")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _remove(made: Sets) -> None:
    try:
        with Daemon.connect() as daemon:
            for tag in made.images:
                daemon.remove_image(tag)
    except SandboxUnavailable:
        pass


@pytest.fixture(autouse=True)
def _same_home(built: Sets, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTFORGE_HOME", str(built.home))


def trying(module: str) -> str:
    """A tool that imports a module, and says what it got."""
    return f"def f():\n    import {module}\n    return getattr({module}, 'HERE', getattr({module}, '__file__', ''))\n"


async def call(box: Box, source: str, packages: str = "", **args: int) -> CallResult:
    return await box.call(source, "f", dict(args), grant=Grant(packages=packages), limits=Limits(20))


async def test_a_granted_run_imports_them_and_what_they_need(warm_box: Box, built: Sets) -> None:
    source = "from high import double\ndef f(n):\n    return double(n)\n"
    assert (await call(warm_box, source, built.honest, n=21)).value == 42


async def test_a_compiled_module_works_under_the_filter_and_the_limits(warm_box: Box, built: Sets) -> None:
    source = "from markupsafe import _speedups, escape\ndef f():\n    return str(escape('<a>')), _speedups.__file__\n"
    value = (await call(warm_box, source, built.honest)).value
    assert isinstance(value, list)
    assert value[0] == "&lt;a&gt;"
    assert str(value[1]).startswith("/opt/packages/markupsafe/_speedups")


async def test_without_the_grant_there_is_nothing_to_import_or_to_find(warm_box: Box, built: Sets) -> None:
    assert (await call(warm_box, trying("high"), built.honest)).ok
    result = await call(warm_box, trying("high"))
    assert (result.status, result.error) == ("raised", "ModuleNotFoundError")
    looking = "import os, sys\ndef f():\n    return os.path.exists('/opt/packages'), '/opt/packages' in sys.path\n"
    assert (await call(warm_box, looking)).value == [False, False]
    assert (await call(warm_box, looking, built.honest)).value == [True, True]


async def test_a_script_and_many_calls_get_them_as_well(warm_box: Box, built: Sets) -> None:
    grant = Grant(packages=built.honest)
    assert (await warm_box.run("import high\nhigh.double(4)", grant=grant)).value == 8
    source = "import high\ndef f(n):\n    return high.double(n)\n"
    results = await warm_box.call_many(source, "f", [{"n": 1}, {"n": 2}], packages=built.honest)
    assert [result.value for result in results] == [2, 4]


async def test_a_suite_has_them_in_both_processes(warm_box: Box, built: Sets) -> None:
    source = "import high\ndef f(n):\n    return high.double(n)\n"
    tests = "from high import double\nfrom tool import f\ndef test_it():\n    assert f(3) == double(3) == 6\n"
    result = await warm_box.suite(source, tests, grant=Grant(packages=built.honest))
    assert result.passed, result
    without = await warm_box.suite(source, tests)
    assert not without.passed
    assert "No module named 'high'" in without.rows[0].message


async def test_none_takes_the_place_of_pythons_modules_the_runners_or_pytests(warm_box: Box, built: Sets) -> None:
    assert (await call(warm_box, trying("innocent"), built.hostile)).value == "the package"
    for module in ("json", "textwrap", "runner", "pytest", "toolbox", "tool"):
        result = await call(warm_box, trying(module), built.hostile)
        assert result.ok, (module, result)
        assert result.value != "the package", module


RAN_YET = "import builtins\ndef f():\n    return hasattr(builtins, 'ran_by_itself')\n"


async def test_nothing_of_a_set_is_run_by_itself(warm_box: Box, built: Sets) -> None:
    assert (await call(warm_box, RAN_YET, built.hostile)).value is False
    assert (await call(warm_box, f"import usercustomize\n{RAN_YET}", built.hostile)).value is True


PROBING = """import builtins, pytest
from tool import f

def test_it():
    assert f() == 1
    assert not hasattr(builtins, "ran_by_itself")
    assert not hasattr(pytest, "HERE")
"""


async def test_a_suite_is_not_bent_by_a_set(warm_box: Box, built: Sets) -> None:
    grant = Grant(packages=built.hostile)
    good = await warm_box.suite("def f():\n    return 1\n", PROBING, grant=grant)
    bad = await warm_box.suite("def f():\n    return 2\n", PROBING, grant=grant)
    assert good.passed, good
    assert not bad.passed


async def test_nobody_can_change_them(warm_box: Box, built: Sets) -> None:
    source = "def f():\n    open('/opt/packages/low.py', 'w')\n"
    result = await call(warm_box, source, built.honest)
    assert (result.status, result.error) in {("raised", "OSError"), ("raised", "PermissionError")}


async def test_a_set_that_was_not_built_is_one_sentence_with_what_to_do(warm_box: Box) -> None:
    with pytest.raises(ImageError, match="have not been built on this machine") as caught:
        await call(warm_box, trying("high"), "0" * 64)
    assert caught.value.fix == "Run 'agentforge packages build'."


async def test_runs_with_and_without_them_side_by_side(warm_box: Box, built: Sets) -> None:
    runs = [call(warm_box, trying("high"), built.honest if n % 2 else "") for n in range(6)]
    assert [result.ok for result in await asyncio.gather(*runs)] == [False, True] * 3


def doubling(name: str, capabilities: Capabilities, imports: str, double: str, depends: tuple[str, ...] = ()) -> Tool:
    source = f'{imports}\n\n\ndef {name}(n: int) -> int:\n    """Double n."""\n    return {double}(n)\n'
    manifest = Manifest(
        name=name, summary="Double n.", signature="(n: int) -> int", capabilities=capabilities, depends=depends
    )
    tests = f"from tool import {name}\n\n\ndef test_it():\n    assert {name}(2) == 4\n"
    return Tool(manifest, source, tests)


async def test_a_tool_that_imports_one_runs_apart_from_tools_and_scripts_that_call_it(
    warm_box: Box, built: Sets, tmp_path: Path
) -> None:
    (tmp_path / "base").mkdir()
    with Registry.create(tmp_path / "me.git") as registry:
        commit_lock(registry.store, built.lock, subject="Lock packages")
        declaring = Capabilities(packages=("high-level",))
        for tool in (
            doubling("packaged", declaring, "from high import double", "double"),
            doubling("plain", Capabilities(), "from toolbox import packaged", "packaged", ("packaged",)),
        ):
            registry.add(tool, state=State.LIVE)
        layers = Layers(registry, BaseLayer(tmp_path / "base"))
        caller = Caller(warm_box, layers, {}, Limits(60), Silent())
        for name in ("packaged", "plain"):
            tool, needs = layers.pinned(name)
            assert (await caller.call(tool, needs, {"n": 4})).value == 8, name
        looking = "import os\nfrom toolbox import packaged, plain\n"
        looking += "[packaged(5), plain(n=6), os.path.exists('/opt/packages')]"
        result = await caller.run(looking, layers.closure(["packaged", "plain"]), "run_python")
        assert result.value == [10, 12, False], result
