"""Which tools may go live without a person, and what the gates ask of them: what a user's settings and their
company say together.

A company's file ``policy.toml`` lies beside the registries of its users
(``$AGENTFORGE_HOME/registries/ORG/policy.toml``) and holds keys of the sections ``[review]`` and ``[gates]``. It
outranks every user: the stricter of both counts, key by key; a key that it leaves out is the user's. A file that
cannot be read or understood lets nothing go live.

What it does not protect from: somebody who may write the home of AgentForge itself, or push to a registry.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from agentforge.sections import GateSettings, ReviewSettings
from agentforge.settings import Settings
from agentforge.wording import explain

POLICY_FILE = "policy.toml"

MOST_BYTES = 64 << 10
"""Largest policy file that is read; a real one has three lines."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. ``problem`` is one sentence where the company's file is malformed: then all wait."""

    rules: ReviewSettings = field(default_factory=ReviewSettings)
    problem: str = ""
    gates: GateSettings = field(default_factory=GateSettings)


def policy_of(settings: Settings) -> Policy:
    """The rules in force for a user with these settings."""
    return policy_in_force(settings.review, settings.gates, settings.registries / settings.org)


def policy_in_force(own: ReviewSettings, gates: GateSettings, folder: Path) -> Policy:
    """The stricter of a user's own rules and those of the company whose registries lie in ``folder``."""
    try:
        company = _read(folder / POLICY_FILE)
    except _MalformedError as error:
        named = f"{folder.parent.name}/{folder.name}/{POLICY_FILE}"  # within the home: the sentence is committed
        return Policy(ReviewSettings(policy="review-all"), f"The company's policy {named} {error}", gates)
    if company is None:
        return Policy(own, gates=gates)
    return Policy(_stricter(own, company[0]), gates=_bounded(gates, company[1]))


class _MalformedError(Exception):
    """Why a policy file cannot be used, as the end of a sentence."""


def _read(path: Path) -> tuple[ReviewSettings, GateSettings] | None:
    try:
        with path.open("rb") as file:
            contents = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _MalformedError(f"cannot be read: {error.strerror}.") from None
    if len(contents) > MOST_BYTES:
        raise _MalformedError(f"has more than {MOST_BYTES} bytes.")
    try:
        review, gates = _sections(tomllib.loads(contents.decode()))
        return ReviewSettings.model_validate(review), GateSettings.model_validate(gates)
    except ValidationError as error:
        raise _MalformedError(f"is wrong: {explain(error, {})}") from None
    except (ValueError, RecursionError) as error:
        raise _MalformedError(f"is no TOML: {str(error) or 'nested too deeply'}.") from None


def _sections(table: dict[str, object]) -> tuple[object, object]:
    """The tables ``[review]`` and ``[gates]``, one of which must be there and nothing else."""
    if not table or not set(table) <= {"review", "gates"}:
        raise _MalformedError("must hold the sections [review] and [gates], or one of them, and nothing else.")
    return table.get("review", {}), table.get("gates", {})


def _stricter(own: ReviewSettings, company: ReviewSettings) -> ReviewSettings:
    said = company.model_fields_set
    policy = "review-all" if "review-all" in (own.policy, company.policy) else "auto-low"
    allow = tuple(kind for kind in own.allow if "allow" not in said or kind in company.allow)
    users = max(own.users, company.users) if "users" in said else own.users
    return own.model_copy(update={"policy": policy, "allow": allow, "users": users})


_AT_LEAST = (
    "mutants",
    "killed",
    "killed_in_forging",
    "inputs_per_clause",
    "results_per_clause",
    "edges",
    "many_inputs",
    "near_inputs",
    "fuzz_inputs",
)
_AT_MOST = ("suite_seconds", "strength_seconds", "twin_inputs")
"""Of these the smaller is the stricter: what takes longer, or is alike on so many inputs, does not go live."""


def _bounded(own: GateSettings, company: GateSettings) -> GateSettings:
    said = company.model_fields_set
    least = {name: max(getattr(own, name), getattr(company, name)) for name in _AT_LEAST if name in said}
    most = {name: min(getattr(own, name), getattr(company, name)) for name in _AT_MOST if name in said}
    return own.model_copy(update=least | most)
