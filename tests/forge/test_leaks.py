"""What is committed holds no secret; what only speaks of one may stay."""

import pytest

from agentforge.errors import ToolInvalid
from agentforge.forge.evidence import contract_problems
from agentforge.forge.leaks import secret_problems, tells_secret
from agentforge.forge.spec import completed, make_spec
from agentforge.types import Example, Need

KNOWN = "zebra-river-4411"
ISSUED = "sk-ant-api03-abcdefghijklmnop"


@pytest.mark.parametrize(
    "line",
    [
        f"key = '{ISSUED}'",
        f"key = b'{ISSUED}'",
        "key = 'sk-ant-api03' '-abcdefghijklmnop'",
        f"key = '{KNOWN}'",
        "key = 'zebra' '-river-4411'",
        "key = 'zebra-river-44\\x31\\x31'",
        f"key = 1  # {ISSUED}",
        f"key = 1  # {KNOWN}",
    ],
)
def test_a_secret_in_code_is_told_by_its_line_and_never_repeated(line):
    problems = secret_problems(f"def f():\n    {line}\n    return key\n", {KNOWN})
    assert problems == ["line 2: what looks like a secret may not stand in the code: remove it"]


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError('password is too short')",
        "token = match2.group",
        "header = f'Authorization: Bearer {key}'",
        "return 'test'",
        "return '[redacted:api-key]'",
    ],
)
def test_code_that_speaks_of_secrets_is_let_be(line):
    assert secret_problems(f"def f():\n    {line}\n", {KNOWN, "test"}) == []


def test_code_that_cannot_be_parsed_is_searched_for_known_ones_all_the_same():
    assert secret_problems(f"def f(:\n    {KNOWN}", {KNOWN})


def test_a_secret_in_a_candidate_breaks_its_contract():
    spec = make_spec(Need("double", "(n: int) -> int", "Double n."), {KNOWN})
    assert contract_problems(completed(spec, "def double(n):\n    return n * 2\n"), spec) == []
    told = contract_problems(completed(spec, f"def double(n):\n    k = '{KNOWN}'\n    return n * 2\n"), spec)
    assert len(told) == 1
    assert "secret" in told[0]
    assert KNOWN not in repr(spec)


@pytest.mark.parametrize(
    "signature",
    [
        f"(n: int, key: str = '{ISSUED}') -> int",
        f"(n: int, key: str = '{KNOWN}') -> int",
        "(n: int, key: str = 'sk-ant-api03' '-abcdefghijklmnop') -> int",
        "(n: int, password: str = 'hunter2') -> int",
        f"(n: int, kind: Literal['{KNOWN}', 'b']) -> int",
    ],
)
def test_a_signature_with_a_secret_is_refused_without_repeating_it(signature):
    with pytest.raises(ToolInvalid, match="signature holds what looks like a secret") as refused:
        make_spec(Need("double", signature, "Double n."), {KNOWN})
    assert KNOWN not in str(refused.value)
    assert ISSUED not in str(refused.value)


def test_a_name_with_a_secret_is_refused_without_repeating_it():
    with pytest.raises(ToolInvalid) as refused:
        make_spec(Need("call_zebra_river", "(n: int) -> int", "Double n."), {"zebra_river"})
    assert "zebra" not in str(refused.value)


@pytest.mark.parametrize(
    "signature",
    [
        "(password: str) -> int",
        "(passwords: list[str], api_key: str = '') -> list[str]",
        "(password: list[str]) -> int",
    ],
)
def test_a_signature_that_takes_a_secret_is_fine(signature):
    assert make_spec(Need("rate", signature, "Rate it."))


def test_cases_with_a_secret_are_told_from_others():
    assert tells_secret(Example({"text": f"a {KNOWN}"}, returns=1), {KNOWN})
    assert tells_secret(Example({"n": 1}, returns=ISSUED))
    assert not tells_secret(Example({"n": 1}, returns="password"), {KNOWN})
