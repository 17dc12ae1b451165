"""``tool.toml``: what a tool says about itself, checked by pydantic.

The JSON Schema in ``registry/manifest.schema.json`` is generated from :class:`Manifest` by
:func:`json_schema`; a test holds the two equal.
"""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agentforge.errors import ToolInvalid
from agentforge.types import TOOL_NAME, Capabilities, JSONObject, Role

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/+=-]{0,149}")
"""An id in provenance and commit trailers: one word, so that it can hold no sentence."""


def _line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line without control characters or spaces around it")
    return text


Id: TypeAlias = Annotated[str, Field(pattern=f"^{ID.pattern}$")]
Line: TypeAlias = Annotated[str, AfterValidator(_line)]
Name: TypeAlias = Annotated[str, Field(pattern=f"^{TOOL_NAME.pattern}$")]


class Provenance(BaseModel):
    """Where a version comes from; ids only.

    ``job`` made it, from ``episodes`` and ``sources``, on top of the version ``parent``; ``models``
    maps a role to the model that filled it, ``prompts`` a prompt's name to the hash of its text,
    ``image`` is the digest of the sandbox image that judged it. ``tester_is_generator`` tells
    whether the same model wrote code and tests.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: Id | Literal[""] = ""
    episodes: tuple[Id, ...] = ()
    sources: tuple[Id, ...] = ()
    parent: Id | Literal[""] = ""
    models: dict[Role, Id] = Field(default_factory=lambda: {})
    prompts: dict[Id, Id] = Field(default_factory=lambda: {})
    image: Id | Literal[""] = ""
    tester_is_generator: bool = False
    created: date | None = None


class Manifest(BaseModel):
    """The manifest of one version of a tool.

    ``signature`` is that of the function in ``tool.py``, without the name; ``requests`` are example
    requests that such a tool answers (search reads them); ``depends`` names the toolbox tools that
    it imports. ``license`` is what whoever gave the tool away said of it; empty where nobody said anything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    name: Name
    summary: Annotated[Line, Field(min_length=1, max_length=200)]
    signature: Annotated[Line, Field(min_length=1, max_length=1000)]
    requests: tuple[Annotated[Line, Field(min_length=1, max_length=300)], ...] = Field(default=(), max_length=20)
    depends: tuple[Name, ...] = Field(default=(), max_length=50)
    capabilities: Capabilities = Field(default_factory=Capabilities)
    license: Annotated[Line, Field(max_length=200)] = ""
    provenance: Provenance = Field(default_factory=Provenance)


def read_manifest(text: str, *, culprit: str) -> Manifest:
    """The manifest that a ``tool.toml`` holds; ``culprit`` names the tool in problems.

    Raises:
        ToolInvalid: it is no TOML, or breaks the format; all problems.
    """
    try:
        return Manifest.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problems = [f"tool.toml: {_place(found['loc'])}{found['msg']}" for found in error.errors(include_url=False)]
    except (ValueError, RecursionError) as error:
        problems = [f"tool.toml is no TOML: {str(error) or 'nested too deeply'}"]
    raise ToolInvalid(culprit, problems)


def write_manifest(manifest: Manifest) -> str:
    """The manifest as TOML, leaving out what is at its default (the number of the format stays)."""
    table = manifest.model_dump(exclude_defaults=True, exclude_none=True)
    return tomli_w.dumps({"format": manifest.format, **table})


def one_line(text: str, most: int) -> str:
    """Any text as one printable line of at most ``most`` characters, as summaries and requests want it."""
    words = "".join(letter if letter.isprintable() else " " for letter in text).split()
    line = " ".join(words)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _place(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(str(part) for part in location)}: " if location else ""


def json_schema() -> JSONObject:
    """The JSON Schema of ``tool.toml``."""
    return Manifest.model_json_schema()


def write_schema(folder: Path) -> None:
    """Writes ``manifest.schema.json`` into ``folder``."""
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.schema.json").write_text(text, encoding="utf-8")
