"""Tools carried away and brought in: ``forge.interchange``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from agentforge.api.opened import Opened, secrets_of
from agentforge.errors import StorageError, ToolInvalid, UsageError
from agentforge.settings import Settings
from agentforge.types import GateResult, Layer, State

if TYPE_CHECKING:
    from agentforge.forge.arrival.reading import Arrival
    from agentforge.forge.checking import Checked, CheckParts
    from agentforge.registry.interchange.parcel import Parcel
    from agentforge.registry.tool import Tool

Form: TypeAlias = Literal["skill", "script", "server"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the file, or the folder of a skill. ``left_out`` says, by name, why tools stayed behind;
    ``remarks`` are what whoever passes it on should know.
    """

    path: Path
    form: Form
    entries: tuple[str, ...]
    tools: tuple[str, ...]
    left_out: Mapping[str, str]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one tool of a file: it waits as ``target``, was ``rejected``, or is ``known`` here already."""

    name: str
    file: str
    state: Literal["proposed", "rejected", "known"]
    reason: str
    target: str = ""
    version: str = ""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()


class Interchange:
    """Tools as skills, scripts and servers that need nothing of AgentForge, and tools from such and from plain Python.

    Made by ``Forge.interchange``.
    """

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings

    def export(
        self, names: Sequence[str], form: Form, folder: str | Path = ".", *, name: str = "", license: str = ""
    ) -> Exported:
        """Writes the live tools ``names``, with all that they need, into ``folder``; without names, all live tools.

        ``name`` names the file or skill, ``license`` is said of the tools of your own that state none. Nothing but
        source, tests, summary, capabilities, licence and kind of origin is written; nothing that exists is replaced.

        Raises:
            ToolNotFound: one of ``names`` is not live.
            ToolInvalid: one cannot run without AgentForge, holds what looks like a secret, or lacks a dependency.
            UsageError: ``name`` cannot be one, several tools have none, or something of that name exists.
            StorageError: it cannot be written.
        """
        from agentforge.registry.interchange.parcel import pack

        parcel = pack(self._opened.layers, names, title=name, license=license)
        self._insist_on_no_secret(parcel)
        path, files = _written(parcel, form, Path(folder))
        _write(path, files)
        tools = tuple(one.tool.name for one in parcel.tools)
        return Exported(path, form, parcel.entries, tools, parcel.left_out, _remarks(parcel))

    async def import_from(
        self,
        path: str | Path,
        *,
        tools: Sequence[str] = (),
        license: str = "",
        tell: Callable[[str], None] = lambda _: None,
    ) -> list[Imported]:
        """Brings in the tools of a Python file, a skill or a tool folder; each meets all gates and then waits for you.

        ``tools`` names those that are wanted, by default all; ``license`` is said of those that state none; ``tell``
        hears of each as it is decided. One that fails at a gate is not kept, unless the gate says only that little is
        known of it (:data:`agentforge.forge.checking.FOR_A_PERSON`).

        Raises:
            UsageError: there is no tool in it, or it holds links, too much, or what is no text.
            StorageError: it cannot be read.
            RegistryError: the registry cannot be written.
            SandboxError: the box failed.
        """
        from agentforge.api.checking import parts_of
        from agentforge.forge.arrival.files import read_files
        from agentforge.forge.arrival.reading import arrivals

        place = Path(path)
        place = place.parent if place.name == "SKILL.md" else place  # which is named for its folder
        files = await asyncio.to_thread(read_files, place)
        found = await asyncio.to_thread(arrivals, files, only=tools, license=license)
        parts = await parts_of(self._opened, self._settings) if any(one.tool for one in found) else None
        done: list[Imported] = []
        beside: dict[str, Tool] = {}
        for number, one in enumerate(found, 1):
            if one.tool is None or parts is None:
                done.append(_rejected(one, one.problems))
            else:
                done.append(await self.judge(one, one.tool, parts, beside))
            tell(f"{number} of {len(found)}: {done[-1].name[:80]} is {done[-1].state}")
        return done

    async def judge(
        self,
        one: Arrival,
        tool: Tool,
        parts: CheckParts,
        beside: dict[str, Tool],
        came: str = "Imported from a file.",
    ) -> Imported:
        """Checks one tool among those that came with it and were let through, and commits it as a proposal; ``came``
        says where it came from.

        Raises:
            RegistryError: the registry cannot be written.
            SandboxError: the box failed.
        """
        from agentforge.forge.arrival.reading import as_new_version
        from agentforge.forge.checking import FOR_A_PERSON, check_tool
        from agentforge.forge.leaks import secret_problems

        registry = self._opened.registry
        known = _same(tool, [*self._opened.layers.live(), *await asyncio.to_thread(registry.proposed)])
        if known is not None:
            beside[tool.name] = known
            told = "It is live here already." if known.state is State.LIVE else "It waits here already."
            return Imported(one.name, one.file, "known", told, version=known.version, notes=one.notes)
        standing = registry.snapshot().states.tools.get(tool.name)
        tool = as_new_version(tool, standing.version) if standing else tool
        among = replace(parts, beside=beside)
        told = [f"tests: {problem}" for problem in secret_problems(tool.tests, parts.secrets)]
        checked = await check_tool(tool, among, tuple(told))
        failed = [gate.gate for gate in checked.gates if gate.verdict == "failed"]
        if set(failed) - FOR_A_PERSON or (checked.state == "rejected" and not failed):
            return _rejected(one, checked.problems or [checked.reason], checked)
        tool = replace(tool, report=checked.report)
        reason = f"{came} {checked.reason}"
        try:
            version = await asyncio.to_thread(registry.add, tool, state=State.PROPOSED, unconfirmed=True, reason=reason)
        except ToolInvalid as error:
            return _rejected(one, error.problems, checked)
        beside[tool.name] = tool
        number = max(registry.snapshot().proposals[tool.name])
        return Imported(
            tool.name,
            one.file,
            "proposed",
            reason,
            f"{tool.name}/{number}",
            version,
            tuple(checked.problems),
            one.notes,
            checked.gates,
        )

    def _insist_on_no_secret(self, parcel: Parcel) -> None:
        from agentforge.forge.leaks import secret_problems
        from agentforge.secrecy import redact

        secrets = secrets_of(self._settings)
        for one in parcel.tools:
            tool = one.tool
            problems = secret_problems(tool.source, secrets)
            problems += [f"tests: {problem}" for problem in secret_problems(tool.tests, secrets)]
            if redact(tool.manifest.summary, secrets) != tool.manifest.summary:
                problems.append("its summary holds what looks like a secret")
            if problems:
                raise ToolInvalid(tool.name, problems, fix="Nothing was exported: have the tool made without it.")


def _written(parcel: Parcel, form: Form, folder: Path) -> tuple[Path, Mapping[str, str]]:
    """Where an export goes, and its files by their paths below; one file has the path ``""``."""
    from agentforge.registry.interchange.script import program_of, server_of
    from agentforge.registry.interchange.skill import skill_name, skill_of

    if form == "skill":
        return folder / skill_name(parcel.title), skill_of(parcel)
    if form == "server":
        return folder / f"{parcel.title}_server.py", {"": server_of(parcel)}
    return folder / f"{parcel.module}.py", {"": program_of(parcel)}


def _write(path: Path, files: Mapping[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if set(files) != {""}:
            path.mkdir()
        for below, text in files.items():
            file = path / below if below else path
            file.parent.mkdir(exist_ok=True)
            with file.open("x", encoding="utf-8", newline="") as opened:
                opened.write(text)
            if file.suffix == ".py":
                file.chmod(0o755)
    except FileExistsError:
        raise UsageError(f"{path} exists already.", fix="Take it away, or give another --name or --out.") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from None


def _remarks(parcel: Parcel) -> tuple[str, ...]:
    """What whoever passes it on should know: a licence that is missing, and what may be about somebody."""
    from agentforge.forge.made_up import personal

    unstated = [one.tool.name for one in parcel.tools if not one.license]
    remarks = [f"No licence is stated for {', '.join(unstated)}: --license says one."] if unstated else []
    own = [one.tool for one in parcel.tools if one.tool.layer is not Layer.BASE]
    remarks += ["Its tests hold examples of your own: read them before you pass it on."] if own else []
    for tool in own:
        for file, text in (("tool.py", tool.source), ("test_tool.py", tool.tests)):
            lines = [str(number) for number, line in enumerate(text.splitlines(), 1) if personal(line)]
            if lines:
                remarks.append(f"What looks personal stands in {file} of {tool.name}, line {', '.join(lines[:10])}.")
    return tuple(remarks)


def _same(tool: Tool, others: Sequence[Tool]) -> Tool | None:
    """The one that would behave and be tested alike and reach as much, under the same name."""
    facts = (tool.name, tool.source, tool.tests, tool.manifest.capabilities)
    return next((one for one in others if (one.name, one.source, one.tests, one.manifest.capabilities) == facts), None)


def _rejected(one: Arrival, problems: Sequence[str], checked: Checked | None = None) -> Imported:
    reason = checked.reason if checked is not None else "It is no tool."
    gates = checked.gates if checked is not None else ()
    return Imported(one.name, one.file, "rejected", reason, problems=tuple(problems), notes=one.notes, gates=gates)
