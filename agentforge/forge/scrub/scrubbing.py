"""A tool without secrets and personal data: each one is replaced by the same made-up text wherever it stands, in code,
tests, examples and what the manifest says, so that what fitted together still does.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from agentforge.forge.scrub.finding import Finding, findings
from agentforge.forge.scrub.known import Known, spelled
from agentforge.forge.scrub.made import made
from agentforge.parsing import parse
from agentforge.registry.manifest import Manifest, Provenance, one_line
from agentforge.registry.tool import Tool
from agentforge.types import JSON, Example, JSONObject

EVERYWHERE = 6
"""Characters from which on a text that was found once is replaced wherever it stands; shorter ones only where the
words around them told what they are."""
LONGEST_HASHED = 10_000
"""Characters of a text of which the hash is looked for."""
LONG_NUMBER = 9
"""Digits of a number that is also replaced where it stands without its separators."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """One real text: what it looks like, in which file and line it was found first, what stands there now."""

    kind: str
    file: str
    line: int
    made: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """The tool as it may be shared; ``problems`` are why it may not: sentences without what was found."""

    tool: Tool
    replaced: tuple[Replaced, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Names:
    """Which made-up text stands for which real one; equal ones (capitals aside) get the same."""

    known: Known
    numbers: dict[tuple[str, str], int] = field(default_factory=lambda: {})
    texts: dict[str, str] = field(default_factory=lambda: {})

    def read(self, text: str) -> list[Finding]:
        """Notes all that a text holds."""
        found = findings(text, self.known)
        for one in found:
            self.of(one)
        return found

    def of(self, one: Finding) -> str:
        """The made-up text for a finding."""
        text = spelled(one.text) if one.kind == "name" else one.text
        real = re.sub(r"\W", "", text).lower() or text
        number = self.numbers.get((one.kind, real))
        if number is None:
            number = 1 + max((given for (kind, _), given in self.numbers.items() if kind == one.kind), default=0)
            while one.kind == "name" and self._is_anybodys(made(one.kind, text, number)):
                number += 1
            self.numbers[one.kind, real] = number
        other = made(one.kind, text, number)
        if len(one.text) >= EVERYWHERE:
            self.texts[one.text] = other
            bare, bare_other = (re.sub(r"\D", "", each) for each in (one.text, other))
            if len(bare) >= LONG_NUMBER and not any(letter.isalpha() for letter in one.text):
                self.texts.setdefault(bare, bare_other)
        return other

    def _is_anybodys(self, name: str) -> bool:
        """Whether a made-up name is one that somebody has whom the user knows."""
        return any(word.lower() in name.lower().split() for word in self.known.names)

    def text(self, text: str) -> str:
        """A text with all of it replaced, also what only another one told."""
        at, parts = 0, list[str]()
        for one in self.read(text):
            parts += [self._elsewhere(text[at : one.start]), self.of(one)]
            at = one.end
        return "".join([*parts, self._elsewhere(text[at:])])

    def _elsewhere(self, text: str) -> str:
        return self._pattern().sub(lambda found: self.texts[found[0]], text) if self.texts else text

    def _pattern(self) -> re.Pattern[str]:
        real = "|".join(re.escape(one) for one in sorted(self.texts, key=len, reverse=True))
        return re.compile(rf"(?<![A-Za-z0-9])(?:{real})(?![A-Za-z0-9])")

    def value(self, value: JSON) -> JSON:
        """A value with all texts and long numbers in it replaced."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {self.text(key): self.under(key, item) for key, item in value.items()}
            case int() if not isinstance(value, bool) and abs(value) >= 10 ** (EVERYWHERE - 1):
                other = self.text(str(value))
                return int(other) if re.fullmatch(r"-?\d+", other) else value
            case _:
                return value

    def under(self, key: str, item: JSON) -> JSON:
        """What stands under a key is read with it: the key tells what it is."""
        if not isinstance(item, str | int | float) or isinstance(item, bool):
            return self.value(item)
        other = self.text(f"{key}: {item}").partition(": ")[2]
        if isinstance(item, str):
            return other
        if isinstance(item, float):
            return float(other) if re.fullmatch(r"-?\d+\.\d+", other) else item
        return int(other) if re.fullmatch(r"-?\d+", other) else item


def scrub_text(text: str, known: Known) -> str:
    """A text without what was found in it."""
    return Names(known).text(text)


