"""The parts of the benchmark of learning: what is played, how answers are read, and what figures say."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from benchmarks.learning import figures, plot, stream
from benchmarks.learning.judge import Judge, exact_ws, float_equal, unknown
from benchmarks.learning.nearest import nearest
from benchmarks.learning.places import Call, read_with
from benchmarks.learning.readings import readings
from benchmarks.learning.setup import FOLDER
from benchmarks.learning.stream import Task
from tests.conftest import insist_on_namespaces


def task(identity: str, family: str = "f", session: int = 0, scorer: str = "exact_ws", answer: str = "a") -> Task:
    row = {"id": identity, "question": identity, "answer": answer}
    return Task(identity, family, session, identity, answer, scorer, row)


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def line(identity: str, **more: Any) -> dict[str, Any]:
    return {"id": identity, "family": "f", "question": "q", "answer": "a", "scorer": "exact_ws", **more}


def test_a_stream_is_played_in_the_order_of_its_sessions(tmp_path: Path) -> None:
    rows = [line("c", session=1, pos=0), line("b", session=0, pos=5), line("a", session=0, pos=2)]
    assert [one.id for one in stream.read_stream(write(tmp_path / "s.jsonl", *rows))] == ["a", "b", "c"]


def test_a_file_without_sessions_is_dealt_into_ten(tmp_path: Path) -> None:
    tasks = stream.read_stream(write(tmp_path / "s.jsonl", *(line(f"t{at:02}") for at in range(25))))
    assert [len(played) for played in stream.sessions(tasks).values()] == [3, 2, 3, 2, 3, 2, 3, 2, 3, 2]


def test_half_takes_every_second_task_of_each_family() -> None:
    tasks = [task(f"{family}{at}", family, at) for at in range(4) for family in "xy"]
    assert [one.id for one in stream.half(tasks)] == ["x0", "y0", "x2", "y2"]


def test_quick_meets_one_family_in_two_sessions() -> None:
    tasks = [task("x0", "x"), task("x1", "x"), task("y0", "y"), task("y1", "y", 1), task("x2", "x", 2)]
    assert [one.id for one in stream.quick(tasks)] == ["x0", "x2"]


def test_what_was_asked_before_a_task_tells_two_streams_apart() -> None:
    one, two = stream.befores([task("a"), task("c")]), stream.befores([task("b"), task("c")])
    assert one["a"] == two["b"] == ""
    assert one["c"] != two["c"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2", "2"),
        ("First 7, then 8.\n\n**Answer:** 2", "2"),
        ("Answer: 7\nNo.\nAnswer: \\boxed{2}", "2"),
        ("Answer:\n2\n", "2"),
        ("So it is:\n2\nAnswer:", "2"),
        ("The sum of 1 and 1 is 2.", "2"),
        ("The result is ['b', 'a'].", "['b', 'a']"),
    ],
)
def test_an_answer_is_read_as_a_user_reads_it(text: str, answer: str) -> None:
    assert answer in readings(text)


def test_behind_a_mark_nothing_before_it_counts() -> None:
    assert readings("It is 2.\nAnswer: 7") == ["7"]
    assert readings("") == []


def test_texts_are_equal_but_for_case_and_white_space() -> None:
    assert exact_ws(" (a) \n", task("t", answer="(A)"))
    assert not exact_ws("(B)", task("t", answer="(A)"))


def test_numbers_are_equal_but_for_commas() -> None:
    assert float_equal("1,250", task("t", answer="1250.0"))
    assert not float_equal("12.5", task("t", answer="1250.0"))
    assert not float_equal("many", task("t", answer="1250.0"))


def test_a_scorer_that_nobody_knows_is_named() -> None:
    scorers = ("exact_ws", "reasoning_gym:gcd", "vibes")
    assert unknown([task(f"t{at}", scorer=scorer) for at, scorer in enumerate(scorers)]) == ["vibes"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judge() -> AsyncIterator[Judge]:
    insist_on_namespaces()
    if not os.environ.get(FOLDER):
        pytest.skip(f"the scorers are not set up here (python -m benchmarks.learning.setup, {FOLDER})")
    async with Judge() as judge:
        yield judge


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.timeout(400)
async def test_the_package_scores_in_a_box_of_its_own(judge: Judge) -> None:
    spiral = Task("t", "spiral", 0, "sort", "1 2", "reasoning_gym:spiral_matrix", {"answer": "1 2"})
    assert await judge.right(spiral, ["2 1", "1 2"])
    assert await judge.score(spiral, "[1, 2]") == 0.1  # that scorer evaluates what looks like a list
    read = "[1, 2] if __import__('os').listdir('/etc') == ['ld.so.cache'] else 0"
    assert await judge.score(spiral, read) == 0.1  # and what it evaluates sees nothing of the host,
    written = f"[1, 2] if open({str(Path(__file__).parents[2] / '.venv' / 'here')!r}, 'w') else 0"
    assert await judge.score(spiral, written) == 0  # cannot write,
    assert await judge.score(spiral, "__import__('os')._exit(1)") == 0
    assert await judge.right(spiral, ["1 2"])  # and ends nobody but itself


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.timeout(400)
async def test_fresh_items_are_the_same_every_time(judge: Judge) -> None:
    items = await judge.fresh("reasoning_gym:gcd", 3, seed=5)
    assert len(items) == 3
    assert items == await judge.fresh("reasoning_gym:gcd", 3, seed=5)
    assert await judge.fresh("exact_ws", 3, seed=5) == []


def test_the_nearest_questions_share_rare_words() -> None:
    past = ["sort these words: b a", "the gcd of these numbers: 4, 6", "sort these numbers: 2, 1", "unlike"]
    assert nearest("gcd of the numbers 8, 12", past, 2) == [1, 2]
    assert nearest("nothing", past, 2) == []
    assert nearest("anything", [], 2) == []


def item(question: str, **metadata: Any) -> dict[str, Any]:
    return {"question": question, "metadata": metadata}


def test_arguments_are_found_in_what_an_items_maker_says() -> None:
    calls = [
        Call(item("gcd of 4, 6", numbers=[4, 6]), {"first": 4, "second": 6}),
        Call(item("gcd of 9, 3", numbers=[9, 3]), {"first": 9, "second": 3}),
        Call(item("gcd of 5, 1", numbers=[5, 1]), {"first": 5, "second": 7}),  # misread
    ]
    read = read_with(calls, ["first", "second"])
    assert read
    assert read(item("gcd of 8, 2", numbers=[8, 2])) == {"first": 8, "second": 2}


def test_arguments_are_found_in_the_question_where_nobody_says_them() -> None:
    calls = [
        Call({"question": "From 07:10 to 08:20. How long?\nWords: b, a"}, {"start": "07:10", "words": ["b", "a"]}),
        Call(
            {"question": "From 11:30 to 12:00. How long?\nWords: c, d, e"}, {"start": "11:30", "words": ["c", "d", "e"]}
        ),
    ]
    read = read_with(calls, ["start", "words"])
    assert read
    assert read({"question": "From 01:02 to 03:04. How long?\nWords: x"}) == {"start": "01:02", "words": ["x"]}
    assert read({"question": "Of late"}) is None


def test_one_call_tells_nothing() -> None:
    assert read_with([Call(item("gcd of 4, 6", numbers=[4, 6]), {"first": 4})], ["first"]) is None


def row(identity: str, session: int, *, right: bool, generated: int = 10, family: str = "f") -> dict[str, Any]:
    return {
        "id": identity,
        "session": session,
        "right": right,
        "generated": generated,
        "prompt": 100,
        "family": family,
    }


NIGHT = {"id": "night", "session": 4, "generated": 40, "prompt": 0, "family": ""}


def test_success_is_counted_late_and_tokens_all_along_nights_included() -> None:
    rows = [row("a", 0, right=False), row("b", 4, right=True), row("c", 4, right=False), NIGHT]
    sums = figures.summed(rows)
    assert figures.late_success(sums) == 0.5
    assert figures.generated_per_correct(sums) == 70
    assert figures.prompt_per_correct(sums) == 300
    assert [one["cumulative"]["generated_per_correct"] for one in figures.by_session(rows)] == [None, 70]
    assert figures.by_family(rows) == {"f": 0.333}


def test_it_has_paid_for_itself_when_its_tokens_stay_below_the_rivals() -> None:
    rival = [row(str(at), at, right=True, generated=20) for at in range(4)]
    mine = [row(str(at), at, right=True, generated=spent) for at, spent in enumerate((60, 10, 5, 5))]
    assert figures.break_even(mine, rival) == 3
    assert figures.break_even(mine[:3], rival) is None


def test_an_interval_holds_families_together() -> None:
    good = [row(f"{family}{at}", 5, right=True, family=family) for family in "xy" for at in range(50)]
    mixed = [row(f"{family}{at}", 5, right=family == "x", family=family) for family in "xy" for at in range(50)]
    told = figures.intervals({"C": good, "A": mixed})
    assert told["arms"]["C"]["late_success"] == [1, 1]
    assert told["arms"]["A"]["late_success"] == [0, 1]  # of two families both may be the one that fails
    assert told["against"]["A"]["late_success_gain"] == [0, 1]
    assert told["against"]["A"]["generated_ratio"] is None  # a resample without a right answer has no ratio
    assert figures.against({"C": good, "A": mixed}) == {"A": {"late_success_gain": 0.5, "generated_ratio": 0.5}}


def test_the_plot_is_sound_and_names_each_arm() -> None:
    told = {arm: figures.by_session([row("a", 0, right=True), row("b", 1, right=arm == "C")]) for arm in "AC"}
    texts = [element.text for element in ET.fromstring(plot.drawn(told)).iter() if element.tag.endswith("text")]
    assert texts.count("A") == texts.count("C") == 2
    ET.fromstring(plot.drawn({"A": []}))
