"""Answers streamed at once by a real server arrive whole; and the figures would say so if they did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.streams import TEXT, Heard, served


async def test_a_dozen_streams_at_once_lose_nothing(tmp_path: Path) -> None:
    figures = await served(12, str(tmp_path))
    assert figures["streams"] == 12
    assert figures["events"] > 12 * 60
    assert [figures[key] for key in ("lost", "doubled", "unended", "garbled")] == [0, 0, 0, 0]


def heard(*numbers: int, last: str = "completed") -> Heard:
    middle = [{"seq": number, "type": "model_delta", "data": {"text": "x"}} for number in numbers[:-1]]
    return Heard([*middle, {"seq": numbers[-1], "type": last, "data": {"text": ""}}])


@pytest.mark.parametrize(
    ("one", "lost", "doubled", "ended"),
    [
        (heard(0, 1, 2), 0, 0, True),
        (heard(0, 2), 1, 0, True),
        (heard(1, 2), 1, 0, True),
        (heard(0, 1, 1, 2), 0, 1, True),
        (heard(0, 2, 1, 3), 0, 1, True),
        (heard(0, 1, last="model_delta"), 0, 0, False),
        (heard(0, 1, last="failed"), 0, 0, False),
        (Heard(), 0, 0, False),
    ],
)
def test_what_is_missing_is_counted(one: Heard, lost: int, doubled: int, ended: bool) -> None:
    assert (one.lost, one.doubled, one.ended) == (lost, doubled, ended)
    assert one.text != TEXT
