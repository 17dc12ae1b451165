"""Stored messages come back in a form that every endpoint accepts, whatever ended the turns before."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agentforge.agent.history import LOST, from_json, mended, to_json
from agentforge.models.protocol import Message, ToolAnswer, ToolCall

CALL = ToolCall("toolu_1", "roman_to_int", {"text": "IX"})


def test_a_message_comes_back_as_it_was_without_an_endpoints_own_blocks() -> None:
    asked = Message("assistant", "Let me see.", calls=(CALL,), raw=({"type": "thinking"},), endpoint="claude")
    answered = Message("user", answers=(ToolAnswer("toolu_1", "9", error=False),))
    assert from_json(to_json(asked)) == Message("assistant", "Let me see.", calls=(CALL,))
    assert from_json(to_json(answered)) == answered


def test_plain_text_content_is_read_too() -> None:
    assert from_json({"role": "user", "content": "hello"}) == Message("user", "hello")


def test_a_call_without_answer_gets_one_that_says_so() -> None:
    messages = mended([Message("user", "q"), Message("assistant", calls=(CALL,))])
    assert messages[-1] == Message("user", answers=(ToolAnswer("toolu_1", LOST, error=True),))


def test_a_question_after_a_killed_turn_joins_the_one_before() -> None:
    messages = mended([Message("user", "one"), Message("user", "two"), Message("assistant", "answer")])
    assert messages == [Message("user", "one\n\ntwo"), Message("assistant", "answer")]


def test_a_new_question_and_the_missing_answer_stand_in_one_message() -> None:
    messages = mended([Message("user", "one"), Message("assistant", calls=(CALL,)), Message("user", "two")])
    assert messages[-1] == Message("user", "two", answers=(ToolAnswer("toolu_1", LOST, error=True),))


_CALLS = st.lists(st.sampled_from([CALL, ToolCall("toolu_2", "t", {})]), max_size=2, unique_by=lambda call: call.id)
_ANSWERS = st.lists(st.sampled_from([ToolAnswer("toolu_1", "9"), ToolAnswer("toolu_9", "?")]), max_size=2)
_ASSISTANT = st.builds(
    lambda text, calls: Message("assistant", text, calls=tuple(calls)), st.sampled_from(["", "a"]), _CALLS
)
_USER = st.builds(
    lambda text, answers: Message("user", text, answers=tuple(answers)), st.sampled_from(["", "u"]), _ANSWERS
)


@given(st.lists(_ASSISTANT | _USER, max_size=8))
def test_whatever_was_stored_roles_alternate_and_every_call_is_answered_at_once(messages: list[Message]) -> None:
    done = mended(messages)
    assert all(one.role != two.role for one, two in pairwise(done))
    assert not done or done[0].role == "user"
    asked: list[str] = []
    for message in done:
        assert [answer.call_id for answer in message.answers] == asked
        asked = [call.id for call in message.calls]
    assert asked == []