def scrub_tool(tool: Tool, known: Known) -> Scrubbed:
    """A tool as it may be shared: without what is found in its files, and with a provenance that names no session.

    Its report is left out: it is about other contents. The gates have to be asked again.
    """
    names = Names(replace(known, hashes=digests_of(tool, known)))
    replaced = list(_found(tool, names))
    manifest = tool.manifest
    cleaned = Manifest.model_validate(
        {
            **manifest.model_dump(),
            "summary": one_line(names.text(manifest.summary), 200),
            "signature": names.text(manifest.signature),
            "requests": tuple(one_line(names.text(one), 300) for one in manifest.requests),
            "license": names.text(manifest.license),
            "capabilities": manifest.capabilities,
            "provenance": _origin(manifest.provenance, tool.version),
        }
    )
    examples = tuple(_example(one, names) for one in tool.examples)
    clean = Tool(cleaned, names.text(tool.source), names.text(tool.tests), examples, {}, tool.layer, tool.state)
    return Scrubbed(replace(clean, unconfirmed=tool.unconfirmed), tuple(replaced), tuple(_problems(tool, clean, known)))


def _found(tool: Tool, names: Names) -> Iterator[Replaced]:
    """Everything that is found anywhere, each real text once."""
    seen = set[str]()
    for file, text in texts_of(tool):
        for one in names.read(text):
            other = names.of(one)
            if other not in seen and other != one.text:
                seen.add(other)
                line = text.count("\n", 0, one.start) + 1 if file.endswith(".py") else 0
                yield Replaced(one.kind, file, line, other, one.secret)


def digests_of(tool: Tool, known: Known) -> frozenset[str]:
    """The hashes of texts that stand in the tool and tell nothing: whoever reads these can make those."""
    texts = {text for one in tool.examples for text in _strings([*one.args.values()])}
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        literals = (node.value for node in ast.walk(parse(tool.tests)) if isinstance(node, ast.Constant))
        texts |= {text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in literals}
    ways = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
    clean = [
        text.encode("utf-8", "replace") for text in texts if len(text) <= LONGEST_HASHED and not findings(text, known)
    ]
    return frozenset(way(text, usedforsecurity=False).hexdigest() for text in clean for way in ways)


def texts_of(tool: Tool) -> Iterable[tuple[str, str]]:
    """Every text that a tool is made of, with the file in which it stands."""
    told = [tool.manifest.summary, *tool.manifest.requests, tool.manifest.license]
    cases = [text for one in tool.examples for value in (one.args, one.returns) for text in _strings(value)]
    files: Mapping[str, Sequence[str]] = {
        "tool.py": [tool.source],
        "test_tool.py": [tool.tests],
        "tool.toml": told,
        "examples.jsonl": cases,
    }
    return [(file, text) for file, texts in files.items() for text in texts]


def _strings(value: JSON, key: str = "") -> Iterator[str]:
    match value:
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for name, item in value.items():
                yield from _strings(item, name)
        case str() | int() | float() if not isinstance(value, bool):
            yield f"{key}: {value}" if key else str(value)
        case _:
            pass


def _origin(origin: Provenance, version: str) -> Provenance:
    """Where a version comes from without naming sessions, files or passages: they are its user's own."""
    return Provenance(
        sources=(f"version:{version}",),
        models=origin.models,
        prompts=origin.prompts,
        image=origin.image,
        tester_is_generator=origin.tester_is_generator,
        created=origin.created,
    )


def _example(one: Example, names: Names) -> Example:
    args: JSONObject = {name: names.under(name, value) for name, value in one.args.items()}
    return replace(one, args=args, returns=names.value(one.returns), source=one.source.partition(":")[0])


def _problems(tool: Tool, clean: Tool, known: Known) -> Iterator[str]:
    if findings(tool.name, known):
        yield "its name holds a name that your facts know: have it made again under another one"
    for file, text in (("tool.py", clean.source), ("test_tool.py", clean.tests)):
        try:
            parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            yield f"{file} is no Python any more once what was found is replaced"
    reach = clean.manifest.capabilities
    if any(scrub_text(host, known) != host for host in reach.hosts):
        yield "it reaches a host of your own network: a shared tool would tell its name"
    if any(scrub_text(named, known) != named for named in (*reach.files, *reach.secrets, *reach.servers)):
        yield "what it may reach has a name that looks personal: have it made again with another one"
