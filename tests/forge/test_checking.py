"""Tool folders through all gates in a real box: what is wrong is rejected in words, what is right would go live."""

from __future__ import annotations

import shutil

import pytest

from agentforge.forge.checking import dealt
from agentforge.forge.gates.survey import STOP_EARLY
from agentforge.policy import Policy
from agentforge.registry.references import Origin
from agentforge.registry.repository import Registry
from agentforge.registry.review import pin
from agentforge.registry.revocation import revoke
from agentforge.registry.tool import load_folder
from agentforge.sections import ReviewSettings
from agentforge.settings import GateSettings
from agentforge.types import Example, State
from tests.forge.checks import EXAMPLES, HEAD, SOURCE, STRONG, check, gate, write

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def registry(tmp_path):
    with Registry.create(tmp_path / "me.git") as made:
        yield made


async def test_a_right_tool_with_a_strong_suite_would_go_live_and_its_report_holds_all_evidence(
    bubblewrap_box, registry, tmp_path
):
    checked = await check(write(tmp_path / "any name"), bubblewrap_box, registry)
    assert (checked.name, checked.state, checked.unconfirmed, checked.truths) == ("total_price", "live", False, 4)
    assert checked.problems == []
    gates = {row["gate"]: row for row in checked.report["gates"]}
    assert gates["held-out examples"]["evidence"]["examples"] == 1
    assert gates["suite strength"]["evidence"]["mutants"] == 12
    assert gates["fuzz"]["evidence"]["inputs"] > 20
    assert checked.report["thresholds"]["killed"] == 0.85
    assert [row["gate"] for row in checked.report["gates"]][:2] == ["source contract", "visible tests"]


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("", "there is no test function"),
        (HEAD + "def test_a():\n    total_price(1, 2.0)\n", "the tests pass for a tool that always returns"),
        (HEAD + "def test_a():\n    x = total_price(1, 2.0)\n    assert x == x\n", "always returns"),
        (HEAD + "def test_a():\n    assert isinstance(total_price(1, 2.0), float)\n", "always returns 2.0"),
        (
            HEAD + "def test_a():\n    try:\n        assert total_price(1, 2.0) == 2.0\n"
            "    except Exception:\n        pass\n",
            "always raises RuntimeError",
        ),
        (HEAD + "def test_a():\n    assert 'error' not in str(total_price(1, 2.0)).lower()\n", "always returns"),
        (HEAD + "def test_a():\n    assert total_price(1, 2.0) == 2.0\n", "test inputs with other results"),
    ],
    ids=["none", "no assertion", "tautology", "type check", "swallowed", "error string", "weak"],
)
async def test_a_suite_that_says_little_is_rejected(bubblewrap_box, registry, tmp_path, tests, words):
    checked = await check(write(tmp_path / "t", tests=tests), bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert words in "\n".join(checked.problems)


async def test_a_weak_suite_is_told_what_it_overlooks(bubblewrap_box, registry, tmp_path):
    tests = HEAD + "def test_a():\n    assert total_price(1, 2.0) == 2.0\n    assert total_price(2, 2.0) == 4.0\n"
    checked = await check(write(tmp_path / "t", tests=tests), bubblewrap_box, registry)
    strength = gate(checked, "suite strength")
    assert strength.verdict == "failed"
    assert any("quantity >= 10" in line for line in strength.evidence["unnoticed"])
    assert all("as total_price(" in line for line in strength.evidence["unnoticed"])


async def test_a_branch_that_the_examples_reach_and_no_test_does_is_named(bubblewrap_box, registry, tmp_path):
    """However well the rest is tested: nine of ten mutants may be noticed."""
    tests = STRONG.replace("    assert total_price(10, 1.0) == 9.0\n", "")
    settings = GateSettings(mutants=30, killed=0.1, near_inputs=12, fuzz_inputs=4)
    checked = await check(write(tmp_path / "t", tests=tests), bubblewrap_box, registry, settings)
    strength = gate(checked, "suite strength")
    assert strength.evidence["untested_lines"] == [11]
    assert "no test notices any change of line 11, which the examples reach" in strength.summary


async def test_a_mutant_that_nothing_tells_apart_is_listed_and_not_counted(bubblewrap_box, registry, tmp_path):
    source = SOURCE.replace("    return round", "    if quantity > 10 ** 9:\n        return 1.0\n    return round")
    settings = GateSettings(mutants=40, near_inputs=12, fuzz_inputs=12)
    checked = await check(write(tmp_path / "t", source), bubblewrap_box, registry, settings)
    evidence = gate(checked, "suite strength").evidence
    assert any("10 ** 9" in change or "9 →" in change for change in evidence["equivalent"])
    assert checked.state == "live"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SOURCE + "print('hello')\n", "line 13"),
        ("def total_price(:\n", "syntax error"),
        (SOURCE.replace("total_price", "other"), "the function must be named total_price"),
        (SOURCE + "#" + "x" * 70_000 + "\n", "at most 65536"),
        (SOURCE.replace("round(price, 2)", "{price}"), "is not JSON"),
        (SOURCE.replace(">= 10", "> 20"), "visible examples are wrong"),
        (
            SOURCE.replace("quantity * unit", "quantity * unit + quantity // 40 * hash('a' + str(quantity))"),
            "hash seed",
        ),
        (SOURCE.replace("quantity * unit", "[0.0, *[n * unit for n in range(1, 21)]][quantity]"), "IndexError"),
        (SOURCE.replace("return round(price, 2)", "return round(price, 2) if unit >= 0 else 'x'"), "which is no float"),
    ],
    ids=["top-level", "syntax", "name", "huge", "non-json", "contradicts", "hash-seed", "error", "type"],
)
async def test_a_tool_that_goes_wrong_is_rejected_in_words(bubblewrap_box, registry, tmp_path, source, words):
    checked = await check(write(tmp_path / "t", source), bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert words in "\n".join(checked.problems)


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        (STRONG + "\n\ndef test_loud():\n    print('x' * 5_000_000)\n", "printed far too much"),
        (STRONG + "\n\nimport socket\n\ndef test_far():\n    socket.create_connection(('1.2.3.4', 80), 1)\n", "tests"),
        (STRONG.replace("== 9.0", "== 8.0"), "1 of 2 tests do not pass: test_prices"),
    ],
    ids=["prints megabytes", "needs network", "contradicts the tool"],
)
async def test_tests_that_cannot_pass_are_rejected_in_words(bubblewrap_box, registry, tmp_path, tests, words):
    settings = GateSettings(mutants=4, near_inputs=4, fuzz_inputs=4, suite_seconds=2.0)
    checked = await check(write(tmp_path / "t", tests=tests), bubblewrap_box, registry, settings)
    assert checked.state == "rejected"
    assert words in "\n".join(checked.problems)


