"""A script that answered one question becomes a function for all of its kind."""

import pytest

from agentforge.forge.lifting import LONGEST, lifted


def run(source, name, **args):
    space = {}
    exec(source, space)
    return space[name](**args)


@pytest.mark.parametrize(
    "script",
    [
        "numbers = [684, 778]\nprint(max(numbers))",
        "print(max(684, 778))",
        "print('Largest:', max([684, 778]))",
        "print(f'The largest is {max((684, 778))}')",
        "numbers = '684, 778'\nmax(int(one) for one in numbers.split(', '))",
        "def main():\n    return max([684, 778])\n\nif __name__ == '__main__':\n    print(main())",
        "import builtins\n\ndef largest(values):\n    return builtins.max(values)\n\nprint(largest([684, 778]))",
    ],
)
def test_the_values_of_the_question_become_parameters_and_what_is_shown_the_result(script):
    source = lifted(script, "largest_of", {"numbers": [684, 778]})
    assert source is not None
    assert run(source, "largest_of", numbers=[3, 9]) == 9
    assert run(source, "largest_of", numbers=[50, 20]) == 50


def test_all_that_is_printed_is_the_result_where_it_is_more_than_a_line():
    source = lifted("for word in 'b a'.split():\n    print(word, '!', sep='')", "shout", {"text": "b a"})
    assert source is not None
    assert run(source, "shout", text="x y z") == "x!\ny!\nz!"


def test_a_grid_is_found_as_text_and_as_rows():
    for literal in ("'''1 0\n0 1'''", "[[1, 0], [0, 1]]"):
        script = f"grid = {literal}\nprint(str(grid).count('1'))"
        source = lifted(script, "ones", {"size": 2, "grid": [[1, 0], [0, 1]]})
        assert source is not None
        assert run(source, "ones", size=3, grid=[[1, 1, 1]]) == 3


def test_two_texts_are_two_parameters():
    source = lifted("a, b = 'oso', 'yap'\nprint(len(a) == len(b))", "same", {"first": "oso", "second": "yap"})
    assert source is not None
    assert run(source, "same", first="ab", second="a") is False


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("print(42)", "no value of the question stands in it"),
        ("n = 684", "it shows nothing"),
        ("print(684, end='')", "what it prints is no line"),
        ("total = 0\ndef add():\n    global total\n    total += 684\nadd()\nprint(total)", "a name of the module"),
        ("print(684", "it is no Python"),
        ("print(684)" + "\n" * LONGEST, "it is too long"),
    ],
)
def test_what_cannot_become_a_function_is_left_alone(script, why):
    assert lifted(script, "f", {"n": 684}) is None, why


def test_small_numbers_stand_for_too_many_things():
    assert lifted("print(sum(range(2)))", "f", {"n": 2}) is None


def test_a_function_of_the_script_may_have_the_name_of_the_tool():
    script = "def double(n):\n    return 2 * n\nprint(double(684))"
    source = lifted(script, "double", {"n": 684})
    assert source is not None
    assert source.count("def double(") == 1
    assert run(source, "double", n=5) == 10
