"""The values of questions of one form: what they are called, and as what they are read."""

from agentforge.agent.likeness import common_pattern
from agentforge.agent.told import slots_of

BASES = ("Now, convert the base-7 number 132 to base-11.", "Now, convert the base-12 number 97 to base-8.")


def slots(questions, **how):
    return [(slot.name, slot.kind) for slot in slots_of(common_pattern(questions), questions, **how)]


def test_the_second_value_of_a_name_is_told_by_the_word_before_it():
    assert slots(BASES) == [("base", "int"), ("number", "int"), ("to_base", "int")]


def test_without_such_a_word_it_is_counted():
    questions = ("Is room 3 larger than room 12 of it?", "Is room 7 larger than room 9 of it?")

    assert slots(questions) == [("room", "int"), ("room_2", "int")]


def test_a_number_of_several_digits_may_be_a_text_of_digits():
    assert slots(BASES, as_written=True) == [("base", "int"), ("number", "str"), ("to_base", "int")]
