"""Inputs that a source points at: its constants and what lies beside them, where they fit."""

from agentforge.forge.hints import pointed_at
from agentforge.registry.contract import parse_signature


def made(signature, source, known, most=50):
    return pointed_at(source, known, parse_signature(signature).parameters, most=most)


def test_a_threshold_and_its_neighbours_are_tried():
    source = (
        'def f(n: int) -> int:\n    """No 77."""\n    if n < 500:\n        raise ValueError("not 88")\n    return n\n'
    )
    assert made("(n: int) -> int", source, [{"n": 3}]) == [{"n": 500}, {"n": 501}, {"n": 499}]


def test_constants_take_the_place_of_values_of_their_kind_only():
    source = "def f(a, b, c):\n    return a == 'km' or b > 0.5 or c[0] == 7\n"
    found = made("(a: str, b: float, c: list[int]) -> int", source, [{"a": "mi", "b": 2.0, "c": [1, 2]}])
    assert {"a": "km", "b": 2.0, "c": [1, 2]} in found
    assert {"a": "mi", "b": 0.51, "c": [1, 2]} in found
    assert {"a": "mi", "b": 2.0, "c": [7, 2]} in found
    assert all(isinstance(args["b"], float) and isinstance(args["c"][0], int) for args in found)


def test_lengths_of_texts_are_constants_too():
    assert {"t": "abababab"} in made("(t: str) -> int", "def f(t):\n    return len(t) > 8\n", [{"t": "ab"}])


def test_a_long_table_does_not_crowd_out_the_rest():
    table = ", ".join(f"{n * 100}" for n in range(1, 40))
    found = made("(n: int) -> int", f"T = [{table}]\ndef f(n):\n    return n > 7777\n", [{"n": 1}], most=45)
    assert {"n": 7777} in found


def test_without_known_inputs_there_are_none():
    assert made("(n: int) -> int", "def f(n):\n    return n + 5\n", []) == []
