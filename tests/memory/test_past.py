"""What a user said in earlier sessions is found again in pieces: no other user's, none that is erased, no questions."""

from __future__ import annotations

import pytest

from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes
from agentforge.memory.erasure import Scope, erase
from agentforge.memory.past import PIECE_WORDS, Past
from agentforge.memory.records import FinishedCall
from agentforge.memory.truths import Answered, Truths

from .conftest import assistant_says, user_says

SAID = "My bike is a red Gazelle from Zwolle. Where can I get it mended?"


def texts(past: Past, query: str, **options: object) -> list[str]:
    return [piece.text for piece in past.search(query, 5, **options)]  # type: ignore[arg-type] # as given


@pytest.fixture
def past(each_database: Database, me: dict[str, str]) -> Past:
    return Past(each_database, **me)


def test_what_was_told_is_found_with_its_day_and_what_was_asked_is_not(episodes: Episodes, past: Past) -> None:
    session = episodes.start("Bikes")
    episodes.append(session, user_says(SAID), 1)
    episodes.append(session, assistant_says("A bike shop mends a Gazelle."), 1)
    (piece,) = past.search("Which bike do I ride?", 5)
    assert (piece.text, piece.session, piece.turn) == ("My bike is a red Gazelle from Zwolle.", session, 1)
    assert len(piece.day) == len("2026-01-05")
    assert texts(past, "the weather of tomorrow") == []


def test_of_a_long_message_only_the_pieces_that_hold_the_words_are_given(episodes: Episodes, past: Past) -> None:
    filler = " ".join(f"The meadow number {at} lies behind the mill and is green." for at in range(20))
    episodes.append(episodes.start("Long"), user_says(f"{filler} My dentist is Doctor Abel. {filler}"), 1)
    (piece,) = past.search("What is the name of my dentist?", 5)
    assert "Doctor Abel" in piece.text
    assert len(piece.text.split()) <= PIECE_WORDS


def test_another_user_the_session_itself_and_erased_ones_tell_nothing(
    episodes: Episodes, past: Past, each_database: Database, me: dict[str, str]
) -> None:
    session = episodes.start("Bikes")
    episodes.append(session, user_says(SAID), 1)
    assert texts(Past(each_database, "personal", "ben"), "bike") == []
    assert texts(past, "bike", without=[session]) == []
    assert texts(past, "bike", skip=lambda said: "Gazelle" in said) == []
    erase(each_database, Scope(**me, session=session))
    assert texts(past, "bike") == []


def test_what_was_judged_or_answered_by_a_tool_has_ways_of_its_own(
    episodes: Episodes, past: Past, each_database: Database, me: dict[str, str]
) -> None:
    session = episodes.start("Tasks")
    for turn in (1, 2, 3):
        episodes.append(session, user_says(f"Sort the wool of basket {turn}."), turn)
    Truths(each_database, **me).keep(Answered(session, 1, "Sort the wool."), "right", "a b")
    for turn, tool in ((2, "sort_wool"), (3, "run_python")):
        episodes.record_call(session, turn, FinishedCall(tool, "v1", {}, "returned", 1, 0.1))
    assert texts(past, "wool basket") == ["Sort the wool of basket 3."]
