"""The broker against real servers on loopback, most of them hostile."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.broker import Broker, FetchLimits
from agentforge.boxes.network.veil import Secret
from agentforge.types import Capabilities

from .sites import JSON, KEY, Names, Request, Send, Site, ask, broker, certificate, redirect, refused, reply

QUICK = FetchLimits(seconds=0.5)
SMALL = FetchLimits(response_bytes=10_000)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def at(site: Site, host: str = "site.test") -> str:
    return f"http://{host}:{site.port}"


def secret(origin: str, value: str = KEY) -> dict[str, Any]:
    return {"secrets": [f"API_KEY@{origin}"], "values": [Secret("API_KEY", value, origin)]}


BEARER = {"Authorization": "Bearer {{secret:API_KEY}}"}


# What works


async def test_a_declared_host_is_fetched_from(site: Site) -> None:
    answer = await ask(at(site), url=f"{at(site)}/items?page=2#part", headers={"X-Version": " 7 "})
    assert (answer["status"], answer["url"]) == (200, f"{at(site)}/items?page=2")
    assert answer["headers"]["content-type"] == JSON  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]  a test reads it
    told = json.loads(str(answer["text"]))
    assert (told["method"], told["target"]) == ("GET", "/items?page=2")
    assert told["headers"] == {
        "host": f"site.test:{site.port}",
        "user-agent": "AgentForge",
        "accept": "*/*",
        "accept-encoding": "identity",
        "x-version": "7",
    }


async def test_a_declared_method_carries_its_body(site: Site) -> None:
    host = f"POST,GET {at(site)}"
    await ask(host, url=at(site), method="post", body="über", headers={"Content-Type": "text/plain"})
    await ask(host, url=at(site), method="POST", base64="AP8=")
    await ask(host, url=at(site), method="POST")
    await ask(host, url=at(site), method="HEAD")
    assert [request.body for request in site.received] == ["über".encode(), b"\x00\xff", b"", b""]
    assert [request.headers.get("content-length") for request in site.received] == ["5", "2", "0", None]


async def test_what_is_no_text_comes_as_base64() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    with Site(reply(picture, headers=[("Content-Type", "image/png")])) as site:
        answer = await ask(at(site), url=at(site))
    assert "text" not in answer
    assert base64.b64decode(str(answer["base64"])) == picture


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("größer".encode("latin-1"), "text/plain; charset=ISO-8859-1", "größer"),
        ("größer".encode("utf-16"), 'text/csv; header=yes; charset="utf-16"', "größer"),
        ("\ufeff{}".encode(), "application/ld+json", "{}"),
        (b"plain", "", "plain"),
        (b"", "image/png", ""),
        (b"\xff\xfe\xfa", "text/plain", None),
        (b"+AGE-", "text/plain; charset=utf-7", None),
        (b"a", "text/plain; charset=zlib_codec", None),
        (b"a", "text/plain; charset=" + "x" * 5000, None),
        (b"a", "application/octet-stream", None),
    ],
)
async def test_text_is_what_says_so_and_is(body: bytes, kind: str, text: str | None) -> None:
    with Site(reply(body, headers=[("Content-Type", kind)] if kind else [])) as site:
        answer = await ask(at(site), url=at(site))
    assert answer.get("text") == text
    assert ("base64" in answer) is (text is None)


@pytest.mark.parametrize("status", [204, 304, 400, 404, 500, 503])
async def test_a_bad_status_is_an_answer(status: int) -> None:
    with Site(reply("" if status in (204, 304) else "sorry", status)) as site:
        assert (await ask(at(site), url=at(site)))["status"] == status


async def test_repeated_headers_are_joined_and_cookies_dropped() -> None:
    headers = [("X-A", "1"), ("x-a", "2"), ("Set-Cookie", "session=1"), ("Link", "<a>")]
    with Site(reply("", headers=headers)) as site:
        async with broker(at(site)) as one:
            first = await one.fetch({"url": at(site)})
            await one.fetch({"url": at(site)})
    assert first["headers"] == {"x-a": "1, 2", "link": "<a>", "content-length": "0"}
    assert all("cookie" not in request.headers for request in site.received)


async def test_several_at_once_do_not_meet() -> None:
    def answer(request: Request, _: Send) -> bytes:
        site.pause(0.05)
        return reply(request.target)

    with Site(answer) as site:
        async with broker(at(site)) as one:
            answers = await asyncio.gather(*(one.fetch({"url": f"{at(site)}/{number}"}) for number in range(8)))
    assert [found["text"] for found in answers] == [f"/{number}" for number in range(8)]


async def test_it_is_used_inside_async_with_only() -> None:
    with pytest.raises(RuntimeError):
        await broker("http://site.test").fetch({"url": "http://site.test/"})


def test_a_capability_that_cannot_be_read_makes_no_broker() -> None:
    with pytest.raises(ValueError, match=r"wildcard.*API_KEY"):
        Broker(Capabilities(hosts=("*.example.com",), secrets=("API_KEY",)))


# Where it goes


@pytest.mark.parametrize(
    "url",
    [
        "http://other.test/", "http://site.test.:{port}/", "http://site.test/", "http://sub.site.test:{port}/",
        "https://site.test:{port}/", "http://127.0.0.1:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
        "http://site.test%2e:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/",
        "http://site.test:0/", "http://evil.test\\@other.test:{port}/",
    ],
)  # fmt: skip
async def test_nothing_but_the_declared_host_and_port_is_asked(site: Site, url: str) -> None:
    names = Names()
    await refused(at(site), url=url.format(port=site.port), names=names)
    assert (names.asked, site.connections) == ([], 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get\r\nX: 1", "", "PURGE"])
async def test_methods_that_are_not_declared_are_refused(site: Site, method: str) -> None:
    await refused(at(site), url=at(site), method=method)
    assert site.connections == 0


async def test_the_sentence_names_what_to_do(site: Site) -> None:
    assert "declare 'DELETE http://site.test" in await refused(at(site), url=at(site), method="DELETE")
    assert "among the hosts of this tool (http://site.test" in await refused(at(site), url="https://a.test/")


@pytest.mark.parametrize(
    "addresses",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%1", "::ffff:10.0.0.1", "93.184.216.34 10.0.0.1"],
)
async def test_a_name_with_an_address_that_is_not_public_is_refused(addresses: str) -> None:
    names = Names(site_test=[addresses])
    async with Broker(Capabilities(hosts=("site.test",)), resolve=names) as one:
        with pytest.raises(Refused, match=r"site\.test leads to an address that is not public") as caught:
            await one.fetch({"url": "https://site.test/"})
    assert caught.value.kind == "refused"
    assert not any(address in caught.value.message for address in addresses.split())


async def test_a_name_is_looked_up_once_and_its_address_pinned(site: Site) -> None:
    names = Names(site_test=["127.0.0.1", "127.0.0.2"])  # a rebinding server: the second answer is another machine
    answer = await ask(at(site), url=at(site), names=names)
    assert (answer["status"], names.asked, site.connections) == (200, ["site.test"], 1)


async def test_the_second_request_meets_the_second_address(site: Site) -> None:
    async with broker(at(site), names=Names(site_test=["127.0.0.1", "127.0.0.2"])) as one:
        await one.fetch({"url": at(site)})
        with pytest.raises(Refused, match="not public"):
            await one.fetch({"url": at(site)})
    assert site.connections == 1


async def test_another_address_is_tried_where_the_first_takes_no_connection(site: Site) -> None:
    names = Names(site_test=["127.0.0.9 127.0.0.1"])
    answer = await ask(at(site), url=at(site), names=names, allow=lambda _: True)
    assert answer["status"] == 200


async def test_an_address_of_ipv6_is_pinned_too() -> None:
    try:
        site = Site(host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    with site:
        answer = await ask(at(site), url=at(site), names=Names(site_test=["::1"]), allow=lambda _: True)
    assert json.loads(str(answer["text"]))["headers"]["host"] == f"site.test:{site.port}"


async def test_a_name_without_address_fails() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    message = await refused("site.test", kind="failed", url="https://site.test/", names=nowhere)
    assert "no address" in message


async def test_no_proxy_of_the_environment_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await ask(at(site), url=at(site)))["status"] == 200


# Encryption


async def test_the_certificate_is_checked_for_the_name_at_the_pinned_address(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "site.test")
    with Site(tls=server) as site:
        here = f"site.test:{site.port}"
        answer = await ask(here, url=f"https://{here}/", tls=client)
        assert json.loads(str(answer["text"]))["headers"]["host"] == here
        assert site.names == ["site.test"]
        other = f"other.test:{site.port}"
        message = await refused(other, kind="failed", url=f"https://{other}/", tls=client)
        assert message == f"The certificate of {other} is not valid for it. Nothing was sent."
        assert "certificate" in await refused(here, kind="failed", url=f"https://{here}/")
    assert len(site.received) == 1


async def test_encryption_is_never_given_up(site: Site) -> None:
    here = f"site.test:{site.port}"  # speaks no TLS
    assert "takes no connection" in await refused(here, kind="failed", url=f"https://{here}/")
    assert site.received == []


async def test_a_connection_never_serves_another_name_at_its_address(tmp_path: Path) -> None:
    """Connections are kept by address, and the second name's certificate would never be looked at."""
    server, client = certificate(tmp_path, "site.test")
    with Site(tls=server) as site:
        hosts = [f"site.test:{site.port}", f"other.test:{site.port}"]
        async with broker(*hosts, tls=client) as one:
            await one.fetch({"url": f"https://{hosts[0]}/"})
            with pytest.raises(Refused, match="certificate"):
                await one.fetch({"url": f"https://{hosts[1]}/"})
    assert (len(site.received), site.connections) == (1, 2)


