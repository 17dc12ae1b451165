"""The words of ``agentforge feedback`` and of ``agentforge tools repair``."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import typer

Word: TypeAlias = Annotated[Literal["good", "bad"], typer.Argument(help="What the answer was.", metavar="good|bad")]
CallId: TypeAlias = Annotated[
    str | None,
    typer.Argument(help="The call's id; without it the last call of a tool in the newest session.", metavar="[CALL]"),
]
Expected: TypeAlias = Annotated[
    str | None, typer.Option("--expected", help="What it should have returned, as JSON.", metavar="JSON")
]
Raises: TypeAlias = Annotated[
    str | None, typer.Option("--raises", help="The exception it should have raised.", metavar="NAME")
]
What: TypeAlias = Annotated[
    str | None,
    typer.Argument(help="A tool's name, or a call's id; without it all that waits.", metavar="[NAME|CALL]"),
]
