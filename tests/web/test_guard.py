"""Who gets in, and what every answer carries."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from agentforge.web.app import create_app

from .memory import ORIGIN, PEOPLE, TOKEN, MemoryCatalogue

PAGES = ["/", "/tools/parse_price", "/tools/nothing", "/nowhere"]


@pytest.mark.parametrize("path", PAGES)
def test_without_the_token_no_page_is_shown_and_nothing_is_read(
    stranger: TestClient, catalogue: MemoryCatalogue, path: str
) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "agentforge web" in answer.text
    assert "parse_price" not in answer.text
    assert catalogue.opened == 0


@pytest.mark.parametrize("wrong", ["", "correct-horsf", "correct-hors", "correct-horse ", "ünïcode", "a" * 5000])
def test_a_wrong_token_is_refused(stranger: TestClient, wrong: str) -> None:
    answer = stranger.get("/", params={"token": wrong})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_token_becomes_a_strict_cookie_and_leaves_the_address(stranger: TestClient) -> None:
    answer = stranger.get("/tools/parse_price", params={"q": "a&b", "token": TOKEN})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/tools/parse_price?q=a%26b"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert stranger.get("/").status_code == 200


def test_the_cookie_belongs_to_one_port(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    assert [cookie.name for cookie in browser.cookies.jar] == ["agentforge-8430"]


@pytest.mark.parametrize("value", ["", "x", TOKEN, "0" * 64, "ü"])
def test_a_made_up_cookie_is_refused(stranger: TestClient, value: str) -> None:
    header = f"agentforge-8430={value}".encode()
    assert stranger.get("/", headers={b"cookie": header}).status_code == 403


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "///evil.example", "/%0d%0aX-Evil:1"])
def test_the_redirect_never_leaves_this_server(stranger: TestClient, path: str) -> None:
    answer = stranger.get(f"{ORIGIN}{path}?token={TOKEN}")
    location = answer.headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "\n" not in location
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8430", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "[::2]:80"]
)
def test_other_host_names_are_refused_even_with_the_token(browser: TestClient, host: str) -> None:
    answer = browser.get("/", params={"token": TOKEN}, headers={"host": host})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["localhost:8430", "127.0.0.1", "LOCALHOST:1", "[::1]:8430", "[::1]"])
def test_the_names_of_loopback_are_answered(browser: TestClient, host: str) -> None:
    assert browser.get("/", params={"token": TOKEN}, headers={"host": host}).status_code == 303


@pytest.mark.parametrize("path", [*PAGES, "/static/style.css", "/static/none.css", "/?token=wrong"])
def test_every_answer_carries_the_strict_headers(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin", "with no-referrer a browser hides a form's origin"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_a_page_that_fails_is_as_strict_and_tells_nothing(catalogue: MemoryCatalogue) -> None:
    def broken() -> MemoryCatalogue:
        raise RuntimeError("secret detail")

    app = create_app(broken, MemoryCatalogue().decide, PEOPLE)  # pyright: ignore[reportArgumentType] - fails before it returns
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
        answer = client.get("/", params={"token": TOKEN})
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_page_can_only_be_read(browser: TestClient, catalogue: MemoryCatalogue, method: str) -> None:
    assert browser.request(method, "/tools/parse_price").status_code == 403
    assert browser.request(method, "/tools/parse_price", headers={"origin": ORIGIN}).status_code == 405
    assert catalogue.opened == 0


def test_only_the_style_is_open_to_strangers(stranger: TestClient) -> None:
    assert stranger.get("/static/style.css").status_code == 200
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/../tools/parse_price"):
        assert stranger.get(path).status_code in (403, 404)
