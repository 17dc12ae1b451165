"""The words that begin with a slash.

Most of them are commands of the command line, run as they are, for the same user and with the same settings: what a
person learned in one place holds in the other (``/why NAME --json`` too).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rich.table import Table
from rich.text import Text

from agentforge.approval import Allow, Decision, Deny
from agentforge.cli.chat.undoing import last_change, take_back
from agentforge.cli.costs import dollars, money
from agentforge.cli.output import one_line
from agentforge.cli.sessions import local
from agentforge.errors import UsageError
from agentforge.secrecy import repeated
from agentforge.types import Role, Usage

if TYPE_CHECKING:
    from agentforge.cli.chat.conversation import Conversation

LEAVE = object()
"""What a command gives that ends the conversation."""

WHICH = "?"
"""In the place of a session's id: which one is asked for."""

SHOWN_SESSIONS = 10

Run: TypeAlias = "Callable[[Conversation, list[str]], object]"


@dataclass(frozen=True, slots=True)
class Command:
    """One word: what may follow it, what it does in a few words, and what does it."""

    follows: str
    help: str
    run: Run


def obey(talk: Conversation, word: str, words: list[str]) -> object:
    """Does what a word stands for; :data:`LEAVE` where it ends the conversation.

    Raises:
        UsageError: there is no such word.
    """
    found = COMMANDS.get(_SHORT.get(word, word))
    if found is None:
        raise UsageError(f"There is no {word[:40]}.", fix="/help shows what there is.")
    return found.run(talk, words)


def complete(text: str, tools: Sequence[str], endpoints: Sequence[str]) -> Iterable[tuple[str, str]]:
    """What may stand where a line ends, each with what it is."""
    word, space, _ = text.partition(" ")
    if not text.startswith("/"):
        return []
    if not space:
        return [(name, one.help) for name, one in COMMANDS.items()]
    if word in ("/why", "/approve", "/reject", "/ask"):
        return [(name, "") for name in tools]
    if word == "/model":
        return [(name, "") for name in (*endpoints, *(f"{role}={name}" for role in Role for name in endpoints))]
    return []


def pick_session(talk: Conversation) -> str | None:
    """The session that a person chooses from the newest ones; None for a new one.

    Raises:
        UsageError: nobody is there to choose.
    """
    found = talk.runner.run(talk.forge.sessions.list(SHOWN_SESSIONS))
    if not found:
        talk.output.note("There is no session yet: a new one begins.")
        return None
    for number, one in enumerate(found, 1):
        many = f"{one.turns} turn{'s' if one.turns != 1 else ''}"
        talk.output.note(f"{number:>2}  {local(one.updated)}  {one_line(one.title, 60)} ({many})", "default")
    if not talk.people:
        raise UsageError("Nobody is here to choose a session.", fix="Give its id: agentforge sessions list")
    said = _answer(talk, "Which? Number or id, empty for a new one:")
    if said.isdigit() and 1 <= int(said) <= len(found):
        return found[int(said) - 1].id
    return _session(talk, said) if said else None


def _session(talk: Conversation, given: str) -> str:
    from agentforge.cli.turns import choose_session

    found = talk.runner.run(choose_session(talk.forge, latest=False, resume=given))
    return talk.runner.run(talk.forge.sessions.show(found or given)).id


def _answer(talk: Conversation, question: str) -> str:
    try:
        return talk.runner.run(talk.lines.answer(question))
    except EOFError:
        return ""


def _program(*first: str, otherwise: Sequence[str] = ()) -> Run:
    """A command of the command line; ``otherwise`` is the one where nothing follows the word."""

    def run(talk: Conversation, words: list[str]) -> object:
        from agentforge.cli.app import main  # which leads here

        main([*(first if words or not otherwise else otherwise), *words, *_for(talk)])
        return None

    return run


def _for(talk: Conversation) -> list[str]:
    """The same user, with the same settings."""
    sets = [part for one in talk.who.sets or () for part in ("--set", one)]
    return ["--org", talk.settings.org, "--user", talk.settings.user, *sets]


