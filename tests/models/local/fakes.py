"""Small real stand-ins: a model server, packages made on the fly, a server environment."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
import textwrap
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agentforge.models.local.environment import ServerEnvironment
from agentforge.models.local.server import Launch, choose_port
from agentforge.models.local.sources import PackagedModel

SERVER = """
import http.server, json, os, signal, subprocess, sys, time
args = sys.argv[1:]
option = lambda name, default="": args[args.index(name) + 1] if name in args else default
if "--die" in args:
    print("(APIServer pid=1) INFO 11-23 10:40:08 [model.py:733] Resolved architecture: Fake")
    print("(EngineCore pid=2) ERROR 11-23 10:40:09 [core.py:1] ValueError: no room for the cache")
    print("(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.")
    sys.exit(1)
if "--stubborn" in args:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("(Worker pid=5) INFO 11-23 10:40:23 [cpu.py:68] Starting to load model x...", flush=True)
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("worker", worker.pid, flush=True)
print("environment", json.dumps(dict(os.environ)), flush=True)
ready = time.time() + float(option("--delay", "0"))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        model = {"id": option("--served-model-name", "fake"), "max_model_len": 4096, "owned_by": "vllm"}
        status = 200 if time.time() >= ready else 503
        body = json.dumps({"data": [model]}).encode() if self.path == "/v1/models" else b""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(option("--port"))), Handler).serve_forever()
"""


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits for something that happens in another process."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (no event of ours is set there)
            await asyncio.sleep(0.02)


def write_server(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "model_server.py"
    script.write_text(SERVER)
    return script


def launch(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Launch:
    """Starts the stand-in through the same code as vLLM."""
    port = choose_port(0)
    return Launch(
        command=(sys.executable, str(write_server(folder)), "--port", str(port), *options),
        environment=environment or {},
        url=f"http://127.0.0.1:{port}",
        model="fake",
        context=2048,
        requested="auto",
        source="pypi:fake",
    )


def write_program(path: Path, shell: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + textwrap.dedent(shell))
    path.chmod(0o755)


CONVERTS = f"""
case "$*" in
  *convert.py*) mkdir -p "$4" && cp "$3" "$4/model.safetensors" && echo '{{}}' > "$4/config.json";;
  *quantise.py*) cp "$3/model.safetensors" "$4/" && echo '{{"quantization_config": {{"bits": 8}}}}' > "$4/config.json";;
  *serve.py*) shift 2; exec '{sys.executable}' '{{server}}' "$@";;
  *) shift; exec '{sys.executable}' "$@";;
esac
"""


def fill_environment(environment: ServerEnvironment) -> None:
    """A finished environment whose vLLM is the stand-in, whose pip is the real one of this Python."""
    (environment.folder / "steps").mkdir(parents=True)
    (environment.folder / "steps" / "ready").touch()
    write_program(environment.python, CONVERTS.replace("{server}", str(write_server(environment.folder))))


def write_weights(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


CHECKPOINT = {
    "model.embed_tokens.weight": ("BF16", [10, 4], 80),
    "model.layers.0.mlp.up_proj.weight": ("BF16", [8, 4], 64),
    "model.norm.weight": ("F32", [4], 16),
}
CHECKPOINT_INT8_BYTES = 80 + (8 * 4 + 8 * 4) + (10 * 4 + 10 * 4) + 16
"""What is rounded takes one byte for each number and four for each row: up_proj, and the embedding once more."""


def write_checkpoint(folder: Path) -> Path:
    """A model of the kind that can be rounded to int8; its numbers are all zero."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["Qwen2ForCausalLM"]}')
    write_safetensors(folder / "model.safetensors", CHECKPOINT)
    return folder


def write_safetensors(path: Path, tensors: Mapping[str, tuple[str, list[int], int]]) -> None:
    """Name → dtype, shape, bytes; the format is a header's length, the header, the numbers."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))


def wheel(
    folder: Path, name: str, version: str, files: Mapping[str, bytes] | None = None, requires: Sequence[str] = ()
) -> Path:
    """A wheel as pip accepts it."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {r}" for r in requires),
    ]
    content: dict[str, bytes] = {
        f"{module}/__init__.py": f"raise RuntimeError('{name} must never be imported')\n".encode(),
        **(files or {}),
        f"{info}/METADATA": ("\n".join(lines) + "\n").encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, data in content.items():
            archive.writestr(inside, data)
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def packaged_model(folder: Path, parts: int) -> tuple[PackagedModel, bytes]:
    """A model in ``parts`` packages, and what they hold together."""
    pieces = [f"part {number};".encode() * number for number in range(1, parts + 1)]
    for number, piece in enumerate(pieces, 1):
        name = f"small-model-part{number}"
        wheel(folder, name, "1.0", {f"{name.replace('-', '_')}/data/part{number:02}.bin": piece})
    whole = b"".join(pieces)
    model = PackagedModel("small-model-part", parts, "1.0", len(whole), hashlib.sha256(whole).hexdigest(), "qwen-coder")
    return model, whole
