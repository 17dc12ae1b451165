"""``agentforge web``: the pages read one person's layers, on loopback, until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from agentforge.api import Forge
from agentforge.registry.layers import BaseLayer, Registry
from agentforge.settings import load
from agentforge.types import State
from agentforge.web.desk import Desk
from tests.cli.conftest import Program


def fill(home: Path) -> None:
    tools = {tool.name: tool for tool in BaseLayer().tools()}
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        registry.add(tools["crc32_hex"], state=State.LIVE)
        registry.add(tools["word_count"], state=State.PROPOSED)


async def test_the_catalogue_holds_every_layer_and_state_the_nearest_first(home: Path) -> None:
    fill(home)
    async with Forge(user="me", settings=load()) as forge:
        with Desk(forge).read() as catalogue:
            rows = catalogue.shelf().rows
            assert catalogue.owner == "me"
            assert [str(row.layer) for row in rows[:2]] == ["user", "user"]
            states = {(row.name, str(row.layer)): (str(row.state), row.shadowed) for row in rows}
            assert states["crc32_hex", "user"] == ("live", False)
            assert states["crc32_hex", "base"] == ("live", True)
            assert states["word_count", "user"] == ("proposed", False)
            assert catalogue.queue() == ["word_count/1"]
            mine = catalogue.entry("crc32_hex")
            assert mine is not None
            assert [(version.subject, version.source) for version in catalogue.versions(mine.tool)] == [
                ("Add crc32_hex", mine.tool.source)
            ]


def test_it_serves_until_ctrl_c_which_is_no_failure(home: Path) -> None:
    fill(home)
    command = [sys.executable, "-m", "agentforge", "web", "--port", "0"]
    with subprocess.Popen(
        command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=\S{20,}", address)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        with browser.open(address, timeout=20) as page:
            assert "crc32_hex" in page.read().decode()
        serving.send_signal(signal.SIGINT)
        _, err = serving.communicate(timeout=20)
    assert serving.returncode == 0, err
    assert "Traceback" not in err


def test_3_an_address_that_others_could_reach(program: Program) -> None:
    done = program("web", "--host", "0.0.0.0")
    assert done.code == 3
    assert "loopback" in done.err
