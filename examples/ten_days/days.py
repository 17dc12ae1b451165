"""The ten days. Each function is one of them; its words are those of the page that tells of it (docs/ten-days.md)."""

from __future__ import annotations

from collections.abc import Callable

from agentforge.types import JSONObject
from examples.living import Person, asks
from examples.ten_days import words

NOTHING: JSONObject = {"entries": []}
SHORT = {"text": "Keep answers short.", "kind": "preference", "topic": "length"}


def day_1(mira: Person) -> None:
    """Mira says who she is.

    She tells a fact and a preference. The agent remembers both, each in one commit: the subject holds an id and
    never a word of hers, so that it can be forgotten one day; the words stand in `memory/facts.toml`, with the
    session they come from.
    """
    mira.says(
        "I roast coffee in Graz and sell it in a small shop.",
        asks("remember", text="Mira roasts coffee and has a small shop in Graz.", kind="fact", topic="shop"),
        "Good to know.",
    )
    mira.says("Please keep your answers short.", asks("remember", **SHORT), "I will.")


def day_2(mira: Person) -> None:
    """A rule becomes a tool.

    She explains how batches are labelled, with five examples. The agent has a tool made: the small model writes it,
    the large one writes tests without seeing it, the sandbox runs both, some of the examples are held back, and what
    passes every gate is committed and called.
    """
    mira.says(
        words.LABELS,
        asks(
            "forge_tool",
            name="batch_label",
            signature="(country: str, number: int) -> str",
            purpose=words.LABELS.partition("\n")[0],
            examples=words.LABEL_CASES,
            requests=["What is the label of this batch of coffee?"],
        ),
        asks("batch_label", country="Colombia", number=350),
        "COL-0350-1",
        code=[words.label_code("country")] * 2,
        tests=[words.LABEL_TESTS],
    )


def day_3(mira: Person) -> None:
    """The tool is used, and a fact is superseded.

    Another session, another batch: the tool is found and called, nothing is written. That she calls the answer right
    is a row in the database and no commit. The shop has moved: the new fact supersedes the old one, which stays
    readable with the day on which it ended.
    """
    used = mira.says(
        "The label of batch 351 from Rwanda, please?", asks("batch_label", country="Rwanda", number=351), "RWA-0351-2"
    )
    mira.corrects(used, "That is right.")
    mira.says(
        "The shop is in Vienna from today on.",
        asks("remember", text="Mira's shop is in Vienna since March 2026.", kind="fact", topic="shop"),
        "Vienna, then.",
    )


def day_4(mira: Person) -> None:
    """A correction becomes a test for good, and a repair.

    El Salvador has a blank where the tool expects a letter. Her correction is committed first, as a regression that
    every later version must give; then the small model repairs the tool, and the repair goes live because every old
    test, the new one and the replay of her earlier calls agree.
    """
    used = mira.says(
        "Label for batch 26 from El Salvador?", asks("batch_label", country="El Salvador", number=26), "EL -0026-1"
    )
    mira.corrects(
        used,
        "That is wrong. The right answer is: ELS-0026-1",
        code=[words.label_code('"".join(filter(str.isalpha, country))')] * 2,
    )


def day_5(mira: Person) -> None:
    """A document's rule becomes a tool that cites it.

    She keeps her carrier's prices as a document that she vouches for, and has tools made of its rules. An answer that
    such a tool gives names the passage behind it.
    """
    file = mira.folder / "shipping.md"
    file.write_text(words.shipping(4), "utf-8")
    mira.types("docs", "add", str(file), "--trusted")
    mira.learns(
        "Shipping",
        {"kind": "rule"},
        {"name": "price_parcel", "signature": "(weight: int) -> int"},
        code=[words.parcel_code(4)] * 2,
        tests=[words.parcel_tests(4)],
    )
    mira.says(
        "What does a parcel of 7 kg cost? By the way, I post parcels on Tuesdays only.",
        asks("price_parcel", weight=7),
        "31 EUR.",
    )


def day_6(mira: Person) -> None:
    """The document changes, and the tool is made anew.

    The carrier wants more. With the new text the tool is marked as stale, and from that commit on it does not answer.
    Her next question has it made anew from what stands there now, before it is answered; which answers the old
    wording gave, and how it read then, can be asked.
    """
    file = mira.folder / "shipping.md"
    file.write_text(words.shipping(5), "utf-8")
    mira.types("docs", "add", str(file), "--trusted")
    mira.says(
        "And today, what does a parcel of 7 kg cost?",
        asks("price_parcel", weight=7),
        "38 EUR.",
        code=[words.parcel_code(5)] * 2,
        tests=[words.parcel_tests(5)],
    )
    mira.types("docs", "why", "Shipping")
    mira.says("My sister wants her labels in small letters.", "Tell me if you need a tool for that.")


