"""A tool's capabilities made good for one run, and for nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from agentforge.boxes import reach
from agentforge.boxes.asks import Refused
from agentforge.boxes.network.broker import Broker
from agentforge.boxes.network.recordings import Replay, read_recordings
from agentforge.boxes.observed import Log, Observed, Request
from agentforge.boxes.protocol import NOTHING, CallResult
from agentforge.boxes.reach import granted, record_pages, with_observed
from agentforge.errors import ConfigurationError, UsageError
from agentforge.settings import SecretSettings
from agentforge.types import Capabilities

from .network.sites import Names, Site, on_loopback, reply


async def test_a_pure_tool_gets_nothing() -> None:
    async with granted(Capabilities(), {}) as grant:
        assert grant == NOTHING


async def test_clock_chance_and_files_are_as_declared() -> None:
    declared = Capabilities(clock=True, files=("in.csv", "write out.csv"))
    async with granted(declared, {}, {"in.csv": b"x"}) as grant:
        assert (grant.clock, grant.randomness, dict(grant.inputs), grant.outputs) == (
            True,
            False,
            {"in.csv": b"x"},
            ("out.csv",),
        )


@pytest.mark.parametrize(
    ("files", "inputs", "complaint"),
    [
        (("in.csv",), {}, "reads a file 'in.csv'"),
        ((), {"in.csv": b""}, "does not read a file 'in.csv'"),
        (("write out.csv",), {"out.csv": b""}, "does not read a file 'out.csv'"),
    ],
)
async def test_files_that_do_not_fit_the_declaration_are_named(
    files: tuple[str, ...], inputs: dict[str, bytes], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        async with granted(Capabilities(files=files), {}, inputs):
            pass


async def test_only_who_declares_hosts_may_fetch_and_only_from_them() -> None:
    async with granted(Capabilities(hosts=("api.example.com",)), {}) as grant:
        assert set(grant.asks) == {"fetch"}
        with pytest.raises(Refused, match=r"other\.example\.com"):
            await grant.asks["fetch"]({"url": "https://other.example.com/"})


async def test_a_secret_that_cannot_be_used_is_told_without_its_value() -> None:
    secrets = {"weather": SecretSettings.model_validate({"value": "short", "host": "api.example.com"})}
    with pytest.raises(ConfigurationError, match="weather") as raised:
        async with granted(Capabilities(hosts=("api.example.com",)), secrets):
            pass
    assert "short" not in str(raised.value)


async def test_who_declares_packages_gets_the_locked_set_and_nobody_else() -> None:
    async with granted(Capabilities(packages=("six",)), {}, packages="a" * 64) as grant:
        assert grant.packages == "a" * 64
    async with granted(Capabilities(hosts=("api.example.com",), packages=("six",)), {}, packages="a" * 64) as grant:
        assert (grant.packages, set(grant.asks)) == ("a" * 64, {"fetch"})
    for declared, given in ((("six",), ""), ((), "a" * 64)):
        with pytest.raises(UsageError, match="locked set of packages"):
            async with granted(Capabilities(packages=declared), {}, packages=given):
                pass


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names lead to this machine, which no tool may reach otherwise."""
    monkeypatch.setattr(reach, "Broker", partial(Broker, resolve=Names(), allow=on_loopback))


@pytest.mark.usefixtures("loopback")
async def test_what_a_tool_fetches_is_recorded_where_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "home" / "rates.jsonl"
    with Site(reply("seven")) as site:
        reaching, request = (
            Capabilities(hosts=(f"http://site.test:{site.port}",)),
            {"url": f"http://site.test:{site.port}/"},
        )
        async with granted(reaching, {}) as grant:
            await grant.asks["fetch"]({**request})
        assert read_recordings(file) == ()
        async with granted(reaching, {}, record_to=file) as grant:
            live = await grant.asks["fetch"]({**request})
    assert await Replay(read_recordings(file), reaching).fetch({**request}) == live
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("loopback")
async def test_a_result_tells_what_the_host_saw(tmp_path: Path) -> None:
    log, inputs = Log(), {"in.csv": b"12345"}
    with Site(reply("seven")) as site:
        at = f"http://site.test:{site.port}"
        reaching = Capabilities(hosts=(at,), files=("in.csv", "write out.csv"))
        async with granted(reaching, {}, inputs, log=log, record_to=tmp_path / "x.jsonl") as grant:
            await grant.asks["fetch"]({"url": f"{at}/private?q=1"})
    result = with_observed(CallResult("returned", 7, files={"out.csv": b"123"}), reaching, log, inputs)
    assert result.value == 7
    assert result.observed == Observed({Request("GET", at, "200"): 1}, (), {"in.csv": 5}, {"out.csv": 3})


@pytest.mark.parametrize(
    ("declared", "watched"),
    [
        (Capabilities(), False),
        (Capabilities(clock=True, randomness=True, packages=("six",)), False),
        (Capabilities(hosts=("api.example.com",)), True),
        (Capabilities(files=("write out.csv",)), True),
    ],
)
def test_only_what_can_be_seen_is_told_and_nothing_of_it_is_told_as_nothing(
    declared: Capabilities, watched: bool
) -> None:
    assert with_observed(CallResult("returned"), declared, Log()).observed == (Observed() if watched else None)


@pytest.mark.usefixtures("loopback")
async def test_pages_are_recorded_for_a_tool_that_does_not_exist_yet(tmp_path: Path) -> None:
    file = tmp_path / "rates.jsonl"
    with Site() as site:
        await record_pages([f"http://site.test:{site.port}/{page}" for page in "ab"], file)
    assert [exchange.key[1][-2:] for exchange in read_recordings(file)] == ["/a", "/b"]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("rates.test/today", r"'rates\.test/today' was not recorded\. Write https://HOST/PATH"),
        ("file:///etc/passwd", "was not recorded"),
        ("https://127.0.0.1/", "address in numbers"),
        ("https://user:secret@rates.test/", "password"),
    ],
)
async def test_what_no_tool_may_fetch_is_not_recorded_either(tmp_path: Path, url: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        await record_pages([url], tmp_path / "rates.jsonl")
    assert not list(tmp_path.iterdir())
