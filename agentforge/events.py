"""What happens in a turn, as typed events in a versioned envelope.

The loop yields :class:`Event` values; terminal, browser, library caller and log only consume them.
Exactly one event per turn is *terminal* (:data:`TERMINAL`), and it comes last; it decides the exit
code (:data:`EXIT_CODES`). Readers must ignore types and keys that they do not know: a later version may add some
without another ``v``. The schema of them all is the file ``events.schema.json`` in the package
(:func:`agentforge.payloads.schema`); each line of ``--output-format stream-json`` holds to it.

Types and their ``data``:

=====================  ==========================================================================
``turn_started``       ``text``, ``approval`` (id of the decision with which a paused run goes on)
``context``            ``parts`` (name → tokens), ``items`` (list of {part, id, tokens, score}: entries of memory),
                       ``left_out`` (list of {part, why, id}), ``tools``
``compacted``          ``spoken`` (requests that are summarised from now on), ``summary``, ``open`` (list of sentences)
``model_started``      ``role``, ``endpoint``, ``purpose``
``waiting_for_model``  ``endpoint``, ``seconds``, ``before`` (requests let in first here; null: it was sent),
                       ``server_running``, ``server_waiting`` (null where the server does not tell), ``message``
``model_delta``        ``text`` (streamed piece of the answer)
``model_finished``     ``role``, ``endpoint``, ``purpose``, ``input_tokens``, ``output_tokens``, ``cached_tokens``
                       (of the input, from a cache), ``seconds``
``tool_called``        ``tool``, ``args``, ``call`` (id), ``by`` (the tool or script that called it, if one did)
``tool_returned``      ``tool``, ``call``, ``value`` | ``error``, ``seconds``
``forge_started``      ``job``, ``name``, ``signature``
``forge_step``         ``job``, ``step``, ``message``, ``done``, ``total`` (0 when unknown)
``forge_finished``     ``job``, ``name``, ``state`` (live, proposed, failed), ``version``, ``unconfirmed``, ``reason``,
                       ``reused`` (the live tool that does it already, where one was found)
``notice``             ``message`` (something a person should know, such as a weaker sandbox)
``approval_asked``     ``kind`` (call, tool), ``tool``, ``version``, ``args``, ``rights`` (list of words), ``call``,
                       ``by``
``approval_decided``   ``kind``, ``tool``, ``decision`` (allowed, narrowed, denied, deferred), ``rights``, ``reason``,
                       ``call``, ``args`` (with which a narrowed call runs instead; only where they were changed)
``judged``             ``turn`` (whose answer the user called ``word``: right or wrong), ``known`` (whether the right
                       answer is), ``call`` (of the tool that gave it; empty: none did)
``completed``          ``answer``, ``usage``, ``tools_made``, ``tools_used``  (terminal), ``result`` (the bare value in
                       the answer, where one was computed), ``cites`` (list of {tool, version, passage, place})
``failed``             ``message``, ``fix``, ``error`` (class), ``code``        (terminal)
``limited``            ``message``, ``fix``, ``error``, ``limit``              (terminal), ``answer`` (what there was
                       of one)
``waiting``            ``message``, ``fix``, ``error``, ``pending``            (terminal), ``approval`` (the id under
                       which the run goes on), ``expires`` (when that ends; UTC, ISO 8601)
``interrupted``        ``message``                                             (terminal)
=====================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from agentforge import clock
from agentforge.types import JSONObject

VERSION = 1

TERMINAL = frozenset({"completed", "failed", "limited", "waiting", "interrupted"})

EXIT_CODES = {"completed": 0, "failed": 1, "limited": 5, "waiting": 6, "interrupted": 130}
"""Exit code of a terminal event; ``failed`` carries a more precise one in ``data['code']``."""


def _now() -> str:
    return clock.now().isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``seq`` counts from 0 within a turn; ``time`` is UTC, ISO 8601. A reader that is
    cancelled does not get what had happened and was not told yet: numbers before ``interrupted`` may be missing.
    """

    type: str
    data: JSONObject = field(default_factory=lambda: {})
    seq: int = 0
    org: str = ""
    user: str = ""
    session: str = ""
    turn: int = 0
    time: str = field(default_factory=_now)
    v: int = VERSION

    @property
    def terminal(self) -> bool:
        """Whether this is the last event of its turn."""
        return self.type in TERMINAL

    @property
    def exit_code(self) -> int:
        """The exit code that a terminal event stands for (0 for any other event)."""
        if self.type == "failed":
            code = self.data.get("code")
            return code if isinstance(code, int) else 1
        return EXIT_CODES.get(self.type, 0)

    def to_json(self) -> JSONObject:
        """The event as a JSON object."""
        return asdict(self)
