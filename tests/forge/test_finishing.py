"""A plain last step that the host puts behind a candidate whose results only have another form or order."""

import json

import pytest

from agentforge.boxes.protocol import CallResult
from agentforge.forge.finishing import finished, listed
from agentforge.forge.spec import make_spec
from agentforge.types import Example, Need


def spec_of(*pairs, name="group", signature="(words: list[str]) -> str"):
    examples = tuple(Example({"words": args}, returns=returns, source="user") for args, returns in pairs)
    return make_spec(Need(name, signature, "Group the words.", examples))


def run(source, name, *args):
    space = {}
    exec(source, space)
    return space[name](*args)


def results_of(source, spec):
    return [CallResult("returned", run(source, spec.name, example.args["words"])) for example in spec.visible]


PAIRS = (
    (["no", "on", "ab"], '[["ab"], ["no", "on"]]'),
    (["tea", "x", "eat"], '[["eat", "tea"], ["x"]]'),
)
GROUPS = """def group(words):
    # by the letters
    found = {}
    for word in words:
        found.setdefault(''.join(sorted(word)), []).append(word)
    return %s
"""


@pytest.mark.parametrize("value", ["list(found.values())", "str(list(found.values()))", "list(found.values())[::-1]"])
def test_what_is_right_but_for_order_and_notation_is_finished(value):
    spec, source = spec_of(*PAIRS), GROUPS % value
    made = finished(spec, source, results_of(source, spec))
    assert made is not None
    assert run(made, "group", ["b", "ca", "a", "ac"]) == '[["a"], ["ac", "ca"], ["b"]]'
    assert "# by the letters" in made
    assert made.count("def group(") == 1


@pytest.mark.parametrize(
    ("computed", "wanted", "next_value", "next_wanted"),
    [
        (["b", "a"], "b, a", ["c", "d"], "c, d"),
        ("b,a", "b, a", "c,d", "c, d"),
        ([2, 5], "2 × 5", [3, 3, 7], "3 × 3 × 7"),
        ([8.0, 1.5], "['8.0', '1.5']", [2.25], "['2.25']"),
        (True, "True", False, "False"),
        (True, "true", False, "false"),
        (3.14159, "3.14", 2.5, "2.50"),
        ("4 ", "4", "12 ", "12"),
    ],
)
def test_a_result_is_written_as_the_examples_write_it(computed, wanted, next_value, next_wanted):
    spec = spec_of((["one"], wanted), (["two"], next_wanted))
    source = f"def group(words):\n    return {{'one': {computed!r}, 'two': {next_value!r}}}[words[0]]\n"
    made = finished(spec, source, results_of(source, spec))
    assert made is not None
    assert run(made, "group", ["one"]) == wanted
    assert run(made, "group", ["two"]) == next_wanted


def test_a_function_that_calls_itself_goes_on_doing_so():
    spec = spec_of((["b", "a"], '["a", "b"]'), (["c"], '["c"]'))
    source = "def group(words):\n    return words if len(words) < 2 else group(words[1:]) + [words[0]]\n"
    made = finished(spec, source, results_of(source, spec))
    assert made is not None
    assert json.loads(run(made, "group", ["z", "y", "x"])) == ["x", "y", "z"]


def test_what_is_wrong_stays_wrong():
    spec, source = spec_of(*PAIRS), "def group(words):\n    return [sorted(words)]\n"
    assert finished(spec, source, results_of(source, spec)) is None


def test_one_example_is_too_few_to_tell_a_form_by():
    spec, source = spec_of(PAIRS[0]), GROUPS % "list(found.values())"
    assert finished(spec, source, results_of(source, spec)) is None


@pytest.mark.parametrize("broken", [CallResult("raised", error="KeyError"), CallResult("timed_out")])
def test_a_candidate_that_failed_on_an_example_is_not_finished(broken):
    spec, source = spec_of(*PAIRS), GROUPS % "list(found.values())"
    assert finished(spec, source, [results_of(source, spec)[0], broken]) is None


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ("def group(words):\n    return dict(enumerate(words)).values()\n", ((["b"], ["b"]), (["c", "a"], ["c", "a"]))),
        ("def group(words):\n    return set(words)\n", ((["b"], "b"), (["c", "a", "c"], "a, c"))),
    ],
)
async def test_what_json_does_not_know_is_made_a_list_first(source, pairs):
    spec = spec_of(*pairs)

    async def in_box(text):
        return [CallResult("returned", run(text, "group", example.args["words"])) for example in spec.visible]

    made = await listed(spec, source, in_box)
    assert made is not None
    assert [run(made, "group", args) for args, _ in pairs] == [wanted for _, wanted in pairs]
