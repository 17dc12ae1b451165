"""The lines of a persona as they stand in its files, each with the episodes that it came from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentforge.memory.files import PERSONA, PROPOSED
from agentforge.memory.words import meaning

_MARK = re.compile(r"[ \t]*<!-- from: ([^<>]*?) -->[ \t]*$")
_HEAD = re.compile(r"<!-- for version ([0-9a-f]{12}|none) -->\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a persona, and the episodes that it came from."""

    text: str
    episodes: tuple[str, ...] = ()

    def withdrawn(self, revoked: Collection[str]) -> bool:
        """Whether it came from episodes that are all revoked."""
        return bool(self.episodes) and all(f"episode:{one}" in revoked for one in self.episodes)

    @property
    def source(self) -> str:
        """As it stands in the file."""
        return f"{self.text} <!-- from: {' '.join(self.episodes)} -->" if self.episodes else self.text


def lines_in(source: str) -> list[Line]:
    """The lines of a file; none where it holds no words."""
    found: list[Line] = []
    for raw in source.replace("\r\n", "\n").strip("\n").split("\n"):
        mark = _MARK.search(raw)
        found.append(Line(raw[: mark.start()], tuple(mark[1].split())) if mark else Line(raw.rstrip()))
    return found if any(line.text for line in found) else []


def source_of(lines: Sequence[Line]) -> str:
    """Lines as a file."""
    return "".join(f"{line.source}\n" for line in lines)


def version_of(source: str) -> str:
    """By what a proposal names the persona that it was made for."""
    return hashlib.sha256(source.encode()).hexdigest()[:12] if source else "none"


def proposal_for(standing: str, source: str) -> str:
    """The file of a proposal to put ``source`` in the place of the persona that stands."""
    return f"<!-- for version {version_of(standing)} -->\n{source}"


def split(proposal: str) -> tuple[str, str]:
    """The version that a proposal was made for, and what it proposes."""
    head = _HEAD.match(proposal)
    return (head[1], proposal[head.end() :]) if head else ("", proposal)


def says(line: str) -> tuple[str, ...]:
    """The words that count of a line as it stands in a file."""
    return meaning(_MARK.sub("", line.rstrip("\r\n")).lstrip("-*+ "))


def instead(texts: Mapping[str, str], said: Iterable[str], new: Line | None) -> dict[str, str]:
    """The proposal of a persona in which lines that say one of these sentences and no more say ``new``, or are gone;
    empty where none does. It is made on top of one that waits already, where that was made for the persona that stands.
    """
    old = {words for one in said if (words := meaning(one))}
    standing = texts.get(PERSONA, "")
    version, waiting = split(texts.get(PROPOSED, ""))
    lines = lines_in(waiting if version == version_of(standing) else standing)
    if not any(says(line.text) in old for line in lines):
        return {}
    there = {says(line.text) for line in lines if says(line.text) not in old}
    kept: list[Line] = []
    for line in lines:
        if says(line.text) not in old:
            kept.append(line)
        elif new is not None and says(new.text) not in there:
            there.add(says(new.text))
            kept.append(Line(f"{line.text[: len(line.text) - len(line.text.lstrip('-*+ '))]}{new.text}", new.episodes))
    return {PROPOSED: proposal_for(standing, source_of(kept))}


def without(texts: Mapping[str, str], said: Iterable[str]) -> dict[str, str | None]:
    """The files of the persona that have lines which say one of these sentences and no more, as they are without them;
    None for one of which nothing is left. A proposal for a persona that changes so is one for what stands then.
    """
    gone = {words for one in said if (words := meaning(one))}
    before, proposal = texts.get(PERSONA, ""), texts.get(PROPOSED, "")
    after = _kept(before, gone)
    version, proposed = split(proposal)
    changed: dict[str, str | None] = {PERSONA: after or None} if after != before else {}
    kept = _kept(proposed, gone)
    if kept != proposed or (changed and version == version_of(before)):
        fits = version == version_of(before)
        changed[PROPOSED] = (proposal_for(after, kept) if fits else kept) if kept and kept != after else None
    return changed


def _kept(source: str, gone: Collection[tuple[str, ...]]) -> str:
    lines = lines_in(source)
    kept = [line for line in lines if says(line.text) not in gone]
    return source if len(kept) == len(lines) else source_of(kept)
