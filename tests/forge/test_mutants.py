"""Mutants: one small change of behaviour each, always the same, never twice the same."""

import ast

import pytest

from agentforge import assets
from agentforge.forge.mutants import even_divisions, mutants

FOLDER = assets.folder("toolbox")
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def changes(body, most=100):
    source = 'def f(n: int, t: str = "a") -> int:\n    """No 1 here."""\n    ' + body.replace("\n", "\n    ") + "\n"
    return [mutant.change.split(": ", 1)[1] for mutant in mutants(source, most=most)]


@pytest.mark.parametrize(
    ("body", "change"),
    [
        ("return n < 5", "n < 5 → n <= 5"),
        ("return n < 5", "n < 5 → n >= 5"),
        ("return n == 5", "n == 5 → n != 5"),
        ("return n in t", "n in t → n not in t"),
        ("return n + n", "n + n → n - n"),
        ("return n // n", "n // n → n * n"),
        ("return n and t", "n and t → n or t"),
        ("return not n", "not n → n"),
        ("return -n", "-n → n"),
        ("return f(7)", "7 → 8"),
        ("return f(7)", "7 → 6"),
        ("return True", "True → False"),
        ("return t + 'x'", "'x' → 'x~'"),
        ("if n:\n    return 1\nreturn 2", "if n: → if not n:"),
        ("if n < 1:\n    return 1\nreturn 2", "if n < 1: → if False:"),
        ("return 1 if n else 2", "1 if n else 2 → 2 if n else 1"),
        ("t.append(n)\nreturn t", "t.append(n) → pass"),
        ("n += 1\nreturn n", "n += 1 → n -= 1"),
        ("n += 1\nreturn n", "n += 1 → pass"),
        ("return t[n:]", "n: → n + 1:"),
        ("return t[:n]", ":n → :n + 1"),
        ("return range(n)", "range(n) → range(n + 1)"),
        ("raise ValueError('n is 1')", "raise ValueError('n is 1') → raise KeyError('n is 1')"),
        ("return min(n, 3)", "min(n, 3) → max(n, 3)"),
        ("return t.strip().lower()", "t.strip() → t"),
        ("return round(n, 2)", "round(n, 2) → n"),
        ("return [x for x in t if x]", " for x in t if x →  for x in t"),
        ("while n:\n    n -= 1\nreturn n", "while n: → while False:"),
        ("for x in t:\n    break\nreturn 1", "break → pass"),
    ],
)
def test_each_kind_of_change_is_made(body, change):
    assert change in changes(body)


def test_what_no_suite_should_pin_down_stays():
    made = changes("if n < 0:\n    raise ValueError('n < 0, not 1')\nreturn f(n)")
    assert not [change for change in made if "No 1" in change or "not 1~" in change]
    assert "return f(n) → return None" not in made  # that is a stub, which is tried anyway


def test_of_many_an_even_spread_is_taken():
    body = "\n".join(f"n = f({number}00)" for number in range(1, 50)) + "\nreturn n"
    some = mutants(f"def f(n: int) -> int:\n    {body.replace(chr(10), chr(10) + '    ')}\n", most=10)
    lines = [int(mutant.change.split(":")[0].removeprefix("line ")) for mutant in some]
    assert len(some) == 10
    assert lines == sorted(lines)
    assert lines[0] < 8
    assert lines[-1] > 40


@pytest.mark.parametrize("name", NAMES)
def test_mutants_of_a_real_tool_are_valid_and_differ_from_it_and_from_each_other(name):
    source = (FOLDER / name / "tool.py").read_text(encoding="utf-8")
    made = mutants(source, most=1000)
    shapes = [ast.dump(ast.parse(mutant.source)) for mutant in made]
    assert made
    assert len({*shapes, ast.dump(ast.parse(source))}) == len(made) + 1
    assert mutants(source, most=1000) == made
    assert len(mutants(source, most=5)) == min(5, len(made))


@pytest.mark.parametrize(
    ("body", "change"),
    [("return n % 7", "n % 7 → n % 7 or 7"), ("return 1 + n // 7", "n // 7 → (n - 1) // 7"), ("return n / 7", None)],
)
def test_a_division_is_changed_where_it_comes_out_even_and_nowhere_else(body, change):
    source = f"def f(n: int) -> int:\n    {body}\n"
    made = even_divisions(source, most=10)
    assert [mutant.change.removeprefix("line 2: ") for mutant in made] == ([change] if change else [])
    tool, *others = ({} for _ in range(1 + len(made)))
    for text, names in zip([source, *(mutant.source for mutant in made)], [tool, *others], strict=True):
        exec(text, names)
    for other in others:
        assert [n for n in range(1, 30) if tool["f"](n) != other["f"](n)] == [7, 14, 21, 28]


def test_two_changes_of_one_number_are_of_one_place():
    made = mutants("def f(n: int) -> int:\n    return n + {1: 20}[n]\n", most=30)
    places = {mutant.place for mutant in made if mutant.change.startswith("line 2: 20 →")}
    assert places == {(2, 19, 2, 21)}
