"""``agentforge packages lock|list|build|clean``."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import cast

from agentforge.boxes.failures import BUILD_PACKAGES
from agentforge.boxes.packages import building, sets
from agentforge.boxes.packages.lock import NAME, NO_PACKAGES, VERSION, Lock, canonical, differences
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.steps import Steps
from agentforge.errors import RegistryError, UsageError
from agentforge.registry.layers import Registry
from agentforge.registry.packages import commit_lock, read_lock
from agentforge.secrecy import repeated
from agentforge.settings import COMPANY, Settings, docker_host, load
from agentforge.types import JSON, Layer, State

SHOWN = 5
"""So many left-out files of a package are named."""


def lock(who: Who, names: Sequence[str], remove: Sequence[str], form: str) -> int:
    """Finds versions for all that was ever asked for, shows what changes, and commits it."""
    docker_host()
    named = dict(map(_requirement, names))
    dropped = {_requirement(name)[0] for name in remove}
    with _opened(who) as (settings, registry):
        output = Output(form)
        old = _old(registry, output)
        if unknown := sorted(dropped - set(old.versions)):
            raise UsageError(f"{unknown[0]} is not locked.", fix="See 'agentforge packages list'.")
        asked = {name: version for name, version in _asked(old).items() if name not in dropped} | named
        anew = not named and not dropped
        pinned = {} if anew else {name: version for name, version in old.versions.items() if name not in named}
        with Steps(output.err) as steps:
            most = settings.sandbox.packages_mb << 20
            found = sets.resolve(
                asked,
                building.targets(settings.sandbox),
                pinned=pinned,
                most_bytes=most,
                on_progress=lambda message: steps.show(message, message),
            )
        changed = differences(old, found.lock)
        commit = commit_lock(registry.store, found.lock, subject=f"Lock packages: {len(found.lock.entries)}")
        for note in (*found.notes, *_left_out(found), *_concerned(registry, old, found.lock)):
            output.warn(note)
        if commit and found.lock.entries:
            output.note(f"Tools get them after '{BUILD_PACKAGES.split(chr(39))[1]}'.")
        told: list[JSON] = [*changed]
        return output.finish("\n".join(changed) or "Nothing changes.", {"changes": told, "commit": commit})


def list_packages(who: Who, form: str) -> int:
    """What is locked, one package a line, and for which launchers it is ready."""
    with _opened(who) as (settings, registry):
        locked = read_lock(registry.store)
        ready = building.find(locked, settings.sandbox)
    output = Output(form)
    rows = table("PACKAGE", "VERSION", "IMPORTS", "BECAUSE")
    for one in locked.entries:
        because = "asked for" if one.asked else "needed by another"
        rows.add_row(cell(one.name), cell(one.version), cell(", ".join(one.imported_as)), because)
    if locked.entries and not ready:
        output.warn(f"They have not been built on this machine. {BUILD_PACKAGES}")
    data: list[JSON] = [cast("JSON", asdict(one)) for one in locked.entries]
    built: list[JSON] = [cast("JSON", asdict(one)) for one in ready]
    shown = rows if locked.entries else "No package is locked: 'agentforge packages lock NAME' locks one."
    return output.finish(shown, {"digest": locked.digest, "packages": data, "built": built})


def build(who: Who, form: str) -> int:
    """Downloads what is locked, hash checked, and makes it ready for boxes."""
    docker_host()
    with _opened(who) as (settings, registry):
        locked = read_lock(registry.store)
    if not locked.entries:
        raise UsageError("No package is locked.", fix="Run 'agentforge packages lock NAME' first.")
    output = Output(form)
    with Steps(output.err) as steps:
        made = building.build(locked, settings.sandbox, lambda message: steps.show(message, message))
    return output.finish(f"{made.place} ({made.launcher}, {len(locked.entries)} packages)", {"built": asdict(made)})


def clean(who: Who, form: str) -> int:
    """Removes what was built for locks that no registry of this home has any more."""
    settings = load(overrides=who.overrides())
    current: set[str] = set()
    for path in sorted(settings.registries.glob("*/*.git")):
        with Registry.open(path) as registry:
            current.add(read_lock(registry.store).digest)
    removed = building.clean(current)
    told: list[JSON] = [*removed]
    return Output(form).finish("\n".join(removed) or "Nothing is left over.", {"removed": told})


@contextmanager
def _opened(who: Who) -> Generator[tuple[Settings, Registry]]:
    settings = load(overrides=who.overrides())
    owner, layer = (COMPANY, Layer.COMPANY) if who.company else (settings.user, Layer.USER)
    path: Path = settings.registries / settings.org / f"{owner}.git"
    with Registry.open_or_create(path, layer=layer) as registry:
        yield settings, registry


def _requirement(text: str) -> tuple[str, str]:
    match = re.fullmatch(rf"({NAME})(==\s*{VERSION})?", text.strip())
    if match is None:
        raise UsageError(f"{repeated(text)} is not NAME or NAME==VERSION.", fix="For example: python-dateutil==2.9.0")
    return canonical(match[1]), (match[2] or "").replace(" ", "")


def _old(registry: Registry, output: Output) -> Lock:
    """What stands there now; a malformed lock is replaced."""
    try:
        return read_lock(registry.store)
    except RegistryError as error:
        output.warn(f"{error.message} It is made anew.")
        return NO_PACKAGES


def _asked(old: Lock) -> dict[str, str]:
    """All that somebody asked for; everything, in a lock that does not say."""
    asked = {one.name: "" for one in old.entries if one.asked}
    return asked or {one.name: "" for one in old.entries}


def _left_out(found: sets.Resolved) -> list[str]:
    notes: list[str] = []
    for name, files in found.left_out.items():
        more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
        notes.append(f"Of {name}, no box gets {', '.join(files[:SHOWN])}{more}.")
    return notes


def _concerned(registry: Registry, old: Lock, new: Lock) -> list[str]:
    """Live tools that import from the set, which now is another one than their gates saw."""
    if old.digest == new.digest:
        return []
    users = [tool for tool in registry.tools(State.LIVE) if tool.manifest.capabilities.packages]
    broken = {tool.name: new.missing(tool.manifest.capabilities.packages) for tool in users}
    lost = [
        f"The tool {name} can no longer run: it declares {', '.join(gone)}." for name, gone in broken.items() if gone
    ]
    others = [name for name, gone in broken.items() if not gone]
    return lost + ([f"Tools that passed their gates with the set before: {', '.join(others)}."] if others else [])