# Redirects


async def test_redirects_are_followed_by_relative_and_whole_addresses() -> None:
    def answer(request: Request, _: Send) -> bytes:
        ways = {"/a": "b?x=1#y", "/b?x=1": f"http://site.test:{site.port}/c"}
        return redirect(ways[request.target]) if request.target in ways else reply("here")

    with Site(answer) as site:
        found = await ask(at(site), url=f"{at(site)}/a")
    assert (found["text"], found["url"]) == ("here", f"{at(site)}/c")


@pytest.mark.parametrize(("most", "hops", "arrives"), [(5, 5, True), (5, 6, False), (0, 0, True), (0, 1, False)])
async def test_redirects_are_counted(most: int, hops: int, arrives: bool) -> None:
    def answer(request: Request, _: Send) -> bytes:
        at = int(request.target[1:])
        return redirect(f"/{at + 1}") if at < hops else reply("here")

    limits = FetchLimits(redirects=most)
    with Site(answer) as site:
        if arrives:
            assert (await ask(at(site), url=f"{at(site)}/0", limits=limits))["text"] == "here"
        else:
            message = await refused(at(site), kind="failed", url=f"{at(site)}/0", limits=limits)
            assert f"more than {most} times" in message
    assert len(site.received) == min(hops, most) + 1


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/", "http://localhost:{port}/",
        "http://[::1]:{port}/", "https://site.test:{port}/", "http://site.test:1/", "//other.test/",
        "file:///etc/passwd", "gopher://site.test:{port}/", "javascript:alert(1)", "http://user:pw@site.test:{port}/",
        "http://site.test:{port}:80/", "http://metadata.google.internal/", "data:text/plain,x", "\\\\other.test\\x",
    ],
)  # fmt: skip
async def test_a_redirect_is_checked_like_a_new_request(to: str) -> None:
    def answer(request: Request, _: Send) -> bytes:
        return redirect(to.format(port=site.port)) if request.target == "/" else reply("reached")

    names = Names()
    with Site(answer) as site:
        try:
            found = await ask(at(site), url=f"{at(site)}/", names=names)
        except Refused:
            assert len(site.received) == 1
        else:  # a backslash is an ordinary character of a path
            assert str(found["url"]).startswith(f"{at(site)}/")
    assert set(names.asked) == {"site.test"}


