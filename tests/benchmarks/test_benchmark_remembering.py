"""The benchmark of memory measures what is kept in registries, and tells every figure."""

from __future__ import annotations

from pathlib import Path

from agentforge.memory import files
from agentforge.memory.keeping import Memory
from benchmarks.remembering import filled, measured


def test_it_fills_pages_as_they_are_kept(tmp_path: Path) -> None:
    with filled(tmp_path, 250) as store:
        assert [files.page_number(path) for path in store.list("memory")] == [2, 3, 1]
        known = Memory(store).known()
        assert (len(known.current), known.problems) == (250, ())


def test_every_figure_is_told() -> None:
    figures = measured(10, 1)
    names = ("first_read_ms", "first_search_ms", "search_ms", "add_ms", "read_after_ms", "bytes_a_fact")
    assert {*figures} == {*names}
    assert all(figures[name] >= 0 for name in names)
    assert figures["bytes_a_fact"] > 0
