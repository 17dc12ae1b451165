"""What files from elsewhere hold, as tools that somebody hands in. Whatever they say of themselves is a claim.

Known are the files that :mod:`agentforge.registry.interchange` writes (programs, servers and the scripts of skills),
other skills, plain Python, and tool folders. Their reports, examples and provenance are not believed: what stands here
afterwards names the file that it came from, by a digest, as its source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import cast

import yaml
from pydantic import ValidationError

from agentforge import clock
from agentforge.errors import ToolInvalid, UsageError
from agentforge.forge.arrival.plain import Module, tests_of, tool_source
from agentforge.forge.cases import render_suite
from agentforge.forge.stated import stated_in
from agentforge.registry.contract import MAX_SOURCE_BYTES, docstring_of, read_signature, toolbox_imports
from agentforge.registry.interchange.script import carried_in, metadata_of, wanted_packages
from agentforge.registry.lineage import DIGEST_CHARS
from agentforge.registry.manifest import Manifest, Provenance, one_line, read_manifest
from agentforge.registry.tool import Tool
from agentforge.types import JSON, JSONObject

MOST_TOOLS = 500
MOST_FRONT = 8 << 10
"""Characters of what stands between the two lines of hyphens of a ``SKILL.md``."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One tool as a file states it; ``tool`` is None where that is none, and ``problems`` say why."""

    name: str
    file: str
    tool: Tool | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def arrivals(files: Mapping[str, str], *, only: Collection[str] = (), license: str = "") -> list[Arrival]:
    """All tools in ``files`` (paths to texts), those that others need first; ``only`` names those that are wanted, with
    which come those that they need. ``license`` is what is said of tools that do not say it themselves.

    Raises:
        UsageError: there is no tool in them, not one of ``only``, or too many.
    """
    found: dict[str, Arrival] = {}
    for one in _all(files, license, only):
        if one.name in found:
            twice = f"{one.file} and {found[one.name].file} both hold {one.name}"
            raise UsageError(f"{twice[:300]}.", fix="Name one of the files.")
        found[one.name] = one
        if len(found) > MOST_TOOLS:
            raise UsageError(f"More than {MOST_TOOLS} tools are in there.", fix="Name one file, or the tools.")
    if missing := sorted(set(only) - set(found)):
        known = ", ".join(found) or "none"
        raise UsageError(f"No tool {missing[0][:80]!r} is in there.", fix=f"There are: {known}."[:1000])
    if not found:
        raise UsageError(
            "No tool is in there.",
            fix="A function becomes one that is public, with typed parameters, a typed result and a docstring.",
        )
    return ordered(found, list(only) or list(found))


def _all(files: Mapping[str, str], license: str, only: Collection[str]) -> Iterator[Arrival]:
    folders = {_parent(path) for path in files if _name(path) == "tool.toml" and f"{_parent(path)}tool.py" in files}
    for path, text in files.items():
        if _parent(path) in folders:
            if _name(path) == "tool.toml":
                yield _of_folder(path, files, license)
        elif path.endswith(".py") and (carried := carried_in(text)) is not None:
            yield from (_of_ours(path, text, tool, license) for tool in carried[0])
        elif path.endswith(".py") and not _is_test(path):
            yield from _of_plain(path, files, license or _license(files), only)


def _of_ours(path: str, text: str, stated: JSONObject, license: str) -> Arrival:
    name = str(stated["name"])[:200]
    source, tests = stated.get("source"), stated.get("tests")
    if not isinstance(source, str) or not isinstance(tests, str):
        return Arrival(name, path, None, (f"{path} does not hold the source and the tests of {name} as texts",))
    told = {key: stated[key] for key in ("summary", "license", "capabilities") if stated.get(key)}
    return _arrival(name, path, text, source, tests, {"license": license, **told})


def _of_folder(path: str, files: Mapping[str, str], license: str) -> Arrival:
    folder = _parent(path)
    source, tests = files[f"{folder}tool.py"], files.get(f"{folder}test_tool.py", "")
    try:
        manifest = read_manifest(files[path], culprit=folder)
    except ToolInvalid as error:
        return Arrival(one_line(error.name, 200), path, None, tuple(error.problems))
    told = {
        "summary": manifest.summary,
        "license": manifest.license or license,
        "capabilities": manifest.capabilities,
    }
    return _arrival(manifest.name, path, source + files[path], source, tests, told)


def _of_plain(path: str, files: Mapping[str, str], license: str, only: Collection[str]) -> list[Arrival]:
    text, stem = files[path], PurePosixPath(path).stem
    try:
        module = Module.of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [Arrival(stem, path, None, (f"{path} cannot be read as Python: {one_line(str(error), 200)}",))]
    functions = module.functions()
    defined = {name for bound in module.binds for name in bound}
    functions += sorted((set(only) & defined) - set(functions))
    metadata = metadata_of(text)
    others = [name for name in module.public() if name not in functions]
    told_of = f"{', '.join(others)[:200]}: no tool without types or a docstring" if others else ""
    found: list[Arrival] = []
    for name in functions:
        source = tool_source(module, name, functions)
        tests, note = _tests(path, files, source, name)
        told: dict[str, object] = {"license": license, "capabilities": _capabilities(metadata)}
        found.append(_arrival(name, path, text, source, tests, told, (note, told_of)))
    return found


