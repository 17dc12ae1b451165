"""What a broker writes down of the fetches of one run: where they went and what came of it, and nothing more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.broker import FetchLimits
from agentforge.boxes.network.veil import Secret
from agentforge.boxes.observed import Log, Observed

from .sites import KEY, Request, Send, Site, broker, redirect, reply


async def fetched(*hosts: str, requests: list[dict[str, Any]], **options: Any) -> dict[tuple[str, str, str], int]:
    """What the log tells of these requests, made one after another."""
    log = options.pop("log", None) or Log()
    async with broker(*hosts, log=log, **options) as one:
        for request in requests:
            try:
                await one.fetch(request)
            except Refused:
                continue
    return {tuple(request): count for request, count in log.requests.items()}


async def test_it_tells_method_host_port_and_status() -> None:
    with Site(reply("no", 404)) as site:
        at = f"http://site.test:{site.port}"
        seen = await fetched(at, requests=[{"url": f"{at}/a"}, {"url": f"{at}/b"}, {"url": at, "method": "HEAD"}])
    assert seen == {("GET", at, "404"): 2, ("HEAD", at, "404"): 1}


async def test_a_redirect_is_a_request_to_each_host_on_the_way() -> None:
    with Site(reply("there")) as there:
        to = f"http://there.test:{there.port}"
        with Site(redirect(f"{to}/x")) as here:
            at = f"http://here.test:{here.port}"
            assert await fetched(at, to, requests=[{"url": at}]) == {("GET", at, "302"): 1, ("GET", to, "200"): 1}
            assert await fetched(at, requests=[{"url": at}]) == {("GET", at, "302"): 1, ("GET", to, "refused"): 1}


async def test_what_is_not_granted_is_refused_and_told() -> None:
    requests: list[dict[str, Any]] = [
        {"url": "https://other.test/?q=1"},
        {"url": "https://api.test/", "method": "POST"},
        {"url": "no address"},
        {"method": "GET"},
    ]
    assert await fetched("api.test", requests=requests) == {
        ("GET", "other.test", "refused"): 1,
        ("POST", "api.test", "refused"): 1,
        ("", "", "refused"): 2,
    }


async def test_one_too_many_is_told_as_refused() -> None:
    with Site(reply()) as site:
        at = f"http://site.test:{site.port}"
        seen = await fetched(at, requests=[{"url": at}] * 3, limits=FetchLimits(requests=2))
    assert seen == {("GET", at, "200"): 2, ("", "", "refused"): 1}


async def test_a_name_that_leads_inside_is_refused_and_told() -> None:
    seen = await fetched("inside.test", requests=[{"url": "https://inside.test/"}], allow=lambda _: False)
    assert seen == {("GET", "inside.test", "refused"): 1}


async def test_a_host_that_does_not_answer_in_time_was_asked_all_the_same() -> None:
    def slow(request: Request, send: Send) -> bytes | None:
        site.pause(5)
        return None

    with Site(slow) as site:
        at = f"http://site.test:{site.port}"
        assert await fetched(at, requests=[{"url": at}], limits=FetchLimits(seconds=0.2)) == {("GET", at, "failed"): 1}
        log = Log()
        given_up = asyncio.ensure_future(fetched(at, requests=[{"url": at}], log=log))
        while not site.received[1:]:  # noqa: ASYNC110 - the site is a thread
            await asyncio.sleep(0.01)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
    assert [request.came for request in log.requests] == ["failed"]


async def test_secrets_are_told_by_name_and_nothing_else_of_a_request_is() -> None:
    with Site() as site:
        at, log = f"http://site.test:{site.port}", Log()
        sent = {
            "url": f"{at}/path?query=private",
            "method": "POST",
            "headers": {"Authorization": "Bearer {{secret:API_KEY}}", "X-Mine": "header"},
            "body": "body",
        }
        options: dict[str, Any] = {"secrets": [f"API_KEY@{at}"], "values": [Secret("API_KEY", KEY, at)]}
        await fetched(f"POST {at}", requests=[sent], log=log, **options)
    assert log.secrets == (f"API_KEY@{at}",)
    told = str(Observed.of(log, {}, {}).to_json())
    assert "POST" in told
    for hidden in ("path", "private", "Bearer", "header", "body", KEY):
        assert hidden not in told, hidden


async def test_a_secret_in_the_name_of_a_host_is_not_told() -> None:
    key = "Blue-Horse-42-Blue-Horse"
    values = [Secret("API_KEY", key, "api.test")]
    seen = await fetched("api.test", requests=[{"url": f"https://{key}.other.test/"}], values=values)
    assert seen == {("GET", "[secret API_KEY].other.test", "refused"): 1}
