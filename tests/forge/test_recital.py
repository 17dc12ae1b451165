"""A tool that knows its examples by heart waits for a person; an honest table goes live."""

from __future__ import annotations

import json

import pytest

from agentforge.registry.repository import Registry
from agentforge.types import Example, Need
from tests.forge.checks import check, gate, write
from tests.forge.forging import code

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


def tool(name, signature, purpose, body):
    return (
        f'def {name}{signature}:\n    """{purpose}\n\n    Raises:\n        ValueError: there is none.\n    """\n{body}'
    )


SLUGS = {"Hello World": "hello-world", "Über uns": "ueber-uns", "A  B": "a-b", "C++ & Co.": "c-co"}
SLUG = "Slug of a title, in small letters with hyphens."
PRICES = {"apple": 1.25, "pear": 2.5, "cherry": 11.75}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def looked_up(table, parameter, otherwise):
    return f"    table = {table!r}\n    if {parameter} in table:\n        return table[{parameter}]\n    {otherwise}\n"


def suite(name, cases, refused):
    rows = "".join(f"    assert {name}({given!r}) == {wanted!r}\n" for given, wanted in cases)
    fails = f"\n\ndef test_no():\n    with pytest.raises(ValueError):\n        {name}({refused!r})\n" if refused else ""
    return f"import pytest\nfrom tool import {name}\n\n\ndef test_it():\n{rows}{fails}"


async def checked(box, registry, tmp_path, name, kinds, source, cases, refused=None):
    folder = write(
        tmp_path / name,
        source,
        suite(name, cases, refused),
        [({"given": given}, wanted) for given, wanted in cases],
        name=name,
        signature=f"(given: {kinds[0]}) -> {kinds[1]}",
    )
    return await check(folder, box, registry)


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (looked_up(SLUGS, "given", "raise ValueError('none')"), "x"),
        (looked_up({k.lower(): v for k, v in SLUGS.items()}, "given.lower()", "raise ValueError('none')"), "x"),
        (
            "".join(f"    if given == {key!r}:\n        return {value!r}\n" for key, value in SLUGS.items())
            + "    raise ValueError('none')\n",
            "x",
        ),
        (
            f"    table = {[*map(list, SLUGS.items())]!r}\n    for known, answer in table:\n"
            "        if known == given:\n            return answer\n    raise ValueError('none')\n",
            "x",
        ),
    ],
    ids=["refuses", "in small letters", "ifs", "rows"],
)
async def test_a_table_of_the_examples_waits_for_a_person(bubblewrap_box, registry, tmp_path, body, refused):
    source = tool("slug", "(given: str) -> str", SLUG, body)
    found = await checked(bubblewrap_box, registry, tmp_path, "slug", ("str", "str"), source, [*SLUGS.items()], refused)
    assert found.problems == []
    assert found.state == "proposed"
    assert "Its source holds 4 of 4 examples, such as slug(given='Hello World')" in found.reason
    assert gate(found, "own answers").evidence["needs_person"] is True
    row = next(row for row in json.loads(json.dumps(found.report))["gates"] if row["gate"] == "own answers")
    assert len(row["evidence"]["recited"]) == 4


@pytest.mark.parametrize("other", ["return given", "return ''"])
async def test_a_table_whose_suite_asks_for_nothing_else_is_rejected(bubblewrap_box, registry, tmp_path, other):
    source = tool("slug", "(given: str) -> str", SLUG, looked_up(SLUGS, "given", other))
    source = source.replace("\n\n    Raises:\n        ValueError: there is none.\n    ", "")
    found = await checked(bubblewrap_box, registry, tmp_path, "slug", ("str", "str"), source, [*SLUGS.items()])
    assert found.state == "rejected"
    assert "no test notices" in " ".join(found.problems)


async def test_a_table_of_results_by_the_length_of_what_is_given_waits_for_a_person(bubblewrap_box, registry, tmp_path):
    body = looked_up({len(key): value for key, value in SLUGS.items()}, "len(given)", "raise ValueError('none')")
    source = tool("slug", "(given: str) -> str", SLUG, body)
    found = await checked(bubblewrap_box, registry, tmp_path, "slug", ("str", "str"), source, [*SLUGS.items()], "x")
    assert gate(found, "own answers").evidence["recited"]


