"""Files by name only: what is declared, what goes in, what comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.files import decode_outputs, encode_inputs, file_problems, files_of
from agentforge.boxes.protocol import Grant, Limits
from agentforge.errors import UsageError


def test_a_declaration_says_what_is_read_and_what_is_written() -> None:
    assert files_of(["in.csv", "read other.csv", "write out.csv"]) == (("in.csv", "other.csv"), ("out.csv",))


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        (["../x"], "cannot be granted"),
        (["write a/b"], "cannot be granted"),
        (["append x.csv"], "cannot be granted"),
        (["x.csv", "write x.csv"], "declared twice"),
        ([f"f{n}" for n in range(21)], "at most 20"),
    ],
)
def test_what_cannot_be_granted_is_told_when_a_tool_is_registered(declared: list[str], complaint: str) -> None:
    assert complaint in " ".join(file_problems(declared))


def test_plain_names_have_no_problem() -> None:
    assert file_problems(["in.csv", "write out-1_b.csv"]) == []


def test_more_than_allowed_does_not_go_in() -> None:
    with pytest.raises(UsageError, match=r"11 bytes; 10 are allowed"):
        encode_inputs(Grant(inputs={"a": b"x" * 6, "b": b"x" * 5}), Limits(file_bytes=10))


@given(st.dictionaries(st.sampled_from(["a", "b.txt"]), st.binary(max_size=50)))
def test_what_went_in_could_come_out(files: dict[str, bytes]) -> None:
    encoded = encode_inputs(Grant(inputs=files), Limits())
    assert decode_outputs(dict(encoded), ("a", "b.txt"), Limits()) == files


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(), inner)))
def test_no_answer_makes_the_reader_fail(stated: object) -> None:
    files = decode_outputs(stated, ("a",), Limits())  # type: ignore[arg-type]  # hostile on purpose
    assert files is None or set(files) <= {"a"}
