"""What a tool once did wrong, and what is right: ``regressions/NAME.jsonl``, in the form of ``examples.jsonl``.

An entry is committed as soon as the right answer is known, whether or not a repair is found, and stays when
versions come, go and are rolled back: every later version has to give it. Versions made since hold it among
their own examples and tests as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentforge.gitstore.changing import Change
from agentforge.registry.refusal import refuse_revoked_origin
from agentforge.registry.repository import Registry
from agentforge.registry.snapshot import Snapshot
from agentforge.registry.untried import aside_path, kept_at, parsed, path_of, written
from agentforge.types import Example


def read_regressions(registry: Registry, name: str) -> tuple[Example, ...]:
    """The regressions of a tool, oldest first.

    Raises:
        RegistryError: the file is malformed.
    """
    return parsed(registry.store.read(path_of(name)), path_of(name))


def keep_regression(
    registry: Registry, name: str, example: Example, trailers: Mapping[str, Sequence[str]]
) -> str | None:
    """Commits a regression, in the place of one with the same source; None where it stands there already.

    Raises:
        ToolInvalid: it comes from an episode or a source that was revoked.
        RegistryConflict: others kept pushing for :data:`~agentforge.gitstore.changing.PATIENCE_SECONDS`.
        RegistryError: the file is malformed, or the registry damaged or locked.
        StorageError: it cannot be written.
    """
    path = path_of(name)

    def change(snapshot: Snapshot) -> Change | None:
        known = kept_at(snapshot, name)
        if example in known:
            return None
        origins = (trailers.get("Episode", ()), (*trailers.get("Source", ()), example.source))
        refuse_revoked_origin(snapshot, name, *origins)
        kept = (*_without(known, example.source), example)
        return Change(f"Keep a regression of {name}", {path: written(kept)})

    return registry.apply(change, trailers)


def withdraw_regression(
    registry: Registry, name: str, source: str, trailers: Mapping[str, Sequence[str]]
) -> str | None:
    """Commits that a regression is none, also one that a revocation has set aside (raises as
    :func:`keep_regression`); None where there was none.
    """

    def change(snapshot: Snapshot) -> Change | None:
        places = {path: parsed(snapshot.read(path), path) for path in (path_of(name), aside_path(name))}
        less = {path: _without(known, source) for path, known in places.items()}
        files = {path: written(kept) for path, kept in less.items() if kept != places[path]}
        return Change(f"Withdraw a regression of {name}", files) if files else None

    return registry.apply(change, trailers)


def _without(known: Sequence[Example], source: str) -> tuple[Example, ...]:
    return tuple(one for one in known if one.source != source)
