"""What a tool once did wrong stays beside its versions, one entry for each source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.errors import RegistryError
from agentforge.registry.regressions import keep_regression, read_regressions, withdraw_regression
from agentforge.registry.repository import Registry
from agentforge.types import Example

ONE = Example({"n": 1}, 2, source="feedback:call_1")
TRAILERS = {"Source": ["feedback:call_1"]}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.create(tmp_path / "me.git") as made:
        yield made


def test_a_regression_is_a_commit_with_ids_only(registry: Registry) -> None:
    assert read_regressions(registry, "double") == ()
    assert keep_regression(registry, "double", ONE, TRAILERS)
    assert read_regressions(registry, "double") == (ONE,)
    newest = registry.store.log()[0]
    assert newest.message.startswith("Keep a regression of double")
    assert newest.trailers["Source"] == ("feedback:call_1",)


def test_keeping_it_again_changes_nothing_and_another_answer_replaces_it(registry: Registry) -> None:
    keep_regression(registry, "double", ONE, TRAILERS)
    assert keep_regression(registry, "double", ONE, TRAILERS) is None
    other, second = Example({"n": 1}, 3, source=ONE.source), Example({"n": 5}, None, "ValueError", "feedback:call_2")
    keep_regression(registry, "double", second, TRAILERS)
    keep_regression(registry, "double", other, TRAILERS)
    assert read_regressions(registry, "double") == (second, other)


def test_a_withdrawn_one_is_gone(registry: Registry) -> None:
    keep_regression(registry, "double", ONE, TRAILERS)
    assert withdraw_regression(registry, "double", "feedback:call_9", TRAILERS) is None
    assert withdraw_regression(registry, "double", ONE.source, TRAILERS)
    assert read_regressions(registry, "double") == ()


def test_a_file_that_was_broken_by_hand_is_named(registry: Registry) -> None:
    broken = {"regressions/double.jsonl": b"no json\n"}
    registry.store.commit(broken, subject="By hand", trailers={}, expected=registry.store.head())
    with pytest.raises(RegistryError, match=r"regressions/double\.jsonl"):
        read_regressions(registry, "double")
    assert registry.problems() == []
