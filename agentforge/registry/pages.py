"""The files that say where the tools of a registry stand, and which of them holds what is said of a name.

A registry of up to :data:`WHOLE` names keeps all of it in ``state.toml``. Beyond that the entries stand in pages,
``state/00.toml`` to ``state/ff.toml``, in the page that the hash of their name gives: a commit writes one page, and
whoever wants one name parses one, however many there are. Which of the two it is depends on the names alone, so that
registries that hold the same are the same.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentforge.errors import RegistryError
from agentforge.registry.manifest import Id
from agentforge.types import TOOL_NAME, State

STATE_FILE = "state.toml"
FOLDER = "state"
WHOLE = 100
"""Names in ``state.toml`` before pages are begun: some 12 kilobytes."""
REASON_CHARS = 500
"""Longest reason, in characters: a few sentences on one line."""

REJECTED_KEPT = 20
"""Rejections of a name that stand in the file, the newest ones; git keeps those before them."""

_RESTORE = "`agentforge doctor` tells more; restore the registry from a copy."
_PAGE = re.compile(rf"{FOLDER}/[0-9a-f]{{2}}\.toml")
_Entry = TypeVar("_Entry", bound=BaseModel)
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Reason = Annotated[str, Field(max_length=REASON_CHARS)]


class Standing(BaseModel):
    """Where one tool stands: ``version`` is the hash of the contents of its folder.

    A ``pinned`` tool gets no new live version unless a person says so. ``stale`` are the ids of passages that it
    cites and that are gone: they were changed, or their document was removed. ``instead`` is the tool that does the
    same and takes its place, where it was retired for that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State
    version: _Hash
    unconfirmed: bool = False
    pinned: bool = False
    reason: _Reason = ""
    stale: tuple[Id, ...] = ()
    instead: Annotated[str, Field(pattern=f"^({TOOL_NAME.pattern})?$")] = ""


class Waiting(BaseModel):
    """One proposal: its version when it was made, whether it would be ``unconfirmed``, and why it waits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: _Hash
    unconfirmed: bool = False
    reason: _Reason = ""


class Rejection(BaseModel):
    """One proposal that was rejected, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[int, Field(ge=1)]
    version: _Hash
    reason: _Reason = ""


class Reviews(BaseModel):
    """What was proposed under one name; ``last`` is the highest number that was ever given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last: Annotated[int, Field(ge=0)] = 0
    waiting: Mapping[str, Waiting] = Field(default_factory=lambda: {})
    rejected: tuple[Rejection, ...] = ()

    def proposed(self, number: int, waiting: Waiting) -> Reviews:
        """With one more proposal."""
        return self.model_copy(
            update={"last": max(self.last, number), "waiting": {**self.waiting, str(number): waiting}}
        )

    def decided(self, number: int, rejection: Rejection | None = None) -> Reviews:
        """Without a proposal that was approved, or rejected."""
        waiting = {key: each for key, each in self.waiting.items() if key != str(number)}
        rejected = (*self.rejected, *([rejection] if rejection else []))[-REJECTED_KEPT:]
        return Reviews(last=max(self.last, number), waiting=waiting, rejected=rejected)


@dataclass(frozen=True, slots=True)
class Page:
    """One of the files, as it was read; entries that are malformed are kept in ``raw``, and reported."""

    raw: Mapping[str, Any] = field(default_factory=lambda: {})
    tools: Mapping[str, Standing] = field(default_factory=lambda: {})
    reviews: Mapping[str, Reviews] = field(default_factory=lambda: {})
    problems: tuple[str, ...] = ()


class Pages:
    """The pages of a registry at one commit; each is read and parsed when it is asked for.

    ``ids`` are their paths, each with the id of its contents, ``read`` gives the contents of some of them; what
    stood the same ``before`` is taken over.
    """

    def __init__(
        self,
        ids: Mapping[str, str],
        read: Callable[[Collection[str]], Mapping[str, bytes]],
        before: Pages | None = None,
    ) -> None:
        self._ids = {path: each for path, each in ids.items() if _PAGE.fullmatch(path)}
        self._read = read
        self._contents = before.standing_still(self._ids) if before is not None else {}
        self._parsed = {path: before.parsed(path) for path in self._contents} if before is not None else {}

    @classmethod
    def of(cls, contents: Mapping[str, bytes]) -> Pages:
        """Pages with these contents, by path."""
        return cls(dict.fromkeys(contents, ""), lambda paths: {path: contents[path] for path in paths})

    def __bool__(self) -> bool:
        return bool(self._ids)

    def __getitem__(self, path: str) -> Page:
        """The page at a path; an empty one where there is none (raises RegistryError: it is malformed, or missing)."""
        if path not in self._ids:
            return Page()
        found = self._parsed.get(path)
        if found is None:
            self._fetch([path])
            found = self._parsed[path] = _page(path, self._contents[path])
        return found

    def all(self) -> list[Page]:
        """Every one of them (raises RegistryError: one is malformed, or missing)."""
        self._fetch(self._ids)
        return [self[path] for path in sorted(self._ids)]

    def holding(self, word: bytes) -> list[Page]:
        """Those in whose contents ``word`` stands; no other one is parsed."""
        self._fetch(self._ids)
        return [self[path] for path in sorted(self._ids) if word in self._contents[path]]

    def standing_still(self, ids: Mapping[str, str]) -> dict[str, bytes]:
        """The contents of those pages that are read already and that stand the same among ``ids``."""
        return {path: data for path, data in self._contents.items() if self._ids[path] == ids.get(path)}

    def parsed(self, path: str) -> Page | None:
        """A page, where it is parsed already."""
        return self._parsed.get(path)

    def _fetch(self, paths: Iterable[str]) -> None:
        """Reads those that were not read yet, together (raises RegistryError: one is missing)."""
        if missing := [path for path in paths if path not in self._contents]:
            self._contents |= self._read(missing)
        if lost := [path for path in missing if path not in self._contents]:
            raise RegistryError(f"The contents of {lost[0]} in the registry are missing.", fix=_RESTORE)


def page_of(name: str) -> str:
    """The page that holds what is said of a name, in a registry that has pages."""
    return f"{FOLDER}/{hashlib.sha256(name.encode()).hexdigest()[:2]}.toml"


def read_page(table: Mapping[str, Any], path: str) -> Page:
    """What a file says (raises ValueError: ``tools`` or ``reviews`` is no table)."""
    problems: list[str] = []
    tools = _entries(table, "tools", Standing, path, problems)
    reviews = _entries(table, "reviews", Reviews, path, problems)
    return Page(table, tools, reviews, tuple(problems))


def _page(path: str, contents: bytes) -> Page:
    try:
        return read_page(tomllib.loads(contents.decode()), path)
    except (ValueError, RecursionError) as error:
        raise RegistryError(
            f"{path} in the registry is malformed: {error}.",
            fix="Correct it in a clone and push, or revert the commit that broke it.",
        ) from error


def _entries(
    table: Mapping[str, Any], key: str, kind: type[_Entry], path: str, problems: list[str]
) -> dict[str, _Entry]:
    raw = table.get(key, {})
    if not isinstance(raw, dict):
        raise ValueError(f"{key!r} is no table")  # noqa: TRY004 -- one kind of error for a malformed file
    found: dict[str, _Entry] = {}
    for name, entry in cast("dict[str, object]", raw).items():
        try:
            found[name] = kind.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            problems.append(f"{name}: {path}: {place}: {first['msg']}")
    return found
