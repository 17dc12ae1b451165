"""Starts vLLM so that it finds again what it has compiled; its command line is that of ``vllm``.

Runs inside the model server's environment as ``python -P serve.py serve FOLDER …`` and is never
imported. vLLM 0.32 keeps the compiled model and, on a CPU, fails to load it again: it asks what it
has loaded for ``finalize_loading``, which only the functions of its own compiler have, while for CPUs
torch's compiles. Each start then compiled anew, for 25 to 40 seconds. Here such a function gets one
that does nothing. Where vLLM or torch come to differ, loading fails
as before, and the model is compiled.

vLLM's further processes import this file as their main module, so that it holds for them too.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# (torch and vllm are in the server's environment only)

from __future__ import annotations

import sys

import torch

_load = torch.compiler.load_compiled_function


def load_compiled_function(*arguments, **further):
    """As torch's; what it gives can be asked for ``finalize_loading``."""
    function = _load(*arguments, **further)
    compiled = function._artifacts.compiled_fn
    if not hasattr(compiled, "finalize_loading"):
        compiled.finalize_loading = _finalize_loading
    return function


def _finalize_loading(_config: object) -> None:
    """There is nothing left to load."""


torch.compiler.load_compiled_function = load_compiled_function

if __name__ == "__main__":
    from vllm.entrypoints.cli.main import main

    sys.exit(main())
