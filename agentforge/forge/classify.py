"""What kind of failure a failed call was: one pure function over one table. Only a defect changes a tool.

The kinds, and what speaks for each:

``transient``
    It would have gone well at another time: a time-out, a process that ended or an error which did not come
    again when the call was repeated; a host that did not answer, or answered 429 or 5xx (RFC 9110, 15.6;
    RFC 6585, 4).
``input``
    The arguments do not fit the signature, or the tool raised an error that its docstring declares.
``capability``
    It was refused what it asked for.
``defect``
    Anything else that came again when the call was repeated: an undeclared error, a time-out, a result of the
    wrong type, and what a person says is wrong.
``unclear``
    It cannot be repeated without repeating an effect (a tool with a capability of which nothing was recorded),
    or because what it was called with held a secret, which is not kept.

What it does not tell: whether an error that the docstring declares was raised where it should have been. A
person's word does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["transient", "input", "capability", "defect", "unclear"]

Again: TypeAlias = Literal["same", "different", "right", "not run"]
"""What the repetition gave: the same failure, another outcome, what the person expected, or there was none."""

_BUSY = re.compile(r"(?<![\d.])(?:429|50[0234])(?![\d.])")
_NETWORK = frozenset(
    {"OSError", "ConnectionError", "ConnectionResetError", "ConnectionRefusedError", "ConnectionAbortedError"}
    | {"TimeoutError", "InterruptedError", "BrokenPipeError"}
)
_BUSY_BOX = "Every box"
"""How the message of ``SandboxBusy`` begins."""
NOBODY_WAITS = "Who had called it stopped waiting."
"""The message of a call that was cancelled from outside, such as by Ctrl-C: nothing is known of its tool."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that did not go well, and what its repetition gave.

    ``status``, ``error`` and ``message`` as of ``boxes.protocol.CallResult`` (or ``refused``: it never ran);
    ``declared`` are the errors of the tool's docstring, ``fits`` tells whether the arguments fit its signature and
    ``typed`` whether the result is of its declared type, ``asks`` whether it can be refused anything and
    ``fetches`` whether it reaches hosts. ``wrong``: a person says so.
    """

    status: str
    error: str = ""
    message: str = ""
    declared: Sequence[str] = ()
    fits: bool = True
    typed: bool = True
    asks: bool = False
    fetches: bool = False
    wrong: bool = False
    again: Again = "not run"

    @property
    def failed(self) -> bool:
        """Whether there is anything to classify at all."""
        return self.wrong or self.status != "returned" or not self.typed


_TABLE: Sequence[tuple[str, Kind, Callable[[Failure], bool]]] = (
    # why, kind, what applies; the first line that applies decides
    ("the call never ran: its arguments did not fit", "input", lambda it: it.status == "refused" or not it.fits),
    ("the answer is right by now", "transient", lambda it: it.wrong and it.again == "right"),
    ("it failed once, and not when it was repeated", "transient", lambda it: _once(it)),
    ("a person says that it is wrong", "defect", lambda it: it.wrong),
    ("it was refused what it asked for", "capability", lambda it: it.asks and it.error == "PermissionError"),
    ("no box was free", "transient", lambda it: it.status == "died" and it.message.startswith(_BUSY_BOX)),
    ("nobody waited for it", "transient", lambda it: it.status == "timed_out" and it.message == NOBODY_WAITS),
    ("a host did not answer as it should", "transient", lambda it: _host_failed(it)),
    ("it raised an error that it declares", "input", lambda it: it.status == "raised" and it.error in it.declared),
    ("it fails whenever it is called so", "defect", lambda it: it.again == "same"),
    ("it cannot be repeated", "unclear", lambda it: it.again == "not run"),
    ("it did something else when it was repeated", "transient", lambda _: True),
)


def classify(failure: Failure) -> tuple[Kind, str] | None:
    """The kind of a failure and why, as words for a sentence; None where nothing failed."""
    if not failure.failed:
        return None
    return next((kind, why) for why, kind, applies in _TABLE if applies(failure))


def _once(failure: Failure) -> bool:
    """What went wrong was no answer at all, and repeated there is one."""
    broke = failure.status not in ("returned", "raised") or (
        failure.status == "raised" and failure.error not in failure.declared
    )
    return broke and failure.again == "different"


def _host_failed(failure: Failure) -> bool:
    if not failure.fetches or failure.status not in ("raised", "timed_out"):
        return False
    return failure.status == "timed_out" or failure.error in _NETWORK or bool(_BUSY.search(failure.message))
