"""Batteries: files of attacks on a box, and of tools that want to cheat their tests.

A battery of attacks is a JSON object, name → ``{"code", "fn", "args"}``: ``fn(**args)`` of the module
``code`` is the attack (``entry`` is another word for ``fn``; ``args`` may be left out). A battery of
cheats is ``{"tests": a pytest file, "cheats": {name: source of a tool}}`` and may name an ``honest``
tool that has to pass. In code, :data:`PLACES` stand for what a box has where.

Files are read strictly: an attack that is silently left out would count as stopped. Keys that nobody
could have meant for one of these are notes, and left alone.
"""

from __future__ import annotations

import codecs
import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from agentforge.boxes import wire
from agentforge.boxes.dial import SOCKET
from agentforge.boxes.hardening import CONTROL_FOLDER
from agentforge.errors import UsageError
from agentforge.types import JSONObject

LARGEST_BATTERY = 10 << 20
"""Bytes of one file; the given ones have 12 KB, and a request to a box may have 32 MB."""

RUNNER_FOLDER = "/opt/agentforge"
"""Where the runner stands in every box."""

PLACES: Mapping[str, str] = {
    "{runner}": f"{RUNNER_FOLDER}/runner/keeper.py",
    "{control_dir}": CONTROL_FOLDER,
    "{control}": f"{CONTROL_FOLDER}/{SOCKET}",
}

HONEST_ADD = 'def add(a, b):\n    return {"sum": a + b}\n'
"""The honest tool of batteries that name none; the usual tests of cheats are about it."""

_MOST_PROBLEMS_TOLD = 3
_T = TypeVar("_T")
_Check: TypeAlias = Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: ``entry(**args)`` of ``code`` must get nothing and leave nothing."""

    name: str
    code: str
    entry: str
    args: JSONObject


@dataclass(frozen=True, slots=True)
class CheatBattery:
    """Tools that must not pass ``tests``; ``honest`` must, and ``named`` says that the file named it."""

    tests: str
    cheats: Mapping[str, str]
    honest: str
    named: bool


def read_attacks(path: Path) -> list[Attack]:
    """The attacks of a file, in its order.

    Raises:
        UsageError: it cannot be read or is no battery of attacks; names every wrong entry and the fix.
    """
    given, problems = _read(path), list[str]()
    for name, entry in given.items():
        problems += [f"{name!r}: {problem}" for problem in _wrong_attack(entry)]
    _insist(path, problems or ([] if given else ["it holds none"]), "attacks", '{"NAME": {"code", "fn", "args"}}')
    return [_attack(name, entry) for name, entry in given.items()]


def read_cheats(path: Path) -> CheatBattery:
    """The cheats of a file.

    Raises:
        UsageError: it cannot be read or is no battery of cheats; names every wrong entry and the fix.
    """
    given = _read(path)
    _insist(path, _wrong_cheats(given), "cheats", '{"tests": "…", "cheats": {"NAME": "SOURCE"}}')
    cheats = {name: _placed(source) for name, source in given["cheats"].items()}
    honest = _placed(given.get("honest", HONEST_ADD))
    return CheatBattery(_placed(given["tests"]), cheats, honest, "honest" in given)


def _attack(name: str, entry: dict[str, Any]) -> Attack:
    return Attack(name, _placed(entry["code"]), entry.get("fn") or entry["entry"], entry.get("args", {}))


def _placed(code: str) -> str:
    for blank, place in PLACES.items():
        code = code.replace(blank, place)
    return code


def _wrong_attack(entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return ["is no object"]
    given = cast("dict[str, object]", entry)
    checks: dict[str, _Check] = {"code": _no_text, "fn": _no_name, "entry": _no_name, "args": _no_object}
    problems = [f"{key!r} {check(given[key])}" for key, check in checks.items() if key in given and check(given[key])]
    problems += _misspelt(given, checks)
    if "code" not in given:
        problems.append("'code' is missing")
    if ("fn" in given) == ("entry" in given):
        problems.append("'fn' is missing" if "fn" not in given else "it has 'fn' and 'entry'")
    return problems


def _wrong_cheats(given: dict[str, Any]) -> list[str]:
    checks: dict[str, _Check] = {"tests": _no_text, "cheats": _no_object, "honest": _no_text}
    problems = [f"{key!r} {check(given[key])}" for key, check in checks.items() if key in given and check(given[key])]
    problems += _misspelt(given, checks)
    problems += [f"{key!r} is missing" for key in ("tests", "cheats") if key not in given]
    if problems:
        return problems
    cheats: dict[str, object] = given["cheats"]
    return [f"{name!r} {_no_text(one)}" for name, one in cheats.items() if _no_text(one)] or (
        [] if cheats else ["it holds none"]
    )


def _misspelt(given: Mapping[str, object], known: Mapping[str, _Check]) -> list[str]:
    """Notes of the author's are left alone, but no key that was meant to be read may go unread."""
    near = {key: difflib.get_close_matches(key, known, n=1) for key in given if key not in known}
    return [f"the key {key!r} is unknown; {found[0]!r} is near" for key, found in near.items() if found]


def _no_text(value: object) -> str:
    return "" if isinstance(value, str) and value.strip() else "is no text"


def _no_name(value: object) -> str:
    return "" if isinstance(value, str) and value.isidentifier() else "is no name of a function"


def _no_object(value: object) -> str:
    return "" if isinstance(value, dict) else "is no object"


def _insist(path: Path, problems: list[str], what: str, form: str) -> None:
    if problems:
        told = "; ".join(problem[:200] for problem in problems[:_MOST_PROBLEMS_TOLD])
        more = f" (and {len(problems) - _MOST_PROBLEMS_TOLD} more)" if len(problems) > _MOST_PROBLEMS_TOLD else ""
        raise UsageError(f"{path} is no battery of {what}: {told}{more}.", fix=f"Its form is {form}.")


def _read(path: Path) -> dict[str, Any]:
    """The object in a file, read within bounds; every key once, every number a number."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BATTERY + 1).removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", fix="Name the file of a battery.") from None
    if len(content) > LARGEST_BATTERY:
        raise UsageError(f"{path} is larger than {LARGEST_BATTERY >> 20} MB.", fix="Split it into several batteries.")
    try:
        wire.decode(content)
        given = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no battery: {error}.", fix="Save it as strict JSON in UTF-8.") from None
    if not isinstance(given, dict):
        raise UsageError(f"{path} holds no JSON object.", fix="A battery is an object of named entries.")
    return cast("dict[str, Any]", given)


def _once(pairs: list[tuple[str, _T]]) -> dict[str, _T]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if [key for key, _ in pairs].count(name) > 1)
        raise ValueError(f"the name {twice!r} stands there twice")
    return found
