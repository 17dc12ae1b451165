"""The table of failures: every kind, and what outweighs what."""

from __future__ import annotations

import pytest

from agentforge.forge.classify import NOBODY_WAITS, Failure, classify


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure("refused"), "input"),
        (Failure("raised", "TypeError", fits=False, again="same"), "input"),
        (Failure("raised", "ValueError", declared=("ValueError",), again="same"), "input"),
        (Failure("raised", "KeyError", declared=("ValueError",), again="same"), "defect"),
        (Failure("raised", "KeyError", again="different"), "transient"),
        (Failure("raised", "KeyError"), "unclear"),
        (Failure("timed_out", again="same"), "defect"),
        (Failure("timed_out", again="different"), "transient"),
        (Failure("died", again="different"), "transient"),
        (Failure("died", message="Every box of this user is busy."), "transient"),
        (Failure("timed_out", message=NOBODY_WAITS), "transient"),
        (Failure("raised", message=NOBODY_WAITS), "unclear"),
        (Failure("bad_result", again="same"), "defect"),
        (Failure("returned", typed=False, again="same"), "defect"),
        (Failure("raised", "PermissionError", asks=True, again="same"), "capability"),
        (Failure("raised", "PermissionError", again="same"), "defect"),
        (Failure("raised", "TimeoutError", fetches=True, asks=True), "transient"),
        (Failure("raised", "RuntimeError", "RuntimeError: HTTP 503", fetches=True, asks=True), "transient"),
        (Failure("raised", "RuntimeError", "RuntimeError: HTTP 429", fetches=True, asks=True), "transient"),
        (Failure("raised", "RuntimeError", "RuntimeError: HTTP 404", fetches=True, asks=True, again="same"), "defect"),
        (Failure("raised", "RuntimeError", "order 503", again="same"), "defect"),
        (Failure("returned", wrong=True, again="same"), "defect"),
        (Failure("returned", wrong=True), "defect"),
        (Failure("returned", wrong=True, again="right"), "transient"),
        (Failure("timed_out", wrong=True, again="different"), "transient"),
        (Failure("raised", "ValueError", declared=("ValueError",), wrong=True, again="same"), "defect"),
        (Failure("refused", wrong=True), "input"),
    ],
)
def test_each_failure_has_one_kind(failure: Failure, kind: str) -> None:
    found = classify(failure)
    assert found is not None
    assert found[0] == kind


def test_what_did_not_fail_has_none() -> None:
    assert classify(Failure("returned")) is None
