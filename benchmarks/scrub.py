"""What is left of planted secrets and personal data in tools that were scrubbed for sharing, and what else changed.

Values of many kinds, drawn from a seed so that they are nobody's, are planted in the code, the tests, the examples and
the example requests of the starter tools; what can be known from nothing else (names, addresses) stands in the facts
of the user. Then the product's own scrub is run. Two sets: one that may be looked at while the detector is worked on,
and one with other formats, other sentences and another seed, which is held out.

  removed_share    of the planted values, those of which nothing is left in any file of the tool: no run of 12
                   letters and digits, or the whole where it is shorter; of a name no word
  keys_left        values drawn by chance (keys, tokens) of which something is left
  benign_changed_share
                   texts without anything planted in which something was replaced: functions of MBPP with their tests,
                   and the files of the starter tools
  tests_green_share
                   of the tools whose suite passes with the planted values, those whose suite passes after the scrub
  --planted FILE   other values: JSON Lines with kind, value, text (holds the value), and perhaps key and fact
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentforge import assets
from agentforge.boxes.open import open_box
from agentforge.errors import AgentForgeError
from agentforge.forge.scrub.known import Known, known_of
from agentforge.forge.scrub.scrubbing import scrub_text, scrub_tool
from agentforge.registry.layers import BaseLayer
from agentforge.registry.manifest import one_line
from agentforge.registry.tool import Tool, to_files
from agentforge.settings import load
from agentforge.types import Example
from benchmarks.form import cannot_run, parser, progress, read_lines, show
from benchmarks.scrubbing.kinds import Planted, planted

SEEDS = {"seen": 20_261, "held_out": 58_829}
EACH = 8
MBPP = Path(__file__).resolve().parent.parent.parent / "shared" / "bench" / "mbpp" / "mbpp_974.jsonl"
WINDOW = 12
PLACES = ("code", "tests", "examples", "requests")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A tool with what was planted in it."""

    tool: Tool
    planted: tuple[Planted, ...]


def carriers(items: Sequence[Planted], tools: Sequence[Tool]) -> list[Carrier]:
    """The tools with the items in them, in turn, each in one of the places."""
    among: list[list[Planted]] = [[] for _ in tools]
    for at, item in enumerate(items):
        among[at % len(tools)].append(item)
    return [Carrier(_with(tool, some), tuple(some)) for tool, some in zip(tools, among, strict=True)]


def _with(tool: Tool, items: Sequence[Planted]) -> Tool:
    source, tests, examples = tool.source, tool.tests, [*tool.examples]
    requests = [*tool.manifest.requests]
    for number, item in enumerate(items):
        place = PLACES[number % len(PLACES)]
        if place == "requests" and ("\n" in item.text or len(item.text) > 250 or len(requests) >= 20):
            place = "tests"
        if place == "code":
            noted = "".join(f"# {line}\n" for line in item.text.split("\n"))
            source += f"\n\n{noted}_NOTED_{number} = {item.text!r}\n"
        elif place == "tests":
            tests += _test(tool.name, item.text, number)
        elif place == "examples":
            examples.append(Example({"text": item.text, "note": number}, [item.text], source="user"))
        else:
            requests.append(one_line(item.text, 300))
    manifest = tool.manifest.model_copy(update={"requests": tuple(requests)})
    return replace(tool, source=source, tests=tests, examples=tuple(examples), manifest=manifest)


def _test(name: str, text: str, number: int) -> str:
    """A test that holds the text; where the tool takes any text, one that goes through it."""
    if name == "normalize_whitespace":
        call = f"normalize_whitespace({f'  {text}  '!r}) == {' '.join(text.split())!r}"
        return f"\n\ndef test_planted_{number}():\n    assert {call}\n"
    return f"\n\ndef test_planted_{number}():\n    known = {text!r}\n    assert known and {text!r} == known\n"


def left_of(item: Planted, text: str) -> bool:
    """Whether anything of a value is left in a text."""
    if item.kind == "name":
        words = [word for word in re.findall(r"[^\W\d_]+", item.value) if len(word) > 3]
        return any(word.lower() in text.lower() for word in words)
    bare = _bare(re.sub(r"-----[A-Z ]+-----|\\n", "", item.value))
    within = _bare(text)
    if len(bare) <= WINDOW:
        return item.value.lower() in text.lower() if len(bare) < 6 else bare in within
    return any(bare[at : at + WINDOW] in within for at in range(len(bare) - WINDOW + 1))


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9äöüß]", "", text.lower())


def known_from(items: Iterable[Planted]) -> Known:
    """What the memory of the user tells."""
    return known_of({item.fact for item in items if item.fact}, ids=["benchuser"])


