"""Long preparations (model, image) on stderr: one live line in a terminal, sparse lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from agentforge.cli.output import one_line, presentable

QUIET_SECONDS = 15.0
"""Where nobody watches, one step says something new at most this often."""

LINE = 300
"""Longest line where it does not have to fit beside a bar, in characters."""


class Steps:
    """Shows what is being done. Use it with ``with``; it leaves nothing but notices behind."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = console.is_terminal and not console.is_dumb_terminal
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._bar.add_task("", total=None, visible=False)
        self._step = ""
        self._said = ("", 0.0)

    def show(self, step: str, message: str, done: int = 0, total: int = 0) -> None:
        """Something goes on; ``total`` is 0 when nobody knows it."""
        line = one_line(message, max(self._console.width - 50, 40) if self._live else LINE)
        if step != self._step:
            self._step = step
            self._bar.reset(self._task, visible=True)
        self._bar.update(self._task, description=line, completed=done, total=total or None, visible=True)
        if not self._live:
            self._say(step, line)

    def keep(self, message: str, style: str = "default") -> None:
        """Something that stays on the screen."""
        self._console.print(Text(presentable(message), style=style))

    def pause(self) -> None:
        """Frees the terminal for a question."""
        self._bar.stop()

    def go_on(self) -> None:
        """Takes the terminal back."""
        self._bar.start()

    def _say(self, step: str, line: str) -> None:
        now, (last, at) = time.monotonic(), self._said
        if step != last or now - at >= QUIET_SECONDS:
            self._said = (step, now)
            self._console.print(Text(f"  {line}"), soft_wrap=True)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
