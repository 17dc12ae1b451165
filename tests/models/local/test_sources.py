from __future__ import annotations

from pathlib import Path

import pytest

from agentforge.errors import ConfigurationError
from agentforge.models.local import sources
from agentforge.models.local.sources import Source, parse

from . import fakes


@pytest.mark.parametrize(
    ("text", "source", "model"),
    [
        ("auto", Source("auto"), ""),
        ("pypi:qwen2.5-coder-1.5b", Source("pypi", "qwen2.5-coder-1.5b"), "qwen-coder"),
        (
            "hf:Qwen/Qwen2.5-Coder-7B-Instruct",
            Source("hf", "Qwen/Qwen2.5-Coder-7B-Instruct"),
            "qwen2.5-coder-7b-instruct",
        ),
        ("http://127.0.0.1:8001", Source("url", "http://127.0.0.1:8001"), ""),
        ("https://models.example/team/v1/", Source("url", "https://models.example/team"), ""),
    ],
)
def test_a_source_is_read(text: str, source: Source, model: str) -> None:
    assert parse(text) == source
    assert parse(text).model == model


def test_a_folder_is_a_source_when_it_holds_a_model(tmp_path: Path) -> None:
    folder = fakes.write_weights(tmp_path / "My Model")
    assert parse(f"path:{folder}") == Source("path", str(folder))
    assert parse(f"path:{folder}").model == "my-model"


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("", "no source"),
        ("qwen", "'qwen'"),
        ("hf:", "'hf:'"),
        ("hf:Qwen", "'Qwen'"),
        ("hf:../../etc/passwd", "no hub repository"),
        ("pypi:gpt-5", "'gpt-5'"),
        ("ftp://127.0.0.1", "'ftp://127.0.0.1'"),
        ("path:/nowhere/at/all", "/nowhere/at/all"),
    ],
)
def test_what_is_no_source_is_refused_by_name(text: str, culprit: str) -> None:
    with pytest.raises(ConfigurationError, match=culprit) as refused:
        parse(text)
    assert refused.value.fix


def test_a_hub_that_cannot_be_reached_is_given_up_quickly() -> None:
    assert sources.ask_hub("Qwen/Qwen2.5-Coder-1.5B-Instruct", seconds=1.0) is None


def test_a_machine_without_the_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sources.find_device() == "cpu"


@pytest.mark.parametrize(
    ("shell", "device"), [("echo 'GPU 0: NVIDIA H200 (UUID: x)'", "gpu"), ("echo 'No devices found'; exit 6", "cpu")]
)
def test_the_driver_is_asked_for_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: str, device: str
) -> None:
    monkeypatch.undo()
    fakes.write_program(tmp_path / "nvidia-smi", shell)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sources.find_device() == device
