"""What a version may reach: declared, used, and compared with the live version of its name."""

from __future__ import annotations

from dataclasses import asdict, replace

from agentforge.forge.gates.bench import Bench
from agentforge.forge.gates.submission import Submission
from agentforge.forge.gates.verdict import judged, texts
from agentforge.registry.contract import check_source
from agentforge.types import Capabilities, GateResult


async def capabilities(bench: Bench) -> GateResult:
    """Nothing fails here that the contract let pass: what is declared beyond the live version waits for a person,
    and what is declared but not used is told to that person.
    """
    sub = bench.submission
    more = wanted_beyond_live(sub)
    unused = _unused(sub)
    told = ", ".join(_words(sub.capabilities)) or "nothing"
    notes = [f"more than the live version: {', '.join(more)}"] if more else []
    notes += [f"declared but not used: {', '.join(unused)}"] if unused else []
    return judged(
        "capabilities",
        True,
        "; ".join([f"reaches {told}", *notes]),
        "",
        declared=texts(_words(sub.capabilities)),
        more_than_live=texts(more),
        unused=texts(unused),
        needs_person=bool(more) or not sub.capabilities.none,
    )


def wanted_beyond_live(sub: Submission) -> list[str]:
    """The capabilities that the live version of this name does not have; all of them where there is none."""
    live = sub.replaces
    had = _words(live.manifest.capabilities) if live is not None else []
    return [word for word in _words(sub.capabilities) if word not in had]


def _words(reach: Capabilities) -> list[str]:
    """Each single thing that is declared: ``hosts api.example.com``, ``clock`` …"""
    found: list[str] = []
    for name, value in asdict(reach).items():
        found += [name] if value is True else [f"{name} {one}" for one in value or ()]
    return found


def _unused(sub: Submission) -> list[str]:
    """Kinds of capability without which the source would keep the contract all the same. Files and secrets are
    used by name at run time, which nobody can read from a source.
    """
    pure = Capabilities()
    found: list[str] = []
    for kind in ("hosts", "servers", "packages", "clock", "randomness"):
        if getattr(sub.capabilities, kind) == getattr(pure, kind):
            continue
        without = replace(sub.capabilities, **{kind: getattr(pure, kind)})
        problems = check_source(
            sub.source,
            sub.name,
            known_tools=sub.standing.tools,
            capabilities=without,
            packages=sub.workshop.packages,
        )
        if not problems:
            found.append(kind)
    return found
