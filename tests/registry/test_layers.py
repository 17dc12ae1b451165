"""What a session sees: user before company before base."""

import dataclasses

import pytest
from sample_tools import make_tool, write_tool

from agentforge.errors import StorageError, ToolInvalid, ToolNotFound
from agentforge.registry.layers import LOOK_EVERY, BaseLayer, Layers
from agentforge.registry.repository import Registry
from agentforge.types import Capabilities, Layer, State


@pytest.fixture
def company(tmp_path):
    with Registry.create(tmp_path / "company.git", layer=Layer.COMPANY) as made:
        yield made


@pytest.fixture
def base(tmp_path):
    (tmp_path / "toolbox").mkdir()
    return BaseLayer(tmp_path / "toolbox", look_every=0.0)


def where(layers):
    return {tool.name: tool.layer for tool in layers.live()}


def test_the_first_layer_that_has_a_live_tool_gives_it(registry, company, base):
    for name in ("a", "b", "c"):
        write_tool(base.folder, make_tool(name))
    for name in ("a", "b"):
        company.add(make_tool(name), state=State.LIVE)
    registry.add(make_tool("a"), state=State.LIVE)
    layers = Layers(registry, base, company)
    assert where(layers) == {"a": Layer.USER, "b": Layer.COMPANY, "c": Layer.BASE}
    assert [(tool.name, tool.layer) for tool in layers.shadowed()] == [
        ("a", Layer.COMPANY),
        ("a", Layer.BASE),
        ("b", Layer.BASE),
    ]
    assert layers.find("b").layer is Layer.COMPANY


def test_what_is_not_live_hides_nothing(registry, base):
    write_tool(base.folder, make_tool("a"))
    registry.add(make_tool("a"), state=State.PROPOSED)
    layers = Layers(registry, base)
    assert where(layers) == {"a": Layer.BASE}
    registry.add(make_tool("a"), state=State.LIVE)
    assert where(layers) == {"a": Layer.USER}
    registry.set_state("a", State.QUARANTINED)
    assert where(layers) == {"a": Layer.BASE}


def test_what_another_process_commits_is_seen_at_once(registry, base):
    layers = Layers(registry, base)
    before = layers.fingerprint()
    assert layers.live() == []
    with Registry.open(registry.path) as other:
        other.add(make_tool(), state=State.LIVE)
    assert [tool.name for tool in layers.live()] == ["slugify"]
    assert layers.fingerprint() != before


def test_a_changed_base_is_read_again(base):
    place = write_tool(base.folder, make_tool("a"))
    assert [tool.name for tool in base.tools()] == ["a"]
    (place / "tool.py").write_text(make_tool("a").source + "\n# more\n")
    assert base.tools()[0].source.endswith("# more\n")


def test_the_base_is_not_looked_at_for_every_call(tmp_path, monkeypatch):
    now = 100.0
    monkeypatch.setattr("agentforge.registry.layers.time.monotonic", lambda: now)
    base = BaseLayer(tmp_path)
    assert base.tools() == []
    write_tool(tmp_path, make_tool("a"))
    assert base.tools() == []
    now += LOOK_EVERY
    assert [tool.name for tool in base.tools()] == ["a"]


def test_a_malformed_base_tool_is_reported_and_the_others_work(base, registry):
    write_tool(base.folder, make_tool("a"))
    (write_tool(base.folder, make_tool("b")) / "tool.toml").write_text("name = ")
    (base.folder / "README.md").write_text("no tool")
    (base.folder / "__pycache__").mkdir()
    assert [tool.name for tool in base.tools()] == ["a"]
    assert [problem.split(":")[0] for problem in Layers(registry, base).problems()] == ["b"]


def test_a_missing_base_folder_is_a_clear_error(tmp_path):
    with pytest.raises(StorageError, match="cannot be read"):
        BaseLayer(tmp_path / "none").tools()


def test_an_unknown_tool_is_told_with_near_names(registry, base):
    for name in ("parse_duration", "format_bytes"):
        write_tool(base.folder, make_tool(name))
    with pytest.raises(ToolNotFound, match="Did you mean parse_duration") as caught:
        Layers(registry, base).find("parse_durations")
    assert caught.value.exit_code == 2
    with pytest.raises(ToolNotFound, match="tools list"):
        Layers(registry, base).find("zzz")


def test_a_closure_holds_all_that_is_needed_with_dependencies_first(registry, base):
    write_tool(base.folder, make_tool("lowest"))
    write_tool(base.folder, make_tool("unneeded"))
    registry.add(make_tool("middle", imports=["lowest"]), state=State.LIVE)
    registry.add(make_tool("top", imports=["middle", "lowest"]), state=State.LIVE)
    closure = Layers(registry, base).closure(["top", "top"]).sources
    assert list(closure) == ["lowest", "middle", "top"]
    assert closure["lowest"] == make_tool("lowest").source


def test_a_closure_follows_imports_that_the_manifest_forgot(registry, base):
    write_tool(base.folder, make_tool("lowest"))
    forgetful = make_tool("top", imports=["lowest"])
    forgetful = dataclasses.replace(forgetful, manifest=forgetful.manifest.model_copy(update={"depends": ()}))
    write_tool(base.folder, forgetful)
    assert list(Layers(registry, base).closure(["top"]).sources) == ["lowest", "top"]


def test_tools_with_a_capability_are_named_and_their_source_and_needs_stay_out_of_a_closure(registry, base):
    write_tool(base.folder, make_tool("lowest"))
    write_tool(base.folder, make_tool("clock", imports=["lowest"], capabilities=Capabilities(clock=True)))
    write_tool(base.folder, make_tool("top", imports=["clock"]))
    closure = Layers(registry, base).closure(["top", "clock"])
    assert (list(closure.sources), closure.apart) == (["top"], ("clock",))


def test_a_tool_is_pinned_with_what_it_needs_and_not_among_it(registry, base):
    write_tool(base.folder, make_tool("lowest"))
    write_tool(base.folder, make_tool("clock", imports=["lowest"], capabilities=Capabilities(clock=True)))
    tool, closure = Layers(registry, base).pinned("clock")
    assert (tool.name, list(closure.sources), closure.apart) == ("clock", ["lowest"], ())
    with pytest.raises(ToolNotFound, match="Did you mean clock"):
        Layers(registry, base).pinned("clocks")


def test_a_circle_is_told_in_full(registry, base):
    for name, other in (("a", "b"), ("b", "c"), ("c", "b")):
        write_tool(base.folder, make_tool(name, imports=[other]))
    with pytest.raises(ToolInvalid, match="in a circle: b → c → b"):
        Layers(registry, base).closure(["a"])


def test_a_missing_dependency_names_who_needs_it(registry, base):
    write_tool(base.folder, make_tool("top", imports=["gone"]))
    with pytest.raises(ToolInvalid, match="'top' is not valid: it depends on 'gone', which is not live"):
        Layers(registry, base).closure(["top"])
    with pytest.raises(ToolNotFound):
        Layers(registry, base).closure(["gone"])


def test_the_starter_tools_are_the_base_layer_by_default():
    base = BaseLayer()
    assert len(base.tools()) >= 12
    assert base.problems() == []
