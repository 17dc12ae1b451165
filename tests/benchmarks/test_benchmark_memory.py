"""The benchmark of memory: its data, each part with a scripted model, and what it counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentforge.memory.keeping import Memory
from agentforge.models.capabilities import FEATURES
from agentforge.registry.layers import BaseLayer, Layers, Registry
from agentforge.settings import load
from agentforge.testing import ScriptedModel
from agentforge.testing.scripted import Request
from agentforge.types import JSONObject, Role
from benchmarks.memory import __main__ as command
from benchmarks.memory import bfcl, flat, personality, preferences
from benchmarks.memory.homes import fill
from benchmarks.memory.manner import learned
from benchmarks.memory.preferences import MOST_GAP, Probe, life, read_probes
from benchmarks.memory.setup import Heard, NewForge, Rows, forges

PROBES = read_probes()


def answering(request: Request, answer: str) -> str | JSONObject:
    """A small model that never takes a tool, learns nothing at night, and says the same to everything."""
    if request.role is Role.REFLECT:
        return {"entries": []}
    if request.purpose != "decide":
        return answer
    return {"kind": "answer_directly"} if "needs_tool" in request.prompt else {"call": {"tool": "none"}}


def homes_of(tmp_path: Path, model: ScriptedModel) -> tuple[Heard, NewForge]:
    empty = tmp_path / "base"
    empty.mkdir(exist_ok=True)
    heard = Heard(model)
    return heard, forges(load(), empty, heard)


def test_there_are_enough_probes_of_ten_kinds_and_each_is_due_in_time() -> None:
    kinds = [one.kind for one in PROBES]
    assert len(PROBES) >= 60
    assert len(set(kinds)) == 10
    assert min(kinds.count(kind) for kind in set(kinds)) >= 6
    assert len({one.id for one in PROBES}) == len(PROBES)


def test_a_life_tells_each_preference_once_and_asks_each_as_much_later_as_it_says() -> None:
    mine = [one for one in PROBES if one.user == "ada"]
    days = life(mine, ["It rains.", "It snows."])
    for one in mine:
        (told,) = [at for at, day in enumerate(days) if one.told in day.said]
        (asked,) = [at for at, day in enumerate(days) if one in day.due]
        assert asked - told == one.gap <= MOST_GAP
    assert all({"It rains.", "It snows."} & set(day.said) for day in days)


@pytest.mark.parametrize(
    ("probe", "good", "bad"),
    [
        ("ada-format", "- France\n- Italy\n- Austria", "France, Italy and Austria."),
        ("ada-units", "About 450 °F.", "About 230 °C."),
        ("ada-length", "Air scatters blue light.", "Air scatters light. Blue is scattered most."),
        ("ada-naming", "budget-meeting-notes.md", "budget_meeting_notes.md"),
        ("ada-forbidden-words", "Hold it flat and draw it over the stone.", "Use a flat stone."),
        ("ada-greeting", "Ahoy! They choose wine.", "They choose wine."),
        ("ada-rounding", "5", "5.17"),
        ("ada-date-form", "1989-11-09", "9 November 1989"),
        ("ada-code-style", 'print("hello world")', "print('hello world')"),
        ("gus-language", "Er ist für die Schiffe da und zeigt den Weg.", "It is for ships."),
        ("ben-naming", "totalPrice", "total_price"),
        ("ben-length", "Prices rise.", " ".join(["word"] * 13)),
        ("cleo-length", "A. B. C. D. E.", "A. B. C. D"),
        ("emil-code-style", "def f(x):\n\treturn x", "def f(x):\n    return x"),
        ("fay-length", "It keeps money. It lends it.", "It keeps money."),
        ("fay-format", "THE LIFE OF BEES", "The Life of Bees"),
    ],
)
def test_a_program_judges_whether_an_answer_follows(probe: str, good: str, bad: str) -> None:
    one = next(each for each in PROBES if each.id == probe)
    assert one.followed(good)
    assert not one.followed(bad)
    assert not one.followed("")


async def test_a_preference_is_told_lived_with_and_followed_and_its_row_is_taken_up(tmp_path: Path) -> None:
    probe = Probe(
        "x-greeting", "x", "greeting", "I like it when you begin with Ahoy.", "What is a fjord?", 3, ("^ahoy",)
    )

    def script(request: Request) -> str | JSONObject:
        return answering(request, "Ahoy! A bay." if "begin with Ahoy" in request.prompt else "A bay.")

    heard, new_forge = homes_of(tmp_path, ScriptedModel(script, features=FEATURES["vllm"]))
    rows = Rows(tmp_path / "rows.jsonl", "preferences", {"code": "c"})
    figures = await preferences.run([probe], preferences.ARMS, rows, new_forge, heard, tmp_path / "homes")
    told = {arm: one["followed"] for arm, one in figures["arms"].items()}
    assert (told["agentforge"], told["none"], told["oracle"]) == (1.0, 0.0, 1.0)
    heard.prompts.clear()
    again = Rows(tmp_path / "rows.jsonl", "preferences", {"code": "c"})
    assert await preferences.run([probe], preferences.ARMS, again, new_forge, heard, tmp_path / "homes") == figures
    assert heard.prompts == []
    assert Rows(tmp_path / "rows.jsonl", "preferences", {"code": "other"}).rows == {}


async def test_evidence_is_found_in_what_memory_brings_and_not_in_the_question(tmp_path: Path) -> None:
    asked = (
        bfcl.Question(
            "q1", "s", "On which day does Jacob call, Monday or Wednesday?", ("Wednesday",), "till Wednesday"
        ),
        bfcl.Question("q2", "s", "Is it Friday?", ("Friday",), ""),
    )
    played = bfcl.Played("s", (("Monday: the call with Jacob is delayed till Wednesday.", "It rains."),), asked)
    script = lambda request: answering(request, "On Wednesday.")  # noqa: E731 - a script in one line
    heard, new_forge = homes_of(tmp_path, ScriptedModel(script, features=FEATURES["vllm"]))
    rows = Rows(tmp_path / "rows.jsonl", "bfcl", {"code": "c"})
    told = await bfcl.run([played], bfcl.ARMS, rows, new_forge, heard, tmp_path / "homes")
    mine = told["arms"]["agentforge"]
    assert (mine["evidence_in_context"], mine["right"], mine["questions"]) == (0.5, 0.5, 2)
    assert 0 < mine["tokens"] < 60


@pytest.mark.parametrize(
    ("text", "wanted", "held"),
    [
        ("glue sticks, crayons", "Glue Stick", True),
        ("the gym 3x a week", "3", False),
        ("for 3 weeks", "3", True),
        ("10 AM – 12 PM", "10 AM - 12 PM", True),
        ("nothing", "", False),
    ],
)
def test_an_accepted_answer_is_held_whatever_its_case_and_signs(text: str, wanted: str, held: bool) -> None:
    assert bfcl.holds(text, wanted) is held


def test_files_of_the_public_set_are_read(tmp_path: Path) -> None:
    said = [[{"role": "user", "content": "It is red."}], [{"role": "user", "content": "It is mine."}]]
    question = [[{"role": "user", "content": "Which colour?"}]]
    rows = {
        "sessions": {"id": "p", "question": said, "scenario": "s"},
        "questions": {"id": "q", "question": question, "scenario": "s"},
        "answers": {"id": "q", "ground_truth": ["Red"], "source": "It is red."},
    }
    paths = {name: tmp_path / name for name in rows}
    for name, row in rows.items():
        paths[name].write_text(json.dumps(row) + "\n")
    (played,) = bfcl.read(**paths)
    assert played.turns == ["It is red.", "It is mine."]
    assert played.questions[0].accepted == ("Red",)


def test_a_full_home_is_sound_and_holds_what_it_says(tmp_path: Path) -> None:
    settings = load(overrides={"user": "bench"}).model_copy(update={"home": tmp_path / "home"})
    fill(settings, 12)
    with Registry.open_or_create(settings.registries / settings.org / "bench.git") as registry:
        (tmp_path / "base").mkdir()
        assert len(Layers(registry, BaseLayer(tmp_path / "base")).live()) == 12
        assert registry.problems() == []
        known = Memory(registry.store).known()
        assert (len(known.current), known.problems) == (15, ())


async def test_the_prompt_is_as_long_with_more_of_everything() -> None:
    told = await flat.measured((10, 40))
    assert told["spread"] <= 0.05
    assert {*told["paths"]} == {*flat.PATHS}
    row = told["paths"]["small model, 4096"]["by_number"]["40"]
    assert {"facts", "said", "passages", "preferences"} <= set(row["parts"])


def test_the_classifier_tells_manners_that_it_was_taught() -> None:
    judge = learned(
        [("brief", "A bay."), ("brief", "A river mouth."), ("warm", "Oh hey! So a bay is lovely, you know!")]
    )
    assert judge.side("A mountain.") == "brief"
    assert judge.side("Hey you! Oh, mountains are so lovely, you know! 😊") == "warm"


async def test_two_assistants_take_on_their_users_manners(tmp_path: Path) -> None:
    def script(request: Request) -> str | JSONObject:
        warm = any(
            word in request.prompt for word in ("like a good friend", "Hey Mia", "with little stories", "emoji in your")
        )
        talks = warm or "cheerful" in request.prompt or "buddy" in request.prompt or "aunt" in request.prompt
        return answering(request, "Hey! Oh how lovely, you see, it is a bay! 😊" if talks else "A bay.")

    heard, new_forge = homes_of(tmp_path, ScriptedModel(script, features=FEATURES["vllm"]))
    rows = Rows(tmp_path / "rows.jsonl", "personality", {"code": "c"})
    told = await personality.run(rows, personality.QUICK, new_forge, heard, tmp_path / "homes")
    assert told["first_model"]["told_apart"] == 1.0
    assert told["second_model"] is None
    assert told["taught_with"] == 6


def test_an_arm_that_is_none_is_told_and_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["preferences", "--arms", "agentforge,magic"]) == 2
    assert "Unknown arms: magic." in capsys.readouterr().err
