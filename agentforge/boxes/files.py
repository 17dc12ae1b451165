"""Files of a run: named inputs copied in, named outputs copied out, nothing of the host mounted."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Mapping

from agentforge.boxes.protocol import Grant, Limits
from agentforge.errors import UsageError
from agentforge.types import JSON

MOST_FILES = 20
"""Inputs and outputs of one run, together."""

_READS, _WRITES = "read ", "write "
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ENVELOPE = 128
"""Bytes that a file's name, quotes and padding take beside its content, at the most."""


def files_of(declared: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that a tool reads and names that it writes: ``read NAME`` (or only ``NAME``) and ``write NAME``."""
    entries = list(declared)
    writes = tuple(entry.removeprefix(_WRITES) for entry in entries if entry.startswith(_WRITES))
    return tuple(entry.removeprefix(_READS) for entry in entries if not entry.startswith(_WRITES)), writes


def file_problems(declared: Iterable[str]) -> list[str]:
    """Everything that is wrong with the files that a tool declares."""
    reads, writes = files_of(declared)
    names = [*reads, *writes]
    problems = [
        f"the file {name[:80]!r} cannot be granted: use letters, digits, '.', '_' and '-', without a folder"
        for name in names
        if not _NAME.fullmatch(name)
    ]
    if len(names) > MOST_FILES:
        problems.append(f"{len(names)} files are declared; at most {MOST_FILES} can be granted")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"the file {twice[0]} is declared twice")
    return problems


def encode_inputs(grant: Grant, limits: Limits) -> dict[str, JSON]:
    """The inputs as the runner takes them.

    Raises:
        UsageError: a name that could leave the run's folder, too many files, or too many bytes.
    """
    names = [*grant.inputs, *grant.outputs]
    if odd := [name for name in names if not _NAME.fullmatch(name)]:
        raise UsageError(
            f"{odd[0][:80]!r} cannot be the name of a file in a box.",
            fix="Use letters, digits, '.', '_' and '-', without a folder.",
        )
    if len(names) > MOST_FILES:
        raise UsageError(f"A run may have {MOST_FILES} files, not {len(names)}.", fix="Pass fewer.")
    size = sum(map(len, grant.inputs.values()))
    if size > limits.file_bytes:
        raise UsageError(
            f"The files that go into the box hold {size:,} bytes; {limits.file_bytes:,} are allowed.",
            fix="Pass less data, or raise sandbox.file_bytes.",
        )
    return {name: base64.b64encode(content).decode("ascii") for name, content in grant.inputs.items()}


def decode_outputs(stated: JSON, outputs: Collection[str], limits: Limits) -> Mapping[str, bytes] | None:
    """The outputs by name, or None where anything about them is not as an honest runner sends it."""
    files: dict[str, bytes] = {}
    for name, content in stated.items() if isinstance(stated, dict) else [("", None)]:
        if name not in outputs or not isinstance(content, str):
            return None
        try:
            files[name] = base64.b64decode(content, validate=True)
        except ValueError:
            return None
    return files if sum(map(len, files.values())) <= limits.file_bytes else None


def room_for(outputs: Collection[str], limits: Limits) -> int:
    """Bytes that the outputs may take in a frame."""
    return limits.file_bytes * 4 // 3 + len(outputs) * _ENVELOPE if outputs else 0