async def test_a_redirect_to_a_declared_name_with_a_private_address_is_refused() -> None:
    def answer(request: Request, _: Send) -> bytes:
        return redirect(f"http://inside.test:{site.port}/")

    with Site(answer) as site:
        names = Names(inside_test=["10.0.0.1"])
        message = await refused(at(site), at(site, "inside.test"), url=at(site), names=names)
        assert "inside.test leads to an address that is not public" in message


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "POST", "GET", b""), (302, "POST", "GET", b""), (303, "POST", "GET", b""), (303, "PUT", "GET", b""),
        (302, "PUT", "PUT", b"x"), (307, "POST", "POST", b"x"), (308, "POST", "POST", b"x"),
    ],
)  # fmt: skip
async def test_methods_change_as_usual(status: int, method: str, then: str, body: bytes) -> None:
    def answer(request: Request, _: Send) -> bytes:
        return redirect("/then", status) if request.target == "/" else reply()

    with Site(answer) as site:
        host = f"GET,POST,PUT {at(site)}"
        await ask(host, url=at(site), method=method, body="x", headers={"Content-Type": "text/plain"})
    last = site.received[-1]
    assert (last.method, last.body, "content-type" in last.headers) == (then, body, bool(body))


async def test_a_redirect_cannot_use_a_method_that_its_target_does_not_allow() -> None:
    with Site() as other, Site(lambda *_: redirect(at(other, "other.test"), 307)) as site:
        hosts = [f"POST {at(site)}", at(other, "other.test")]
        assert "POST is not declared" in await refused(*hosts, url=at(site), method="POST", body="x")
        assert other.connections == 0