async def test_tests_that_never_end_are_rejected_in_words(bubblewrap_box, registry, tmp_path):
    tests = STRONG + "\n\ndef test_slow():\n    import time\n    time.sleep(60)\n"
    settings = GateSettings(mutants=4, near_inputs=4, fuzz_inputs=4, suite_seconds=2.0)
    checked = await check(write(tmp_path / "t", tests=tests), bubblewrap_box, registry, settings, seconds=1.0)
    assert checked.state == "rejected"
    assert "did not end in time" in "\n".join(checked.problems)


async def test_examples_that_contradict_the_tool_are_told_whatever_the_suite_says(bubblewrap_box, registry, tmp_path):
    wrong = [*EXAMPLES, ({"quantity": 4, "unit": 1.0}, 5.0)]
    checked = await check(write(tmp_path / "t", examples=wrong), bubblewrap_box, registry)
    assert gate(checked, "held-out examples").verdict == "failed"
    assert gate(checked, "suite strength").verdict == "passed"  # all gates speak


@pytest.mark.parametrize(
    ("count", "state", "unconfirmed"), [(0, "proposed", False), (2, "live", True), (3, "live", False)]
)
async def test_how_many_true_examples_there_are_decides_where_a_tool_would_stand(
    bubblewrap_box, registry, tmp_path, count, state, unconfirmed
):
    checked = await check(write(tmp_path / "t", examples=EXAMPLES[:count]), bubblewrap_box, registry)
    assert (checked.state, checked.unconfirmed) == (state, unconfirmed)


