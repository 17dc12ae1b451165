"""What the rules say in so many words is put into a candidate by the host."""

import pytest

from agentforge.forge.mending import rounded, with_own_arguments, with_private_helpers, with_stated_cases
from agentforge.forge.spec import make_spec
from agentforge.types import Example, Need

LOAN = Need(
    "instalment",
    "(principal: float, months: int) -> float",
    "Principal by months. Rounded to 2 decimals. ValueError if months is less than 1.",
    (Example({"principal": 100.0, "months": 4}, returns=25.0),),
)
STARS = Need("stars", "(n: int) -> str", "Draw n stars. 0 is 'none'. ValueError if n is negative.")
CODE = Need(
    "checksum",
    "(code: str) -> str",
    "Sum of a code of ASCII letters and digits. ValueError if code is empty or contains any other character.",
    (Example({"code": "AB12"}, returns="C"), Example({"code": ""}, raises="ValueError")),
)


def run(source, name, *args):
    space = {}
    exec(source, space)
    return space[name](*args)


def test_every_result_is_rounded_as_the_rules_promise():
    source = """
def instalment(principal: float, months: int) -> float:
    def share(amount):
        return amount / months
    if months < 1:
        raise ValueError
    if months == 7:
        return (share(
            principal))
    return round(share(principal), 2)
"""
    mended = rounded(make_spec(LOAN), source)
    assert run(mended, "instalment", 1000, 7) == 142.86
    assert run(mended, "instalment", 1000, 3) == 333.33
    assert mended.count("round(") == 2
    assert "return amount / months" in mended


@pytest.mark.parametrize("source", ["def instalment(:", "", "x = 1\n", "def instalment(a, b):\n    return\n"])
def test_what_cannot_be_mended_stays_as_it_is(source):
    assert rounded(make_spec(LOAN), source).strip() == source.strip()
    assert with_stated_cases(make_spec(STARS), source, []) == source


def test_rounding_is_for_numbers_that_are_promised_rounded_only():
    source = "def stars(n: int) -> str:\n    return '*' * n\n"
    assert rounded(make_spec(STARS), source) == source


def test_a_case_that_the_rules_state_is_put_in_front_of_all_else():
    spec = make_spec(STARS)
    missed = [example for example in spec.visible if example.source == "rules"]
    checks = "    if n < 0:\n        raise ValueError\n"
    source = f'def stars(n: int) -> str:\n    """Draw n stars."""\n{checks}    return "*" * n\n'
    mended = with_stated_cases(spec, source, missed)
    assert run(mended, "stars", 0) == "none"
    assert run(mended, "stars", 2) == "**"
    assert '"""Draw n stars."""\n    if n == 0:\n        return \'none\'\n    if n < 0:' in mended


def test_letters_beyond_ascii_are_refused_with_all_of_their_kind():
    spec = make_spec(CODE)
    refused = [example for example in spec.visible if example.source == "rules"]
    assert [example.args["code"] for example in refused] == ["AB§12", "ABÄ12"]
    assert {example.raises for example in refused} == {"ValueError"}
    mended = with_stated_cases(spec, "def checksum(code: str) -> str:\n    return 'C'\n", refused)
    for text in ("é", "x²", "§"):
        with pytest.raises(ValueError, match="ASCII"):
            run(mended, "checksum", text)
    assert run(mended, "checksum", "AB") == "C"


def test_a_sign_that_is_refused_alone_tells_nothing_of_other_letters():
    spec = make_spec(CODE)
    sign = [example for example in spec.visible if example.args["code"] == "AB§12"]
    source = "def checksum(code: str) -> str:\n    return 'C'\n"
    assert with_stated_cases(spec, source, sign) == source


@pytest.mark.parametrize(
    "purpose",
    [
        "Sum of a code of ASCII letters. Any other character is skipped. ValueError if code is empty.",
        "Sum of a code. ValueError if code is empty.",
        "Sum of a code of ASCII letters and ä, ö and ü. ValueError if code contains any other character.",
        "Sum of a code of ASCII letters and umlauts. ValueError if code contains any other character.",
        "Sum of a code of ASCII letters and currency signs. ValueError if code contains any other character.",
    ],
)
def test_refusals_are_read_only_where_they_are_stated(purpose):
    need = Need(CODE.name, CODE.signature, purpose, CODE.examples)
    assert not [example for example in make_spec(need).visible if example.source == "rules"]


GRID = Need("first_of", "(rows: list[list[int]]) -> int", "The least number of the first row.")


@pytest.mark.parametrize(
    "body",
    [
        "rows[0].sort()\n    return rows[0][0]",
        "own = rows\n    own[0].sort()\n    return own[0][0]",
        "def take(rows):\n        rows[0][:] = sorted(rows[0])\n        return rows[0][0]\n    return take(rows)",
    ],
)
def test_what_a_candidate_writes_into_it_copies_first(body):
    given = [[3, 1, 2]]
    source = with_own_arguments(make_spec(GRID), f"def first_of(rows):\n    {body}\n")
    assert run(source, "first_of", given) == 1
    assert given == [[3, 1, 2]]


@pytest.mark.parametrize(
    "body", ["return min(rows[0])", "rows = [sorted(row) for row in rows]\n    rows[0].sort()\n    return rows[0][0]"]
)
def test_what_is_only_read_or_is_its_own_is_not_copied(body):
    source = f"def first_of(rows):\n    {body}\n"
    assert with_own_arguments(make_spec(GRID), source) == source


def test_functions_beside_the_tool_become_private_wherever_they_are_used():
    source = "def least(row):\n    return min(row)\n\ndef first_of(rows):\n    return list(map(least, rows))[0]\n"
    mended = with_private_helpers(make_spec(GRID), source)
    assert run(mended, "first_of", [[3, 1]]) == 1
    assert "def _least(row)" in mended
    taken = source + "\ndef _least(row):\n    return 0\n"
    assert with_private_helpers(make_spec(GRID), taken) == taken
