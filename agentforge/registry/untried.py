"""What tools of a name once did wrong, as one snapshot holds it, and which of it a version was not tried on.

A new version has to give every entry of ``regressions/NAME.jsonl``. The gate ``regressions`` writes into its report
which of them it gave, so that what was kept since is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentforge.errors import RegistryError
from agentforge.registry.examples import read_examples, write_example
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.tool import Tool
from agentforge.types import JSON, Example

FOLDER = "regressions"
GATE = "regressions"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a version did on the calls that once went wrong, seen in the box.

    ``held`` are digests of those that it gives, ``wrong`` tells of those that it does not; ``why`` is set where it
    could not be run.
    """

    version: str
    held: frozenset[str] = frozenset()
    wrong: tuple[str, ...] = ()
    why: str = ""


def path_of(name: str) -> str:
    """The file of a name."""
    return f"{FOLDER}/{name}.jsonl"


def aside_path(name: str) -> str:
    """Where those of a name lie that a revocation has set aside."""
    return f"revoked/{FOLDER}/{name}.jsonl"


def digest(example: Example) -> str:
    """One word for a regression and what it asks for."""
    return hashlib.sha256(write_example(example).encode()).hexdigest()[:16]


def parsed(contents: bytes | None, path: str) -> tuple[Example, ...]:
    """The entries of a file, oldest first; none where there is no file.

    Raises:
        RegistryError: it is malformed.
    """
    problems: list[str] = []
    examples = read_examples((contents or b"").decode("utf-8", "replace"), problems)
    if problems:
        raise RegistryError(
            f"{path} in the registry cannot be used: {problems[0]}.", fix="Correct it in a clone and push."
        )
    return examples


def written(examples: Sequence[Example]) -> bytes | None:
    """The file of these entries; None for none."""
    return "".join(write_example(one) + "\n" for one in examples).encode() if examples else None


def kept_at(snapshot: Snapshot, name: str) -> tuple[Example, ...]:
    """The regressions of a name in a snapshot (raises RegistryError)."""
    return parsed(snapshot.read(path_of(name)), path_of(name))


def untried(snapshot: Snapshot, tool: Tool, *, believed: bool = True) -> tuple[Example, ...]:
    """The regressions of its name of which the report of a version does not say that it gives them; all of them
    where that report is not ``believed`` (raises as :func:`kept_at`).
    """
    kept = kept_at(snapshot, tool.name)
    held = _held(tool.report) if kept and believed else frozenset[str]()
    return tuple(one for one in kept if digest(one) not in held)


def sources(examples: Sequence[Example]) -> str:
    """Where they come from, as words."""
    return ", ".join(one.source for one in examples)


def _held(report: Mapping[str, JSON]) -> frozenset[str]:
    gates = report.get("gates")
    for gate in gates if isinstance(gates, list) else []:
        match gate:
            case {"gate": str(name), "verdict": "passed", "evidence": {"held": list(held)}} if name == GATE:
                return frozenset(map(str, held))
            case _:
                continue
    return frozenset()
