"""A tool of which a clause is missing, with honest tests that look elsewhere, through all gates in a real box."""

from __future__ import annotations

import json

import pytest

from agentforge.registry.repository import Registry
from tests.forge.checks import check, gate, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

RIGHT = '''def tidy(tags: list[str]) -> list[str]:
    """Tidy up tags; white space around a tag is removed.

    Args:
        tags: each counts once.

    Raises:
        ValueError: a tag is empty.
    """
    clean = [tag.strip() for tag in tags]
    if "" in clean:
        raise ValueError("empty")
    return list(dict.fromkeys(clean))
'''
TESTS = """import pytest
from tool import tidy


@pytest.mark.parametrize(
    ("tags", "clean"),
    [(["a", "b"], ["a", "b"]), (["b", "a"], ["b", "a"]), ([], []), ([" a", "b "], ["a", "b"]), (["a", "a"], ["a"])],
)
def test_tidy(tags, clean):
    assert tidy(tags) == clean


def test_refused():
    with pytest.raises(ValueError):
        tidy(["a", " "])
"""
BLANKS = '([" a", "b "], ["a", "b"]), '
TWICE = ', (["a", "a"], ["a"])'
REFUSED = "\n\ndef test_refused" + TESTS.partition("def test_refused")[2]
EXAMPLES = [({"tags": ["x", "y"]}, ["x", "y"]), ({"tags": ["z"]}, ["z"]), ({"tags": ["q", "p"]}, ["q", "p"])]


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


async def judged(box, registry, folder, source, tests):
    write(folder, source, tests, EXAMPLES, name="tidy", signature="(tags: list[str]) -> list[str]")
    return await check(folder, box, registry)


async def test_the_right_tool_with_all_tests_goes_live(bubblewrap_box, registry, tmp_path):
    checked = await judged(bubblewrap_box, registry, tmp_path / "t", RIGHT, TESTS)
    assert checked.problems == []
    assert checked.state == "live"
    evidence = gate(checked, "kinds of input").evidence
    assert evidence["tested"] == 6
    assert evidence["refusals"] == ["a tag is empty"]
    assert json.loads(json.dumps(evidence)) == evidence


@pytest.mark.parametrize(
    ("source", "tests", "words"),
    [
        (RIGHT.replace(".strip()", ""), TESTS.replace(BLANKS, "").replace('["a", " "]', '["a", ""]'), "white space"),
        (
            RIGHT.replace("list(dict.fromkeys(clean))", "clean"),
            TESTS.replace(TWICE, ""),
            "repeated items were left out",
        ),
        (
            RIGHT.replace('    if "" in clean:\n        raise ValueError("empty")\n', ""),
            TESTS.replace(REFUSED, "\n").replace("import pytest\nfrom", "import pytest\nfrom"),
            "one case is refused",
        ),
    ],
    ids=["strip", "once", "refusal"],
)
async def test_a_missing_clause_is_found_by_what_the_tests_leave_out(
    bubblewrap_box, registry, tmp_path, source, tests, words
):
    assert source != RIGHT
    assert tests != TESTS
    checked = await judged(bubblewrap_box, registry, tmp_path / "t", source, tests)
    found = gate(checked, "kinds of input")
    assert found.verdict == "failed"
    assert words in found.summary


MORE = ', (["c"], ["c"]), (["d", "c"], ["d", "c"]), (["e", "f", "g"], ["e", "f", "g"]), (["h"], ["h"]), (["i"], ["i"])'


@pytest.mark.parametrize(
    ("doc", "gone", "forgiven"),
    [
        ("each counts once.", BLANKS, True),
        ("each counts once; umlauts stay.", BLANKS, False),  # two things
        ("each counts once.", REFUSED, False),  # promised in so many words
    ],
)
async def test_a_suite_of_eight_inputs_may_leave_one_thing_out_that_words_ask_for(
    bubblewrap_box, registry, tmp_path, doc, gone, forgiven
):
    tests = TESTS.replace(TWICE, TWICE + MORE).replace(gone, "\n" if gone is REFUSED else "")
    source = RIGHT.replace("each counts once.", doc)
    found = gate(await judged(bubblewrap_box, registry, tmp_path / "t", source, tests), "kinds of input")
    assert (found.verdict == "passed") is forgiven
    assert ("perhaps left out" in found.summary) is forgiven
    assert found.evidence["problems"] != []


async def test_calls_without_an_assertion_do_not_count(bubblewrap_box, registry, tmp_path):
    calls = "\n\ndef test_more():\n    tidy([' a', 'b '])\n    tidy(['a', 'a'])\n"
    tests = TESTS.replace(BLANKS, "").replace(TWICE, "") + calls
    checked = await judged(bubblewrap_box, registry, tmp_path / "t", RIGHT, tests)
    assert gate(checked, "kinds of input").evidence["tested"] == 4
    assert gate(checked, "kinds of input").verdict == "failed"