async def test_a_tool_with_a_capability_waits_for_a_person(bubblewrap_box, registry, tmp_path):
    folder = write(tmp_path / "t", more="[capabilities]\nclock = true\n")
    checked = await check(folder, bubblewrap_box, registry)
    assert checked.state == "proposed"
    assert gate(checked, "capabilities").evidence["unused"] == ["clock"]


async def test_a_twin_of_a_live_tool_is_rejected_and_named_but_a_tool_is_no_twin_of_itself(
    bubblewrap_box, registry, tmp_path
):
    folder = write(tmp_path / "total_price")
    (folder / "report.json").write_text("{}")
    registry.add(load_folder(folder), state=State.LIVE)
    assert (await check(folder, bubblewrap_box, registry)).state == "live"
    other = SOURCE.replace("total_price", "cost_of").replace("quantity", "pieces").replace("unit", "each")
    twin = write(
        tmp_path / "twin",
        other,
        STRONG.replace("total_price", "cost_of"),
        [({"pieces": args["quantity"], "each": args["unit"]}, returns) for args, returns in EXAMPLES],
        name="cost_of",
        signature="(pieces: int, each: float) -> float",
    )
    checked = await check(twin, bubblewrap_box, registry)
    assert [problem.split(":")[0] for problem in checked.problems] == ["behavioural duplicates"]
    assert "the live tool total_price does the same on" in checked.problems[0]


async def test_a_twin_of_a_starter_tool_is_told_and_may_be_somebodys_own(bubblewrap_box, registry, tmp_path):
    base = tmp_path / "no base tools"
    base.mkdir()
    (write(base / "total_price") / "report.json").write_text("{}")
    twin = write(
        tmp_path / "twin",
        SOURCE.replace("total_price", "cost_of"),
        STRONG.replace("total_price", "cost_of"),
        name="cost_of",
    )
    checked = await check(twin, bubblewrap_box, registry)
    duplicates = gate(checked, "behavioural duplicates")
    assert (checked.state, duplicates.evidence["does_the_same_as"]) == ("live", ["total_price"])
    assert "it does the same as total_price of the base layer on" in duplicates.summary


async def test_a_new_version_that_breaks_a_tool_which_needs_it_is_rejected(bubblewrap_box, registry, tmp_path):
    folder = write(tmp_path / "total_price")
    (folder / "report.json").write_text("{}")
    registry.add(load_folder(folder), state=State.LIVE)
    source = (
        "from toolbox import total_price\n\n\n"
        'def with_tax(quantity: int, unit: float, rate: float) -> float:\n    """Price with tax.\n\n    Raises:\n'
        '        ValueError: quantity is negative.\n    """\n'
        "    return round(total_price(quantity, unit) * (1 + rate), 2)\n"
    )
    tests = "from tool import with_tax\n\n\ndef test_it():\n    assert with_tax(10, 1.0, 0.5) == 13.5\n"
    dependent = write(
        tmp_path / "with_tax",
        source,
        tests,
        [],
        name="with_tax",
        signature="(quantity: int, unit: float, rate: float) -> float",
        more='depends = ["total_price"]\n',
    )
    (dependent / "report.json").write_text("{}")
    registry.add(load_folder(dependent), state=State.LIVE)
    same = await check(folder, bubblewrap_box, registry)
    assert gate(same, "dependents' tests").evidence["dependents"] == ["with_tax"]
    assert same.state == "live"
    changed = write(
        tmp_path / "total_price",
        SOURCE.replace(">= 10", ">= 11"),
        STRONG.replace("(10, 1.0) == 9.0", "(11, 1.0) == 9.9"),
    )
    checked = await check(changed, bubblewrap_box, registry)
    assert [problem.split(": ")[0] for problem in checked.problems] == ["dependents' tests"]
    assert "with_tax: test_it" in checked.problems[0]


