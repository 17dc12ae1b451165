"""Options that several commands share, and whom a command is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import typer

from agentforge.cli.completing import session_ids
from agentforge.errors import UsageError

Form: TypeAlias = Literal["text", "json", "stream-json"]

Org: TypeAlias = Annotated[str | None, typer.Option("--org", help="Organisation (also AGENTFORGE_ORG).")]
User: TypeAlias = Annotated[str | None, typer.Option("--user", help="Whose registry (also AGENTFORGE_USER).")]
Set: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a setting, such as forge.candidates=6; repeatable.", metavar="KEY=VALUE"),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Company: TypeAlias = Annotated[
    bool,
    typer.Option("--company", help="In the company's layer, which its administrator writes, instead of your own."),
]
FormatOption: TypeAlias = Annotated[
    Form,
    typer.Option("--output-format", "--output", help="How the result is printed.", envvar="AGENTFORGE_OUTPUT_FORMAT"),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Short for --output-format json.")]
Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--timeout", help="Seconds for the whole command; then exit code 124.", min=0.1, envvar="AGENTFORGE_TIMEOUT"
    ),
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress on stderr.", envvar="AGENTFORGE_QUIET")
]
Continue: TypeAlias = Annotated[bool, typer.Option("--continue", "-c", help="Go on with the latest session.")]
Resume: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--resume",
        "-r",
        help="Go on with this session, by its id or how that begins.",
        metavar="SESSION",
        autocompletion=session_ids,
    ),
]
Fork: TypeAlias = Annotated[
    bool, typer.Option("--fork", help="With -c or -r: begin a new session that starts like that one.")
]
MaxUsd: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--max-usd",
        help="What it may cost, in US dollars; then exit code 5. Needs the prices of endpoints.",
        min=0.000001,
        envvar="AGENTFORGE_MAX_USD",
    ),
]


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a command is for, and the settings given on the command line; with ``company`` the user administers it."""

    org: str | None = None
    user: str | None = None
    sets: list[str] | None = None
    company: bool = False

    def overrides(self) -> dict[str, object]:
        """Dotted keys for :func:`agentforge.settings.load`.

        Raises:
            UsageError: a ``--set`` is not of the form KEY=VALUE, or a name makes no sense.
        """
        from agentforge.secrecy import repeated
        from agentforge.settings import ORG, USER, parse_value
        from agentforge.wording import NAME_RULE

        given: dict[str, object] = {}
        for text in self.sets or ():
            key, equals, value = text.partition("=")
            if not equals or not key.strip():
                raise UsageError(
                    f"--set {repeated(text, 80)} is not KEY=VALUE.", fix="For example: --set forge.candidates=6"
                )
            given[key.strip()] = parse_value(value)
        given.update({key: value for key, value in (("org", self.org), ("user", self.user)) if value is not None})
        for key, value, pattern in (("org", self.org, ORG), ("user", self.user, USER)):
            if value is not None and not re.fullmatch(pattern, value):
                raise UsageError(f"--{key} {NAME_RULE}, not {repeated(value, 80)}.")
        return given
