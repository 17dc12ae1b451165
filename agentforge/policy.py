"""Which tools may go live without a person: what a user's settings and their company say together.

A company's file ``policy.toml`` lies beside the registries of its users
(``$AGENTFORGE_HOME/registries/ORG/policy.toml``) and holds the keys of the section ``[review]``. It outranks
every user: the stricter of both counts, key by key; a key that it leaves out is the user's. A file that
cannot be read or understood lets nothing go live.

What it does not protect from: somebody who may write the home of AgentForge itself, or push to a registry.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from agentforge.sections import ReviewSettings
from agentforge.wording import explain

POLICY_FILE = "policy.toml"

MOST_BYTES = 64 << 10
"""Largest policy file that is read; a real one has three lines."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. ``problem`` is one sentence where the company's file is malformed: then all wait."""

    rules: ReviewSettings = field(default_factory=ReviewSettings)
    problem: str = ""


def policy_in_force(own: ReviewSettings, folder: Path) -> Policy:
    """The stricter of a user's own rules and those of the company whose registries lie in ``folder``."""
    try:
        company = _read(folder / POLICY_FILE)
    except _MalformedError as error:
        named = f"{folder.parent.name}/{folder.name}/{POLICY_FILE}"  # within the home: the sentence is committed
        return Policy(ReviewSettings(policy="review-all"), f"The company's policy {named} {error}")
    return Policy(own if company is None else _stricter(own, company))


class _MalformedError(Exception):
    """Why a policy file cannot be used, as the end of a sentence."""


def _read(path: Path) -> ReviewSettings | None:
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
        return ReviewSettings.model_validate(_section(tomllib.loads(contents.decode())))
    except ValidationError as error:
        raise _MalformedError(f"is wrong: {explain(error, {})}") from None
    except (ValueError, RecursionError) as error:
        raise _MalformedError(f"is no TOML: {str(error) or 'nested too deeply'}.") from None


def _section(table: dict[str, object]) -> object:
    """The table ``[review]``, which must be all that there is."""
    if set(table) != {"review"}:
        raise _MalformedError("must hold the section [review] and nothing else.")
    return table["review"]


def _stricter(own: ReviewSettings, company: ReviewSettings) -> ReviewSettings:
    said = company.model_fields_set
    policy = "review-all" if "review-all" in (own.policy, company.policy) else "auto-low"
    allow = tuple(kind for kind in own.allow if "allow" not in said or kind in company.allow)
    return own.model_copy(update={"policy": policy, "allow": allow})
