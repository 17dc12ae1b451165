"""Small bar charts as values: a template draws them as SVG, with classes for colours and no style of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 320
HEIGHT: Final = 96
_GAP: Final = 0.3
"""The part of a bar's place that stays free."""
_LEAST: Final = 1.5
"""Height of a bar that is nearly nothing, so that it is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in units of the drawing; ``says`` is its value in words. One of no height was not measured."""

    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with what it says in words: ``now`` is the newest value, ``when`` its period, ``before`` the one before;
    ``top`` is the value of a bar of full height. ``meaning`` says what is counted.
    """

    name: str
    title: str
    meaning: str
    now: str
    when: str
    before: str
    top: str
    bars: tuple[Bar, ...]
    first: str
    last: str


def chart(
    name: str,
    title: str,
    meaning: str,
    labels: Sequence[str],
    values: Sequence[float | None],
    told: Callable[[float], str],
    *,
    top: float | None = None,
) -> Chart:
    """The chart of these values, one for each label; None where there was nothing to measure."""
    highest = top or max((one for one in values if one is not None), default=0.0) or 1.0
    place = WIDTH / max(len(values), 1)
    bars: list[Bar] = []
    for at, (label, value) in enumerate(zip(labels, values, strict=True)):
        height = 0.0 if value is None else max(_LEAST, HEIGHT * min(value / highest, 1.0))
        says = f"{label}: {told(value) if value is not None else 'nothing to measure'}"
        bars.append(
            Bar(
                round(place * (at + _GAP / 2), 2),
                round(HEIGHT - height, 2),
                round(place * (1 - _GAP), 2),
                round(height, 2),
                says,
            )
        )
    known = [(label, value) for label, value in zip(labels, values, strict=True) if value is not None]
    return Chart(
        name=name,
        title=title,
        meaning=meaning,
        now=told(known[-1][1]) if known else "–",
        when=known[-1][0] if known else "",
        before=told(known[-2][1]) if len(known) > 1 else "",
        top=told(highest),
        bars=tuple(bars),
        first=labels[0] if labels else "",
        last=labels[-1] if labels else "",
    )
