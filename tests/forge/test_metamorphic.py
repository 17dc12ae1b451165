"""What the rules say of two runs: it shows that a candidate is wrong, and never that one is right."""

import pytest

from agentforge.boxes.protocol import CallResult
from agentforge.forge.metamorphic import MOST_TRIED, broken_properties
from agentforge.forge.spec import make_spec
from agentforge.types import Need


async def broken(signature, purpose, function, *inputs):
    spec = make_spec(Need("tool", signature, purpose))
    asked = []

    async def run(many):
        asked.extend(many)
        return [result_of(function, args) for args in many]

    found = await broken_properties(spec, inputs, [result_of(function, args) for args in inputs], run)
    return found, asked


def result_of(function, args):
    try:
        return CallResult("returned", function(**args))
    except ValueError:
        return CallResult("raised", error="ValueError")


LIST = "(items: list[int]) -> int"
MATTERS_NOT = "Add them up. The order of the items does not matter."


async def test_where_the_order_does_not_matter_the_list_the_other_way_round_gives_the_same():
    assert await broken(LIST, MATTERS_NOT, lambda items: sum(items), {"items": [1, 2]}) == ([], [{"items": [2, 1]}])
    found, _ = await broken(LIST, MATTERS_NOT, lambda items: items[0], {"items": [1, 1]}, {"items": [1, 2]})
    assert found == ["- tool(items=[2, 1]) must give 1, but gives 2: The order of the items does not matter."]


async def test_an_input_that_is_refused_says_nothing_but_a_refusal_of_the_same_in_another_order_does():
    def refuses(items):
        if items != sorted(items):
            raise ValueError
        return sum(items)

    found, asked = await broken(LIST, MATTERS_NOT, refuses, {"items": [3, 1]}, {"items": [1, 3]})
    assert asked == [{"items": [3, 1]}]
    assert "must give 4, but gives raises ValueError" in found[0]


async def test_sums_of_floats_may_differ_in_their_last_digit():
    values = {"items": [0.1, 0.2, 0.3]}
    assert (await broken("(items: list[float]) -> float", MATTERS_NOT, lambda items: sum(items), values))[0] == []


@pytest.mark.parametrize(
    ("signature", "purpose"),
    [
        (LIST, "The order matters."),
        (LIST, "The order of the result does not matter."),
        (LIST, "The order does not matter unless two are equal."),
        (LIST, "Return them sorted, in any order of keys."),
        ("(items: list[int], other: list[int]) -> int", "The order does not matter."),
        ("(text: str) -> str", "Not idempotent."),
        ("(text: str) -> str", "Trim it."),
        ("(text: str) -> str", "Applying it twice changes nothing if it is short."),
        ("(text: str) -> int", "It is idempotent."),
        ("(text: str, n: int) -> str", "It is idempotent."),
    ],
)
async def test_nothing_is_tried_where_the_rules_do_not_plainly_say_so(signature, purpose):
    inputs = {"items": [1, 2], "other": [1, 2], "text": "ab", "n": 1}
    args = {name: value for name, value in inputs.items() if f"{name}:" in signature}
    assert await broken(signature, purpose, lambda **given: 7 if "int" in signature else "x", args) == ([], [])


@pytest.mark.parametrize("rule", ["It is idempotent.", "Applying it twice changes nothing."])
async def test_where_the_rules_say_that_it_changes_nothing_the_second_time_its_result_comes_back(rule):
    text = "(text: str) -> str"
    assert (await broken(text, f"Trim it. {rule}", lambda text: text.strip(), {"text": " a "}))[0] == []
    found, asked = await broken(text, f"Trim it. {rule}", lambda text: text[1:], {"text": " a "})
    assert asked == [{"text": "a "}]
    assert found == [f"- tool(text='a ') must give 'a ', but gives ' ': {rule}"]


async def test_few_inputs_are_tried():
    inputs = [{"items": [1, number]} for number in range(2, 40)]
    _, asked = await broken(LIST, MATTERS_NOT, lambda items: sum(items), *inputs)
    assert len(asked) == MOST_TRIED


async def test_a_candidate_that_breaks_one_is_told_so_and_does_not_go_live(run):
    """Both agree, give every example and pass the tests; the rules say what no example shows."""
    from agentforge.types import Example, Role

    purpose = "Add the numbers. The order of the numbers does not matter."
    shown = tuple(Example({"n": [n, n]}, returns=2 * n) for n in (1, 2, 3))
    wrong = "```python\ndef double(n: list[int]) -> int:\n    # FIRST TWICE\n    return n[0] * 2\n```"
    result, model, _ = await run(Need("double", "(n: list[int]) -> int", purpose, shown), [wrong] * 6, tests="none")
    assert result.state == "failed"
    assert "The order of the numbers does not matter." in model.asked(Role.GENERATE)[4].prompt
