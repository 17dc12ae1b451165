"""Vectors of texts by a small BERT, here one with made-up weights: the arithmetic, the words and the file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from agentforge.errors import ConfigurationError

np = pytest.importorskip("numpy")

from agentforge.models.meaning import Meaning, Words, installed  # noqa: E402 - it needs numpy

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "count", "##ing", "word", "##s", "cafe", ",", "c", "+"]
WIDTH = 24


def weights() -> dict[str, np.ndarray]:
    """One layer of random numbers, the same in every run."""
    chance = np.random.default_rng(1)
    shapes = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": (128, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "encoder.layer.0.intermediate.dense.weight": (48, WIDTH),
        "encoder.layer.0.intermediate.dense.bias": (48,),
        "encoder.layer.0.output.dense.weight": (WIDTH, 48),
        "encoder.layer.0.output.dense.bias": (WIDTH,),
    }
    for name in ("query", "key", "value"):
        shapes[f"encoder.layer.0.attention.self.{name}.weight"] = (WIDTH, WIDTH)
        shapes[f"encoder.layer.0.attention.self.{name}.bias"] = (WIDTH,)
    shapes["encoder.layer.0.attention.output.dense.weight"] = (WIDTH, WIDTH)
    shapes["encoder.layer.0.attention.output.dense.bias"] = (WIDTH,)
    for name in ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"):
        shapes[f"{name}.LayerNorm.weight"] = shapes[f"{name}.LayerNorm.bias"] = (WIDTH,)
    return {name: chance.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    header, data = {}, b""
    for name, tensor in weights().items():
        header[name] = {
            "dtype": "F32",
            "shape": tensor.shape,
            "data_offsets": [len(data), len(data) + tensor.nbytes],
        }
        data += tensor.tobytes()
    told = json.dumps(header).encode()
    (tmp_path / "model.safetensors").write_bytes(len(told).to_bytes(8, "little") + told + data)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("counting WORDS", ["count", "##ing", "word", "##s"]),
        ("Café, café", ["cafe", ",", "cafe"]),
        ("C++", ["c", "+", "+"]),
        ("wordle", ["[UNK]"]),
        ("zebra", ["[UNK]"]),
        ("c\u4f60\u597d", ["c", "[UNK]", "[UNK]"]),
    ],
)
def test_a_text_is_taken_apart_as_the_model_was_taught(text: str, parts: list[str]) -> None:
    found = [VOCABULARY[number] for number in Words(VOCABULARY).parts(text)]
    assert found == ["[CLS]", *parts, "[SEP]"]


def test_a_long_text_is_cut() -> None:
    assert len(Words(VOCABULARY).parts("word " * 10_000)) == 128


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(folder: Path) -> None:
    meaning = Meaning(folder)
    texts = ["word", "counting words", "cafe", "counting, words"]
    together = meaning.of(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together, np.concatenate([meaning.of([text]) for text in texts]), atol=1e-5)
    assert meaning.cosines(together, meaning.of(["cafe"])).argmax() == 2


def test_vectors_are_written_and_read_again(folder: Path) -> None:
    meaning = Meaning(folder)
    vectors = meaning.of(["word", "cafe"])
    assert np.allclose(meaning.read(meaning.written(vectors)), vectors, atol=1e-3)
    assert meaning.read([]).shape[0] == 0


def test_other_weights_than_the_known_ones_are_refused(folder: Path) -> None:
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert Meaning(folder, digest).of(["word"]).shape == (1, WIDTH)
    with pytest.raises(ConfigurationError, match="not those"):
        Meaning(folder, "0" * 64).of(["word"])


@pytest.mark.parametrize("damage", [b"", b"\xff" * 40])
def test_a_damaged_file_is_told(folder: Path, damage: bytes) -> None:
    (folder / "model.safetensors").write_bytes(damage)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Meaning(folder).of(["word"])


def test_the_real_weights_know_what_is_alike() -> None:
    meaning = installed()
    if meaning is None:
        pytest.skip("the weights are not installed")
    dog, hound, tax = meaning.of(["a small dog", "a young hound", "income tax rates"])
    assert dog @ hound > 0.5 > dog @ tax
