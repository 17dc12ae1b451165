"""The property: whatever two homes do, in any order, and wherever a sync is killed, no commit is lost, and once both
have come to rest their registries are equal.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import Any

import pytest

from agentforge.errors import AgentForgeError
from agentforge.gitstore.process import GitProcess
from agentforge.gitstore.remote import push
from agentforge.registry.review import approve, pin, put, reject, rollback
from agentforge.sync import flow
from agentforge.types import State
from tests.registry.sample_tools import make_tool
from tests.sync.conftest import Home, git, settle

NAMES = ("slugify", "shorten", "initials")
SEEDS = range(int(os.environ.get("AGENTFORGE_TEST_SEEDS", "3")))
STEPS = 12


def test_two_homes_that_do_anything(pair: tuple[Home, Home]) -> None:
    """One pair of homes goes through all seeds, so that histories grow long and cross each other often."""
    made: set[str] = set()
    for seed in SEEDS:
        chance = random.Random(seed)
        for _ in range(STEPS):
            home = chance.choice(pair)
            act(home, chance)
            made |= home.commits
        settle(*pair)
        made |= pair[0].commits
        assert_equal(pair, made, seed)


def test_syncs_that_are_killed_anywhere(pair: tuple[Home, Home]) -> None:
    """``kill -9`` after a random number of git commands: while it fetches, merges, signs, pushes or notes that."""
    made: set[str] = set()
    killed = 0
    for seed in SEEDS:
        chance = random.Random(1000 + seed)
        for home in pair:
            act(home, chance)
            act(home, chance)
            made |= home.commits
        for home in chance.sample(pair, 2):
            killed += cut_off(home, chance.randrange(2, 24))
            made |= home.commits
        settle(*pair)
        assert_equal(pair, made, seed)
    assert killed >= len(SEEDS) // 2


def act(home: Home, chance: random.Random) -> None:
    """One thing that a user does; what makes no sense where the tool stands is refused, as for everybody."""
    name = chance.choice(NAMES)
    body = f"return text.strip().lower() or {str(chance.random())!r}"
    what = chance.choice(("forge", "forge", "propose", "approve", "reject", "put", "put", "pin", "rollback", "sync"))
    home.side = chance.choice(("ours", "theirs"))
    try:
        match what:
            case "forge" | "propose":
                state = State.LIVE if what == "forge" else State.PROPOSED
                home.registry.add(make_tool(name, body, parent=home.version(name)), state=state)
            case "approve":
                for tool in home.registry.proposed():
                    approve(home.registry, name, approver="me", version=tool.version if tool.name == name else "")
            case "reject":
                reject(home.registry, name, "No.", approver="me")
            case "put":
                state = chance.choice((State.LIVE, State.QUARANTINED, State.RETIRED))
                put(home.registry, name, state, approver="me", reason=str(chance.random()))
            case "pin":
                pin(home.registry, name, approver="me", pinned=chance.random() < 0.5)
            case "rollback":
                rollback(home.registry, name, approver="me")
            case _:
                home.sync()
    except AgentForgeError:
        pass


def assert_equal(pair: tuple[Home, Home], made: set[str], seed: int) -> None:
    ada, bea = pair
    assert ada.tree == bea.tree, f"seed {seed}"
    assert ada.registry.problems() == []
    assert git(ada.registry.path, "fsck", "--strict", "--no-dangling") == ""
    for place in (ada.registry.path, bea.registry.path, ada.remote):
        held = {*git(place, "rev-list", "main").split()}
        assert made <= held, f"seed {seed}: {place} lost {len(made - held)} commits"


def cut_off(home: Home, commands: int) -> bool:
    """Syncs in a process of its own that kills itself at its git command of that number, before it begins or while it
    runs; whether it did.
    """
    child = os.fork()
    if child == 0:
        try:
            _killing_itself(commands)
            home.sync()
            os._exit(0)
        finally:
            os._exit(1)
    _, ended = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(ended)
    assert code in (0, -signal.SIGKILL)
    time.sleep(0.2)  # what git still runs ends
    return code != 0


def _killing_itself(commands: int) -> None:
    begin, left = GitProcess._started, commands

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        begun = begin(*given, **named) if left >= 0 else None
        if left < 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return begun

    GitProcess._started = counted  # type: ignore[method-assign] # in this process, which ends


def test_both_push_at_once(pair: tuple[Home, Home], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody pushes between fetch and push: theirs is taken in, then ours goes."""
    ada, bea = pair
    bea.add(make_tool("shorten"))
    ada.add(make_tool("initials"))

    def raced(*given: Any) -> bool:
        monkeypatch.setattr(flow, "push", push)
        thread = threading.Thread(target=bea.sync)
        thread.start()
        thread.join()
        return push(*given)

    monkeypatch.setattr(flow, "push", raced)
    ada.sync()
    settle(ada, bea)
    assert {*ada.registry.names()} == {*bea.registry.names()} == {"shorten", "initials"}
    assert ada.tree == bea.tree
