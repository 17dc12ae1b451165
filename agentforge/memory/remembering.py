"""The two small tools of the agent, ``remember`` and ``recall``, as functions; what they say is for a model to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentforge.errors import UsageError
from agentforge.memory.entries import Candidate, Kind
from agentforge.memory.keeping import Memory
from agentforge.types import JSONObject


@dataclass(frozen=True, slots=True)
class Told:
    """``ok``: it is known from now on, or was already; ``text`` says what became of it; ``entry`` is its id."""

    ok: bool
    text: str
    entry: str = ""


def remember(
    memory: Memory,
    text: str,
    *,
    kind: Kind = "fact",
    topic: str = "",
    when: str = "",
    episode: str = "",
    sources: Sequence[str] = (),
    tainted: bool = False,
    said: Sequence[str] = (),
    supersedes: Sequence[str] = (),
) -> Told:
    """Remembers one sentence, as far as the gates let it.

    ``episode`` is the session's id, ``sources`` the ids of untrusted texts that were read in it, ``tainted`` whether
    any was, ``said`` all that the user typed in it: what stands there as a sentence of its own needs no approval.

    Raises:
        RegistryError, StorageError: it cannot be written.
    """
    episodes = (episode,) if episode else ()
    read = tuple(sources) if tainted else ()
    candidate = Candidate(
        text, kind, topic, when, episodes, read, tainted=tainted, supersedes=tuple(dict.fromkeys(supersedes))
    )
    try:
        done = memory.add(candidate, said=said)
    except UsageError as error:
        return Told(False, f"It was not remembered: {error.message}")
    key = done.entry.id if done.entry else ""
    match done.outcome:
        case "accepted":
            replaced = f" It replaces {', '.join(done.superseded)}." if done.superseded else ""
            return Told(True, f"Remembered as {key}.{replaced}", key)
        case "pending":
            return Told(False, f"It waits for the user's approval, as {key}. {done.why}", key)
        case "repeats":
            return Told(True, done.why, key)
        case "refused":
            return Told(False, f"It was not remembered. {done.why}")


def recall(memory: Memory, query: str, k: int = 5) -> list[JSONObject]:
    """The ``k`` best current facts, preferences and lessons for any text, best first (raises RegistryError)."""
    return [
        {
            "id": hit.entry.id,
            "kind": hit.entry.kind,
            "text": hit.entry.text,
            **({"when": hit.entry.when} if hit.entry.when else {}),
            "since": (hit.entry.confirmed or hit.entry.created).isoformat(),
            "score": round(hit.score, 3),
        }
        for hit in memory.search(query, k)
    ]
