"""``sandbox build|check``: which isolation this machine gives, truthfully."""

from __future__ import annotations

import json
import re

import pytest

from agentforge.boxes.image import ImageInfo
from agentforge.boxes.open import LauncherReport
from agentforge.cli import isolation
from agentforge.cli.isolation import used
from agentforge.errors import SandboxUnavailable
from agentforge.settings import SandboxSettings
from tests.cli.conftest import Program

DOCKER = LauncherReport("docker", True, "", "call", "descriptors", "sha256:0123456789abcdef", ("an old runc",))
BUBBLEWRAP = LauncherReport("bubblewrap", True, "", "call", "descriptors")
NO_DOCKER = LauncherReport("docker", False, "No daemon answers.")


@pytest.mark.parametrize("tier", ["call", "reuse", "strict", "wiped"])
def test_every_tier_is_told_by_its_name_and_in_words(tier: str) -> None:
    told = isolation.told_by(LauncherReport("docker", True, "", tier, "descriptors"))
    assert re.fullmatch(rf"tier {tier} \(.{{40,}}\), transport by descriptors", told)


def test_docker_comes_before_bubblewrap_and_a_wish_is_obeyed() -> None:
    assert used([DOCKER, BUBBLEWRAP], "auto") is DOCKER
    assert used([NO_DOCKER, BUBBLEWRAP], "auto") is BUBBLEWRAP
    assert used([DOCKER, BUBBLEWRAP], "bubblewrap") is BUBBLEWRAP
    assert used([NO_DOCKER, BUBBLEWRAP], "docker") is None


@pytest.mark.parametrize(("launcher", "code"), [("auto", 0), ("docker", 7)])
def test_check_says_what_works_and_why_not(
    program: Program, launcher: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def probe(settings: SandboxSettings) -> list[LauncherReport]:
        return [NO_DOCKER, BUBBLEWRAP]

    monkeypatch.setattr(isolation, "probe", probe)
    done = program("sandbox", "check", "--set", f"sandbox.launcher='{launcher}'")
    assert done.code == code
    assert "No daemon answers." in done.out
    told = json.loads(program("sandbox", "check", "--output-format", "json").out)
    assert told["used"] == "bubblewrap"


def test_build_prints_the_image(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(on_progress: object) -> ImageInfo:
        return ImageInfo("agentforge-box:1", "sha256:22", "debian")

    monkeypatch.setattr(isolation.image, "build", build)
    done = program("sandbox", "build", "--output-format", "json")
    assert json.loads(done.out)["image"] == {"tag": "agentforge-box:1", "digest": "sha256:22", "how": "debian"}


def test_7_no_daemon_to_build_with(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(on_progress: object) -> ImageInfo:
        raise SandboxUnavailable("No Docker daemon answers.", fix="Start it.")

    monkeypatch.setattr(isolation.image, "build", build)
    done = program("sandbox", "build")
    assert (done.code, done.err) == (7, "agentforge: No Docker daemon answers.\n  Start it.\n")