def example(number, **changed):
    return Example({"n": number}, returns=number * 2, **changed)


async def test_held_out_are_those_that_are_marked_else_they_are_dealt():
    marked = [example(1), example(2, held_out=True), example(3, held_out=True, spent=True)]
    assert [[one.args["n"] for one in part] for part in dealt(marked, "")] == [[1, 3], [2]]
    assert [len(part) for part in dealt([example(n) for n in range(1, 7)], "")] == [4, 2]
    assert [len(part) for part in dealt([example(1), example(2)], "")] == [2, 0]


REVIEW_ALL = Policy(ReviewSettings(policy="review-all"))
CLOCK = Policy(ReviewSettings(allow=("clock",)))


async def test_the_review_policy_in_force_decides_where_a_tool_would_stand(bubblewrap_box, registry, tmp_path):
    folder = write(tmp_path / "t")
    checked = await check(folder, bubblewrap_box, registry, policy=REVIEW_ALL)
    assert (checked.state, checked.reason) == ("proposed", "The review policy lets no tool go live without a person.")
    clock = write(tmp_path / "t", more="[capabilities]\nclock = true\n")
    assert (await check(clock, bubblewrap_box, registry, policy=CLOCK)).state == "live"


@pytest.mark.parametrize(
    ("state", "pinned", "parent", "expected", "words"),
    [
        (State.LIVE, False, False, "rejected", "exists in the user layer and is live"),
        (State.RETIRED, False, False, "rejected", "exists in the user layer and is retired"),
        (State.LIVE, False, True, "live", "All gates passed"),
        (State.LIVE, True, True, "proposed", "The version that stands is pinned"),
        (State.QUARANTINED, False, True, "proposed", "total_price is quarantined"),
        (State.RETIRED, False, True, "proposed", "total_price is retired"),
    ],
)
async def test_what_stands_under_its_name_decides_where_a_tool_would_stand(
    bubblewrap_box, registry, tmp_path, state, pinned, parent, expected, words
):
    """And the registry does just that, where it lets the version in at all."""
    first = write(tmp_path / "total_price")
    (first / "report.json").write_text("{}")
    stands = registry.add(load_folder(first), state=State.LIVE)
    registry.set_state("total_price", state)
    if pinned:
        pin(registry, "total_price", approver="ada")
    more = f'[provenance]\nparent = "{stands}"\n' if parent else ""
    folder = write(tmp_path / "next", SOURCE.replace("10 % off", "A tenth off"), more=more)
    checked = await check(folder, bubblewrap_box, registry)
    assert (checked.state, checked.problems) == (expected, [])
    assert words in checked.reason
    if parent:
        (folder / "report.json").write_text("{}")
        shutil.rmtree(first)
        added = registry.add(load_folder(folder.rename(first)), state=State.LIVE)
        assert (registry.snapshot().states.tools["total_price"].version == added) is (expected == "live")


