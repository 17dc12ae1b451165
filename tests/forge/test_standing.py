"""What labels do to a tool that stands, in a real registry: nothing, once a person or another version was faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from agentforge.forge.standing import confirm_standing, quarantine_standing
from agentforge.gitstore.store import GitStore
from agentforge.memory.outcomes import Known, Outcomes
from agentforge.registry.manifest import Provenance
from agentforge.registry.repository import Registry
from agentforge.registry.review import approve, put
from agentforge.registry.tool import Tool
from agentforge.types import State
from tests.forge.learning import HOURS, tool_of

TOOL = tool_of(HOURS)


@dataclass
class Labels:
    """What is known of the calls of one version."""

    calls: list[Known]

    def labelled(self, tool: str, version: str, most: int) -> list[Known]:
        return [call for call in self.calls if (call.tool, call.version) == (tool, version)][:most]


def call(number: int, **facts: Any) -> Known:
    made = Known(f"call_{number}", "", TOOL.name, TOOL.version, {"text": str(number)}, "returned", 1, "", "", told=1)
    return replace(made, **facts)


CONFIRMED = [call(number, word="confirmed") for number in range(3)]
WRONG = [call(number, word="wrong", finding="defect") for number in range(2)]


def labels(calls: list[Known]) -> Outcomes:
    return cast("Outcomes", Labels(calls))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "r.git") as made:
        made.add(TOOL, state=State.LIVE, unconfirmed=True)
        yield made


@pytest.fixture
def faster(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Registry], object]], None]:
    """The next commit loses its race against what is given."""

    def set_up(act: Callable[[Registry], object]) -> None:
        honest = GitStore.commit

        def beaten(self: GitStore, *args: Any, **options: Any) -> str:
            monkeypatch.setattr(GitStore, "commit", honest)
            with Registry.open(self.path) as other:
                act(other)
            return honest(self, *args, **options)

        monkeypatch.setattr(GitStore, "commit", beaten)

    return set_up


def newer() -> Tool:
    manifest = TOOL.manifest.model_copy(update={"provenance": Provenance(parent=TOOL.version)})
    return replace(TOOL, manifest=manifest, source=TOOL.source.replace("* 60", "* 61"))


def by_a_person(other: Registry, state: State) -> None:
    put(other, TOOL.name, state, approver="ada", reason="I say so")


def a_new_version(other: Registry) -> None:
    other.add(newer(), state=State.LIVE, unconfirmed=True)


def an_approval(other: Registry) -> None:
    other.add(newer(), state=State.PROPOSED, unconfirmed=True)
    approve(other, TOOL.name, approver="ada", version=newer().version)


RIVALS: dict[str, Callable[[Registry], None]] = {
    "quarantined": lambda other: by_a_person(other, State.QUARANTINED),
    "retired": lambda other: by_a_person(other, State.RETIRED),
    "another version": a_new_version,
    "another version, approved": an_approval,
}


def confirm(registry: Registry) -> bool:
    return confirm_standing(registry, labels(CONFIRMED), CONFIRMED[0])


def quarantine(registry: Registry) -> bool:
    return quarantine_standing(registry, labels(WRONG), TOOL)


def test_enough_labels_move_what_stands(registry: Registry) -> None:
    assert confirm(registry)
    standing = registry.snapshot().states.tools[TOOL.name]
    assert (standing.state, standing.unconfirmed, standing.reason) == (State.LIVE, False, "3 confirmed answers")
    assert not confirm(registry), "once"
    assert quarantine(registry)
    assert registry.names(State.QUARANTINED) == [TOOL.name]


@pytest.mark.parametrize("act", [confirm, quarantine])
@pytest.mark.parametrize("rival", RIVALS)
def test_what_came_in_between_stays(
    registry: Registry,
    faster: Callable[[Callable[[Registry], object]], None],
    act: Callable[[Registry], bool],
    rival: str,
) -> None:
    left: list[object] = []

    def rivals_act(other: Registry) -> None:
        RIVALS[rival](other)
        left.append(other.snapshot().states.tools[TOOL.name])

    faster(rivals_act)
    assert not act(registry)
    assert [registry.snapshot().states.tools[TOOL.name]] == left
