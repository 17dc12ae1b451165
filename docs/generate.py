"""Writes ``docs/reference/`` and the schema of events from the code, and checks that all documentation is true to it.

``python -m docs.generate`` writes; with ``--check`` nothing is written and the exit code is 1 when a
page is out of date or a link leads nowhere. Links to other sites are not followed.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
MADE = "<!-- Made by `make docs` from {source}; change that, not this page. -->\n\n"


def cli() -> str:
    """Every command with its help, arguments and options, from the command tree itself."""
    from agentforge.cli.app import app

    root = typer.main.get_command(app)
    parts = [MADE.format(source="agentforge/cli"), "# Command line\n\n", f"{root.help}\n\n{root.epilog}\n"]
    parts += [_command(path, command) for path, command in _commands("agentforge", root)]
    return "".join(parts)


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield f"{path} {name}", child
            yield from _commands(f"{path} {name}", child)


def _command(path: str, command: Any) -> str:
    lines = [f"\n## {path}\n\n{inspect.cleandoc(command.help or '')}\n"]
    rows = [_parameter(one) for one in command.params if not getattr(one, "hidden", False)]
    if rows:
        lines.append("\n| argument or option | meaning |\n|---|---|\n" + "".join(rows))
    return "".join(lines)


def _parameter(one: Any) -> str:
    shown = one.metavar or one.name.upper()
    if one.opts[0].startswith("-"):
        # Only a flag stands alone; everything else takes a value.
        value = "" if one.is_flag else " " + (one.metavar or _choices(one) or one.name.upper())
        shown = ", ".join([*one.opts, *one.secondary_opts]) + value
    more = [" ".join((one.help or "").split())]
    more += ["Required."] * bool(one.required)
    more += [f"Default: `{one.default}`."] * (isinstance(one.default, (str, int)) and one.default is not False)
    more += [f"Environment: `{one.envvar}`."] * bool(one.envvar)
    return f"| `{_cell(shown)}` | {_cell(' '.join(more))} |\n"


def _choices(one: Any) -> str:
    return "|".join(str(choice) for choice in get_args(one.type_descriptor.annotation) if isinstance(choice, str))


def settings() -> str:
    """Every setting: its key, type, default, meaning and environment variable."""
    from agentforge import sections
    from agentforge import settings as module

    parts = [MADE.format(source="agentforge/settings.py"), "# Settings\n\n", _docstring(module)]
    rest = module.Settings.model_fields.items()
    plain = {name: field for name, field in rest if not _section(field) and name not in ("home", "origins")}
    parts.append("\n## Top level\n" + _table("", plain))
    for name, field in rest:
        if section := _section(field):
            parts.append(f"\n## {name}\n\n{_docstring(section)}" + _table(f"{name}.", section.model_fields))
    for named, section in (
        ("endpoints.NAME", module.Endpoint),
        ("secrets.NAME", module.SecretSettings),
        ("servers.NAME", module.ServerSettings),
        ("web.people.NAME", sections.WebPersonSettings),
    ):
        parts.append(f"\n## {named}\n\n{_docstring(section)}" + _table(f"{named}.", section.model_fields))
    return "".join(parts)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(prefix: str, fields: dict[str, FieldInfo]) -> str:
    rows = ["\n| key | type | default | meaning |\n|---|---|---|---|\n"]
    for name, field in fields.items():
        meaning = " ".join((field.description or "").split())
        rows.append(f"| `{prefix}{name}` | `{_cell(_kind(field))}` | {_default(field)} | {_cell(meaning)} |\n")
    return "".join(rows)


def _kind(field: FieldInfo) -> str:
    """The annotation without module names."""
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", inspect.formatannotation(field.annotation))


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True) if field.default_factory is None else None
    if field.default_factory is not None:
        return "empty"
    if value is PydanticUndefined:
        return "(needed)"
    return "" if value is None else f"`{_cell(json.dumps(value))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def events() -> str:
    """The events' own docstring, which holds their table."""
    from agentforge import events as module

    return MADE.format(source="agentforge/events.py") + "# Events\n\n" + _docstring(module)


