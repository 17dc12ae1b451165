"""What is forgotten is not recalled from what was said, nor found there; all else that was said is."""

from __future__ import annotations

from agentforge.database.store import Database
from agentforge.memory.episodes import Episodes
from agentforge.memory.past import Past
from agentforge.memory.search import search
from agentforge.memory.unsaid import unsay

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
