"""The programs around a home run as they stand: a client of the protocol, the night of all users, a reviewing bot."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentforge import Forge, State
from agentforge.models.capabilities import FEATURES
from agentforge.registry.repository import Registry
from agentforge.settings import load
from agentforge.testing import MessagesServer, ScriptedModel
from agentforge.types import Example
from examples.reviewer_bot import doubts
from tests.web.realistic import CLEAN, CLEAN_TESTS, filled, tool

pytestmark = pytest.mark.timeout(600)  # each starts programs, which take their time on a busy machine
ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    env = {**os.environ, "AGENTFORGE_AGENT__EMBEDDINGS": "false", **more}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280, check=False)


def test_a_client_of_the_protocol_lists_the_tools_and_calls_one() -> None:
    words = ("parse_duration", '{"text": "2h 45m"}')
    done = run("examples.mcp_client", *words, AGENTFORGE_SANDBOX__LAUNCHER="bubblewrap")
    assert done.returncode == 0, done.stderr
    listed, answer = done.stdout.splitlines()
    assert listed.startswith("tools: search_tools, forge_tool, forge_status, feedback, ")
    assert answer == "parse_duration: 9900"


async def live(user: str, said: str) -> None:
    settings = load(overrides={"agent.embeddings": False})
    model = ScriptedModel(["Good to know."], features=FEATURES["claude"])
    async with Forge(user=user, settings=settings, models=model) as forge:
        assert (await forge.run(said)).ok


def test_everybody_sleeps_though_one_night_breaks_off(home: Path) -> None:
    asyncio.run(live("ada", "I prefer metric units."))
    with Registry.open_or_create(home / "registries" / "personal" / "bob.git"):
        pass
    with Registry.open_or_create(home / "registries" / "personal" / "_company.git"):
        pass
    broken = home / "registries" / "acme" / "eve.git"
    broken.mkdir(parents=True)
    (broken / "notes.txt").write_text("no registry")
    entry = '{"entries": [{"kind": "preference", "text": "I prefer metric units.", "topic": "units"}]}'
    with MessagesServer(lambda _: entry, key="sk-ant-test") as server:
        done = run("examples.nightly", ANTHROPIC_API_KEY="sk-ant-test", ANTHROPIC_BASE_URL=server.url)
    eve, ada, bob = done.stdout.splitlines()
    assert (eve.startswith("acme/eve: "), "tokens" in eve) == (True, False)
    assert (ada.startswith("personal/ada: "), "kept: nothing" in ada, "kept: " in ada) == (True, False, True), ada
    assert bob == "personal/bob: nothing is new"
    assert done.returncode == 1


@contextmanager
def pages() -> Iterator[str]:
    people = {
        "AGENTFORGE_WEB__PEOPLE__BOT__TOKEN": "a-token-for-the-bot",
        "AGENTFORGE_WEB__PEOPLE__BOT__ROLE": "reviewer",
    }
    command = [sys.executable, "-m", "agentforge", "web", "--port", "0"]
    served = subprocess.Popen(
        command,
        env={**os.environ, "AGENTFORGE_AGENT__EMBEDDINGS": "false", **people},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout is not None
        yield served.stdout.readline().partition("/?")[0]
    finally:
        served.terminate()
        served.communicate(timeout=30)


def test_the_bot_approves_what_is_plain_and_leaves_the_rest_to_people(home: Path) -> None:
    path = home / "registries" / "personal" / "me.git"
    filled(path)
    plain = tool(
        CLEAN.replace("clean_phone", "tidy_phone"),
        CLEAN_TESTS.replace("clean_phone", "tidy_phone"),
        "Bring a phone number into another form.",
        ("Tidy them",),
        examples=(Example({"text": "1"}, "1", source="user"), Example({"text": "2"}, "2", held_out=True)),
    )
    with Registry.open(path) as registry:
        registry.add(plain, state=State.PROPOSED, reason="review.policy is review-all.")
    with pages() as address:
        done = run("examples.reviewer_bot", address, AGENTFORGE_BOT_TOKEN="a-token-for-the-bot")
        assert done.returncode == 0, done.stdout + done.stderr
        told = dict(line.split(": ", 1) for line in done.stdout.splitlines())
        assert told.pop("tidy_phone/1").startswith("approved (")
        assert {name.partition("/")[0] for name in told} == {"clean_phone", "eur_rate", "check_bic"}
        assert all("left to a person" in line for line in told.values())
        assert "may reach" in told["eur_rate/1"]
        assert "another version" in told["clean_phone/2"]
        wrong = run("examples.reviewer_bot", address, AGENTFORGE_BOT_TOKEN="somebody-elses-token")
        assert (wrong.returncode, "401" in wrong.stderr or "403" in wrong.stderr) == (1, True)
    with Registry.open(path) as registry:
        assert registry.get("tidy_phone").state is State.LIVE
        assert sorted(registry.snapshot().proposals) == ["check_bic", "clean_phone", "eur_rate"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"obstacles": ["stale"]}, "stale"),
        ({"doubts": ["not proposed here"]}, "not proposed here"),
        ({"standing": "a" * 64}, "another version"),
        ({"tool": None}, "no gate"),
        ({"tool": {"gates": [{"gate": "fuzz", "verdict": "skipped"}], "reaches": []}}, "gate fuzz: skipped"),
        ({"tool": {"gates": [{"gate": "fuzz", "verdict": "passed"}], "reaches": ["clock"]}}, "may reach clock"),
    ],
)
def test_what_the_bot_doubts(changed: dict[str, object], why: str) -> None:
    passed = {"gates": [{"gate": "fuzz", "verdict": "passed"}], "reaches": []}
    found = doubts({"obstacles": [], "doubts": [], "standing": "", "tool": passed, **changed})
    assert (why in " ".join(found)) if why else found == []
