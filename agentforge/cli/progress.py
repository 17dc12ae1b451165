"""What a person sees on stderr while a turn runs: live lines in a terminal, plain lines elsewhere.

The views only read events; both show the same facts: which model is asked for what, which tool ran
with what, and how a forging gets on, step by step, with seconds.
"""

from __future__ import annotations

import json
import textwrap
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from agentforge.cli.output import one_line, presentable
from agentforge.events import Event
from agentforge.types import JSON, JSONObject

WIDTH = 100
SPOKEN_LINES = 12
"""So many lines of an answer are shown while it comes."""


class View(Protocol):
    """Shows events until it is closed."""

    def show(self, event: Event) -> None:
        """Takes in one event."""
        ...

    def pause(self) -> None:
        """Frees the terminal for a question."""
        ...

    def go_on(self) -> None:
        """Takes the terminal back."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_for(console: Console, *, quiet: bool = False) -> View:
    """The view that fits where stderr goes."""
    if quiet:
        return Silent()
    return LiveView(console) if console.is_terminal and not console.is_dumb_terminal else LineView(console)


@dataclass
class Step:
    """The step of a forging that runs; ``total`` is 0 when nobody knows it."""

    name: str = ""
    message: str = ""
    started: float = 0.0
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        count = "" if not self.done else f"{self.done} of {self.total}" if self.total else str(self.done)
        return " ".join(part for part in (f"{self.name:<10}", count, one_line(self.message, WIDTH)) if part)


@dataclass
class Forging:
    """What is known of one forging so far: the step that runs, how many candidates were asked for and tried, what the
    last one gave, and the gate that runs.
    """

    name: str
    started: float
    step: Step = field(default_factory=Step)
    asked: int = 0
    tried: int = 0
    last: str = ""
    gate: str = ""

    def advance(self, data: JSONObject, now: float) -> bool:
        """Takes in one ``forge_step``; tells whether it says something new that stays."""
        name, message = text_of(data.get("step")), text_of(data.get("message"))
        done, total = _count(data.get("done")), _count(data.get("total"))
        if name == "gate":
            self.gate = f"{done + 1} of {total}: {message}"
            return False
        self.gate = ""
        if name == "candidate":
            self.tried, self.last = done, message
        elif name in ("candidates", "repair", "escalate") and (name, message) != (self.step.name, self.step.message):
            self.asked += total
        before = self.step
        started = before.started if name == before.name else now
        self.step = Step(name, message, started, done, total)
        counted = self.step.done != before.done and not self.step.total
        return counted or (name, message) != (before.name, before.message)

    def lines(self, now: float, width: int) -> list[Text]:
        """How it stands, in up to three lines of at most ``width`` characters; its signature stands above already."""
        clock = f"  {_clock(now - self.started)}"
        head = one_line(f"⚒ {self.name}", max(width - len(clock), 8))
        asked = f" of {self.asked}" if self.asked > self.tried else ""
        facts = [f"candidates {self.tried}{asked}: {self.last or 'none has come yet'}"] if self.asked else []
        facts += [f"gate {self.gate}"] if self.gate else [str(self.step)] if self.step.name != "candidate" else []
        return [
            Text.assemble((head, "cyan"), (clock, "dim")),
            *(Text(f"  {one_line(fact, width - 2)}", style="dim") for fact in facts if fact.strip()),
        ]


def text_of(value: JSON) -> str:
    """``value`` where it is text, disarmed, else nothing."""
    return presentable(value) if isinstance(value, str) else ""


def _count(value: JSON) -> int:
    return int(value) if isinstance(value, int | float) else 0


def seconds_text(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 07 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def call_line(data: JSONObject) -> str:
    """``parse_duration(text="1h")`` of a ``tool_called``."""
    args = data.get("args")
    given = args if isinstance(args, dict) else {}
    inside = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items())
    return one_line(f"{text_of(data.get('tool'))}({inside})", WIDTH)


def _outcome_line(data: JSONObject) -> tuple[str, str]:
    took = data.get("seconds")
    tail = f"  {seconds_text(took)}" if isinstance(took, int | float) else ""
    if data.get("error"):
        error = data["error"]
        said = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
        return f"  ✗ {one_line(said, WIDTH)}{tail}", "red"
    return f"  = {one_line(json.dumps(data.get('value'), ensure_ascii=False), WIDTH)}{tail}", "default"


def _made_line(data: JSONObject, seconds: float) -> tuple[str, str]:
    name, state = text_of(data.get("name")), text_of(data.get("state"))
    if state == "failed":
        why = text_of(data.get("reason")) or "no candidate passed the gates"
        return f"✗ {name} was not made: {one_line(why, WIDTH)} ({seconds_text(seconds)})", "yellow"
    if reused := text_of(data.get("reused")):
        return f"✓ {reused} does what {name} was to do: nothing was written ({seconds_text(seconds)})", "green"
    shown = f"{state}, unconfirmed" if data.get("unconfirmed") else state
    return f"✓ made {name}: {shown}, version {text_of(data.get('version'))[:12]} ({seconds_text(seconds)})", "green"


def lasting_line(event: Event, forgings: dict[str, Forging], now: float) -> tuple[str, str] | None:
    """The line, with its style, that stays in the scroll-back for this event; None for most."""
    data = event.data
    match event.type:
        case "tool_called":
            return f"→ {call_line(data)}", "cyan"
        case "tool_returned":
            return _outcome_line(data)
        case "forge_started":
            signature = one_line(text_of(data.get("signature")), WIDTH)
            return f"⚒ forging {text_of(data.get('name'))}{signature}", "bold"
        case "forge_finished":
            forging = forgings.get(text_of(data.get("job")))
            return _made_line(data, now - forging.started if forging else 0.0)
        case "notice":
            return f"! {one_line(text_of(data.get('message')), 400)}", "yellow"
        case _:
            return None


class _Following:
    """The part that both views share: which forgings run, and what is worth a line that stays."""

    def __init__(self) -> None:
        self.forgings: dict[str, Forging] = {}
        self._waits = False

    def lasting(self, event: Event, now: float) -> tuple[str, str] | None:
        """Takes in an event; its line with a style, or None for most."""
        job = text_of(event.data.get("job"))
        if event.type == "forge_started":
            self.forgings[job] = Forging(text_of(event.data.get("name")), now)
        elif event.type == "forge_step":
            forging = self.forgings.setdefault(job, Forging("", now))
            new = forging.advance(event.data, now)
            self._waits = self._waits and not new
            return (f"  {_clock(now - forging.started)} {forging.step}", "dim") if new else None
        elif event.type == "waiting_for_model":
            return self._waiting_line(event)
        elif event.type == "model_finished":
            self._waits = False
        line = lasting_line(event, self.forgings, now)
        if event.type == "forge_finished":
            self.forgings.pop(job, None)
        return line

    def _waiting_line(self, event: Event) -> tuple[str, str] | None:
        """One line until something gets on: the candidates of a forging wait together."""
        waits, self._waits = self._waits, True
        return None if waits else (f"  {one_line(text_of(event.data.get('message')), 200)}", "dim")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Silent:
    """Shows nothing."""

    def show(self, event: Event) -> None:
        """Takes in one event."""

    def pause(self) -> None:
        """Nothing holds the terminal."""

    def go_on(self) -> None:
        """Nothing holds the terminal."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""


