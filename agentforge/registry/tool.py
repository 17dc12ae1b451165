"""A tool as a value, and the five files of its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from agentforge.boxes.files import file_problems
from agentforge.boxes.network.grants import problems_of
from agentforge.boxes.packages.lock import NO_PACKAGES, Lock, package_problems
from agentforge.errors import ToolInvalid
from agentforge.registry.contract import (
    Signature,
    check_source,
    check_tests,
    name_problems,
    read_signature,
    same_signature,
    toolbox_imports,
)
from agentforge.registry.examples import example_problems, read_examples, read_json, write_example
from agentforge.registry.manifest import Manifest, read_manifest, write_manifest
from agentforge.types import Example, JSONObject, Layer, State

FILES: Final = ("examples.jsonl", "report.json", "test_tool.py", "tool.py", "tool.toml")
"""The files of a tool folder, sorted."""

MAX_FOLDER_BYTES = 1 << 20
"""Largest tool folder; far above any real one, so that a registry stays quick to read and to clone."""


@dataclass(frozen=True)
class Tool:
    """One version of a tool. What is read out of its contents is read once.

    ``report`` holds the gates' verdicts and evidence. ``layer``, ``state`` and ``unconfirmed`` say
    where it stands, ``stale`` which passages that it cites are gone; they are no part of its contents, and so not
    of its ``version``.
    """

    manifest: Manifest
    source: str
    tests: str
    examples: tuple[Example, ...] = ()
    report: JSONObject = field(default_factory=lambda: {})
    layer: Layer = Layer.USER
    state: State = State.LIVE
    unconfirmed: bool = False
    stale: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The tool's name, which is also that of its function and of its folder."""
        return self.manifest.name

    @cached_property
    def version(self) -> str:
        """The SHA-256 of its contents in hex; people are shown the first 12 characters."""
        return contents_version(to_files(self))

    @cached_property
    def signature(self) -> Signature:
        """Its signature, read from the source.

        Raises:
            ToolInvalid: the source breaks the contract.
        """
        return read_signature(self.source, self.name)

    @cached_property
    def depends(self) -> tuple[str, ...]:
        """The toolbox tools that it needs: those of the manifest and those its source imports."""
        return tuple(dict.fromkeys((*self.manifest.depends, *toolbox_imports(self.source))))

    @property
    def pure(self) -> bool:
        """Whether it has no capability at all."""
        return self.manifest.capabilities.none


def contents_version(files: Mapping[str, bytes]) -> str:
    """The version of a tool folder: a SHA-256 over names, lengths and contents, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()


def to_files(tool: Tool) -> dict[str, bytes]:
    """The contents of its folder.

    Raises:
        ToolInvalid: something in it cannot be written (no JSON, no Unicode text).
    """
    try:
        texts = {
            "tool.py": tool.source,
            "test_tool.py": tool.tests,
            "tool.toml": write_manifest(tool.manifest),
            "report.json": json.dumps(tool.report, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
            "examples.jsonl": "".join(write_example(example) + "\n" for example in tool.examples),
        }
        return {name: texts[name].encode() for name in FILES}
    except (ValueError, TypeError, RecursionError) as error:
        raise ToolInvalid(tool.name, [f"its contents cannot be written: {error}"]) from error


def contents_of(source: str, tests: str) -> JSONObject:
    """What a report is about: the SHA-256 of ``tool.py`` and of ``test_tool.py``, for its ``contents``."""
    files = {"tool.py": source, "test_tool.py": tests}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}


def from_files(
    files: Mapping[str, bytes],
    name: str,
    *,
    layer: Layer = Layer.USER,
    state: State = State.LIVE,
) -> Tool:
    """The tool that the folder ``name`` with these contents holds.

    Only the form is checked here; :func:`validate` checks what it says.

    Raises:
        ToolInvalid: a file is missing, no text or malformed; all problems.
    """
    problems = [f"{missing} is missing" for missing in FILES if missing not in files]
    texts = {path: _text(path, files[path], problems) for path in FILES if path in files}
    manifest, report = None, None
    try:
        manifest = read_manifest(texts.get("tool.toml", ""), culprit=name) if "tool.toml" in texts else None
    except ToolInvalid as error:
        problems += error.problems
    if manifest is not None and manifest.name != name:
        problems.append(f"tool.toml names it {manifest.name!r}, but its folder is {name!r}")
    report = _report(texts.get("report.json", "{}"), problems)
    examples = read_examples(texts.get("examples.jsonl", ""), problems)
    if manifest is None or problems:
        raise ToolInvalid(name, problems)
    return Tool(manifest, texts["tool.py"], texts["test_tool.py"], examples, report, layer, state)


def load_folder(path: Path, *, layer: Layer = Layer.BASE) -> Tool:
    """The tool in a folder of the file system.

    Raises:
        ToolInvalid: a file is missing, unreadable or malformed; all problems.
    """
    files: dict[str, bytes] = {}
    problems: list[str] = []
    for name in FILES:
        file = path / name
        try:
            if file.is_symlink() or not file.is_file():
                continue
            if file.stat().st_size > MAX_FOLDER_BYTES:
                problems.append(f"{name} has more than {MAX_FOLDER_BYTES} bytes")
            else:
                files[name] = file.read_bytes()
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}")
    if problems:
        raise ToolInvalid(path.name, problems)
    return from_files(files, path.name, layer=layer)


def validate(tool: Tool, *, known_tools: Collection[str] = (), packages: Lock = NO_PACKAGES) -> list[str]:
    """Everything that is wrong with a tool; empty when nothing is.

    Source and tests against the contract, manifest against source, examples against the signature.
    ``known_tools`` are the names that it may import from the toolbox, ``packages`` what its registry
    has locked.
    """
    capabilities = tool.manifest.capabilities
    problems = check_source(
        tool.source, tool.name, known_tools=known_tools, capabilities=capabilities, packages=packages
    )
    problems = problems or name_problems(tool.name)
    problems += problems_of(capabilities) + file_problems(capabilities.files)
    problems += package_problems(capabilities.packages, packages)
    problems += check_tests(tool.tests, tool.name, packages.modules(capabilities.packages))
    try:
        signature = tool.signature
        problems += _manifest_problems(tool, signature)
        problems += example_problems(tool.examples, signature)
        size = sum(len(contents) for contents in to_files(tool).values())
    except ToolInvalid as error:
        return list(dict.fromkeys([*problems, *error.problems]))
    if size > MAX_FOLDER_BYTES:
        problems.append(f"the folder has {size} bytes; at most {MAX_FOLDER_BYTES} are allowed")
    return problems


def _manifest_problems(tool: Tool, signature: Signature) -> list[str]:
    problems: list[str] = []
    if not same_signature(tool.manifest.signature, signature.text):
        problems.append(f"tool.toml gives the signature {tool.manifest.signature}, tool.py {signature.text}")
    imported = set(toolbox_imports(tool.source))
    problems.extend(
        f"tool.py imports {name} from the toolbox, but 'depends' of tool.toml does not name it"
        for name in sorted(imported - set(tool.manifest.depends))
    )
    return problems


def _text(path: str, contents: bytes, problems: list[str]) -> str:
    try:
        return contents.decode()
    except UnicodeDecodeError as error:
        problems.append(f"{path} is no UTF-8 text (byte {error.start})")
        return ""


def _report(text: str, problems: list[str]) -> JSONObject:
    try:
        report = read_json(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"report.json is no JSON: {error}")
        return {}
    if isinstance(report, dict):
        return report
    problems.append("report.json must hold an object")
    return {}
