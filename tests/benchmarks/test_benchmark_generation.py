"""The benchmark of writing: what a variant is, who takes turns with whom, and the arithmetic."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentforge.errors import ConfigurationError, ModelUnavailable
from agentforge.models.local.up import LocalModel
from agentforge.settings import Settings
from benchmarks import generation, writing
from benchmarks.generation import Arm, figures_of, free_memory, main, share, variables, variant_of
from benchmarks.writing import SHAPES, Answer, Shape, counters_in

KEYS = {"benchmark", "commit", "rounds", "tokens", "baseline", "tokens_per_s_ratio", "prefix_hit_share", "arms"}
"""What every reader of the figures may rely on."""


def test_a_variant_is_written_as_settings_and_variables() -> None:
    variant = variant_of("weights=int8 parallel=16 vllm_options='--enforce-eager --seed 1' VLLM_CPU_ATTN_SPLIT_KV=0")
    assert variant.settings == {
        "model.weights": "int8",
        "model.parallel": 16,
        "model.vllm_options": ["--enforce-eager", "--seed", "1"],
    }
    assert variant.environment == {"VLLM_CPU_ATTN_SPLIT_KV": "0"}
    assert (variant_of("auto").settings, variant_of("").name) == ({}, "auto")


@pytest.mark.parametrize("text", ["int8", "--enforce-eager", "=1", "weights=int8 fast"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is no NAME=VALUE"):
        variant_of(text)


def test_a_setting_that_does_not_exist_is_refused_by_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="speed"):
        Arm.of(variant_of("speed=9"), tmp_path / "home")


def test_an_arm_has_a_home_of_its_own_and_hears_nothing_of_the_callers_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTFORGE_MODEL__PARALLEL", "3")
    arm = Arm.of(variant_of("weights=int8"), tmp_path / "home")
    assert arm.settings.home == tmp_path / "home"
    assert (arm.settings.model.weights, arm.settings.model.parallel) == ("int8", 32)


def test_variables_are_set_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_A", "before")
    monkeypatch.delenv("VLLM_B", raising=False)
    with variables({"VLLM_A": "now", "VLLM_B": "now"}):
        assert (os.environ["VLLM_A"], os.environ["VLLM_B"]) == ("now", "now")
    assert (os.environ["VLLM_A"], os.environ.get("VLLM_B")) == ("before", None)


def test_no_two_prompts_begin_alike_but_those_of_candidates() -> None:
    asked = [shape.prompts(number) for shape in SHAPES for number in range(-1, 12)]
    assert [len(prompts) for prompts in asked[::13]] == [1, 4, 8, 1, 3]
    heads = [prompt.split(".")[0] for prompts in asked for prompt in set(prompts)]
    assert len(set(heads)) == len(heads)


def test_candidates_share_a_prompt_and_repairs_do_not() -> None:
    assert len(set(Shape("fresh", 8).prompts(0))) == 1
    repairs = Shape("repair", 3).prompts(0)
    assert len({prompt.split("```python")[1] for prompt in repairs}) == 3


def test_counters_are_read_from_the_page_and_those_of_several_labels_added() -> None:
    page = """# TYPE vllm:prefix_cache_hits counter
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 128.0
vllm:request_success_total{finished_reason="stop"} 2.0
vllm:request_success_total{finished_reason="length"} 1e+01
vllm:num_requests_running{engine="0"} 3.0
"""
    assert counters_in(page) == {"prefix_cache_hits": 128.0, "request_success": 12.0}


def test_figures_are_medians_and_their_ratios(tmp_path: Path) -> None:
    baseline = Arm.of(variant_of("weights=bf16"), tmp_path / "a")
    arm = Arm.of(variant_of("auto"), tmp_path / "b")
    baseline.rates, baseline.starts = {"fresh 1": [5.0, 4.0, 90.0]}, [100.0]
    arm.rates, arm.starts = {"fresh 1": [12.0, 10.0, 1.0]}, [80.0, 30.0, 34.0]
    arm.gaps = {"fresh 1": [0.08, 0.08, 0.08, 0.5, 0.6, 0.7, 0.9]}
    arm.counted = Counter(prefix_cache_hits=30, prefix_cache_queries=120)
    figures = figures_of(arm, baseline)
    assert figures["tokens_per_s"] == {"fresh 1": 10.0}
    assert figures["ratio"] == {"fresh 1": 2.0}
    assert figures["step_ms"] == {"fresh 1": 80.0}
    assert (figures["first_start_s"], figures["start_s"]) == (80.0, 32.0)
    assert (figures["prefix_hit_share"], figures["guessed_right_share"]) == (0.25, None)
    assert figures_of(baseline, baseline)["start_s"] is None
    assert share(0, 0) is None


def test_free_memory_is_what_is_available(tmp_path: Path) -> None:
    file = tmp_path / "meminfo"
    assert free_memory(file) is None
    file.write_text("MemTotal:       1000 kB\nMemAvailable:    200 kB\n")
    assert free_memory(file) == 200 * 1024


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Servers are only told of: one list of what was asked of them."""
    found: list[str] = []

    async def up(settings: Settings, **_: Any) -> LocalModel:
        found.append(f"up {settings.model.weights}")
        return LocalModel(settings.model.weights, "m", 1, 4096, "pypi:m")

    async def down(settings: Settings) -> bool:
        found.append(f"down {settings.model.weights}")
        return True

    async def write(url: str, _model: str, prompt: str, tokens: int) -> Answer:
        found.append(f"{url} {'repair' if 'wrong' in prompt else 'fresh'} {tokens}")
        return Answer(tokens, [0.1] * (tokens - 1))

    async def counters(_url: str) -> dict[str, float]:
        return {"prefix_cache_hits": float(len(found)), "prefix_cache_queries": 2.0 * len(found)}

    for name, stand_in in {"up": up, "down": down, "write": write, "counters": counters, "REST_SECONDS": 0.0}.items():
        monkeypatch.setattr(generation, name, stand_in)
    monkeypatch.setattr(generation, "free_memory", lambda: 10**12)
    return found