# Secrets


async def test_a_secret_reaches_its_host_and_comes_back_as_its_name(site: Site) -> None:
    answer = await ask(at(site), url=at(site), headers=BEARER, **secret(at(site)))
    assert site.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(str(answer["text"]))["headers"]["authorization"] == "Bearer [secret API_KEY]"


ECHOES = {
    "plain": KEY,
    "upper": KEY.upper(),
    "quoted": quote(KEY, safe=""),
    "quoted in lower case": quote(KEY, safe="").lower(),
    "quoted as a path": quote(KEY),
    "every byte quoted": "".join(f"%{byte:02X}" for byte in KEY.encode()),
    "json": json.dumps({"key": KEY}),
    "json with slashes": json.dumps(KEY).replace("/", "\\/"),
    "json for pages": json.dumps(KEY).replace("&", "\\u0026").replace("=", "\\u003d").replace("+", "\\u002B"),
    "html": html.escape(KEY),
    "hex": KEY.encode().hex(),
    "hex in upper case": KEY.encode().hex().upper(),
    **{
        f"base64 after {before}": base64.b64encode(b"u" * before + KEY.encode() + b"!").decode()
        for before in range(4)
    },
    "base64 for urls": base64.urlsafe_b64encode(b"\xff\xfe\xfd" + KEY.encode()).decode(),
}  # fmt: skip


def remains(text: str) -> bool:
    """Whether more than a few characters of the secret can still be read out of ``text``."""
    readings = [text, text.encode().hex()]
    for piece in text.replace("[secret API_KEY]", " ").split():
        for padding in ("", "=", "=="):
            try:
                readings.append(base64.urlsafe_b64decode(piece.replace("+", "-").replace("/", "_") + padding).decode())
            except ValueError:
                continue
    spots = [KEY[start : start + 8].lower() for start in range(len(KEY) - 7)]
    return any(spot in reading.lower() for spot in spots for reading in readings)


@pytest.mark.parametrize("form", ECHOES)
@pytest.mark.parametrize("place", ["text", "base64", "header"])
async def test_an_echo_in_any_form_is_hidden(form: str, place: str) -> None:
    told = ECHOES[form]
    kind = "text/plain" if place == "text" else "application/octet-stream"
    headers = [("Content-Type", kind), *([("X-Echo", told)] if place == "header" else [])]
    with Site(reply(f"before {told} after", headers=headers)) as site:
        answer = await ask(at(site), url=at(site), headers=BEARER, **secret(at(site)))
    shown = str(answer.get("text") or base64.b64decode(str(answer["base64"])).decode())
    if place == "header":
        shown += str(answer["headers"]["x-echo"])  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]  a test reads it
    assert "[secret API_KEY]" in shown
    assert not remains(shown)


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-16", "application/octet-stream"])
@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
async def test_an_echo_in_utf_16_is_hidden(kind: str, codec: str) -> None:
    kind = kind.replace("utf-16", codec.replace("-16-", "-16"))
    with Site(reply(KEY.encode(codec), headers=[("Content-Type", kind)])) as site:
        answer = await ask(at(site), url=at(site), headers=BEARER, **secret(at(site)))
    shown = str(answer.get("text") or base64.b64decode(str(answer.get("base64"))))
    assert "[secret API_KEY]" in shown
    assert "live" not in shown.replace("\\x00", "")


async def test_what_a_basic_credential_says_is_hidden(site: Site) -> None:
    value = base64.b64encode(b"ada:correct horse 7").decode()
    with Site(reply('{"user": "ada", "password": "correct horse 7"}')) as site:
        headers = {"Authorization": "Basic {{secret:API_KEY}}"}
        answer = await ask(at(site), url=at(site), headers=headers, **secret(at(site), value))
    assert answer["text"] == '{"user": "ada", "password": "[secret API_KEY]"}'


