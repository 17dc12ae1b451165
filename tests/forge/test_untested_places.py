"""What a suite may leave out and what not: numbers of a table, divisions that come out even, an error's subclass.

Of thirty changes one survivor is a small share, and it may be the right tool.
"""

from __future__ import annotations

import json

import pytest

from agentforge.registry.repository import Registry
from agentforge.settings import GateSettings
from tests.forge.checks import check, gate, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATES = '''_RATES = {"DE": 19, "AT": 20, "DK": 25, "ES": 22}


def duty(price: int, country: str) -> float:
    """Give the duty of a price in whole cents: 19 % in DE, 20 % in AT, 25 % in DK and 21 % in ES.

    Raises:
        ValueError: the price is negative, or the country is another one.
    """
    if price < 0 or country not in _RATES:
        raise ValueError("no such duty")
    return price * _RATES[country] / 100
'''
PAGES = '''def pages(items: int, per_page: int) -> int:
    """Tell how many pages so many items take; the last one may be partly filled, and no items take none.

    Raises:
        ValueError: items is negative, or per_page is less than 1.
    """
    if items < 0 or per_page < 1:
        raise ValueError("numbers")
    return items // per_page + 1 if items else 0
'''
KNOWN_PAGES = [(0, 10, 0), (1, 10, 1), (9, 10, 1), (11, 10, 2), (25, 10, 3), (99, 7, 15), (3, 2, 2), (101, 25, 5)]
KNOWN_DUTIES = [(100, 0), (100, 1), (100, 2), (0, 0), (1000, 1), (250, 2), (1, 0), (4990, 0), (7, 1)]
COUNTRIES = {"DE": 19, "AT": 20, "DK": 25, "ES": 21}


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


def suite(name, lines, refused):
    asserted = "".join(f"    assert {name}{args} == {result!r}\n" for args, result in lines)
    return f"""import pytest
from tool import {name}


def test_known():
{asserted}

@pytest.mark.parametrize("args", {refused})
def test_refused(args):
    with pytest.raises(ValueError):
        {name}(*args)
"""


def folder_of_pages(tmp_path, source, more=()):
    lines = [((items, size), pages) for items, size, pages in (*KNOWN_PAGES, *more)]
    examples = [({"items": items, "per_page": size}, pages) for items, size, pages in KNOWN_PAGES[4:7]]
    tests = suite("pages", lines, [(-1, 10), (5, 0), (5, -2)])
    return write(tmp_path / "t", source, tests, examples, name="pages", signature="(items: int, per_page: int) -> int")


def folder_of_duties(tmp_path, source, more=()):
    named = [(price, [*COUNTRIES][at]) for price, at in KNOWN_DUTIES]
    lines = [((price, country), price * COUNTRIES[country] / 100) for price, country in (*named, (0, "ES"), *more)]
    examples = [
        ({"price": price, "country": country}, price * COUNTRIES[country] / 100) for price, country in named[:3]
    ]
    tests = suite("duty", lines, [(-1, "DE"), (-100, "AT"), (5, "FR"), (5, "")])
    return write(tmp_path / "t", source, tests, examples, name="duty", signature="(price: int, country: str) -> float")


async def test_a_division_is_tested_where_it_comes_out_even(bubblewrap_box, registry, tmp_path):
    """A full page too many: only where the items fill their pages."""
    checked = await check(folder_of_pages(tmp_path, PAGES), bubblewrap_box, registry, GateSettings())
    strength = gate(checked, "suite strength")
    assert strength.evidence["unforgiven"] == strength.evidence["untested_lines"] == []
    assert checked.state == "rejected"
    change = "items // per_page → (items - 1) // per_page, where it comes out even, as pages(items="
    assert f"no test notices line 9: {change}" in strength.summary


async def test_one_full_page_is_enough(bubblewrap_box, registry, tmp_path):
    right = PAGES.replace("items // per_page + 1 if items else 0", "(items + per_page - 1) // per_page")
    checked = await check(folder_of_pages(tmp_path, right, [(20, 10, 2)]), bubblewrap_box, registry, GateSettings())
    assert checked.state == "live", checked.problems


async def test_a_number_that_no_test_looks_at_is_not_forgiven(bubblewrap_box, registry, tmp_path):
    """The rate of ES is wrong, and the only test of ES is of nothing."""
    checked = await check(folder_of_duties(tmp_path, RATES), bubblewrap_box, registry, GateSettings())
    strength = gate(checked, "suite strength")
    assert strength.evidence["untested_lines"] == []
    assert checked.state == "rejected"
    assert "no test notices line 1: 22 → 23, or the other change of it, as duty(" in strength.summary


async def test_one_that_a_test_looks_at_is_tested(bubblewrap_box, registry, tmp_path):
    right = RATES.replace("22", "21")
    checked = await check(folder_of_duties(tmp_path, right, [(300, "ES")]), bubblewrap_box, registry, GateSettings())
    assert checked.state == "live", checked.problems


MEANS = '''import statistics


def middle(numbers: list[float]) -> float:
    """Give the mean of at least one number.

    Raises:
        ValueError: there is no number.
    """
    if not numbers:
        raise ValueError("no number")
    return statistics.mean(numbers)
'''


async def test_who_expects_a_declared_error_need_not_notice_another_of_its_kind(bubblewrap_box, registry, tmp_path):
    """Without the guard it is a StatisticsError, which is a ValueError: no suite that asks for that can tell."""
    known = [([1.0, 3.0], 2.0), ([4.5], 4.5), ([-1.0, 0.0, 4.0], 1.0), ([2.0, 2.0], 2.0), ([0.0], 0.0)]
    known += [([8.0, 1.0], 4.5), ([3.0, 2.0, 1.0], 2.0), ([-2.0, 2.0], 0.0)]
    tests = suite("middle", [((numbers,), mean) for numbers, mean in known], [([],)])
    examples = [({"numbers": numbers}, mean) for numbers, mean in known[:3]]
    folder = write(tmp_path / "t", MEANS, tests, examples, name="middle", signature="(numbers: list[float]) -> float")
    refused = {"args": {"numbers": []}, "raises": "ValueError", "source": "need", "held_out": False, "spent": False}
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as rows:
        rows.write(json.dumps(refused) + "\n")
    checked = await check(folder, bubblewrap_box, registry, GateSettings())
    assert checked.state == "live", checked.problems
