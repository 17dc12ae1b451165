"""One commit is taken back: what it added, moved or proposed, and nothing that was changed since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.errors import UsageError
from agentforge.registry.repository import Registry
from agentforge.registry.undoing import undo
from agentforge.types import State
from tests.sleep.scene import EXAMPLES, tool


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "ada.git") as made:
        yield made


BODY = "    return weight * 3"


def test_a_tool_that_was_added_is_retired(registry: Registry) -> None:
    registry.add(tool("price", BODY, EXAMPLES), state=State.LIVE)
    undo(registry, registry.head(), approver="ada")
    assert registry.names(State.RETIRED) == ["price"]
    assert registry.store.log()[0].trailers["Approver"] == ("ada",)


def test_a_proposal_is_taken_away_and_its_number_is_not_given_again(registry: Registry) -> None:
    registry.add(tool("price", BODY, EXAMPLES), state=State.PROPOSED)
    undo(registry, registry.head())
    assert registry.proposed() == []
    registry.add(tool("price", BODY, EXAMPLES), state=State.PROPOSED)
    assert registry.snapshot().proposals == {"price": (2,)}


def test_a_tool_that_was_moved_stands_again_as_it_did(registry: Registry) -> None:
    registry.add(tool("price", BODY, EXAMPLES), state=State.LIVE, unconfirmed=True)
    before = registry.snapshot().states.tools["price"]
    registry.set_state("price", State.RETIRED, "unused")
    undo(registry, registry.head())
    assert registry.snapshot().states.tools["price"] == before


def test_what_was_changed_since_is_left_alone(registry: Registry) -> None:
    registry.add(tool("price", BODY, EXAMPLES), state=State.LIVE)
    added = registry.head()
    registry.set_state("price", State.QUARANTINED, "wrong")
    with pytest.raises(UsageError, match="price was changed since"):
        undo(registry, added)
    assert registry.names(State.QUARANTINED) == ["price"]


def test_a_tool_that_another_needs_by_now_is_not_taken_back(registry: Registry) -> None:
    registry.add(tool("price", BODY, EXAMPLES), state=State.LIVE)
    added = registry.head()
    composed = tool("twice", "    from toolbox import price\n    return price(weight) * 2", EXAMPLES[:0])
    manifest = composed.manifest.model_copy(update={"depends": ("price",)})
    source = "from toolbox import price\n\n\n" + composed.source.replace("    from toolbox import price\n", "")
    registry.add(type(composed)(manifest, source, composed.tests), state=State.LIVE)
    with pytest.raises(UsageError, match="twice needs it"):
        undo(registry, added)


def test_a_commit_that_changed_no_tool_cannot_be_undone_here(registry: Registry) -> None:
    with pytest.raises(UsageError, match="changed no tool"):
        undo(registry, registry.head())
    with pytest.raises(UsageError, match="changed no tool"):
        undo(registry, "0" * 40)


def test_what_is_tried_in_a_copy_changes_nothing_in_the_original(registry: Registry, tmp_path: Path) -> None:
    registry.add(tool("price", BODY, EXAMPLES), state=State.LIVE)
    before = registry.head()
    with Registry(registry.store.copy(tmp_path / "copy.git")) as copy:
        assert copy.head() == before
        copy.set_state("price", State.RETIRED)
        assert copy.names(State.RETIRED) == ["price"]
        assert copy.store.check() == []
    assert registry.head() == before
    assert registry.names() == ["price"]