def schema() -> str:
    """The JSON Schema of a line of ``stream-json``: an event by its type, of an unknown type by its envelope, or the
    result.
    """
    from pydantic import TypeAdapter

    from agentforge.events import VERSION
    from agentforge.payloads import PAYLOADS

    defs: dict[str, Any] = {}
    for name, payload in PAYLOADS.items():
        own = TypeAdapter(payload).json_schema(ref_template="#/$defs/{model}")
        defs |= own.pop("$defs", {})
        defs[name] = own
    texts = {name: {"type": "string"} for name in ("org", "user", "session", "time", "type")}
    counts = {"seq": {"type": "integer", "minimum": 0}, "turn": {"type": "integer", "minimum": 0}}
    envelope = {**texts, **counts, "v": {"const": VERSION}, "data": {"type": "object"}}
    by_type = [
        {"if": {"properties": {"type": {"const": name}}}, "then": {"properties": {"data": {"$ref": f"#/$defs/{name}"}}}}
        for name in PAYLOADS
    ]
    event = {"type": "object", "properties": envelope, "required": sorted(envelope), "allOf": by_type}
    words = {"enum": ["completed", "failed", "limited", "waiting", "timed_out", "interrupted"]}
    result = {
        "type": "object",
        "properties": {"status": words, "exit_code": {"type": "integer"}},
        "required": ["status", "exit_code"],
    }
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of AgentForge's stream-json: an event, or the result, which is the last line",
        "if": {"required": ["exit_code"]},
        "then": {"$ref": "#/$defs/the_result"},
        "else": {"$ref": "#/$defs/the_event"},
        "$defs": {**defs, "the_event": event, "the_result": result},
    }
    return json.dumps(whole, indent=1) + "\n"


def errors() -> str:
    """The tree of exceptions with their exit codes, as drawn in the docstring."""
    from agentforge import errors as module

    return MADE.format(source="agentforge/errors.py") + "# Errors and exit codes\n\n" + _docstring(module)


def python() -> str:
    """The public Python names."""
    from docs import names

    return MADE.format(source="the docstrings of agentforge/") + names.page(_docstring)


def _docstring(thing: Any) -> str:
    """A docstring as Markdown: roles become code, literal blocks fences, simple tables tables."""
    text = re.sub(r"\n*(?:^|(?<=:))::?\n\n((?: {4}.*\n|\n)+)", _fence, inspect.getdoc(thing) or "", flags=re.MULTILINE)
    text = re.sub(r"^(=+) +=+\n(.*?\n)=+ +=+$", _rows, text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r":\w+:(?=`)", "", text).replace("`~", "`")
    text = re.sub(r"^(Raises|Returns|Yields|Args):\n((?: {4}.*\n?)+)", _listed, text, flags=re.MULTILINE)
    return re.sub(r"(?<!`)``(?!`)", "`", text) + "\n"


def _fence(block: re.Match[str]) -> str:
    return f"\n\n```text\n{inspect.cleandoc(block[1])}\n```\n\n"


def _listed(section: re.Match[str]) -> str:
    """A section of Google's style as a list."""
    items = re.sub(r"\n {5,}", " ", inspect.cleandoc(section[2])).replace("\n    ", " ").splitlines()
    return f"{section[1]}:\n\n" + "".join(f"- {item}\n" for item in items)


def _rows(table: re.Match[str]) -> str:
    width = len(table[1])
    rows = [(line[:width].strip(), line[width:].strip()) for line in table[2].splitlines()]
    return "| | |\n|---|---|\n" + "\n".join(f"| {_cell(left)} | {_cell(right)} |" for left, right in rows)


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "settings.md": settings,
    "events.md": events,
    "errors.md": errors,
    "python.md": python,
}


def _made() -> Iterator[tuple[str, Path, str]]:
    """What is made from the code: what it is called, where it stands, what it says now."""
    yield from ((f"docs/reference/{name}", REFERENCE / name, make()) for name, make in PAGES.items())
    yield "agentforge/events.schema.json", ROOT / "agentforge" / "events.schema.json", schema()


def outdated() -> list[str]:
    """Reference pages, and the schema, that differ from what the code says now."""
    return [
        f"{name} is out of date: run 'make docs'."
        for name, page, text in _made()
        if not page.is_file() or page.read_text("utf-8") != text
    ]


def documents() -> list[Path]:
    """All Markdown that is part of the project's documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def broken_links() -> list[str]:
    """Relative links and anchors that lead nowhere, in every document."""
    problems: list[str] = []
    for page in documents():
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            goal = (page.parent / path).resolve() if path else page
            where = page.relative_to(ROOT)
            if not goal.exists() or not goal.is_relative_to(ROOT):
                problems.append(f"{where}: the link {target!r} leads nowhere.")
            elif anchor and goal.suffix == ".md" and anchor not in _anchors(goal):
                problems.append(f"{where}: {target!r} names a heading that does not exist.")
    return problems


def _anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    }


def main() -> int:
    """Writes or checks; problems go to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything is wrong")
    if not parser.parse_args().check:
        REFERENCE.mkdir(exist_ok=True)
        for _, page, text in _made():
            page.write_text(text, "utf-8")
    problems = outdated() + broken_links()
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
