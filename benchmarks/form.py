"""The one form of all benchmarks: progress on stderr, the figures as one JSON line last on stdout."""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser with the options that every benchmark takes."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print one JSON object as the last line instead of a table")
    made.add_argument("--quick", action="store_true", help="a run of at most two minutes (with a model: one item)")
    return made


def progress(message: str) -> None:
    """One line for whoever watches."""
    print(message, file=sys.stderr, flush=True)


def cannot_run(reason: str, code: int) -> int:
    """Says why nothing was measured; no figure is printed."""
    print(reason, file=sys.stderr)
    return code


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Being asked to end is the same as Ctrl-C inside, in the background too: what runs is stopped and closed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show(figures: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], *, as_json: bool) -> None:
    """Prints ``figures`` as JSON, or ``rows`` (name → column → value) as a table."""
    if as_json:
        print(json.dumps(figures))
        return
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    width = max([len(name) for name in rows] + [4])
    print(" " * width, *(f"{column:>18}" for column in columns))
    for name, row in rows.items():
        print(f"{name:<{width}}", *(f"{row.get(column, '')!s:>18}" for column in columns))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def short_hash(value: Any) -> str:
    """Twelve hex digits that differ where two JSON values do."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def resumable(
    rows: Iterable[dict[str, Any]], expected: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The kept rows that hold all of ``expected(row)``; the others are counted on stderr with the reason."""
    same: list[dict[str, Any]] = []
    ignored: Counter[str] = Counter()
    for row in rows:
        differing = [name for name, value in expected(row).items() if row.get(name) != value]
        if differing:
            ignored[" and ".join(f"{'other' if name in row else 'no'} {name}" for name in differing)] += 1
        else:
            same.append(row)
    if ignored:
        reasons = ", ".join(f"{count} with {reason}" for reason, count in ignored.most_common())
        progress(f"{ignored.total()} kept rows are ignored and measured anew where needed: {reasons}")
    return same
