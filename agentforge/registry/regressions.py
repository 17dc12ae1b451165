"""What a tool once did wrong, and what is right: ``regressions/NAME.jsonl``, in the form of ``examples.jsonl``.

An entry is committed as soon as the right answer is known, whether or not a repair is found, and stays when
versions come, go and are rolled back: every later version has to give it. Versions made since hold it among
their own examples and tests as well.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from agentforge.errors import RegistryConflict
from agentforge.gitstore.lock import writing
from agentforge.registry.repository import PATIENCE_SECONDS, Registry
from agentforge.registry.untried import parsed, path_of, written
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
        RegistryConflict: others kept pushing for :data:`~agentforge.registry.repository.PATIENCE_SECONDS`.
        RegistryError: the file is malformed, or the registry damaged or locked.
        StorageError: it cannot be written.
    """
    known = read_regressions(registry, name)
    if example in known:
        return None
    return _write(registry, name, example.source, example, f"Keep a regression of {name}", trailers)


def withdraw_regression(
    registry: Registry, name: str, source: str, trailers: Mapping[str, Sequence[str]]
) -> str | None:
    """Commits that a regression is none (raises as :func:`keep_regression`); None where there was none."""
    if all(example.source != source for example in read_regressions(registry, name)):
        return None
    return _write(registry, name, source, None, f"Withdraw a regression of {name}", trailers)


def _write(
    registry: Registry,
    name: str,
    source: str,
    example: Example | None,
    subject: str,
    trailers: Mapping[str, Sequence[str]],
) -> str:
    store, deadline = registry.store, time.monotonic() + PATIENCE_SECONDS
    with writing(registry.path, wait=PATIENCE_SECONDS) as lock:
        while True:
            head = store.head()
            others = [one for one in read_regressions(registry, name) if one.source != source]
            kept = [*others, example] if example is not None else others
            files = {path_of(name): written(kept)}
            try:
                return store.commit(files, subject=subject, trailers=trailers, expected=head, lock=lock)
            except RegistryConflict:
                if time.monotonic() > deadline:
                    raise
