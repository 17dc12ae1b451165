"""Converts a GGUF file into a folder that vLLM can serve: vLLM has no GGUF kernels for CPUs.

Runs inside the model server's environment as ``python -I convert.py FILE FOLDER`` and is never
imported. Needs about 70 s and 7 GB of memory for a model of 1.5 billion parameters.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# (torch and transformers are in the server's environment only)

from __future__ import annotations

import sys
from pathlib import Path


def convert(source: Path, target: Path) -> None:
    """Writes model and tokenizer of the GGUF file ``source`` into the folder ``target``."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    model = AutoModelForCausalLM.from_pretrained(
        source.parent,
        gguf_file=source.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),  # without it, saving fails
    )
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(target)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
