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
    ("DB_PASS=swordfish", "swordfish"),
    ("MYSQL_PWD=swordfish mysqldump", "swordfish"),
    ("export APP_PASSWORD=swordfish", "swordfish"),
    ("dbPassword: swordfish", "swordfish"),
    ("AccountName=x;AccountKey=Zm9v+YmFy/QUJD1234==;EndpointSuffix=y", "Zm9v+YmFy/QUJD1234=="),
    ("user: ada, pass: hunter2", "hunter2"),
    ("curl --user ada pass=swordfish", "swordfish"),
    ('{"user": "ada", "pass": "swordfish"}', "swordfish"),
    ('secret="correct-horse"', "correct-horse"),
    ("client_secret = 'correcthorse'", "correcthorse"),
    ("HF_TOKEN=Zx81Zx81Zx81", "Zx81Zx81Zx81"),
    ('password = "correct horse battery"', "horse battery"),
    ("https://user:p@ss:w0rd@host/path", "w0rd"),
    ("https://user:p@ss:w0rd@host/path", "p@ss"),
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
        "key=value pairs such as colour=red, sort_key=name3456 and compass: north-east4",
        "if ready: pass\nelse: total = 3",
        "The tests that pass: test_parse, test_long_one. Those that pass: all",
        'Token = "number_literal" and next_token: Token | None',
        "def sign(private_key: str, secret: bytes, pass_: int = 3) -> str:",
        "http://localhost:8080/users/ada@example.org",
        "'https://a.example:80/x','b@c.example'",
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


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:p@ss:w0rd@host/a@b", "https://user:[redacted:password]@host/a@b"),
        ("'db://u:pwd@h','b@c'", "'db://u:[redacted:password]@h','b@c'"),
        ("DB_PASS=abcd;USER=x", "DB_PASS=[redacted:password];USER=x"),
        ('secret="correct-horse", n=1', 'secret="[redacted:secret]", n=1'),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, clean: str) -> None:
    assert redact(text) == clean


_PIECES = ["pass", "DB_PASS", "pwd", "secret", "token", "AccountKey", "is", "=", ":", " ", '"', "'", "@", "://", "x9"]


@given(
    st.lists(st.sampled_from([*_PIECES, "https", "/", "abcdefgh1", "bearer ", "[redacted:token]", "\n"]), max_size=16)
)
def test_twice_is_as_once_whatever_the_order(pieces: list[str]) -> None:
    once = redact("".join(pieces))
    assert redact(once) == once


@given(st.text(alphabet="ab:=/@-. \"'\n_", max_size=80))
def test_no_text_without_letters_of_a_secret_makes_it_fail(text: str) -> None:
    assert isinstance(redact(text), str)


def test_the_beginning_of_a_key_ends_the_one_before() -> None:
    begin = "-----BEGIN PRIVATE KEY-----"
    assert redact(f"{begin}\nMIIcut{begin}\nMIIEow\n-----END PRIVATE KEY----- after") == (
        "[redacted:private-key][redacted:private-key] after"
    )


@pytest.mark.timeout(20)
def test_a_large_text_of_beginnings_takes_no_time() -> None:
    """Half a minute, when each of them was looked for an end in the 20,000 characters behind it."""
    redact("-----BEGIN PRIVATE KEY-----" * 38_000 + "x")


def test_a_large_text_takes_no_time() -> None:
    redact("sk-" * 50_000 + "-----BEGIN PRIVATE KEY-----" * 200 + "http://a:" * 10_000)
    redact("pass:'" * 20_000 + 'secret="' * 20_000 + "a://b:" + "c@" * 50_000)


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
