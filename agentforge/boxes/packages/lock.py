"""``packages.lock``: which packages the tools of a registry may import, each wheel by its hash.

The form is that of requirements with hashes, as pip, uv and pip-tools read and write it, and a lock
that these made is read too. It holds names, exact versions and hashes and nothing else: where
packages are downloaded from is a matter of the machine, so an option or an address is refused.
What a package brings to import, and whether somebody asked for it or another package needed it,
stands in a comment of ours below its entry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agentforge.secrecy import repeated

LOCK_FILE: Final = "packages.lock"
"""Its path in a registry."""

LOCK_AGAIN: Final = "Make it anew with 'agentforge packages lock'."

MOST_ENTRIES: Final = 200
MOST_BYTES: Final = 1 << 20
"""Bounds of a lock: far above any set that a person would look through."""

NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
VERSION: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.!+_-]{0,98}[A-Za-z0-9])?"

_ENTRY = re.compile(rf"(?P<name>{NAME})(?:\[[A-Za-z0-9._, -]*\])?\s*==\s*(?P<version>{VERSION})(?P<rest>(?:\s.*)?)")
_HASH = re.compile(r"--hash[= ]sha256:([0-9a-f]{64})")
_OURS = re.compile(r"\s*# agentforge:(?P<asked> asked for;)?(?: modules (?P<modules>[\w, ]*))?")
_MODULE = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_HEAD = (
    "# What tools of this registry may import, beside Python's own library, where their manifest declares it.\n"
    "# Written by `agentforge packages lock`.\n"
)


class LockError(ValueError):
    """A text that is no lock; one sentence without its full stop, which names the line."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a set: its canonical ``name``, one version, the SHA-256 of each wheel that may be used.

    ``modules`` are what it brings to import (empty: not known), ``asked`` whether a person asked for
    it; else another package needs it.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    modules: tuple[str, ...] = ()
    asked: bool = False

    @property
    def imported_as(self) -> tuple[str, ...]:
        """The names under which it is imported; guessed from its own name where they are not known."""
        return self.modules or (self.name.replace("-", "_"),)


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked set; whatever their order, entries are kept by name."""

    entries: tuple[Locked, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=lambda one: one.name)))

    @property
    def digest(self) -> str:
        """SHA-256 over names, versions and hashes, in hex; empty for the empty set."""
        lines = [f"{one.name}=={one.version} {' '.join(one.hashes)}\n" for one in self.entries]
        return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else ""

    @property
    def versions(self) -> Mapping[str, str]:
        """Name → version."""
        return {one.name: one.version for one in self.entries}

    def missing(self, packages: Iterable[str]) -> list[str]:
        """Those of ``packages`` that it lacks, as they were given."""
        return [package for package in packages if canonical(package) not in self.versions]

    def modules(self, packages: Iterable[str]) -> frozenset[str]:
        """What those of ``packages`` that it has bring to import."""
        wanted = set(map(canonical, packages))
        return frozenset(module for one in self.entries if one.name in wanted for module in one.imported_as)

    def bringing(self, module: str) -> list[str]:
        """The packages that bring a module."""
        return [one.name for one in self.entries if module in one.imported_as]


NO_PACKAGES: Final = Lock()


def canonical(name: str) -> str:
    """A package's name in its usual form (PyPA, "Name normalization"): ``Ruamel_Yaml`` → ``ruamel-yaml``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package_problems(packages: Collection[str], lock: Lock) -> list[str]:
    """Everything that keeps declared packages from being granted out of ``lock``."""
    problems = [
        f"the package {package!r} is not locked in this registry: run 'agentforge packages lock {package}'"
        if re.fullmatch(NAME, package)
        else f"{repeated(package)} is no name of a package"
        for package in lock.missing(packages)
    ]
    names = [canonical(package) for package in packages]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"the package {twice[0]} is declared twice")
    return problems


def render(lock: Lock) -> str:
    """The text of ``packages.lock``."""
    return _HEAD + "".join(_rendered(one) for one in lock.entries)


