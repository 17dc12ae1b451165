"""What calls were seen to reach, in plain words beside what is granted: ``forge.review.advice``."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from agentforge import Forge
from agentforge.api.advice import Advice, advice_on
from agentforge.boxes.asks import Refused
from agentforge.boxes.observed import LONGEST_HOST, MOST_KINDS, Log, Observed, Request
from agentforge.boxes.protocol import NOTHING, Box, CallResult, Grant
from agentforge.errors import ToolNotFound
from agentforge.forge.classify import NOBODY_WAITS
from agentforge.memory.seen import NOTHING_SEEN, Seen
from agentforge.registry.layers import BaseLayer
from agentforge.registry.repository import Registry
from agentforge.registry.tool import Tool
from agentforge.settings import SandboxSettings
from agentforge.testing import FakeBox
from agentforge.testing.box import returned
from agentforge.types import Capabilities, JSONObject, Layer, State


def tool(*, note: str = "", **capabilities: object) -> Tool:
    base = next(tool for tool in BaseLayer().tools() if tool.name == "crc32_hex")
    reach = Capabilities(**capabilities)  # pyright: ignore[reportArgumentType]  each test states its own
    manifest = base.manifest.model_copy(update={"capabilities": reach})
    return dataclasses.replace(base, manifest=manifest, source=base.source + note, layer=Layer.USER)


def request(host: str, came: str = "200", method: str = "GET") -> Request:
    return Request(method, host, came)


def lines(made: Tool, seen: Seen, others: Seen = NOTHING_SEEN) -> list[str]:
    """What is said of it, without the version."""
    told = advice_on(made, {made.version: seen, "older": others}).lines
    return [line.replace(f" of version {made.version[:12]}", "") for line in told]


def test_it_is_told_in_plain_words_and_called_advice() -> None:
    made = tool(hosts=("api.example.org",), files=("write out.csv",))
    seen = Seen(12, 0, {request("api.example.org"): 12, request("other.example", "refused"): 2})
    assert lines(made, seen) == [
        "Seen in 12 calls (advice, no proof): api.example.org GET ×12; 2 refused to other.example",
        "Granted but never used in these calls: write out.csv",
    ]


def test_answers_that_were_no_success_files_and_older_versions_are_told() -> None:
    made = tool(hosts=("a.test", "POST b.test"), files=("in.csv", "write out.csv"), clock=True)
    requests = {request("a.test"): 3, request("a.test", "404"): 1, request("b.test", "failed", "POST"): 2}
    seen = Seen(4, 6, requests, {}, {"in.csv": 4}, {"out.csv": 1})
    assert lines(made, seen, Seen(1, 0, {request("", "refused"): 1})) == [
        "Seen in 4 calls (advice, no proof): a.test GET ×4 (404 ×1); b.test POST ×2 (failed ×2); in.csv given ×4; "
        "out.csv left ×1; of 6 more calls nothing was kept",
        "Granted, and not to be seen: clock, read in.csv",
        "Seen in 1 call of other versions: 1 refused that could not be read",
    ]


def test_nothing_is_said_of_a_tool_of_which_nothing_was_seen() -> None:
    for made in (tool(), tool(clock=True), tool(hosts=("a.test",))):
        assert lines(made, Seen(unseen=7)) == []
        assert lines(made, NOTHING_SEEN) == []


def test_a_tool_that_was_watched_and_reached_nothing_is_told_so() -> None:
    assert lines(tool(hosts=("a.test",)), Seen(2)) == [
        "Seen in 2 calls (advice, no proof): nothing",
        "Granted but never used in these calls: fetch GET a.test",
    ]


def test_many_hosts_are_told_in_one_short_line() -> None:
    many = {request(f"h{number}.test", "refused"): 1 for number in range(50)}
    (line,) = lines(tool(), Seen(1, 0, many, more=3))
    assert line.endswith("1 refused to h3.test; 46 more of the kind; 3 requests of further kinds")


def test_of_a_host_that_may_be_among_requests_of_further_kinds_nothing_is_claimed() -> None:
    """One host that gives many statuses fills what is kept of a call."""
    log = Log()
    for status in range(200, 200 + MOST_KINDS + 1):
        log.asked("GET", "a.test", status)
        log.asked("GET", "a.test", status)
    log.asked("POST", "b.test", 200)
    seen = Observed.of(log, {}, {})
    made = tool(hosts=("a.test", "POST b.test"), files=("write out.csv",))
    told = advice_on(made, {made.version: Seen(1, 0, seen.requests, more=seen.more)})
    assert (told.unused, told.unsure) == (("write out.csv",), ("fetch POST b.test",))
    assert told.lines[1] == (
        "Granted but never used in these calls: write out.csv. "
        "Granted, and perhaps used by requests of further kinds: fetch POST b.test"
    )


def test_a_host_with_a_very_long_name_that_was_used_is_not_called_unused() -> None:
    log, host = Log(), f"{'a.' * (LONGEST_HOST // 2 + 10)}test"
    log.asked("GET", host, 200)
    made = tool(hosts=(host,))
    assert not advice_on(made, {made.version: Seen(1, 0, Observed.of(log, {}, {}).requests)}).unused


@pytest.mark.parametrize(
    ("granted", "seen", "unused"),
    [
        ({"hosts": ("a.test",)}, {"requests": {request("a.test", method="HEAD"): 1}}, ()),
        ({"hosts": ("a.test",)}, {"requests": {request("a.test", "failed"): 1}}, ()),
        ({"hosts": ("a.test",)}, {"requests": {request("a.test", "refused"): 1}}, ("fetch GET a.test",)),
        ({"hosts": ("POST,GET a.test",)}, {"requests": {request("a.test"): 1}}, ("fetch POST a.test",)),
        (
            {"hosts": ("http://A.test:8080",), "secrets": ("KEY@http://A.test:8080", "old@http://a.test:8080")},
            {"requests": {request("http://a.test:8080"): 1}, "secrets": {"KEY@http://a.test:8080": 1}},
            ("secret old@http://a.test:8080",),
        ),
        ({"files": ("write a", "write b")}, {"left": {"b": 1}}, ("write a",)),
    ],
)
def test_a_right_counts_as_used_where_a_call_was_seen_to_use_it(
    granted: dict[str, object], seen: dict[str, dict[object, int]], unused: tuple[str, ...]
) -> None:
    made = tool(**granted)
    assert advice_on(made, {made.version: Seen(1, **seen)}).unused == unused  # pyright: ignore[reportArgumentType]  as above


def test_a_tool_that_cannot_be_read_has_no_rights_to_compare() -> None:
    seen = Seen(1, 0, {request("a.test"): 1})
    assert advice_on(None, {"v": seen}) == Advice(others=seen)


async def test_a_program_is_told_what_the_calls_of_its_user_reached(home: Path) -> None:
    made = tool(files=("write out.csv", "write log.txt"))
    box = FakeBox([dataclasses.replace(returned("00"), files={"out.csv": b"123"})])

    async def open_box(_: SandboxSettings) -> Box:
        return box

    async with Forge(user="ada", open_box=open_box) as forge:
        with Registry.open(home / "registries" / "personal" / "ada.git") as registry:
            version = registry.add(made, state=State.LIVE)
        assert forge.review.advice("crc32_hex") == Advice(version=version)
        result = await forge.call("crc32_hex", {"text": "x"})
        assert result.observed == Observed(left={"out.csv": 3})
        assert forge.review.advice("crc32_hex") == Advice(
            version, Seen(1, 0, {}, {}, {}, {"out.csv": 1}), unused=("write log.txt",)
        )
        with pytest.raises(ToolNotFound):
            forge.review.advice("unknown")
    async with Forge(user="bob") as forge:
        assert not forge.review.advice("crc32_hex").lines


class Unanswering(FakeBox):
    """A tool asks for a host which nobody declared, where it may fetch, and then runs for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def call(self, source: str, entry: str, args: JSONObject, *, grant: Grant = NOTHING, **rest: Any) -> Any:
        if "fetch" in grant.asks:
            with pytest.raises(Refused):
                await grant.asks["fetch"]({"url": "https://other.example/?q=private"})
        self.asked.set()
        await asyncio.Event().wait()


async def test_what_a_call_reached_before_its_caller_cancelled_it_is_in_its_row(home: Path) -> None:
    """It speaks of the caller, not of the tool: no repair waits because of it."""
    box = Unanswering()

    async def open_box(_: SandboxSettings) -> Box:
        return box

    async with Forge(user="ada", open_box=open_box) as forge:
        with Registry.open(home / "registries" / "personal" / "ada.git") as registry:
            registry.add(tool(hosts=("a.test",), files=("in.csv",)), state=State.LIVE)
        await cancelled(forge.call("crc32_hex", {"text": "x"}, files={"in.csv": b"12"}), box)
        seen = forge.review.advice("crc32_hex").seen
        assert (seen.requests, seen.given) == ({request("other.example", "refused"): 1}, {"in.csv": 1})
        await cancelled(forge.call("parse_duration", {"text": "1h"}), box)
        known = await forge.recorded_call()
        assert (known.tool, known.status) == ("parse_duration", "timed_out")
        assert NOBODY_WAITS in known.error
        assert await forge.repairs() == []


async def cancelled(call: Coroutine[Any, Any, CallResult], box: Unanswering) -> None:
    box.asked.clear()
    calling = asyncio.create_task(call)
    await box.asked.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
