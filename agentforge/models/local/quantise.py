"""Makes an int8 copy of a folder of bf16 weights, which a CPU with instructions for it serves faster.

Runs inside the model server's environment as ``python -I quantise.py FOLDER TARGET`` and is never
imported. Every ``*_proj.weight`` and ``lm_head.weight`` becomes int8 with one float32 scale for each
row (output channel, symmetric: largest magnitude / 127); activations are rounded by the server,
token by token. All else is copied as it is. A model whose output layer is its embedding gets an
``lm_head`` of its own, the embedding rounded: it is read whole for every token, and of the embedding
one row. Tensors are read and written one by one, so that little memory is needed. The format is that
of compressed-tensors ("int-quantized").
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# (torch and safetensors are in the server's environment only)

from __future__ import annotations

import json
import math
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

SIZES = {"F32": 4, "BF16": 2, "F16": 2, "I8": 1}  # bytes of one element
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
COPIED = (".json", ".txt", ".jinja", ".model")
SCHEME = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "quantization_status": "compressed",
    "ignore": [],
    "config_groups": {
        "group_0": {
            "targets": ["Linear", "lm_head"],
            "weights": {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True, "dynamic": False},
            "input_activations": {
                "num_bits": 8, "type": "int", "strategy": "token", "symmetric": True, "dynamic": True
            },
        }
    },
}  # fmt: skip


def quantise(source: Path, target: Path) -> None:
    """Writes the int8 copy of the model in the folder ``source`` into the folder ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    _write_tensors(source, target / "model.safetensors")
    for file in source.iterdir():
        if file.suffix in COPIED and not file.name.endswith(".index.json"):
            shutil.copyfile(file, target / file.name)
    config = json.loads((source / "config.json").read_text("utf-8"))
    config |= {"quantization_config": SCHEME, "tie_word_embeddings": False}
    (target / "config.json").write_text(json.dumps(config, indent=1), "utf-8")


def _write_tensors(source: Path, target: Path) -> None:
    from safetensors import safe_open

    with ExitStack() as opened, target.open("wb") as out:
        files = [opened.enter_context(safe_open(path, framework="pt")) for path in sorted(source.glob("*.safetensors"))]
        homes = {name: (file, name) for file in files for name in file.keys()}  # noqa: SIM118 (not a mapping)
        if EMBEDDING in homes:
            homes.setdefault(HEAD, homes[EMBEDDING])
        header = _header({name: file.get_slice(kept) for name, (file, kept) in homes.items()})
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        out.write(len(text).to_bytes(8, "little") + text)
        start = out.tell()
        for number, (name, (file, kept)) in enumerate(homes.items()):
            sys.stdout.write(f"{100 * number // len(homes)}%|\n")
            sys.stdout.flush()
            for part, tensor in _parts(name, file.get_tensor(kept)):
                out.seek(start + header[part]["data_offsets"][0])
                out.write(_raw(tensor))


def _header(slices) -> dict[str, dict[str, Any]]:
    """Name → dtype, shape and place of every tensor written, the widest elements first (alignment)."""
    shapes: dict[str, tuple[str, list[int]]] = {}
    for name, old in slices.items():
        shape = old.get_shape()
        if _rounded(name):
            shapes[name] = ("I8", shape)
            shapes[_scale_of(name)] = ("F32", [shape[0], 1])
        else:
            shapes[name] = (old.get_dtype(), shape)
    header: dict[str, dict[str, Any]] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in sorted(shapes, key=lambda name: (-SIZES[shapes[name][0]], name)):
        dtype, shape = shapes[name]
        begin, end = end, end + math.prod(shape) * SIZES[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    return header


def _parts(name: str, tensor):
    """What a tensor becomes: itself, or rounded weights and their scales."""
    import torch

    if not _rounded(name):
        yield name, tensor
        return
    wide = tensor.float()
    scale = wide.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
    yield name, (wide / scale).round().clamp(-128, 127).to(torch.int8)
    yield _scale_of(name), scale


def _rounded(name: str) -> bool:
    return name.endswith("_proj.weight") or name == HEAD


def _scale_of(name: str) -> str:
    return name.removesuffix(".weight") + ".weight_scale"


def _raw(tensor):
    import torch

    return tensor.contiguous().flatten().view(torch.uint8).numpy()


if __name__ == "__main__":
    quantise(Path(sys.argv[1]), Path(sys.argv[2]))