def _help(talk: Conversation, words: list[str]) -> None:
    del words
    rows = Table(box=None, show_header=False, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column()
    for name, one in COMMANDS.items():
        rows.add_row(Text(f"{name} {one.follows}".rstrip(), style="bold"), one.help)
    talk.output.err.print(rows, soft_wrap=False)
    keys = (
        "Enter sends; Alt-Enter, or a backslash before Enter, begins a new line; Ctrl-X Ctrl-E opens your "
        "editor; Ctrl-R searches what you typed before. Ctrl-C stops a turn, Ctrl-D leaves; every word is kept."
    )
    talk.output.err.print(Text(keys, style="dim"), soft_wrap=False)


def _pending(talk: Conversation, words: list[str]) -> None:
    for one in talk.runner.run(talk.forge.approvals.list()):
        about = one.request
        what = "may be called" if about.kind == "call" else "may be put to use"
        talk.output.text(f"{about.tool}: a run waits for whether it {what}, until {local(one.expires)}")
        talk.output.note(f"  /approve {about.tool} · /reject {about.tool}")
    _program("tools", "pending")(talk, words)


def _approve(talk: Conversation, words: list[str]) -> None:
    if not words:
        _show_kept(talk)
        _pending(talk, [])
    elif not _decided(talk, words[0], Allow()):
        _program("tools", "approve")(talk, words)


def _reject(talk: Conversation, words: list[str]) -> None:
    if not words:
        raise UsageError("Say what to reject.", fix="/pending shows what waits.")
    reason = " ".join(words[1:])
    if not _decided(talk, words[0], Deny(reason)):
        _program("tools", "reject")(talk, [words[0], "--reason", reason or "rejected in a conversation"])


def _decided(talk: Conversation, name: str, decision: Decision) -> bool:
    """Whether a run waited for this, which goes on now."""
    waits = [one for one in talk.runner.run(talk.forge.approvals.list()) if name in (one.id, one.request.tool)]
    if not waits:
        return False
    if talk.session not in (None, waits[0].request.session):
        talk.change(waits[0].request.session)
    talk.go_on(waits[0].id, decision)
    return True


def _show_kept(talk: Conversation) -> None:
    for one in talk.runner.run(talk.forge.approvals.permissions()):
        if one.session in ("", talk.session):
            how = "always" if one.scope == "always" else "in this session"
            talk.output.text(f"{one.tool}: allowed {how}: {', '.join(one.rights)}")
            talk.output.note(f"  /ask {one.tool} takes that back")


def _ask(talk: Conversation, words: list[str]) -> None:
    if not words:
        return _show_kept(talk)
    gone = talk.runner.run(talk.forge.approvals.forget(words[0]))
    name = one_line(words[0], 60)
    talk.output.note(f"You are asked again for {name}." if gone else f"Nothing was kept for {name}.")
    return None


def _memory(talk: Conversation, words: list[str]) -> None:
    if words and words[0] in ("add", "approve", "edit", "forget", "pending", "reject", "show", "why"):
        _program("memory")(talk, words)
    else:
        _program("memory", "search", otherwise=("memory", "list"))(talk, [" ".join(words)] if words else [])


def _why(talk: Conversation, words: list[str]) -> None:
    names = words[:1] or (talk.last.names("tools_used") if talk.last else [])
    if not names:
        talk.output.note("The last answer used no tool. /context shows what the model got to see; /why NAME a tool.")
    for name in names:
        _program("tools", "why")(talk, [name, *words[1:]])


def _context(talk: Conversation, words: list[str]) -> None:
    if talk.session is None:
        talk.output.note("Nothing was said yet.")
        return
    _program("context", "show")(talk, [talk.session, *words])


def _cost(talk: Conversation, words: list[str]) -> None:
    if words:
        try:
            talk.budget = float(words[0].lstrip("$"))
        except ValueError:
            raise UsageError(f"{repeated(words[0], 40)} is no amount of US dollars.", fix="/cost 0.50") from None
    spent = talk.spent
    for role, usage in spent.items():
        cached = f" ({usage.cached_tokens:,} from a cache)" if usage.cached_tokens else ""
        facts = [
            f"{usage.calls:,} call{'s' if usage.calls != 1 else ''}",
            f"{usage.input_tokens:,} tokens sent{cached}",
        ]
        facts += [f"{usage.output_tokens:,} generated", _told(dollars({role: usage}, talk.settings))]
        talk.output.text(f"{role:<9} {one_line(talk.settings.endpoint(role).model, 60)}: {', '.join(facts)}")
    total, usd = sum(spent.values(), Usage()), dollars(spent, talk.settings)
    budget = f" of a budget of {money(talk.budget)}" if talk.budget is not None else ""
    tokens = total.input_tokens + total.output_tokens
    talk.output.note(f"This conversation: {tokens:,} tokens, {_told(usd)}{budget}.")
    if usd is None:
        talk.output.note("Prices are settings: endpoints.NAME.input_price and output_price, per million tokens.")


def _told(usd: float | None) -> str:
    return "price unknown" if usd is None else money(usd)


def _undo(talk: Conversation, words: list[str]) -> None:
    del words
    last = last_change(talk.forge)
    if last is None:
        talk.output.note("Nothing was learned or decided that could be taken back.")
        return
    when = local(last.commit.time.isoformat())
    talk.output.text(f"{when}  {one_line(last.commit.message, 100)} ({one_line(last.about, 100)})")
    if _answer(talk, "Take it back? [y/n]").lower()[:1] == "y":
        talk.output.note(take_back(talk.forge, last))


def _resume(talk: Conversation, words: list[str]) -> None:
    talk.change(_session(talk, words[0]) if words else pick_session(talk))
    talk.output.note(f"Session {talk.session}." if talk.session else "A new session begins with your next line.")


def _fork(talk: Conversation, words: list[str]) -> None:
    if talk.session is None:
        raise UsageError("Nothing was said yet that could be forked.")
    try:
        turn = int(words[0]) if words else None
    except ValueError:
        raise UsageError(f"{repeated(words[0], 40)} is no number of a turn.", fix="/fork 3") from None
    old = talk.session
    talk.change(talk.runner.run(talk.forge.sessions.fork(old, turn=turn)))
    talk.output.note(f"Session {talk.session}, which begins like {old}.")


def _new(talk: Conversation, words: list[str]) -> None:
    del words
    talk.change(None)
    talk.output.note("A new session begins with your next line.")


def _model(talk: Conversation, words: list[str]) -> None:
    if words:
        role, equals, name = words[0].rpartition("=")
        talk.use(f"roles.{role if equals else Role.PLAN}={name}")
    for role in Role:
        endpoint, name = talk.settings.endpoint(role), talk.settings.endpoint_name(role)
        talk.output.text(f"{role:<9} {name}: {one_line(endpoint.model, 60)}, {endpoint.context:,} tokens")
    if not words:
        talk.output.note("/model NAME lets another endpoint answer, /model ROLE=NAME changes one role.")


def _leave(talk: Conversation, words: list[str]) -> object:
    del talk, words
    return LEAVE


COMMANDS = {
    "/help": Command("", "this", _help),
    "/tools": Command("[WORDS]", "what can be used here, or the tools that suit some words", _program(
        "tools", "search", otherwise=("tools", "list")
    )),
    "/pending": Command("", "what waits for you", _pending),
    "/approve": Command("[NAME]", "lets it, and a run that waits goes on; alone: what is allowed for longer", _approve),
    "/reject": Command("NAME [WHY]", "says no to what waits", _reject),
    "/ask": Command("NAME", "asks again before this tool reaches out", _ask),
    "/memory": Command("[WORDS]", "what is remembered of you, or what of it suits some words", _memory),
    "/why": Command("[NAME]", "where a tool comes from; alone: those of the last answer", _why),
    "/context": Command("", "what the model got to see, and what it did not", _context),
    "/cost": Command("[USD]", "what this conversation took; with an amount: its budget from now on", _cost),
    "/sleep": Command("[run]", "the nights, or one now", _program("sleep", otherwise=("sleep", "status"))),
    "/undo": Command("", "takes back the last thing that was learned or decided", _undo),
    "/resume": Command("[ID]", "goes on with another session", _resume),
    "/fork": Command("[TURN]", "a new session that begins like this one, up to a turn", _fork),
    "/new": Command("", "a new session", _new),
    "/session": Command("", "the id of this session", lambda talk, _: talk.output.text(
        talk.session or "none yet: it begins with your first line"
    )),
    "/model": Command("[NAME]", "which model plays which role; with a name: another one answers", _model),
    "/quit": Command("", "leaves, as Ctrl-D does", _leave),
}  # fmt: skip
"""Word → what it does, in the order in which people are told of them."""

_SHORT = {"/exit": "/quit", "/q": "/quit"}
