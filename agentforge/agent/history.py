"""Messages as they are stored, and stored messages as a model may see them again.

Stored are ``role`` and ``content`` blocks of the Messages protocol (``text``, ``tool_use``,
``tool_result``), and beside the user's words what was attached to them (``agent.attachments``). An
endpoint's own thinking blocks are not stored: they are bound to one conversation with one model,
and a session may go on with another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from agentforge.agent.attachments import attachment_from, quoted
from agentforge.memory.records import ATTACHMENT
from agentforge.models.protocol import Message, ToolAnswer, ToolCall
from agentforge.types import JSON, JSONObject

LOST = "No result: the session was interrupted here."


def to_json(message: Message) -> JSONObject:
    """A message in the form that is stored."""
    content: list[JSON] = []
    for answer in message.answers:
        told: JSONObject = {"tool_use_id": answer.call_id, "content": answer.content, "is_error": answer.error}
        content.append({"type": "tool_result", **told})
    if message.text:
        content.append({"type": "text", "text": message.text})
    content.extend({"type": "tool_use", "id": call.id, "name": call.name, "input": call.args} for call in message.calls)
    return {"role": message.role, "content": content}


def from_json(stored: JSONObject) -> Message:
    """The message that was stored, with its attachments as a model sees them; blocks of unknown type
    are passed over.
    """
    found = stored.get("content")
    blocks = [block for block in found if isinstance(block, dict)] if isinstance(found, list) else []
    if isinstance(found, str):
        blocks.append({"type": "text", "text": found})
    texts = [str(block.get("text", "")) for block in _of(blocks, "text")]
    texts += [quoted(attachment_from(block)) for block in _of(blocks, ATTACHMENT)]
    return Message(
        "assistant" if stored.get("role") == "assistant" else "user",
        text="\n\n".join(texts),
        calls=tuple(
            ToolCall(str(block.get("id")), str(block.get("name")), cast("JSONObject", block.get("input") or {}))
            for block in _of(blocks, "tool_use")
        ),
        answers=tuple(
            ToolAnswer(str(block.get("tool_use_id")), str(block.get("content", "")), bool(block.get("is_error")))
            for block in _of(blocks, "tool_result")
        ),
    )


def _of(blocks: Sequence[JSONObject], kind: str) -> list[JSONObject]:
    return [block for block in blocks if block.get("type") == kind]


def mended(messages: Iterable[Message]) -> list[Message]:
    """The messages in a form that every endpoint accepts, whatever ended the turns before.

    The first one is the user's, roles alternate, every tool call is answered in the next message
    and nothing else is answered: a turn that was killed half-way leaves gaps otherwise.
    """
    done: list[Message] = []
    for message in messages:
        open_calls = [call.id for call in done[-1].calls] if done and done[-1].role == "assistant" else []
        if message.role == "user":
            message = replace(message, answers=_matching(message.answers, open_calls))
        elif open_calls:
            done.append(Message("user", answers=_matching((), open_calls)))
        if not (message.text or message.calls or message.answers) or (not done and message.role == "assistant"):
            continue
        if done and done[-1].role == message.role:
            done[-1] = _joined(done[-1], message)
        else:
            done.append(message)
    if done and done[-1].calls:
        done.append(Message("user", answers=_matching((), [call.id for call in done[-1].calls])))
    return done


def _matching(answers: Sequence[ToolAnswer], calls: Sequence[str]) -> tuple[ToolAnswer, ...]:
    given = {answer.call_id: answer for answer in answers}
    return tuple(given.get(call) or ToolAnswer(call, LOST, error=True) for call in calls)


def _joined(one: Message, two: Message) -> Message:
    text = "\n\n".join(part for part in (one.text, two.text) if part)
    return Message(one.role, text, calls=one.calls + two.calls, answers=one.answers + two.answers)
