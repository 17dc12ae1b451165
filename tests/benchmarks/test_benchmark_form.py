"""What all benchmarks share: which kept rows may be mixed."""

from __future__ import annotations

import pytest

from benchmarks.form import resumable, short_hash


def test_rows_of_other_conditions_are_ignored_and_the_reason_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": "a", "commit": "1", "model": "m"},
        {"id": "b", "commit": "2", "model": "m"},
        {"id": "c", "commit": "2", "model": "n"},
        {"id": "d", "model": "m"},
    ]
    assert resumable(rows, lambda _: {"commit": "1", "model": "m"}) == rows[:1]
    told = capsys.readouterr().err
    assert told.startswith("3 kept rows are ignored")
    for reason in ("1 with other commit", "1 with other commit and other model", "1 with no commit"):
        assert reason in told


def test_nothing_is_told_where_nothing_is_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    resumable([{"commit": "1"}], lambda _: {"commit": "1"})
    assert capsys.readouterr().err == ""


def test_a_short_hash_depends_on_values_and_not_on_their_order() -> None:
    assert short_hash({"a": 1, "b": 2}) == short_hash({"b": 2, "a": 1}) != short_hash({"a": 1, "b": 3})
