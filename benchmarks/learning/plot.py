"""A plot as SVG: success in each session, and generated tokens per right answer up to its end, one line per arm."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

WIDE, HIGH, EDGE = 420, 260, 48
NAME_HIGH = 12
COLOURS = {"A": "#888888", "B": "#b8860b", "M": "#2e8b57", "C": "#1f4e9c", "D": "#c0504d", "R": "#8064a2"}
"""Told apart also by their names at the ends of the lines."""

Points: TypeAlias = list[tuple[float, float]]


def drawn(by_session: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The SVG of the figures per session of each arm (:func:`benchmarks.learning.figures.by_session`)."""
    success = {arm: _points([(one["session"], one["success"]) for one in told]) for arm, told in by_session.items()}
    spent = {
        arm: _points([(one["session"], one["cumulative"]["generated_per_correct"]) for one in told])
        for arm, told in by_session.items()
    }
    panels = [
        _panel(0, "success in the session", success, 1.0),
        _panel(WIDE + EDGE, "generated tokens per right answer so far", spent, _top(spent)),
    ]
    size = f'width="{2 * WIDE + 3 * EDGE}" height="{HIGH + 2 * EDGE}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *panels, "</svg>\n"])


def _points(pairs: Sequence[tuple[float, float | None]]) -> Points:
    return [(at, value) for at, value in pairs if value is not None]


def _top(lines: Mapping[str, Points]) -> float:
    """The end of the scale: no less than any value, and its quarters are round numbers."""
    most = max((value for points in lines.values() for _, value in points), default=1.0) or 1.0
    size = 10 ** math.floor(math.log10(most))
    return next(step * size for step in (1.0, 2.0, 4.0, 6.0, 8.0, 10.0) if step * size >= most)


def _panel(left: float, title: str, lines: Mapping[str, Points], top: float) -> str:
    last = max((at for points in lines.values() for at, _ in points), default=0.0) or 1.0

    def place(at: float, value: float) -> tuple[float, float]:
        return EDGE + left + at / last * (WIDE - EDGE), EDGE + HIGH - value / top * HIGH

    parts = [f'<text x="{EDGE + left}" y="{EDGE - 16}" font-size="13">{html.escape(title)}</text>']
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(0, part * top)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{x + WIDE - EDGE:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{part * top:.4g}</text>')
    for at in sorted({at for points in lines.values() for at, _ in points}):
        x, y = place(at, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{at:g}</text>')
    placed = {arm: [place(*point) for point in points] for arm, points in lines.items() if points}
    below = 0.0
    for arm in sorted(placed, key=lambda arm: placed[arm][-1][1]):  # names that would lie on each other move down
        below = max(below + NAME_HIGH, placed[arm][-1][1])
        parts.append(_line(arm, placed[arm], below))
    return "\n".join(parts)


def _line(arm: str, places: Points, y: float) -> str:
    """A line with its dots, and the name of the arm at the height ``y`` behind its end."""
    colour, (x, _) = COLOURS.get(arm, "black"), places[-1]
    path = " ".join(f"{left:.1f},{down:.1f}" for left, down in places)
    dots = "".join(f'<circle cx="{left:.1f}" cy="{down:.1f}" r="2.5" fill="{colour}"/>' for left, down in places)
    name = f'<text x="{x + 6:.1f}" y="{y + 4:.1f}" fill="{colour}">{html.escape(arm)}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>{dots}{name}'
