"""Recordings: what is written, what it answers, and what a hostile file does."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.boxes.asks import Refused
from agentforge.boxes.network.broker import FetchLimits
from agentforge.boxes.network.recordings import Exchange, Recorder, Replay, read_recordings
from agentforge.boxes.network.veil import Secret
from agentforge.errors import StorageError
from agentforge.types import Capabilities, JSONObject

from .sites import KEY, UNHURRIED, Request, Send, Site, broker, reply

HOST = "http://site.test"
BEARER = {"Authorization": "Bearer {{secret:API_KEY}}"}


def at(site: Site) -> str:
    return f"{HOST}:{site.port}"


def counting(request: Request, _: Send) -> bytes:
    counting.told += 1  # pyright: ignore[reportFunctionMemberAccess]  the count of one test
    return reply(f"{request.method} {request.target} {counting.told}")  # pyright: ignore[reportFunctionMemberAccess]  as above


@pytest.fixture(autouse=True)
def _count() -> None:
    counting.told = 0  # pyright: ignore[reportFunctionMemberAccess]  as above


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recordings.jsonl"


async def record(path: Path, site: Site, *requests: JSONObject, **more: Any) -> list[JSONObject]:
    async with broker(f"GET,POST {at(site)}", **more) as one:
        recorder = Recorder(one, path)
        answers = [await recorder.fetch({**request, "url": at(site) + str(request["url"])}) for request in requests]
    assert recorder.lost == 0
    return answers


def replay(path: Path, site: Site, **more: Any) -> Replay:
    return Replay(read_recordings(path), Capabilities(hosts=(f"GET,POST {at(site)}",), **more))


async def test_what_was_recorded_is_answered_without_the_network(path: Path) -> None:
    requests: list[JSONObject] = [
        {"url": "/a"},
        {"url": "/b", "headers": {"Accept": "text/plain", "X-Version": "1"}},
        {"url": "/c", "method": "POST", "body": "one"},
        {"url": "/c", "method": "POST", "body": "two"},
    ]
    with Site(counting) as site:
        answers = await record(path, site, *requests)
    again = replay(path, site)
    found = [await again.fetch({**request, "url": at(site) + str(request["url"])}) for request in reversed(requests)]
    assert found == answers[::-1]


async def test_repeated_requests_get_their_answers_in_order_and_the_last_from_then_on(path: Path) -> None:
    with Site(counting) as site:
        await record(path, site, {"url": "/"}, {"url": "/"})
    again = replay(path, site)
    assert [(await again.fetch({"url": at(site)}))["text"] for _ in range(4)] == [
        "GET / 1", "GET / 2", "GET / 2", "GET / 2",
    ]  # fmt: skip
    assert (await replay(path, site).fetch({"url": at(site)}))["text"] == "GET / 1"


async def test_an_answer_that_a_tool_changed_is_answered_whole_the_next_time(path: Path) -> None:
    with Site(counting) as site:
        await record(path, site, {"url": "/"})
    again = replay(path, site)
    (await again.fetch({"url": at(site)})).clear()
    assert (await again.fetch({"url": at(site)}))["text"] == "GET / 1"


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"url": "/other"}, "No recording answers POST"),
        ({"method": "GET"}, "No recording answers GET"),
        ({"body": "two"}, "with this body"),
        ({"headers": {"X-Version": "2"}}, "with these headers"),
        ({"headers": {"X-Version": "1", "X-More": "1"}}, "with these headers"),
        ({"headers": {"X-Version": "1", "Authorization": "Bearer own"}}, "with these headers"),
    ],
)
async def test_a_miss_is_refused(path: Path, request_: JSONObject, told: str) -> None:
    base: JSONObject = {"url": "/", "method": "POST", "body": "one", "headers": {"X-Version": "1"}}
    with Site(counting) as site:
        await record(path, site, base)
    asked = {**base, **request_}
    if asked["method"] == "GET":
        del asked["body"]
    with pytest.raises(Refused, match=told) as caught:
        await replay(path, site).fetch({**asked, "url": at(site) + str(asked["url"])})
    assert caught.value.kind == "refused"


async def test_a_user_agent_makes_no_difference(path: Path) -> None:
    with Site(counting) as site:
        await record(path, site, {"url": "/", "headers": {"User-Agent": "one"}})
    assert (await replay(path, site).fetch({"url": at(site), "headers": {"User-Agent": "two"}}))["status"] == 200


async def test_capabilities_and_limits_count_as_they_do_for_a_broker(path: Path) -> None:
    with Site(counting) as site:
        kept = {"secrets": [f"API_KEY@{at(site)}"], "values": [Secret("API_KEY", KEY, at(site))]}
        await record(path, site, {"url": "/"}, {"url": "/", "method": "POST"}, {"url": "/k", "headers": BEARER}, **kept)
    recordings = read_recordings(path)
    only_reads = Replay(recordings, Capabilities(hosts=(at(site),)), limits=FetchLimits(requests=4))
    await only_reads.fetch({"url": at(site)})
    for request in (
        {"url": at(site), "method": "POST"},
        {"url": f"{at(site)}/k", "headers": BEARER},
        {"url": "https://other.test/"},
        {"url": at(site)},  # the fifth
    ):
        with pytest.raises(Refused):
            await only_reads.fetch(request)
    with pytest.raises(ValueError, match="wildcard"):
        Replay(recordings, Capabilities(hosts=("*.test",)))


async def test_no_secret_is_written(path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    with Site(lambda *_: reply(f'{{"echo": "{KEY}", "access_token": "{token}"}}', headers=[("X-Echo", KEY)])) as site:
        kept = {"secrets": [f"API_KEY@{at(site)}"], "values": [Secret("API_KEY", KEY, at(site))]}
        headers = {**BEARER, "X-Own": f"token {token}"}
        await record(path, site, {"url": f"/?api_key={token}", "headers": headers}, **kept)
        await record(path, site, {"url": "/2", "headers": {"Authorization": "Basic cGxhaW46cGxhaW4="}}, **kept)
    written = path.read_text()
    assert KEY not in written
    assert token not in written
    assert "cGxhaW46" not in written
    assert "Bearer {{secret:API_KEY}}" in written
    again = replay(path, site, secrets=(f"API_KEY@{at(site)}",))
    answer = await again.fetch({"url": f"{at(site)}/?api_key={token}", "headers": headers})
    assert "[secret API_KEY]" in str(answer["text"])
    other = {"Authorization": "Basic b3RoZXI6b3RoZXI="}
    assert (await again.fetch({"url": f"{at(site)}/2", "headers": other}))["status"] == 200


async def test_a_refusal_is_not_recorded(path: Path) -> None:
    with Site(counting) as site:
        async with broker(at(site)) as one:
            with pytest.raises(Refused):
                await Recorder(one, path).fetch({"url": "https://other.test/"})
    assert not path.exists()
    assert read_recordings(path) == ()


async def test_a_full_file_costs_no_answer(path: Path) -> None:
    with Site(counting) as site:
        async with broker(at(site)) as one:
            recorder = Recorder(one, path, most_bytes=600)
            for _ in range(5):
                assert (await recorder.fetch({"url": at(site)}))["status"] == 200
    assert recorder.lost > 0
    assert path.stat().st_size <= 600
    assert len(read_recordings(path)) == 5 - recorder.lost > 0


async def test_a_file_that_cannot_be_written_costs_no_answer(path: Path) -> None:
    path.mkdir()
    with Site(counting) as site:
        async with broker(at(site)) as one:
            recorder = Recorder(one, path)
            assert (await recorder.fetch({"url": at(site)}))["status"] == 200
    assert recorder.lost == 1


async def test_a_link_is_not_written_through(path: Path) -> None:
    target = path.with_name("precious")
    target.write_text("")
    path.symlink_to(target)
    with Site(counting) as site:
        async with broker(at(site)) as one:
            recorder = Recorder(one, path)
            await recorder.fetch({"url": at(site)})
    assert (recorder.lost, target.read_text()) == (1, "")
    with pytest.raises(StorageError):
        read_recordings(path)


async def test_only_the_owner_reads_it(path: Path) -> None:
    with Site(counting) as site:
        await record(path, site, {"url": "/"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


GOOD: JSONObject = {
    "v": 1,
    "method": "GET",
    "url": "https://api.example.com/",
    "headers": {"accept": "*/*"},
    "body": "",
    "answer": {"status": 200, "url": "https://api.example.com/", "headers": {}, "text": "x"},
}
ANSWER: Any = GOOD["answer"]


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_a_sound_line_is_read(path: Path) -> None:
    assert read_recordings(write(path, GOOD)) == (
        Exchange(("GET", "https://api.example.com/", (("accept", "*/*"),), ""), ANSWER),
    )


@pytest.mark.parametrize(
    "line",
    [
        "{}\n", "[]\n", "1\n", "\n", "nonsense\n", '{"v": NaN}\n', "[" * 100_000 + "\n", '{"a": "\\ud800"}\n', "\0\n",
        json.dumps(GOOD), json.dumps(GOOD)[:-3] + "\n", json.dumps(GOOD) * 2 + "\n",
        {**GOOD, "v": 2}, {**GOOD, "v": True}, {**GOOD, "v": "1"}, {**GOOD, "more": 1}, {**GOOD, "method": "TRACE"},
        {**GOOD, "method": 1}, {**GOOD, "url": None}, {**GOOD, "headers": []}, {**GOOD, "headers": {"a": 1}},
        {**GOOD, "headers": {"A": "1"}}, {**GOOD, "body": None}, {**GOOD, "answer": "x"},
        {**GOOD, "answer": {}}, {**GOOD, "answer": {**ANSWER, "status": "200"}},
        {**GOOD, "answer": {**ANSWER, "status": True}}, {**GOOD, "answer": {**ANSWER, "status": 1000}},
        {**GOOD, "answer": {**ANSWER, "status": 200.0}}, {**GOOD, "answer": {**ANSWER, "text": 1}},
        {**GOOD, "answer": {**ANSWER, "base64": "eA=="}}, {**GOOD, "answer": {**ANSWER, "more": 1}},
        {**GOOD, "answer": {"status": 200, "url": "", "headers": {}}},
        {**GOOD, "answer": {"status": 200, "url": "", "headers": {}, "base64": "!"}},
        {**GOOD, "answer": {"status": 200, "url": "", "headers": {"A": "1"}, "text": ""}},
    ],
)  # fmt: skip
def test_a_line_that_is_no_recording_is_one_clear_error(path: Path, line: Any) -> None:
    with pytest.raises(StorageError, match=r"^Line 2 of the recordings .* is none: ") as caught:
        read_recordings(write(path, GOOD, line))
    assert caught.value.fix


@UNHURRIED
@given(st.binary(max_size=300))
def test_any_file_is_recordings_or_one_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(data)
    with contextlib.suppress(StorageError):
        assert read_recordings(path) == () or data


def test_a_file_that_is_too_large_or_none_at_all_is_one_error(path: Path) -> None:
    write(path, GOOD, GOOD)
    with pytest.raises(StorageError, match="larger than 100 bytes"):
        read_recordings(path, most_bytes=100)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StorageError, match="no ordinary file"):
        read_recordings(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match="cannot be read"):
        read_recordings(path)
