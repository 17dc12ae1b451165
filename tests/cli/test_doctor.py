"""``doctor``: truthful about each part, with the exit code of what is broken, and never a crash."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes import open as boxes
from agentforge.boxes.open import LauncherReport
from agentforge.registry.layers import Registry
from agentforge.settings import SandboxSettings
from agentforge.testing import MessagesServer
from tests.cli.conftest import Program, write_settings

GOOD = [
    LauncherReport("docker", True, "", "call", "descriptors", "sha256:00"),
    LauncherReport("bubblewrap", False, "no"),
]


@pytest.fixture(autouse=True)
def launchers(monkeypatch: pytest.MonkeyPatch) -> list[LauncherReport]:
    """What the probe says; the real one is tested where boxes are, and needs seconds."""
    reports = [*GOOD]

    async def probe(settings: SandboxSettings) -> list[LauncherReport]:
        return reports

    monkeypatch.setattr(boxes, "probe", probe)
    return reports


def checks(
    program: Program, *arguments: str, env: dict[str, str] | None = None
) -> tuple[int, dict[str, dict[str, Any]]]:
    done = program("doctor", "--output-format", "json", *arguments, env=env)
    told = json.loads(done.out)
    assert told["exit_code"] == done.code
    return done.code, {check["name"]: check for check in told["checks"]}


def test_all_is_well(program: Program, to_claude: MessagesServer) -> None:
    code, found = checks(program)
    assert code == 0, found
    assert {check["verdict"] for check in found.values()} <= {"ok", "note", "warning"}
    assert "for plan" in found["model claude"]["detail"]
    assert [request.path for request in to_claude.requests] == ["/v1/messages/count_tokens"], "asking is free of charge"


def test_nothing_is_made_by_looking(program: Program, home: Path, to_claude: MessagesServer) -> None:
    checks(program)
    assert not home.exists()


def test_3_no_model(program: Program) -> None:
    code, found = checks(program)
    assert code == 3
    assert "agentforge model up" in found["models"]["fix"]


def test_3_a_wrong_key(program: Program, to_claude: MessagesServer) -> None:
    code, found = checks(program, env={"ANTHROPIC_API_KEY": "sk-wrong"})
    assert (code, found["model claude"]["verdict"]) == (3, "failed")
    assert "sk-wrong" not in json.dumps(found)


def test_3_wrong_settings_end_the_report_but_not_in_a_crash(program: Program, home: Path) -> None:
    write_settings(home, {"nonsense": 1})
    code, found = checks(program)
    assert (code, found["settings"]["verdict"]) == (3, "failed")
    assert found["git"]["verdict"] == "ok"


def test_3_a_registry_that_is_none(program: Program, home: Path, to_claude: MessagesServer) -> None:
    (home / "registries" / "personal" / "me.git").mkdir(parents=True)
    (home / "registries" / "personal" / "me.git" / "x").touch()
    code, found = checks(program)
    assert (code, found["registry"]["verdict"]) == (3, "failed")


@pytest.mark.parametrize("lost", ["main:state.toml", "main:tools/double/tool.py", "main"])
def test_1_a_registry_that_lost_objects(program: Program, home: Path, to_claude: MessagesServer, lost: str) -> None:
    path = home / "registries" / "personal" / "me.git"
    with Registry.open_or_create(path) as registry:
        changes = {"tools/double/tool.py": b"def double(): ..."}
        registry.store.commit(changes, subject="Edit by hand", trailers={}, expected=registry.head())
    git = ["git", "-C", str(path)]
    blob = subprocess.run([*git, "rev-parse", lost], capture_output=True, text=True, check=True).stdout.strip()
    (path / "objects" / blob[:2] / blob[2:]).unlink()
    code, found = checks(program)
    assert (code, found["registry"]["verdict"]) == (1, "failed")
    assert f"The registry {path} is damaged" in found["registry"]["detail"]
    assert f"git -C {path} fsck" in found["registry"]["fix"]
    assert "database" in found


def test_1_a_broken_tool(program: Program, home: Path, to_claude: MessagesServer) -> None:
    with Registry.open_or_create(home / "registries" / "personal" / "me.git") as registry:
        changes = {"proposed/broken/1/tool.toml": b"name = ["}
        registry.store.commit(changes, subject="Edit by hand", trailers={}, expected=registry.head())
    code, found = checks(program)
    assert (code, found["registry"]["verdict"]) == (1, "failed")
    assert "broken: " in found["registry"]["detail"]
    assert "tool.toml" in found["registry"]["detail"]
    assert "revert the commit" in found["registry"]["fix"]


def test_4_a_server_that_is_down(program: Program, home: Path) -> None:
    with MessagesServer([], mode="vllm") as server:
        endpoint = server.endpoint(context=4096).model_dump(include={"kind", "url", "model", "context"})
    write_settings(home, {"endpoints": {"local": endpoint}})
    code, found = checks(program)
    assert code == 4
    assert server.url in found["model local"]["detail"]


def test_3_a_docker_host_that_makes_no_sense(program: Program, to_claude: MessagesServer) -> None:
    code, found = checks(program, env={"DOCKER_HOST": "garbage"})
    assert (code, found["sandbox"]["verdict"]) == (3, "failed")
    assert "DOCKER_HOST='garbage' is no address" in found["sandbox"]["detail"]


def test_a_docker_host_where_nothing_answers_is_named(
    program: Program, to_claude: MessagesServer, launchers: list[LauncherReport]
) -> None:
    launchers[0] = LauncherReport("docker", False, "No daemon answers.")
    _, found = checks(program, env={"DOCKER_HOST": "tcp://127.0.0.1:9"})
    assert found["docker"]["detail"] == "No daemon answers. (DOCKER_HOST is 'tcp://127.0.0.1:9'.)"


def test_7_no_sandbox(program: Program, to_claude: MessagesServer, launchers: list[LauncherReport]) -> None:
    launchers[0] = LauncherReport("docker", False, "No daemon answers.")
    code, found = checks(program)
    assert (code, found["sandbox"]["verdict"]) == (7, "failed")
    assert found["docker"]["detail"] == "No daemon answers."


def test_7_the_launcher_that_was_asked_for_does_not_work(program: Program, to_claude: MessagesServer) -> None:
    code, _ = checks(program, "--set", 'sandbox.launcher="bubblewrap"')
    assert code == 7


def test_a_check_that_breaks_is_a_finding(
    program: Program, to_claude: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(settings: SandboxSettings) -> list[LauncherReport]:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(boxes, "probe", broken)
    code, found = checks(program)
    assert (code, found["sandbox"]["detail"]) == (1, "the check itself failed: ZeroDivisionError: oops")
    assert found["model claude"]["verdict"] == "ok", "the others are still checked"


def test_no_git(program: Program, to_claude: MessagesServer, tmp_path: Path) -> None:
    code, found = checks(program, env={"PATH": str(tmp_path)})
    assert (code, found["git"]["verdict"]) == (3, "failed")


def test_a_git_that_is_too_old(program: Program, to_claude: MessagesServer, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.20.1\n")
    (tmp_path / "git").chmod(0o755)
    code, found = checks(program, env={"PATH": str(tmp_path)})
    assert (code, found["git"]["fix"]) == (3, "Install git 2.28 or newer.")


def test_for_people_it_is_a_table_with_what_to_do(program: Program) -> None:
    done = program("doctor")
    assert done.code == 3
    assert "→ Run 'agentforge model up'" in done.out
