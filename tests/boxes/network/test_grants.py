"""Declared hosts and secrets: what can be written, what it means, and what is said about the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.grants import (
    METHODS,
    Grants,
    HostGrant,
    Origin,
    SecretGrant,
    grants_of,
    parse_host,
    parse_origin,
    parse_secret,
    problems_of,
)
from agentforge.types import Capabilities

from .sites import UNHURRIED

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
HOSTS = st.builds(
    lambda labels, last: ".".join([*labels, last]),
    st.lists(LABELS, min_size=1, max_size=4),
    st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
)
ORIGINS = st.builds(Origin, st.sampled_from(["http", "https"]), HOSTS, st.integers(1, 65535))
GRANTS = st.builds(
    lambda origin, methods: HostGrant(origin, methods | ({"HEAD"} if "GET" in methods else set())),
    ORIGINS,
    st.frozensets(st.sampled_from(METHODS), min_size=1),
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)


@pytest.mark.parametrize(
    ("entry", "origin", "methods", "usual"),
    [
        ("api.example.com", ("https", "api.example.com", 443), "GET HEAD", "api.example.com"),
        ("api.example.com:8443", ("https", "api.example.com", 8443), "GET HEAD", "api.example.com:8443"),
        ("POST,GET api.example.com", ("https", "api.example.com", 443), "GET HEAD POST", "GET,POST api.example.com"),
        ("post api.example.com", ("https", "api.example.com", 443), "POST", "POST api.example.com"),
        ("GET api.example.com", ("https", "api.example.com", 443), "GET HEAD", "api.example.com"),
        ("HEAD api.example.com", ("https", "api.example.com", 443), "HEAD", "HEAD api.example.com"),
        ("http://api.example.com", ("http", "api.example.com", 80), "GET HEAD", "http://api.example.com"),
        (
            "PUT http://api.example.com:8080",
            ("http", "api.example.com", 8080),
            "PUT",
            "PUT http://api.example.com:8080",
        ),
        ("http://api.example.com:443", ("http", "api.example.com", 443), "GET HEAD", "http://api.example.com:443"),
        ("HTTPS://API.Example.COM:443", ("https", "api.example.com", 443), "GET HEAD", "api.example.com"),
        ("xn--bcher-kva.example", ("https", "xn--bcher-kva.example", 443), "GET HEAD", "xn--bcher-kva.example"),
        ("1.2.3.4.example", ("https", "1.2.3.4.example", 443), "GET HEAD", "1.2.3.4.example"),
    ],
)
def test_a_host_is_read(entry: str, origin: tuple[str, str, int], methods: str, usual: str) -> None:
    grant = parse_host(entry)
    assert (grant.origin.scheme, grant.origin.host, grant.origin.port) == origin
    assert grant.methods == set(methods.split())
    assert str(grant) == usual


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("", "Write it as in"),
        (" api.example.com", "Write it as in"),
        ("api.example.com\n", "Write it as in"),
        ("api example.com", "method 'API'"),
        ("GET  api.example.com", "Write it as in"),
        ("GET, api.example.com", "Write it as in"),
        ("TRACE api.example.com", "method 'TRACE'"),
        ("GET,CONNECT api.example.com", "method 'CONNECT'"),
        ("POſT api.example.com", "Write it as in"),
        ("api.example.com/path", "Leave out the path"),
        ("https://api.example.com/", "Leave out the path"),
        ("user:pw@api.example.com", "Leave out user and password"),
        ("ftp://api.example.com", "scheme 'ftp'"),
        ("*.example.com", "wildcard"),
        ("*", "wildcard"),
        ("localhost", "no dot"),
        ("api.example.com:0", "port that does not exist"),
        ("api.example.com:65536", "port that does not exist"),
        ("api.example.com:99999999999999999999", "port that does not exist"),
        ("api.example.com:٨٠", "Write it as in"),
        ("api.example.com:", "Write it as in"),
        ("127.0.0.1", "address in numbers"),
        ("2130706433.0", "address in numbers"),
        ("api.0x7f", "address in numbers"),
        ("[::1]", "Write it as in"),
        ("::1", "Write it as in"),
        ("api..example", "no host name"),
        ("api.example.com.", "no host name"),
        (".example.com", "no host name"),
        ("-api.example.com", "no host name"),
        ("a_b.example.com", "no host name"),
        ("api.example.com#x", "no host name"),
        ("api.example.com%2f", "no host name"),
        ("a" * 64 + ".example", "no host name"),
        (".".join(["abcdefgh"] * 30), "no host name"),
        ("bücher.example", "begins with 'xn--'"),
        ("\u212aelvin.example", "begins with 'xn--'"),
    ],
)
def test_what_is_no_host_is_told_with_what_to_write(entry: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^Host ") as caught:
        parse_host(entry)
    assert problem in str(caught.value)
    assert str(caught.value).endswith(".")


@UNHURRIED
@given(GRANTS)
def test_the_usual_form_of_a_host_reads_as_itself(grant: HostGrant) -> None:
    assert parse_host(str(grant)) == grant


@UNHURRIED
@given(st.text(max_size=60) | st.text("abc.:/@ ,GET*-0", max_size=30))
def test_any_text_is_a_host_or_a_problem(entry: str) -> None:
    try:
        grant = parse_host(entry)
    except ValueError:
        return
    assert parse_host(str(grant)) == grant
    assert grant.methods <= set(METHODS)
    assert grant.origin.host.isascii()
    assert not set(grant.origin.host) & set(" /:@*%\\")


@UNHURRIED
@given(NAMES, ORIGINS)
def test_the_usual_form_of_a_secret_reads_as_itself(name: str, origin: Origin) -> None:
    assert parse_secret(f"{name}@{origin}") == SecretGrant(name, origin)
    assert parse_origin(str(origin)) == origin


@pytest.mark.parametrize(
    "entry",
    ["", "KEY", "KEY@", "@api.example.com", "1KEY@api.example.com", "K-Y@api.example.com", "K" * 65 + "@a.example",
     "KEY@GET api.example.com", "KEY@*.example.com", "KEY@a@b.example", "KEY @a.example", "KEY\n@a.example"],
)  # fmt: skip
def test_what_is_no_secret_is_told(entry: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_secret(entry)


@UNHURRIED
@given(st.text(max_size=60) | st.text("KEY@a.b:/ ", max_size=20))
def test_any_text_is_a_secret_or_a_problem(entry: str) -> None:
    try:
        grant = parse_secret(entry)
    except ValueError:
        return
    assert parse_secret(str(grant)) == grant


def test_a_value_in_the_place_of_a_name_is_not_repeated() -> None:
    value = "sk-live-" + "0123456789abcdefghijkl"
    with pytest.raises(ValueError, match="NAME@HOST") as caught:
        parse_secret(value)
    assert value not in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    wrong = Capabilities(hosts=("*", "api.example.com", "localhost"), secrets=("KEY", "KEY@other.example"))
    problems = problems_of(wrong)
    assert len(problems) == 4
    assert problems[-1] == (
        "Secret 'KEY@other.example' is for a host that is not declared. Add 'other.example' to hosts."
    )
    with pytest.raises(ValueError, match=r"wildcard.*no dot.*NAME@HOST.*not declared"):
        grants_of(wrong)
    assert problems_of(Capabilities()) == []
    assert grants_of(Capabilities()) == Grants()


def test_entries_for_one_host_add_up_and_ports_stand_apart() -> None:
    grants = grants_of(Capabilities(hosts=("a.example", "POST a.example", "DELETE a.example:8443")))
    a, other = parse_origin("a.example"), parse_origin("a.example:8443")
    for method, origin in (("GET", a), ("HEAD", a), ("POST", a), ("DELETE", other)):
        grants.check(method, origin)
    for method, origin in (("DELETE", a), ("GET", other), ("GET", parse_origin("http://a.example"))):
        with pytest.raises(Refused):
            grants.check(method, origin)


@UNHURRIED
@given(st.lists(GRANTS, max_size=4), st.sampled_from(METHODS), ORIGINS)
def test_nothing_is_granted_that_no_entry_says(hosts: list[HostGrant], method: str, origin: Origin) -> None:
    grants = grants_of(Capabilities(hosts=tuple(map(str, hosts))))
    said = any(grant.origin == origin and method in grant.methods for grant in hosts)
    try:
        grants.check(method, origin)
    except Refused:
        assert not said
    else:
        assert said