def scrubbed(carried: Sequence[Carrier], known: Known) -> tuple[dict[str, Any], list[Tool]]:
    """The figures of one set, and its tools after the scrub."""
    many, left, keys = Counter[str](), Counter[str](), 0
    tools: list[Tool] = []
    for one in carried:
        done = scrub_tool(one.tool, known)
        tools.append(done.tool)
        text = "\n".join(contents.decode() for contents in to_files(done.tool).values())
        for item in one.planted:
            many[item.kind] += 1
            if left_of(item, text):
                left[item.kind] += 1
                keys += item.key
                progress(f"left of {item.kind}: {item.text[:100]!r}")
    total = many.total()
    return {
        "planted": total,
        "kinds": len(many),
        "removed_share": round(1 - left.total() / total, 4) if total else 1.0,
        "keys_planted": sum(item.key for one in carried for item in one.planted),
        "keys_left": keys,
        "left_by_kind": dict(left),
    }, tools


def benign(known: Known, mbpp: Path, tools: Sequence[Tool], most: int) -> dict[str, Any]:
    """In how many texts without anything planted something is replaced."""
    texts = [
        "\n".join([row["text"], row["code"], row["test_setup_code"], *row["test_list"], *row["challenge_test_list"]])
        for row in read_lines(mbpp)[:most]
    ]
    changed = sum(scrub_text(text, known) != text for text in texts)
    files = 0
    for tool in tools:
        before, after = to_files(replace(tool, report={})), to_files(_same_origin(tool, known))
        files += len(before)
        changed += sum(before[file] != after[file] for file in before)
    return {"benign_texts": len(texts) + files, "benign_changed_share": round(changed / (len(texts) + files), 4)}


def _same_origin(tool: Tool, known: Known) -> Tool:
    """The scrubbed tool with the provenance that it had: leaving that out changes each one."""
    done = scrub_tool(tool, known).tool
    manifest = done.manifest.model_copy(update={"provenance": tool.manifest.provenance})
    sources = [one.source for one in tool.examples]
    examples = tuple(replace(one, source=was) for one, was in zip(done.examples, sources, strict=True))
    return replace(done, manifest=manifest, examples=examples)


async def green(before: Sequence[Tool], after: Sequence[Tool]) -> dict[str, Any]:
    """How many suites pass with what was planted, and of these after the scrub (raises SandboxError)."""
    settings = load().sandbox
    passed = kept = 0
    async with await open_box(settings, user="benchmarks/scrub", on_notice=progress) as box:
        for planted_tool, clean in zip(before, after, strict=True):
            if not (await box.suite(planted_tool.source, planted_tool.tests)).passed:
                progress(f"{planted_tool.name} does not pass with what was planted")
                continue
            passed += 1
            fine = (await box.suite(clean.source, clean.tests)).passed
            kept += fine
            if not fine:
                progress(f"{clean.name} does not pass after the scrub")
    return {"tools": passed, "tests_green_share": round(kept / passed, 4) if passed else 0.0}


def read_planted(path: Path) -> list[Planted]:
    """The values of a file."""
    return [
        Planted(row["kind"], row["value"], row["text"], bool(row.get("key")), str(row.get("fact", "")))
        for row in read_lines(path)
    ]


def measured(sets: Mapping[str, Sequence[Planted]], mbpp: Path, most: int) -> dict[str, Any]:
    """All figures; those of the first set stand at the top."""
    tools = [tool for tool in BaseLayer(assets.folder("toolbox")).tools() if not tool.depends]
    told: dict[str, Any] = {}
    before: list[Tool] = []
    after: list[Tool] = []
    for name, items in sets.items():
        progress(f"{name}: {len(items)} planted values")
        carried = carriers(items, tools)
        figures, clean = scrubbed(carried, known_from(items))
        told |= figures if not told else {name: figures}
        before += [one.tool for one in carried]
        after += clean
    known = known_from(item for items in sets.values() for item in items)
    progress("benign texts")
    told |= benign(known, mbpp, tools, most)
    progress(f"{len(before)} suites, before and after")
    return told | asyncio.run(green(before, after))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser(__doc__ or "")
    options.add_argument("--planted", type=Path, help="other values than those that are drawn (JSON Lines)")
    options.add_argument("--seed", type=int, default=0, help="added to the seeds of both sets")
    options.add_argument("--mbpp", type=Path, default=MBPP, help="the benign functions")
    given = options.parse_args(arguments)
    each = 1 if given.quick else EACH
    try:
        if given.planted:
            sets: dict[str, list[Planted]] = {"planted": read_planted(given.planted)}
        else:
            sets = {
                name: [*planted(seed + given.seed, each, held_out=name == "held_out")] for name, seed in SEEDS.items()
            }
        begun = time.perf_counter()
        told = measured(sets, given.mbpp, 60 if given.quick else 1000)
    except (OSError, ValueError, KeyError) as error:
        return cannot_run(f"A file cannot be used: {error}", 2)
    except AgentForgeError as error:
        return cannot_run(str(error), error.exit_code)
    rows = {
        "drawn" if not given.planted else "planted": told,
        **({"held out": told["held_out"]} if "held_out" in told else {}),
    }
    told = {"benchmark": "scrub", **told, "seconds": round(time.perf_counter() - begun, 1)}
    show(told, rows, as_json=given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
