"""What a registry has locked decides which packages its tools may declare, and so import."""

import dataclasses

import pytest
from sample_tools import make_tool

from agentforge.boxes.packages.lock import LOCK_FILE, NO_PACKAGES, Lock, Locked
from agentforge.errors import RegistryError, ToolInvalid
from agentforge.registry.layers import BaseLayer, Layers
from agentforge.registry.packages import commit_lock, read_lock
from agentforge.registry.repository import Registry
from agentforge.types import Capabilities, Layer, State

LOCK = Lock((Locked("python-dateutil", "2.9", ("a" * 64,), ("dateutil",)), Locked("six", "1.0", ("b" * 64,))))
BODY = "import dateutil\n    return text.strip().lower()"


def declaring(*packages, name="slugify", body=BODY):
    return make_tool(name, body, capabilities=Capabilities(packages=packages))


@pytest.fixture
def layers(registry, tmp_path):
    (tmp_path / "toolbox").mkdir()
    with Registry.create(tmp_path / "company.git", layer=Layer.COMPANY) as company:
        yield Layers(registry, BaseLayer(tmp_path / "toolbox"), company)


def test_a_lock_is_committed_and_read_again(registry):
    assert read_lock(registry.store) == NO_PACKAGES
    assert commit_lock(registry.store, LOCK, subject="Lock packages")
    assert read_lock(registry.store) == LOCK
    assert registry.store.log()[0].message == "Lock packages"
    assert commit_lock(registry.store, LOCK, subject="Again") is None
    commit_lock(registry.store, NO_PACKAGES, subject="Lock nothing")
    assert registry.store.read(LOCK_FILE) is None


@pytest.mark.parametrize("text", [b"--index-url https://evil.example\n", b"\xff\xfe", b"six\n"])
def test_what_is_no_lock_is_told_with_what_to_do(registry, text):
    registry.store.commit({LOCK_FILE: text}, subject="x", trailers={}, expected=registry.head())
    with pytest.raises(RegistryError, match="cannot be used") as caught:
        read_lock(registry.store)
    assert "agentforge packages lock" in caught.value.fix
    registry.add(make_tool(), state=State.LIVE)  # who declares no package is not concerned


def test_a_tool_may_declare_only_what_is_locked(registry):
    with pytest.raises(ToolInvalid, match="the package 'python-dateutil' is not locked in this registry: run "):
        registry.add(declaring("python-dateutil"), state=State.PROPOSED)
    commit_lock(registry.store, LOCK, subject="Lock packages")
    registry.add(declaring("Python_DateUtil"), state=State.PROPOSED)


def test_a_tool_imports_exactly_what_it_declares(registry):
    commit_lock(registry.store, LOCK, subject="Lock packages")
    with pytest.raises(ToolInvalid, match="dateutil comes with the package python-dateutil, which this tool does not"):
        registry.add(declaring("six"), state=State.PROPOSED)


def test_a_run_gets_the_set_of_the_tools_own_layer(registry, layers):
    pure, user, company = (
        make_tool("pure"),
        declaring("python-dateutil"),
        declaring("six", name="other", body="return text.lower()"),
    )
    commit_lock(registry.store, LOCK, subject="Lock packages")
    other = Lock((Locked("six", "2.0", ("c" * 64,)),))
    commit_lock(layers.company.store, other, subject="Lock packages")
    for tool, where in ((pure, registry), (user, registry), (company, layers.company)):
        where.add(tool, state=State.LIVE)
    digests = {name: layers.granted_set(layers.find(name)) for name in ("pure", "slugify", "other")}
    assert digests == {"pure": "", "slugify": LOCK.digest, "other": other.digest}


def test_a_tool_whose_package_was_taken_out_is_refused_at_the_call(registry, layers):
    commit_lock(registry.store, LOCK, subject="Lock packages")
    registry.add(declaring("python-dateutil"), state=State.LIVE)
    commit_lock(registry.store, NO_PACKAGES, subject="Lock nothing")
    with pytest.raises(ToolInvalid, match="'agentforge packages lock python-dateutil'"):
        layers.granted_set(layers.find("slugify"))


def test_the_base_layer_locks_nothing(registry, layers):
    commit_lock(registry.store, LOCK, subject="Lock packages")
    assert layers.packages(dataclasses.replace(declaring("six"), layer=Layer.BASE)) == NO_PACKAGES
