"""Stale tools: what they cite is gone. The mark stands outside their contents and goes when the passage is back."""

import pytest
from sample_tools import EXAMPLES, make_tool

from agentforge.registry.stale import cited, citing, settle
from agentforge.types import Example, State

OLD, NEW = "d0123456789ab.0000000000000000", "d0123456789ab.1111111111111111"


def there(*passages):
    """A world in which exactly these passages stand."""
    return lambda asked, rev: set(asked) & set(passages)


@pytest.fixture
def tool(registry):
    made = make_tool(sources=("page:example.com", f"passage:{OLD}"))
    registry.add(made, state=State.LIVE)
    registry.add(make_tool("other"), state=State.LIVE)
    return made


def test_a_tool_cites_passages_among_its_sources_and_those_of_its_examples(tool, registry):
    assert cited(tool) == (OLD,)
    examples = (*EXAMPLES, Example({"text": "B"}, "b", source=f"passage:{NEW}"))
    assert cited(make_tool(sources=(f"passage:{OLD}",), examples=examples)) == (OLD, NEW)
    assert citing(registry.snapshot()) == {"slugify": (OLD,)}


def test_where_all_passages_stand_nothing_is_committed(tool, registry):
    head = registry.head()
    assert settle(registry, there(OLD)) == ()
    assert registry.head() == head


def test_a_tool_whose_passage_is_gone_is_marked_in_one_commit_and_stays_as_it_is(tool, registry):
    assert settle(registry, there(NEW)) == ("slugify",)
    marked = registry.get("slugify")
    assert (marked.stale, marked.version, marked.state) == ((OLD,), tool.version, State.LIVE)
    newest = registry.store.log()[0]
    assert (newest.message, newest.trailers) == ("Mark slugify as stale", {"Tool": ("slugify",)})
    assert registry.get("other").stale == ()
    head = registry.head()
    assert settle(registry, there(NEW)) == ("slugify",)
    assert registry.head() == head, "a second look changes nothing"


def test_the_mark_goes_when_the_passage_is_back(tool, registry):
    settle(registry, there())
    assert settle(registry, there(OLD)) == ()
    assert registry.get("slugify").stale == ()
    assert registry.store.log()[0].message == "slugify no longer stale"


def test_a_decision_about_the_tool_keeps_the_mark_and_a_new_version_has_none(tool, registry):
    settle(registry, there())
    registry.set_state("slugify", State.QUARANTINED, "for a while")
    assert registry.get("slugify").stale == (OLD,)
    registry.set_state("slugify", State.LIVE)
    made = make_tool(body="return text.strip().lower() + ''", sources=(f"passage:{NEW}",), parent=tool.version)
    registry.add(made, state=State.LIVE)
    assert (registry.get("slugify").version, registry.get("slugify").stale) == (made.version, ())


def test_a_tool_out_of_use_is_marked_too_so_that_it_does_not_come_back_unmarked(tool, registry):
    registry.set_state("slugify", State.RETIRED)
    assert settle(registry, there()) == ("slugify",)


def test_what_stands_is_asked_at_the_commit_that_the_mark_is_made_on(tool, registry):
    asked = []
    settle(registry, lambda passages, rev: asked.append((set(passages), rev)) or passages)
    assert asked == [({OLD}, registry.head())]
