"""Sleeping every night without being asked: a timer of systemd's for the user, or a line of the user's crontab.

Only what is to be written is made here, as text; :func:`install` writes it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import platformdirs

from agentforge.errors import ConfigurationError, StorageError, UsageError
from agentforge.settings import Settings

Kind: TypeAlias = Literal["systemd", "cron"]
Run: TypeAlias = Callable[[Sequence[str], str], tuple[int, str]]
"""Runs a program with a text on its standard input; its exit code, and what it printed."""

_AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
SECONDS = 30.0
RANDOM_SECONDS = 600
"""A timer starts up to so much later: many users of one machine do not all sleep at once."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is written: ``files`` by path (systemd), or a ``line`` of the crontab; ``commands`` are run afterwards."""

    kind: Kind
    files: dict[Path, str]
    line: str
    commands: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """All of it, for people."""
        if self.kind == "cron":
            return f"# a line of your crontab\n{self.line}\n"
        parts = [f"# {path}\n{text}" for path, text in self.files.items()]
        return "\n".join([*parts, *(f"$ {shlex.join(command)}\n" for command in self.commands)])


def schedule(settings: Settings, at: str, *, kind: Kind | None = None, run: Run | None = None) -> Schedule:
    """What makes this user's agent sleep every night ``at`` a time of this machine (HH:MM); ``kind`` is found out where
    it is not given.

    Raises:
        UsageError: ``at`` is no time of the day.
        ConfigurationError: there is neither a systemd for users nor a crontab here.
    """
    time = _AT.fullmatch(at)
    if time is None:
        raise UsageError(f"{at[:20]!r} is no time of the day.", fix="For example: --at 03:15")
    found = kind or _kind(run or execute)
    owner = ("--org", settings.org, "--user", settings.user)
    command = (sys.executable, "-m", "agentforge", "sleep", "run", *owner)
    home = f"AGENTFORGE_HOME={settings.home}"
    if found == "cron":
        told = shlex.join(["env", home, *command]).replace("%", r"\%")
        return Schedule("cron", {}, f"{int(time[2])} {int(time[1])} * * * {told} {_mark(settings)}", ())
    name = f"agentforge-sleep-{settings.org}.{settings.user}"  # no organisation has a dot
    folder = platformdirs.user_config_path() / "systemd" / "user"
    service = (
        f"[Unit]\nDescription=AgentForge sleeps ({settings.org}/{settings.user})\n\n[Service]\nType=oneshot\n"
        f"Environment={_quoted(home)}\nExecStart={' '.join(map(_quoted, command))}\nNice=10\n"
    )
    timer = (
        f"[Unit]\nDescription=AgentForge sleeps every night ({settings.org}/{settings.user})\n\n[Timer]\n"
        f"OnCalendar=*-*-* {at}:00\nRandomizedDelaySec={RANDOM_SECONDS}\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    commands = (
        ("systemctl", "--user", "daemon-reload"),
        ("systemctl", "--user", "enable", "--now", f"{name}.timer"),
    )
    return Schedule("systemd", {folder / f"{name}.service": service, folder / f"{name}.timer": timer}, "", commands)


def install(planned: Schedule, settings: Settings, *, run: Run | None = None) -> None:
    """Writes it; one that stands already is replaced.

    Raises:
        StorageError: a file cannot be written, or a program failed.
    """
    running = run or execute
    if planned.kind == "cron":
        code, old = running(("crontab", "-l"), "")
        kept = [line for line in old.splitlines() if not line.endswith(_mark(settings))] if code == 0 else []
        _insist(running, ("crontab", "-"), "\n".join([*kept, planned.line]) + "\n")
    try:
        for path, text in planned.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        raise StorageError(f"The timer cannot be written: {error.strerror}.") from error
    for command in planned.commands:
        _insist(running, command, "")


def execute(command: Sequence[str], text: str) -> tuple[int, str]:
    """Runs a program; 127 where there is none, or it does not end."""
    try:
        done = subprocess.run(  # noqa: S603 -- the words are ours, and no shell reads them
            command, input=text, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def _kind(run: Run) -> Kind:
    if Path("/run/systemd/system").is_dir() and run(("systemctl", "--user", "show-environment"), "")[0] == 0:
        return "systemd"
    if shutil.which("crontab"):
        return "cron"
    raise ConfigurationError(
        "Neither systemd nor cron runs here for you.",
        fix="Have 'agentforge sleep run' started every night by what does such things on this machine.",
    )


def _mark(settings: Settings) -> str:
    """By which the line is found again."""
    return f"# agentforge sleep {settings.org}/{settings.user}"


def _quoted(word: str) -> str:
    """A word as systemd reads it: quotes, and no specifier or variable."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'


def _insist(run: Run, command: Sequence[str], text: str) -> None:
    code, told = run(command, text)
    if code:
        raise StorageError(f"'{shlex.join(command)}' failed: {' '.join(told.split())[:200]}")
