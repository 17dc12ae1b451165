"""Works out the constants of ``agentforge/registry/confidence.py``: when a search says that nothing fits.

Each ``--set TOOLS QUERIES`` is searched as ``benchmarks.retrieval`` does, in pools of several sizes, every query with
its right tools there and taken away. From what ``confidence.signs`` sees of both, weights are fitted by logistic
regression, every set counting the same, and set so that in no set, with all its tools there, more than ``--refused``
of the queries that have a tool are refused. Half of the queries are for that, the figures that are told come from the
other half. Needs numpy.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentforge.registry import confidence
from agentforge.registry.index import Found, Hit
from benchmarks import form
from benchmarks.retrieval import SEED, Asked, Query, narrowed, read_queries, read_tools

SIZES = (30, 100, 300, 1_000)
"""Tools in a pool, beside all there are."""
MOST = 250
"""Queries of one pool."""


def seen(files: tuple[Path, Path], meaning: Any) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """What is seen of each query's scores, with its tools there and without, in all pools of a set."""
    known = read_tools(files[0])
    every, asked = list(known.values()), read_queries(files[1], known)
    found: list[tuple[tuple[float, ...], tuple[float, ...]]] = []
    for size in [*(one for one in SIZES if one < len(every)), len(every)]:
        tools, queries = narrowed(every, asked, size)
        some: Sequence[Query] = random.Random(SEED).sample(queries, min(MOST, len(queries)))
        with tempfile.TemporaryDirectory() as folder:
            pool = Asked(tools, Path(folder), meaning)
            for query in some:
                there, gone = pool.find(query, confidence.NEIGHBOURS), pool.without(query, confidence.NEIGHBOURS)
                left = len(tools) - len(query.right)
                found.append((signs(query, there, len(tools)), signs(query, gone, left)))
        form.progress(f"{files[0].parent.name}: {len(some)} queries among {len(tools)} tools")
    return found


def signs(query: Query, found: Found, tools: int) -> tuple[float, ...]:
    """What is seen of one search; nothing found is as bad as can be."""
    best = found.hits[0] if found.hits else Hit("", "", "", 0.0)
    return confidence.signs(query.text, best.name, best.summary, [hit.score for hit in found.hits], tools)


def fitted(sets: Sequence[Sequence[tuple[tuple[float, ...], tuple[float, ...]]]], refused: float) -> Any:
    """The weights."""
    import numpy as np

    rows = np.array([signs for one in sets for pair in one for signs in pair])
    truth = np.array([label for one in sets for _ in one for label in (1.0, 0.0)])
    share = np.array([1 / len(one) for one in sets for _ in one for _ in (0, 1)]) * len(truth) / len(sets) / 2
    weights = np.zeros(rows.shape[1])
    for _ in range(50):  # Newton's method, with a little shrinking so that it has an end
        guess = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (guess - truth)) + weights
        bend = rows.T @ (rows * (share * guess * (1 - guess))[:, None]) + np.eye(len(weights))
        weights -= np.linalg.solve(bend, slope)
    largest = [max(there[-1] for there, _ in one) for one in sets]  # the last sign is the size of the pool
    whole = [
        np.array([there for there, _ in one if there[-1] == most]) for one, most in zip(sets, largest, strict=True)
    ]
    bounds = [np.quantile(rows @ weights, refused) for rows in whole]
    weights[0] -= min(bounds)
    return weights


def main() -> int:
    """Prints the weights, and the shares that are refused in each set."""
    import numpy as np

    from agentforge.models.meaning import installed

    parser = form.parser(__doc__ or "")
    parser.add_argument("--set", nargs=2, type=Path, action="append", required=True, metavar=("TOOLS", "QUERIES"))
    parser.add_argument("--refused", type=float, default=0.09, help="largest share of answerable queries refused")
    parser.add_argument("--embeddings", action="store_true", help="with the local embeddings of the extra 'search'")
    given = parser.parse_args()
    sets = [seen((tools, queries), installed() if given.embeddings else None) for tools, queries in given.set]
    weights = fitted([one[::2] for one in sets], given.refused)
    figures: dict[str, Any] = {"weights": dict(zip(confidence.FEATURES, np.round(weights, 3).tolist(), strict=True))}
    for files, one in zip(given.set, sets, strict=True):
        there, gone = (np.array([pair[at] for pair in one[1::2]]) @ weights for at in (0, 1))
        told = {"refused_answerable": there < 0, "refused_unanswerable": gone < 0}
        figures[files[0].parent.name] = {name: round(float(np.mean(values)), 3) for name, values in told.items()}
    form.show(figures, figures, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
