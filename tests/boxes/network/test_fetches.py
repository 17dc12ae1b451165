"""A tool's request before anything is looked up: headers, URLs and bodies that nobody may send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.fetches import Fetch, read_fetch
from agentforge.boxes.network.grants import METHODS

from .sites import UNHURRIED

URL = "https://api.example.com/"


def read(**request: Any) -> Fetch:
    return read_fetch({"url": URL, **request}, body_bytes=100)


def refusal(**request: Any) -> str:
    with pytest.raises(Refused) as caught:
        read(**request)
    assert caught.value.kind == "refused"
    assert caught.value.message.endswith(".")
    return caught.value.message


def test_all_but_the_url_may_be_left_out() -> None:
    fetch = read_fetch({"url": "https://API.example.com:443/a b?c#d"}, body_bytes=0)
    assert (fetch.method, str(fetch.url), fetch.headers, fetch.body) == ("GET", f"{URL}a%20b?c", (), b"")
    assert (str(fetch.origin), fetch.origin.port) == ("api.example.com", 443)
    assert str(read_fetch({"url": "https://api.example.com?x"}, body_bytes=0).url) == f"{URL}?x"
    assert read_fetch({"url": "https://api.example.com:0/"}, body_bytes=0).origin.port == 0
    assert str(read_fetch({"url": "https://api.example.com"}, body_bytes=0).url) == URL
    assert read(method=" get ".strip(), headers=None, body=None, base64=None).method == "GET"


@pytest.mark.parametrize(
    "name",
    [
        "Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
        "Expect", "Proxy-Authorization", "proxy-connection", "Cookie", "Cookie2", "Set-Cookie", "X-Http-Method",
        "X-HTTP-Method-Override", "X-Method-Override", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Via",
        "X-Real-IP", "Accept-Encoding", "Content_Length", "X_HTTP_METHOD_OVERRIDE", "transfer_encoding",
        "Proxy_Authorization",
    ],
)  # fmt: skip
def test_headers_that_are_not_the_tools_are_refused_with_the_reason(name: str) -> None:
    assert "cannot be set: " in refusal(headers={name: "1"})


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nHost: evil"}, {"X": "a\nb"}, {"X": "a\rb"}, {"X": "a\0b"}, {"X": "ü"}, {"X": "\u2028"}, {"X": 1},
        {"X": None}, {"X": ["a"]}, {"X\r\nHost": "a"}, {"X: Y": "a"}, {"": "a"}, {"Hóst": "a"}, {"X Y": "a"},
        {" Host": "a"}, {"Host ": "a"}, {"X" * 101: "a"}, {"X": "a", "x": "b"}, "X: a", ["X"], {"X": "\x7f"},
        {f"X-{n}": "a" for n in range(41)}, {f"X-{n}": "a" * 999 for n in range(20)},
    ],
)  # fmt: skip
def test_headers_that_break_out_or_fill_up_are_refused(headers: Any) -> None:
    refusal(headers=headers)


@UNHURRIED
@given(st.dictionaries(st.text(max_size=12), st.text(max_size=20), max_size=5))
def test_whatever_headers_are_read_stay_on_their_line(headers: dict[str, str]) -> None:
    try:
        fetch = read(headers=headers)
    except Refused:
        return
    for name, value in fetch.headers:
        assert name == name.lower()
        assert name.isascii()
        assert value.isascii()
        assert value == value.strip()
        assert not set(name) & set("\r\n: \0")
        assert not set(value) & set("\r\n\0")


@pytest.mark.parametrize(
    "url",
    [
        None, 7, [], "", "/", "//api.example.com/", "api.example.com", "ftp://api.example.com/", "file:///etc/passwd",
        "https://", "https:///x", "https://user@api.example.com/", "https://user:pw@api.example.com/",
        "https://:pw@api.example.com/", "https://api.example.com\\@evil.example/", "https://api.example.com:bad/",
        "https://api.example.com/\r\nX: 1", "https://api.example.com/\0", "https://api.example.com/\t",
        "https://[::1/", "https://999.999.999.999/", "https://\ud800.example/", "https://api.example.com/\udfff",
        "https://api.example.com/" + "x" * 4096, "javascript:alert(1)", "https:api.example.com",
        "https://api.example.com/?k={{secret:KEY}}",
    ],
)  # fmt: skip
def test_what_is_no_url_of_the_web_is_refused(url: Any) -> None:
    refusal(url=url)


def test_a_password_in_a_url_is_not_repeated() -> None:
    assert "hunter2-and-more" not in refusal(url="https://ada:hunter2-and-more@api.example.com/")


@UNHURRIED
@given(st.text(max_size=40) | st.text("htps:/@.a0[]\\?#%", max_size=40).map("https://".__add__))
def test_any_text_is_a_url_with_an_origin_or_refused(url: str) -> None:
    try:
        fetch = read(url=url)
    except Refused:
        return
    assert fetch.url.scheme in ("http", "https")
    assert fetch.origin.host
    assert not fetch.url.userinfo
    assert "#" not in str(fetch.url)
    assert fetch.url.raw_path.isascii()


@pytest.mark.parametrize(
    "request_",
    [
        {"body": 1}, {"body": {"a": 1}}, {"body": b"x"}, {"body": "\ud800"}, {"base64": "!"}, {"base64": "YQ"},
        {"base64": 1}, {"body": "a", "base64": "YQ=="}, {"body": "x" * 101}, {"body": "ü" * 51},
        {"base64": "eHh4" * 34},
    ],
)  # fmt: skip
def test_what_is_no_body_or_too_large_is_refused(request_: dict[str, Any]) -> None:
    refusal(method="POST", **request_)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_carries_no_body(method: str) -> None:
    assert "carries no body" in refusal(method=method, body="x")
    assert read(method=method, body="").body == b""


@pytest.mark.parametrize("request_", [{"timeout": 5}, {"URL": URL}, {"method": None}, {"method": ["GET"]}])
def test_what_a_fetch_does_not_have_is_refused(request_: dict[str, Any]) -> None:
    refusal(**request_)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@UNHURRIED
@given(st.dictionaries(st.sampled_from(["url", "method", "headers", "body", "base64", "x"]), JSON))
def test_any_object_is_a_fetch_or_refused(request_: dict[str, Any]) -> None:
    try:
        fetch = read_fetch(request_, body_bytes=100)
    except Refused:
        return
    assert fetch.method in METHODS


LOCATIONS = st.text(max_size=40) | st.sampled_from(["//", "/a", "?b", "http://", "https://x.example", "\\\\"]).flatmap(
    lambda start: st.text("ab./:@?#\\[]%", max_size=20).map(start.__add__)
)


@UNHURRIED
@given(LOCATIONS, st.sampled_from([301, 302, 303, 307, 308]), st.sampled_from(METHODS))
def test_a_redirect_keeps_secrets_at_their_origin(location: str, status: int, method: str) -> None:
    headers = {"Authorization": "Bearer own", "X-Key": "{{secret:KEY}}", "X-Plain": "1"}
    fetch = read(method=method, headers=headers, body="x" if method in ("POST", "PUT", "PATCH") else None)
    try:
        onward = fetch.redirected(status, location)
    except Refused:
        return
    stays = onward.origin == fetch.origin
    assert dict(onward.headers) == (
        {name.lower(): value for name, value in headers.items()} if stays else {"x-plain": "1"}
    )
    assert onward.method in (method, "GET")
    assert onward.body in (fetch.body, b"")
    assert (onward.method == method) or not onward.body