def _rendered(one: Locked) -> str:
    hashes = " \\\n    ".join(f"--hash=sha256:{digest}" for digest in one.hashes)
    asked = " asked for;" if one.asked else ""
    modules = f" modules {', '.join(one.modules)}" if one.modules else ""
    said = f"    # agentforge:{asked}{modules}\n" if asked or modules else ""
    return f"{one.name}=={one.version} \\\n    {hashes}\n{said}"


def parse(text: str) -> Lock:
    """The set that a ``packages.lock`` holds.

    Raises:
        LockError: it holds anything but exact versions with hashes, or is larger than allowed.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise LockError(f"it has more than {MOST_BYTES:,} bytes")
    found: dict[str, Locked] = {}
    for number, line, comments in _statements(text):
        one = _entry(number, line, comments)
        if one.name in found:
            raise LockError(f"line {number}: {one.name} is locked twice")
        found[one.name] = one
    if len(found) > MOST_ENTRIES:
        raise LockError(f"it locks {len(found)} packages; at most {MOST_ENTRIES} are allowed")
    return Lock(tuple(found.values()))


def _statements(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Each statement with its first line's number, continued lines joined, and the comments below it."""
    waiting: tuple[int, str, list[str]] | None = None
    continued = False
    for number, line in enumerate(text.split("\n"), 1):
        body = re.sub(r"(^|\s)#.*", "", line.removesuffix("\r")).rstrip()
        if body.strip() and not continued:
            if waiting is not None:
                yield waiting
            waiting = (number, "", [])
        if waiting is not None:
            waiting = (waiting[0], f"{waiting[1]} {body.removesuffix(chr(92))}", waiting[2] + [line] * ("#" in line))
        continued = body.endswith("\\")
    if waiting is not None:
        yield waiting


def _entry(number: int, line: str, comments: list[str]) -> Locked:
    match = _ENTRY.fullmatch(line.strip())
    if match is None:
        raise LockError(f"line {number}: {_what_is_wrong(line.strip())}")
    rest = match["rest"].strip()
    if other := _HASH.sub("", rest).strip():
        raise LockError(f"line {number}: {_what_is_wrong(other)}")
    hashes = tuple(sorted(set(_HASH.findall(rest))))
    if not hashes:
        raise LockError(f"line {number}: {match['name']} has no hash")
    asked, modules = _said(comments)
    return Locked(canonical(match["name"]), match["version"], hashes, modules, asked)


def _what_is_wrong(statement: str) -> str:
    if statement.startswith("-"):
        return f"the option {repeated(re.split(r'[= ]', statement)[0])} is not allowed, only packages with their hashes"
    if "@" in statement or "://" in statement:
        return f"{repeated(statement)} names an address; only NAME==VERSION with hashes is allowed"
    if ";" in statement:
        return f"{repeated(statement)} has a condition; lock for one platform, so that none is needed"
    return f"{repeated(statement)} is not NAME==VERSION with hashes"


def _said(comments: list[str]) -> tuple[bool, tuple[str, ...]]:
    for match in filter(None, map(_OURS.match, comments)):
        names = [name.strip() for name in (match["modules"] or "").split(",")]
        return bool(match["asked"]), tuple(sorted({name for name in names if _MODULE.fullmatch(name)}))
    return False, ()


def differences(old: Lock, new: Lock) -> list[str]:
    """What changes from one lock to another, one line for each package."""
    before, after = old.versions, new.versions
    lines = [f"+ {name} {after[name]}" for name in after if name not in before]
    lines += [f"- {name} {before[name]}" for name in before if name not in after]
    both = [name for name in after if name in before]
    lines += [f"~ {name} {before[name]} → {after[name]}" for name in both if before[name] != after[name]]
    hashes = ({one.name: one.hashes for one in lock.entries} for lock in (old, new))
    had, has = hashes
    lines += [f"~ {name}: other wheels" for name in both if before[name] == after[name] and had[name] != has[name]]
    return sorted(lines, key=lambda line: line[2:])