def _arrival(
    name: str,
    path: str,
    text: str,
    source: str,
    tests: str,
    told: Mapping[str, object],
    notes: Sequence[str] = (),
) -> Arrival:
    if len(tests) > MAX_SOURCE_BYTES:
        return Arrival(name, path, None, (f"its tests have more than {MAX_SOURCE_BYTES} characters",))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]
    try:
        signature = read_signature(source, name)
        manifest = Manifest.model_validate(
            {
                "name": name,
                "signature": one_line(signature.text, 1000),
                "depends": toolbox_imports(source),
                **told,
                "summary": one_line(str(told.get("summary") or signature.summary), 200),
                "license": one_line(str(told.get("license") or ""), 200),
                "provenance": Provenance(sources=(f"file:sha256-{digest}",), created=clock.now().date()),
            }
        )
    except ToolInvalid as error:
        return Arrival(name, path, None, tuple(error.problems), tuple(notes))
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors(include_url=False))
        return Arrival(name, path, None, tuple(problems), tuple(notes))
    return Arrival(name, path, Tool(manifest, source, tests), (), tuple(notes))


def _tests(path: str, files: Mapping[str, str], source: str, name: str) -> tuple[str, str]:
    """The tests of a function of a plain file, and where they come from: a test file near it, or its docstring."""
    stem, folder = PurePosixPath(path).stem, PurePosixPath(path).parent
    passed_over: list[str] = []
    for place in (folder, folder / "tests", folder.parent / "tests", folder.parent):
        for file in (f"test_{name}.py", f"test_{stem}.py", f"{stem}_test.py"):
            near = (place / file).as_posix()
            if near not in files:
                continue
            if tests := tests_of(files[near], name, {stem, f"{folder.name}.{stem}", "tool"}):
                return tests, f"its tests are those of {near}"
            passed_over += [near]
    try:
        cases = stated_in(docstring_of(source, name), name, read_signature(source, name))
    except ToolInvalid:
        cases = []
    if cases:
        return render_suite(name, cases), "its tests are the cases that its docstring states"
    if passed_over:
        told = "a test is a function, imports the tool by its name and uses none of the others"
        return "", f"no test was taken from {passed_over[0]}: {told}"
    return "", f"no tests came with it: put some into test_{name}.py beside it, or worked cases into its docstring"


def _capabilities(metadata: JSONObject | None) -> JSONObject:
    """What a script says that it wants, in ``[tool.agentforge.capabilities]`` of its metadata, and its packages."""
    table = (metadata or {}).get("tool")
    own = table.get("agentforge") if isinstance(table, dict) else None
    wanted = own.get("capabilities") if isinstance(own, dict) else None
    packages: list[JSON] = [*wanted_packages(metadata)]
    return {**({"packages": packages} if packages else {}), **(wanted if isinstance(wanted, dict) else {})}


def _license(files: Mapping[str, str]) -> str:
    """What the front matter of the uppermost ``SKILL.md`` says of a licence."""
    skills = sorted((path for path in files if _name(path) == "SKILL.md"), key=lambda path: (path.count("/"), path))
    text = files[skills[0]].replace("\r\n", "\n") if skills else ""
    front = text[4:].partition("\n---")[0] if text.startswith("---\n") else ""
    try:
        # only nodes, no values: an alias is a reference then, and cannot grow
        top = cast("object", yaml.compose(front[:MOST_FRONT], Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType] -- its stubs leave the stream open
    except (yaml.YAMLError, ValueError, RecursionError):
        return ""
    pairs = top.value if isinstance(top, yaml.MappingNode) else ()
    stated = (value.value for key, value in pairs if isinstance(value, yaml.ScalarNode) and key.value == "license")
    return next(stated, "")


def ordered(found: Mapping[str, Arrival], names: Sequence[str]) -> list[Arrival]:
    """Those that are wanted and those of the same files that they need, which come first; a circle is left as it is."""
    order: dict[str, Arrival] = {}
    seen = set[str]()

    def collect(name: str) -> None:
        one = found.get(name)
        if one is None or name in seen:
            return
        seen.add(name)
        for need in one.tool.depends if one.tool is not None else ():
            collect(need)
        order[name] = one

    for name in names:
        collect(name)
    return list(order.values())


def as_new_version(tool: Tool, parent: str) -> Tool:
    """The tool as one that takes the place of the version ``parent``."""
    provenance = tool.manifest.provenance.model_copy(update={"parent": parent})
    return replace(tool, manifest=tool.manifest.model_copy(update={"provenance": provenance}))


def _is_test(path: str) -> bool:
    name = _name(path)
    return name.startswith("test_") or name.endswith("_test.py") or name in ("conftest.py", "setup.py")


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _parent(path: str) -> str:
    """The folder of a path with its slash; empty at the top."""
    return "".join(path.rpartition("/")[:2])
