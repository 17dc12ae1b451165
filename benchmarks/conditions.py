"""What a measured figure depends on besides its need: rows of other conditions are never mixed.

``code``
    A hash of the contents of everything that an arm runs (:data:`CODE`), as the files are: the same for
    a clean and a dirty tree and in every clone, whatever was committed elsewhere.
``settings``
    A hash of the settings in force, without addresses, keys and time limits of connections.
``model``, ``server``
    The name under which the model is asked for, and what its server tells about itself: the last
    component of the weights' folder, the context, its version. What a server does not tell, such as
    most of its options, cannot be told apart; serve other options from a file of results of its own.

Kept for information only, and no ground to measure anew: ``commit`` of the tree (``+dirty`` where
:data:`CODE` was changed since) and ``load``, the machine's load when a need was begun. That somebody
else used the machine while seconds were measured cannot be found out; a high load is a sign of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from agentforge.errors import ModelUnavailable
from agentforge.models.local.answers import get_json
from agentforge.settings import Endpoint, Settings
from agentforge.types import JSONObject, Role
from benchmarks.form import short_hash
from benchmarks.peers.bubble import seconds_allowed

ROOT = Path(__file__).resolve().parents[1]
CODE = (
    *(
        f"agentforge/{name}.py"
        for name in ("assets", "clock", "errors", "policy", "redaction", "secrecy", "sections", "settings")
    ),
    *(f"agentforge/{name}.py" for name in ("nesting", "parsing", "together", "types", "wording")),
    *(f"agentforge/{room}" for room in ("boxes", "forge", "gitstore", "memory", "models", "registry", "sleep")),
    "sandbox",
    "benchmarks",
)
"""What the arms run, from the root."""
NOT_RUN = (
    *("agentforge/models/local", "benchmarks/sandbox", "benchmarks/soak.py"),
    *(
        "benchmarks/planted",
        "benchmarks/admission.py",
        "benchmarks/learning",
        "benchmarks/memory",
        "benchmarks/policies",
        "benchmarks/sleep",
    ),
    *("benchmarks/generation.py", "benchmarks/writing.py"),
)
"""In :data:`CODE`'s folders, but no part of what an arm runs: what brings up the server, which tells for
itself, and other benchmarks."""
_SECONDS = 5.0


def code_hash(root: Path = ROOT, code: Sequence[str] = CODE, not_run: Sequence[str] = NOT_RUN) -> str:
    """Twelve hex digits that differ where the contents of two trees' ``code`` do."""
    digest = hashlib.sha256()
    for file in sorted(_files(root, code, not_run)):
        name, contents = file.relative_to(root).as_posix(), file.read_bytes()
        digest.update(f"{name}\0{len(contents)}\0".encode() + contents)
    return digest.hexdigest()[:12]


def _files(root: Path, code: Sequence[str], not_run: Sequence[str]) -> Iterator[Path]:
    """All files that are run or read: no compiled ones, no READMEs, nothing hidden."""
    for file in _below(root / name for name in code):
        parts = file.relative_to(root).parts
        idle = file.name == "README.md" or "__pycache__" in parts or any(part.startswith(".") for part in parts)
        if not idle and not any(file.is_relative_to(root / name) for name in not_run):
            yield file


def _below(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from (file for file in (path, *path.rglob("*")) if file.is_file())


def commit_of(root: Path = ROOT, code: Sequence[str] = CODE) -> str:
    """The commit of the tree, with ``+dirty`` where ``code`` is not as committed; empty without git."""
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *code)
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+dirty" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=60)
    return done.stdout.strip()


def server_of(endpoint: Endpoint) -> str:
    """What the server behind an endpoint tells about itself; Claude's is known by the model's name.

    Blocking. Fields as of vLLM: ``root`` and ``max_model_len`` in ``GET /v1/models``, ``GET /version``.

    Raises:
        ModelUnavailable: it does not tell that it serves this model.
    """
    if endpoint.kind == "claude":
        return "claude"
    url, key = endpoint.url.rstrip("/"), endpoint.key.get_secret_value() if endpoint.key else ""
    answer: Any = get_json(f"{url}/v1/models", seconds=_SECONDS, key=key) or {}
    entry = next((one for one in answer.get("data", ()) if one.get("id") == endpoint.model), None)
    if entry is None:
        raise ModelUnavailable(
            f"The server does not list the model {endpoint.model!r} at /v1/models.",
            fix="Start it, or name its model with --model.",
        )
    weights = PurePosixPath(str(entry.get("root") or entry["id"])).name
    version = (get_json(f"{url}/version", seconds=_SECONDS, key=key) or {}).get("version", "untold")
    return f"{weights}, context {entry.get('max_model_len', 'untold')}, version {version}"


async def conditions_of(settings: Settings, code: str = "", more: JSONObject | None = None) -> dict[str, str]:
    """The conditions of a run that begins now; ``code`` is its hash where it is not that of :data:`CODE`, and
    ``more`` goes into that of the settings.

    Raises:
        ModelUnavailable: as :func:`server_of`.
    """
    endpoints = {str(role): settings.endpoint(role) for role in Role}
    used: JSONObject = {
        "forge": settings.forge.model_dump(mode="json"),
        "sandbox": settings.sandbox.model_dump(mode="json"),
        "model": settings.model.model_dump(mode="json", exclude={"cache", "port", "start_seconds"}),
        "roles": {
            role: endpoint.model_dump(mode="json", exclude={"url", "key", "timeout"})
            for role, endpoint in endpoints.items()
        },
        **({"peers": seconds_allowed()} if more is None else more),
    }
    asked = list({(one.url, one.model): one for one in endpoints.values()}.values())
    servers = [await asyncio.to_thread(server_of, one) for one in asked]
    return {
        "code": code or code_hash(),
        "settings": short_hash(used),
        "model": "+".join(dict.fromkeys(one.model for one in asked)),
        "server": " + ".join(dict.fromkeys(servers)),
    }


def machine_load() -> float:
    """How many processes wanted the machine's processors in the last minute, on average."""
    return round(os.getloadavg()[0], 2)
