"""A parcel as an Agent Skill: a folder with ``SKILL.md`` for the agent and one program in ``scripts/``.

The form is that of https://agentskills.io/specification. What a tool says of itself was written by a model, and stands
in fenced blocks, where it is data; the description, which agents read before anything else, holds summaries only.
"""

from __future__ import annotations

import json
import re

from agentforge.registry.contract import docstring_of
from agentforge.registry.interchange.parcel import UNSTATED, Carried, Parcel
from agentforge.registry.interchange.script import about, program_of, reaches
from agentforge.registry.manifest import one_line

MAX_NAME, MAX_DESCRIPTION, MAX_COMPATIBILITY = 64, 1024, 500
MAX_LINES = 400
"""Lines of ``SKILL.md`` up to which the docstrings stand in it; the specification wants fewer than 500."""

DETAILS = "references/tools.md"


def skill_name(title: str) -> str:
    """A title as the name of a skill and of its folder: letters, digits, single hyphens between them."""
    return re.sub(r"-+", "-", title.replace("_", "-")).strip("-")[:MAX_NAME].strip("-")


def skill_of(parcel: Parcel) -> dict[str, str]:
    """The files of the skill, by their paths in its folder, which is named by :func:`skill_name`."""
    script = f"scripts/{parcel.module}.py"
    entries = parcel.entered
    sections = [_section(one) for one in entries]
    head = [*_front(parcel, entries), *_howto(parcel, script)]
    files = {script: program_of(parcel)}
    if len(head) + sum(map(len, sections)) <= MAX_LINES:
        body = [line for section in sections for line in section]
    else:
        files[DETAILS] = _text(["# Tools", "", *(line for section in sections for line in section)])
        lines = [f"{one.tool.name}{one.tool.signature.text}: {one.tool.manifest.summary}" for one in entries]
        most = MAX_LINES - len(head)
        told = f"All {len(entries)} tools, each with what it says of itself, are in [{DETAILS}]({DETAILS})."
        body = ["## Tools", "", told, "", "`" * 8 + "text", *lines[:most], "`" * 8]
    return {"SKILL.md": _text([*head, *body]), **files}


def _front(parcel: Parcel, entries: list[Carried]) -> list[str]:
    licenses = sorted({one.license or UNSTATED for one in parcel.tools})
    own = licenses[0] if len(licenses) == 1 else "several: each tool states its own in the script"
    needs = ["Python 3.11 or later", *parcel.packages]
    fields = {
        "name": skill_name(parcel.title),
        "description": _description(entries),
        "license": own,
        "compatibility": one_line(f"Needs {', '.join(needs)}. Runs without a sandbox.", MAX_COMPATIBILITY),
    }
    # JSON's strings are YAML's, between double quotes
    return ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()), "---", ""]


def _description(entries: list[Carried]) -> str:
    """What the skill does and when to use it; without angle brackets, in which some hosts see markup."""
    if len(entries) == 1:
        tool = entries[0].tool
        told = f"{tool.manifest.summary} Use when exactly this is to be computed: runs the tested tool {tool.name}."
    else:
        told = "Runs tested tools, use one when exactly what it does is to be computed: "
        told += "; ".join(f"{one.tool.name}: {one.tool.manifest.summary.rstrip('.')}" for one in entries) + "."
    return one_line(told.replace("<", "‹").replace(">", "›"), MAX_DESCRIPTION)


def _howto(parcel: Parcel, script: str) -> list[str]:
    first = "" if len(parcel.entries) == 1 else "TOOL "
    return [
        f"# {parcel.title}",
        "",
        "Run the script from the folder of this skill; the result goes to stdout, a failure to stderr (exit code 1).",
        "",
        "```sh",
        f"python {script} {first}NAME=VALUE ...",
        f'python {script} {first}--args \'{{"name": "value"}}\'',
        f"python {script} --help",
        f"python {script} --test  # its own tests; needs pytest",
        "```",
        "",
        "Texts are given as they stand, other values as JSON, `@FILE` stands for what a file holds. `uv run` in the",
        "place of `python` installs what the script needs.",
        "",
    ]


def _section(one: Carried) -> list[str]:
    tool = one.tool
    doc = docstring_of(tool.source, tool.name)
    reach = f"May reach: {reach}.\n" if (reach := reaches(one)) else ""
    text = f"{tool.name}{tool.signature.text}\n\n{doc.rstrip()}\n\n{reach}({about(one)})"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return [f"## {tool.name}", "", f"{fence}text", *text.splitlines(), fence, ""]


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
