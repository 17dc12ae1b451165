"""Secrets leave the text before it is written; everything else stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.secrecy import redact, repeated

KEY = "sk-ant-" + "api03-Abcdefghijklmnopqrst_uvw"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"

SECRETS = [
    (f"my key is {KEY} ok", KEY),
    ("use ghp_" + "a1B2" * 9, "a1B2" * 9),
    ("AKIA" + "ABCDEFGHIJKLMNOP is the id", "AKIAABCDEFGHIJKLMNOP"),
    ("slack xoxb-" + "123456789012-abcdef", "123456789012-abcdef"),
    ("postgres://ada:hunter2@db.example/x", "hunter2"),
    ("Authorization: Bearer abcd.efgh", "abcd.efgh"),
    ("password = 'tr0ub4dor'", "tr0ub4dor"),
    ('{"api_key": "Zx81Zx81Zx81"}', "Zx81Zx81Zx81"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r", "dBjftJeZ4CVPmB92K27uhbUJU1p1r"),
    (PEM, "MIIEow"),
    (PEM.partition("-----END")[0], "MIIEow"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_known_forms_of_secrets_are_taken_out(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[redacted:" in redact(text)


@pytest.mark.parametrize("text", [text for text, _ in SECRETS])
def test_doing_it_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "def read(token: str, password: str | None = None) -> str:",
        "What is the Luhn digit of 4539 1488 0343 646?",
        "Split 'a=1; b=2' at the secret marker",
        "https://example.org/path?x=1 and ada@example.org",
        "risk-adjusted return of task-12",
        "a hash: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_ordinary_text_stays_as_it_was(text: str) -> None:
    assert redact(text) == text


def test_registered_secrets_go_wherever_they_stand() -> None:
    assert redact("xx blue-horse-42 yy", ["blue-horse-42"]) == "xx [redacted:secret] yy"


def test_registered_secrets_that_are_too_short_would_destroy_the_text_and_are_ignored() -> None:
    assert redact("a cat", ["", "a"]) == "a cat"


@given(st.text(alphabet="ab:=/@-. \"'\n_", max_size=80))
def test_no_text_without_letters_of_a_secret_makes_it_fail(text: str) -> None:
    assert isinstance(redact(text), str)


def test_a_large_text_takes_no_time() -> None:
    redact("sk-" * 50_000 + "-----BEGIN PRIVATE KEY-----" * 200 + "http://a:" * 10_000)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("lots", "'lots'"),
        (7, "7"),
        (KEY, "a value that may be a secret"),
        (f"= {KEY}", "'= [redacted:api-key]'"),
        ("9f86d081884c7d659a2feaa0c55ad015", "a value that may be a secret"),
        ("a rather long value of letters", "'a rather long value of letters'"),
        ("x" * 99, "'" + "x" * 59),
    ],
)
def test_a_value_that_looks_like_a_key_is_not_repeated(value: object, shown: str) -> None:
    assert repeated(value) == shown