class LineView:
    """Plain lines, each printed once; for pipes and logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._following = _Following()
        self._last = ""

    def show(self, event: Event) -> None:
        """Takes in one event."""
        lasting = self._following.lasting(event, time.monotonic())
        if lasting:
            self._say(lasting[0])

    def _say(self, line: str) -> None:
        if line != self._last:
            self._last = line
            self._console.print(Text(line))

    def pause(self) -> None:
        """Nothing holds the terminal."""

    def go_on(self) -> None:
        """Nothing holds the terminal."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""


class LiveView:
    """Live lines at the bottom of a terminal; what lasts is printed above them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._following = _Following()
        self._doing = "starting"
        self._since = time.monotonic()
        self._spoken = ""
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(
            console=console, get_renderable=self._render, transient=True, refresh_per_second=4, redirect_stdout=False
        )

    def show(self, event: Event) -> None:
        """Takes in one event."""
        now = time.monotonic()
        self._turn_to(event, now)
        lasting = self._following.lasting(event, now)
        if lasting:
            self._console.print(Text(lasting[0], style=lasting[1]), soft_wrap=False)

    def _turn_to(self, event: Event, now: float) -> None:
        data = event.data
        if event.type == "model_started":
            asked = text_of(data.get("purpose")) or text_of(data.get("role"))
            self._doing, self._since, self._spoken = f"{asked} · {text_of(data.get('endpoint'))}", now, ""
        elif event.type == "model_delta":
            self._spoken = (self._spoken + text_of(data.get("text")))[-4000:]
        elif event.type == "tool_called":
            self._doing, self._since, self._spoken = f"running {text_of(data.get('tool'))}", now, ""
        elif event.type in ("model_finished", "tool_returned"):
            self._doing, self._since, self._spoken = "thinking", now, ""

    def pause(self) -> None:
        """Frees the terminal for a question."""
        self._live.stop()

    def go_on(self) -> None:
        """Takes the terminal back."""
        self._live.start()

    def _render(self) -> RenderableType:
        """The end of what is being said, each forging that runs, and what is waited for; never higher than the
        terminal.
        """
        now, width = time.monotonic(), self._console.width - 1
        took = f"  {seconds_text(now - self._since)}"
        lines = [line for forging in self._following.forgings.values() for line in forging.lines(now, width)]
        self._spinner.text = Text.assemble((one_line(self._doing, max(width - len(took) - 2, 8)), "cyan"), took)
        room = min(SPOKEN_LINES, self._console.height - len(lines) - 3)
        spoken = [Text(line) for line in _tail(self._spoken, width, room)]
        return Group(*spoken, *lines, self._spinner)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def _tail(text: str, width: int, most: int) -> list[str]:
    """The last lines of what a model is saying, as wide as the terminal."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]
    return lines[-most:] if most > 0 else []