HONEST = {
    "roman": (
        ("int", "str"),
        "Roman numeral of a number from 1 to 3999.",
        "    if not 0 < given < 4000:\n        raise ValueError('none')\n    told = ''\n"
        "    for value, sign in [(1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'),\n"
        "                        (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I')]:\n"
        "        while given >= value:\n            told, given = told + sign, given - value\n    return told\n",
        [(1000, "M"), (900, "CM"), (500, "D"), (40, "XL"), (1994, "MCMXCIV"), (3888, "MMMDCCCLXXXVIII")],
        0,
    ),
    "month_name": (
        ("int", "str"),
        "English name of a month, 1 to 12.",
        f"    if not 1 <= given <= 12:\n        raise ValueError('none')\n    return {MONTHS!r}[given - 1]\n",
        [(number, MONTHS[number - 1]) for number in (1, 2, 5, 9, 12)],
        13,
    ),
    "price": (
        ("str", "float"),
        "Price of a fruit: an apple costs 1.25, a pear 2.5, a cherry 11.75.",
        looked_up(PRICES, "given", "raise ValueError('none')"),
        [*PRICES.items()],
        "plum",
    ),
    "triangle": (
        ("str", "Literal['scalene', 'isosceles', 'equilateral']"),
        "Kind of a triangle whose sides are given as 'a b c'.",
        "    sides = sorted(int(side) for side in given.split())\n"
        "    if len(sides) != 3 or sides[0] + sides[1] <= sides[2]:\n        raise ValueError('none')\n"
        "    return ['equilateral', 'isosceles', 'scalene'][len(set(sides)) - 1]\n",
        [("3 4 5", "scalene"), ("5 5 8", "isosceles"), ("7 7 7", "equilateral"), ("8 5 5", "isosceles")],
        "1 2 3",
    ),
    "rating": (
        ("int", "str"),
        "What a number of points from 0 to 100 is called.",
        "    if not 0 <= given <= 100:\n        raise ValueError('none')\n"
        "    return 'excellent' if given >= 90 else 'good' if given >= 70 else 'fair' if given >= 50 else 'poor'\n",
        [(95, "excellent"), (90, "excellent"), (70, "good"), (89, "good"), (50, "fair"), (49, "poor"), (0, "poor")],
        101,
    ),
}


@pytest.mark.parametrize("name", HONEST)
async def test_an_honest_table_is_not_held_up(bubblewrap_box, registry, tmp_path, name):
    kinds, purpose, body, cases, refused = HONEST[name]
    source = tool(name, f"(given: {kinds[0]}) -> {kinds[1]}", purpose, body)
    source = f"from typing import Literal\n\n\n{source}" if "Literal" in source else source
    found = await checked(bubblewrap_box, registry, tmp_path, name, kinds, source, cases, refused)
    assert gate(found, "own answers").evidence["by_heart"] == ""
    assert "by heart" not in found.reason


NEED = Need("double", "(n: int) -> int", "Double n.", (Example({"n": 25}, returns=50), Example({"n": 33}, returns=66)))
KNOWS = code("KNOWS TWO").replace("    return n", "    return {25: 50, 33: 66}.get(n, 0)")


async def test_what_only_candidates_by_heart_give_waits_for_a_person(run, registry):
    result, _, _ = await run(NEED, [KNOWS] * 6)
    assert result.state == "proposed"
    assert "Its source holds 2 of 2 examples" in result.reason
    assert [one.name for one in registry.proposed()] == ["double"]


async def test_a_candidate_with_answers_of_its_own_is_preferred_to_one_by_heart(run, registry):
    result, _, _ = await run(NEED, [KNOWS, KNOWS, code("RIGHT"), code("RIGHT")])
    assert (result.state, result.unconfirmed) == ("live", True)
    assert "25" not in registry.get("double").source