async def test_a_secret_stays_behind_when_a_redirect_leaves_its_host() -> None:
    headers = {**BEARER, "X-Key": "k {{secret:API_KEY}}", "X-Plain": "stays"}

    def answer(request: Request, _: Send) -> bytes:
        return redirect(at(other, "other.test")) if request.target == "/" else reply("back")

    with Site(lambda *_: redirect(f"{at(site)}/back")) as other, Site(answer) as site:
        found = await ask(at(site), at(other, "other.test"), url=at(site), headers=headers, **secret(at(site)))
    assert found["text"] == "back"
    first, then, last = site.received[0], other.received[0], site.received[1]
    assert KEY in first.headers["authorization"]
    for request in (then, last):  # nor does it come back on the way back
        assert KEY.encode() not in request.raw
        assert b"secret:" not in request.raw
        assert "authorization" not in request.headers
        assert request.headers["x-plain"] == "stays"


async def test_a_secret_stays_behind_when_a_redirect_changes_the_port() -> None:
    with Site() as other, Site(lambda *_: redirect(at(other))) as site:
        await ask(at(site), at(other), url=at(site), headers=BEARER, **secret(at(site)))
    assert KEY.encode() not in other.received[0].raw


async def test_a_credential_of_the_tool_itself_stays_behind_too() -> None:
    with Site() as other, Site(lambda *_: redirect(at(other))) as site:
        await ask(at(site), at(other), url=at(site), headers={"Authorization": "Bearer own"})
    assert "authorization" not in other.received[0].headers


async def test_a_secret_in_a_redirect_is_hidden_in_the_answer_and_in_the_refusal() -> None:
    with Site(lambda *_: redirect(f"/there?key={quote(KEY, safe='')}")) as site:
        limits = FetchLimits(redirects=1)
        message = await refused(
            at(site), kind="failed", url=at(site), headers=BEARER, limits=limits, **secret(at(site))
        )
        assert "redirects" in message

    def answer(request: Request, _: Send) -> bytes:
        return redirect(f"/there?key={quote(KEY, safe='')}") if request.target == "/" else reply("")

    with Site(answer) as site:
        found = await ask(at(site), url=at(site), headers=BEARER, **secret(at(site)))
    assert found["url"] == f"{at(site)}/there?key=[secret API_KEY]"


async def test_a_secret_in_the_name_of_a_host_is_hidden_in_the_refusal() -> None:
    value = "abcdefgh-0123"
    with Site(lambda *_: redirect(f"http://{value}.test/")) as site:
        message = await refused(at(site), url=at(site), headers=BEARER, **secret(at(site), value))
    assert "http://[secret API_KEY].test" in message


async def test_a_secret_goes_to_its_own_host_only(site: Site) -> None:
    other = at(site, "other.test")
    hosts = [at(site), other]
    message = await refused(*hosts, url=other, headers=BEARER, **secret(at(site)))
    assert f"is for {at(site)} only" in message
    message = await refused(*hosts, url=at(site), headers=BEARER, values=[Secret("API_KEY", KEY, at(site))])
    assert "is not among those of this tool" in message
    declared = [f"API_KEY@{other}"]  # the tool declares it elsewhere than the user bound it
    message = await refused(
        *hosts, url=other, headers=BEARER, secrets=declared, values=[Secret("API_KEY", KEY, at(site))]
    )
    assert "The user keeps no secret 'API_KEY' for" in message
    assert site.connections == 0


@pytest.mark.parametrize(
    "request_",
    [
        {"url": "/?key={{secret:API_KEY}}"},
        {"method": "POST", "body": "{{secret:API_KEY}}"},
        {"method": "POST", "base64": base64.b64encode(b"{{secret:API_KEY}}").decode()},
        {"headers": {"X-{{secret:API_KEY}}": "1"}},
        {"headers": {"X": "{{secret:API KEY}}"}},
        {"headers": {"X": "{{secret:{{secret:API_KEY}}}}"}},
    ],
)
async def test_a_secret_stands_nowhere_but_in_the_value_of_a_header(site: Site, request_: dict[str, Any]) -> None:
    url = at(site) + request_.pop("url", "/")
    await refused(f"GET,POST {at(site)}", url=url, **request_, **secret(at(site)))
    assert site.connections == 0


async def test_a_secret_cannot_be_multiplied(site: Site) -> None:
    long = secret(at(site), "x1" * 2000)
    message = await refused(at(site), url=at(site), headers={"X": "{{secret:API_KEY}}" * 100}, **long)
    assert "too large" in message


async def test_nothing_that_is_shown_or_logged_holds_the_value(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kept = secret(at(site))
    async with broker(at(site), **kept) as one:
        await one.fetch({"url": at(site), "headers": BEARER})
        assert KEY not in repr(one) + repr(kept["values"])
        assert one.redact(f"x {KEY}") == "x [secret API_KEY]"
    assert caplog.records
    assert KEY not in caplog.text
