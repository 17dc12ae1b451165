from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentforge.models.local import profiles, progress, sources
from agentforge.settings import Settings, load


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip can see; its own settings on this machine are out of the way."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def settings(home: Path, cache: Path) -> Callable[..., Settings]:
    """Settings with a private cache; keyword arguments are keys of the section ``model``."""

    def make(**model: Any) -> Settings:
        return load(overrides={"model.cache": str(cache)} | {f"model.{key}": value for key, value in model.items()})

    return make


@pytest.fixture
def seen() -> list[progress.Progress]:
    return []


@pytest.fixture(autouse=True)
def no_gpu_and_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on every machine: no GPU, no int8 on the CPU, and a hub on a port where nobody listens."""
    monkeypatch.setattr(sources, "find_device", lambda: "cpu")
    monkeypatch.setattr(profiles, "instructions_in", lambda _: frozenset[str]())
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