async def test_the_very_version_that_was_set_aside_stays_there(bubblewrap_box, registry, tmp_path):
    folder = write(tmp_path / "total_price")
    (folder / "report.json").write_text("{}")
    registry.add(load_folder(folder), state=State.LIVE)
    registry.set_state("total_price", State.QUARANTINED)
    checked = await check(folder, bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert "total_price is quarantined in this very version" in checked.reason


async def test_what_comes_from_a_revoked_page_is_rejected(bubblewrap_box, registry, tmp_path):
    done = revoke(registry, Origin("source", "page:x.com"))
    folder = write(tmp_path / "t", more='[provenance]\nsources = ["page:x.com"]\n')
    checked = await check(folder, bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert checked.reason == f"It comes from source:page:x.com, which was revoked ({done.id})."


async def test_copies_of_an_example_confirm_nothing(bubblewrap_box, registry, tmp_path):
    checked = await check(write(tmp_path / "t", examples=EXAMPLES[:1] * 6), bubblewrap_box, registry)
    assert (checked.state, checked.unconfirmed, checked.truths) == ("live", True, 1)


async def test_examples_that_contradict_each_other_are_rejected_in_words(bubblewrap_box, registry, tmp_path):
    wrong = [*EXAMPLES, ({"quantity": 1, "unit": 2.0}, 3.0)]
    checked = await check(write(tmp_path / "t", examples=wrong), bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert "two examples contradict each other" in gate(checked, "source contract").summary


async def test_a_suite_on_a_mutant_ends_with_its_first_failure(bubblewrap_box):
    tests = HEAD + "@pytest.mark.parametrize('n', range(20))\ndef test_a(n):\n    assert total_price(n, 1.0) < 5\n"
    whole = await bubblewrap_box.suite(SOURCE, tests)
    early = await bubblewrap_box.suite(SOURCE, tests + STOP_EARLY)
    assert len(whole.rows) == 20
    assert [row.outcome for row in early.rows] == ["passed"] * 5 + ["failed"]
    assert (await bubblewrap_box.suite(SOURCE, STRONG + STOP_EARLY)).passed


@pytest.mark.parametrize(
    "tests",
    [
        "def test_a():\n    assert '_stop_at_the_first_failure' not in globals()\n",
        "def test_a(request):\n    assert not request.config.option.maxfail\n",
    ],
    ids=["looks at its file", "looks at pytest"],
)
async def test_a_suite_that_only_looks_at_how_it_is_run_is_rejected(bubblewrap_box, registry, tmp_path, tests):
    checked = await check(write(tmp_path / "t", tests=HEAD + tests), bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert "they look at how they are run" in "\n".join(checked.problems)


STATEFUL = '''_SEEN = {}


def total_price(quantity: int, unit: float) -> float:
    """Price of some pieces.

    Raises:
        ValueError: quantity is negative.
    """
    if quantity < 0:
        raise ValueError("negative")
    if quantity not in _SEEN:
        _SEEN[quantity] = round(quantity * unit * (0.9 if quantity >= 10 else 1), 2)
    return _SEEN[quantity]
'''
CHANGING = '''def largest(numbers: list[int]) -> int:
    """The largest of some numbers, 0 for none."""
    numbers.sort()
    return numbers[-1] if numbers else 0
'''


async def test_a_tool_whose_calls_change_later_ones_is_rejected(bubblewrap_box, registry, tmp_path):
    checked = await check(write(tmp_path / "t", source=STATEFUL), bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert "has another outcome after other calls in the same process" in "\n".join(checked.problems)


async def test_a_tool_that_changes_its_arguments_is_rejected(bubblewrap_box, registry, tmp_path):
    tests = (
        "from tool import largest\n\n\ndef test_it():\n    assert largest([3, 9, 2]) == 9\n"
        "    assert largest([]) == 0\n"
        "    assert largest([-4]) == -4\n    assert largest([1, 1, 8, 0]) == 8\n"
    )
    examples = [({"numbers": [5, 1, 7]}, 7), ({"numbers": []}, 0), ({"numbers": [2]}, 2), ({"numbers": [9, 3]}, 9)]
    folder = write(tmp_path / "t", CHANGING, tests, examples, name="largest", signature="(numbers: list[int]) -> int")
    checked = await check(folder, bubblewrap_box, registry)
    assert checked.state == "rejected"
    assert "changes its arguments" in "\n".join(checked.problems)
