"""What is forgotten is not recalled from what was said, nor found there; all else that was said is."""

from __future__ import annotations

from sqlalchemy import select

from agentforge.database.store import Database
from agentforge.database.tables import SAID
from agentforge.memory.episodes import Episodes
from agentforge.memory.past import Past
from agentforge.memory.search import search
from agentforge.memory.unsaid import resay, unsay

from .conftest import user_says


def test_a_sentence_is_gone_from_search_and_recall_and_its_neighbours_stay(
    each_database: Database, me: dict[str, str]
) -> None:
    them = {**me, "user": me["user"] + "x"}
    for one in (me, them):
        episodes = Episodes(each_database, **one)
        session = episodes.start("said")
        episodes.append(session, user_says("My sister lives in Oslo. My brother keeps bees."), 1)
        episodes.append(session, user_says("My sister lives in Oslo."), 2)
    mine = Episodes(each_database, **me).latest()
    assert unsay(each_database, ["The user's sister lives in Oslo."], **me) == (mine,)
    past = Past(each_database, me["org"], me["user"])
    assert past.search("sister Oslo", 5) == []
    assert search(each_database, "Oslo", **me) == []
    assert [one.text for one in past.search("brother bees", 5)] == ["My brother keeps bees."]
    assert Past(each_database, them["org"], them["user"]).search("sister Oslo", 5), "somebody else's stays"
    assert unsay(each_database, ["The user's sister lives in Oslo."], **me) == ()


def test_what_was_taken_out_comes_back_whole_and_nothing_else_that_was_taken_out_with_it(
    each_database: Database, me: dict[str, str]
) -> None:
    episodes = Episodes(each_database, **me)
    session = episodes.start("said")
    episodes.append(session, user_says("My sister lives in Oslo. My brother keeps bees. My aunt sails."), 1)
    episodes.append(session, user_says("My sister lives in Oslo."), 2)
    sister, aunt = "The user's sister lives in Oslo.", "The user's aunt sails."
    assert unsay(each_database, [sister], **me) == (session,)
    assert unsay(each_database, [aunt], **me) == (session,)
    assert resay(each_database, [sister], **me) == (session,)
    with each_database.read() as connection:
        rows = connection.execute(select(SAID.c.turn, SAID.c.text).order_by(SAID.c.turn)).all()
    assert [tuple(row) for row in rows] == [
        (1, "My sister lives in Oslo. My brother keeps bees."),
        (2, "My sister lives in Oslo."),
    ]
    assert [one.session for one in search(each_database, "Oslo", **me)] == [session]
    assert search(each_database, "aunt", **me) == []
    assert resay(each_database, [sister], **me) == (), "nothing is said twice"
