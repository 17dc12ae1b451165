"""Forgetting for good: the registry's history without every word that an entry ever had.

What it does not reach: clones and remotes of the registry, the sessions in which it was said, and what people copied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise

from agentforge.errors import UsageError
from agentforge.gitstore.rewriting import holding, rewrite
from agentforge.memory import files
from agentforge.memory.keeping import Memory
from agentforge.memory.lines import says
from agentforge.memory.reasons import history
from agentforge.memory.words import meaning

_HEADER = re.compile(r"^\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Erased:
    """``commits`` have a new id; ``left`` are paths of files in the history that still hold the words, such as those
    of a tool that was made from them.
    """

    commits: int
    left: tuple[str, ...]


def erase(memory: Memory, keys: Collection[str]) -> Erased:
    """Rewrites the history of the registry so that no version of any file of memory holds these entries.

    They must have been forgotten; ids stay in trailers. Every clone has to be made anew afterwards.

    Raises:
        UsageError: one of them is still remembered, or never was.
        ReadOnly, RegistryError, StorageError: the old history stands.
    """
    memory.store.insist_on_writable()
    known = memory.known()
    if there := [key for key in keys if key in known.entries or key in known.pending]:
        raise UsageError(f"{there[0]} is still remembered: forget it first.")
    texts = {one.text for key in keys for one in history(memory, key, heard=True) if one.text}
    if not texts and not any(memory.store.log(trailer=("Memory", key), limit=1, heard=True) for key in keys):
        raise UsageError(f"The history knows nothing of {', '.join(sorted(keys))[:80]}.")
    forms = {form for text in texts for form in _forms(text)}
    standing = {*known.entries, *known.pending}
    done = rewrite(memory.store.path, (files.MEMORY, files.LESSONS), _without(keys, standing, forms))
    memory.store.close()  # what git still has open of the old history
    left = holding(memory.store.path, [form.encode() for form in sorted(forms)]) if forms else ()
    return Erased(done.commits, left)


def _without(
    keys: Collection[str], standing: Collection[str], forms: Collection[str]
) -> Callable[[str, bytes], bytes | None]:
    """What stays of a file. An entry that stands for itself keeps its own words, whatever it quotes, and so does a line
    of the persona that says more than what is forgotten.
    """
    said = {f'text = "{form}"' for form in forms}
    gone = {words for form in forms if (words := meaning(form))}

    def goes(part: str) -> bool:
        key = _key(part)
        return key in keys or (bool(key) and key not in standing and not said.isdisjoint(part.splitlines()))

    def keep(path: str, contents: bytes) -> bytes | None:
        if not files.is_ours(path):
            return contents
        if files.lesson_id(path) in keys:
            return None
        text = contents.decode("utf-8", "surrogateescape")
        if path in files.TEXTS:
            kept = "".join(line for line in text.splitlines(keepends=True) if says(line) not in gone)
        else:
            kept = "".join(part for part in _tables(text) if not goes(part))
        return kept.encode("utf-8", "surrogateescape")

    return keep


def _tables(text: str) -> list[str]:
    """A file, cut before each header of a table."""
    cuts = [0, *(found.start() for found in _HEADER.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _key(part: str) -> str:
    """The id of the entry that a table, or a table inside it, belongs to."""
    found = re.match(r"\[\[?\s*\"?([0-9a-z]+)", part)
    return found[1] if found else ""


def _forms(text: str) -> tuple[str, ...]:
    """A text as it may stand in TOML and JSON."""
    return text, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