def test_both_are_up_at_once_and_take_turns(happened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile", "int8", "--rounds", "2", "--tokens", "9", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert shown.keys() >= KEYS
    assert list(shown["arms"]) == ["baseline", "weights=int8"]
    assert (shown["at_once"], shown["prefix_hit_share"]) == (True, 0.5)
    ups = [one for one in happened if one.startswith("up")]
    assert ups == ["up bf16", "up bf16", "up int8", "up int8"], "the second start is the one that counts"
    turns = [one for one in happened if one.endswith(" 9")]
    of_round = [arm for name in ("fresh", "repair") for _ in range(3 if name == "fresh" else 2) for arm in (name,)]
    wanted = [1, 4, 8, 1, 3]
    told = iter(turns)
    for first, second in (("bf16", "int8"), ("int8", "bf16")):
        for kind, count in zip(of_round, wanted, strict=True):
            for arm in (first, second):
                assert [next(told) for _ in range(count)] == [f"{arm} {kind} 9"] * count
    assert next(told, None) is None


def test_without_memory_for_two_one_server_is_up_at_a_time(
    happened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generation, "free_memory", lambda: generation.SERVER_BYTES)
    assert main(["--profile", "int8", "--rounds", "2", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert shown["at_once"] is False
    assert shown["arms"]["baseline"]["start_s"] is not None, "every start but the first counts"
    running: set[str] = set()
    for one in happened:
        word, _, name = one.partition(" ")
        if word == "up":
            running.add(name)
        elif word == "down":
            running.discard(name)
        assert len(running) <= 1


def test_quick_is_one_round_of_three_kinds_and_one_start(
    happened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--quick"]) == 0
    assert sum(one.startswith("up") for one in happened) == 2
    assert sum(one.endswith(" 48") for one in happened) == 2 * (1 + 4 + 1)
    assert "fresh 4" in capsys.readouterr().out


def test_a_server_that_goes_away_is_no_figure(
    happened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refuse(*_: object) -> Answer:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(generation, "write", refuse)
    assert main(["--quick", "--json"]) == ModelUnavailable.exit_code
    assert happened[-1].startswith("down"), "nothing is left running"
    out, err = capsys.readouterr()
    assert out == ""
    assert "refused" in err


def test_who_ends_it_leaves_no_server_running(
    happened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def be_ended(*_: object) -> Answer:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(10)
        raise AssertionError("it went on")

    monkeypatch.setattr(generation, "write", be_ended)
    assert main(["--quick", "--json"]) == 130
    assert happened[-1].startswith("down")
    assert "Interrupted" in capsys.readouterr().err


class Stream(http.server.BaseHTTPRequestHandler):
    """Answers as vLLM's stream does: an opening without text, three pieces, the usage."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["stream_options"] == {"include_usage": True}
        events: list[dict[str, Any]] = [
            {"choices": [{"delta": {"content": text}}]} for text in ("", "def ", "f", "():")
        ]
        events.append({"choices": [], "usage": {"completion_tokens": 5}})
        self.send_response(200)
        self.end_headers()
        self.wfile.write("".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_an_answer_is_counted_by_the_server_and_timed_piece_by_piece(url: str) -> None:
    answer = await writing.write(url, "m", "a prompt", 8)
    assert answer.tokens == 5
    assert len(answer.gaps) == 2