def day_7(mira: Person) -> None:
    """Three wrong answers, and a night.

    The large model does not know what coffee loses in the roaster, and is wrong three times; each time she says what
    is right. At night the agent sleeps: of the three answers it makes a tool, tries it on all past tasks whose answer
    is known before it is committed, and reads in the week's sessions what is worth keeping. One thing it gets right,
    the Tuesdays. One it gets wrong: the small letters were her sister's.
    """
    for kg, wrong, right in ((18, 72, 60), (10, 40, 33), (25, 100, 84)):
        told = mira.says(words.BAGS.format(kg=kg), f"{wrong} bags.")
        mira.corrects(told, f"No, it is {right}.")
    mira.sleeps(
        {"name": "count_bags", "signature": "(green: int) -> int"},
        code=[words.BAGS_CODE] * 2,
        tests=[words.BAGS_TESTS],
        reflections=[
            NOTHING,
            NOTHING,
            {"entries": [{"kind": "fact", "text": "I post parcels on Tuesdays only.", "topic": "posting"}]},
            {"entries": [{"kind": "preference", "text": "Labels in small letters.", "topic": "labels"}]},
        ],
    )


def day_8(mira: Person) -> None:
    """She takes one thing of the night back.

    In the report of the night she sees the labels, and undoes that change alone; the rest of the night stays. The
    tool that the night made answers her next question of that kind. And she asks for short answers again.
    """
    misread = next((one for one in mira.remembered() if "small letters" in one.text), None)
    if misread is not None and (change := mira.change_of_the_night(misread)):
        mira.types("memory", "show", misread.id)
        mira.types("sleep", "undo", "--change", str(change))
    mira.says(words.BAGS.format(kg=30), asks("count_bags", green=30), "100 bags.")
    mira.says("Answers may be short, please, as I said.", asks("remember", **SHORT), "Short it is.")


def day_9(mira: Person) -> None:
    """A customer's agreement, and a proposal for the persona.

    What Anna Berger pays is remembered, and in the same session the rule for it becomes a tool, told without a name.
    Mira asks for short answers a third time; with three sessions that say so, the night proposes it for the persona,
    the page that tells how she wants to be worked with. It waits for her.
    """
    told = mira.says(
        "Anna Berger of the Cafe Berger pays 12 percent less, as agreed.",
        asks("remember", text="Anna Berger of the Cafe Berger pays 12 percent less.", kind="fact", topic="berger"),
        "I see.",
    )
    mira.says(
        words.AGREED,
        asks(
            "forge_tool",
            name="agreed_price",
            signature="(cents: int) -> int",
            purpose=words.AGREED.partition("\n")[0],
            examples=words.AGREED_CASES,
        ),
        asks("agreed_price", cents=1850),
        "1628",
        session=told.session,
        code=[words.AGREED_CODE] * 2,
        tests=[words.AGREED_TESTS],
    )
    mira.says("Short answers are what I like, remember.", asks("remember", **SHORT), "Yes.")
    mira.sleeps(reflections=[NOTHING] * 3)


def day_10(mira: Person) -> None:
    """The persona is approved, and Anna Berger is forgotten.

    Mira looks at the proposal with the sessions that speak for it, and approves it. Then a letter comes: Anna Berger
    wants nothing of hers kept. What came from that session goes out of use in one commit, the tool with the fact;
    then the fact is forgotten and the history rewritten without it; then the session itself is erased. What is left
    of it in git are dates, ids (the commit of day 9 that remembered it is there still, and empty), and the tool, out of
    use. Had her name stood in the rule as it was told, it would still stand in that tool, as `sessions delete` says:
    the history is rewritten without what was remembered, not without tools.
    """
    mira.types("persona", "diff")
    mira.types("persona", "approve")
    fact = next((one for one in mira.remembered() if "Anna Berger" in one.text), None)
    if fact is not None:
        [session] = fact.episodes
        mira.types("revoke", session, "--reason", "She wants nothing of hers kept.", "--yes")
        mira.types("memory", "forget", fact.id, "--rewrite", "--yes")
        mira.types("sessions", "delete", session, "--yes")
    mira.types("memory", "list")
    mira.types("tools", "list", "--state", "quarantined")


DAYS: tuple[Callable[[Person], None], ...] = (
    day_1, day_2, day_3, day_4, day_5, day_6, day_7, day_8, day_9, day_10,
)  # fmt: skip
