"""What vLLM tells of itself, read from its own lines (0.32.0, cut)."""

from __future__ import annotations

import pytest

from agentforge.models.metrics import Load, load_in

TOLD = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="qwen-coder"} 13.0
vllm:num_requests_waiting{engine="0",model_name="qwen-coder"} 4.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="qwen-coder",reason="capacity"} 4.0
vllm:prefix_cache_queries_total{engine="0",model_name="qwen-coder"} 49414.0
vllm:prefix_cache_queries_created{engine="0",model_name="qwen-coder"} 1.7958121076702695e+09
vllm:prefix_cache_hits_total{engine="0",model_name="qwen-coder"} 29568.0
vllm:external_prefix_cache_hits_total{engine="0",model_name="qwen-coder"} 7.0
vllm:prompt_tokens_total{engine="0",model_name="qwen-coder"} 49414.0
vllm:generation_tokens_total{engine="0",model_name="qwen-coder"} 34974.0
vllm:request_queue_time_seconds_sum{engine="0",model_name="qwen-coder"} NaN
"""


def test_the_load_and_the_share_of_the_prefix_cache() -> None:
    load = load_in(TOLD)
    assert load == Load(running=13, waiting=4, tokens=49414 + 34974, looked_up=49414, cached=29568)
    assert load.cached_share == pytest.approx(0.598, abs=0.001)


def test_several_engines_are_one_server() -> None:
    load = load_in(TOLD + TOLD.replace('engine="0"', 'engine="1"'))
    assert load is not None
    assert (load.running, load.waiting, load.cached) == (26, 8, 2 * 29568)


def test_before_the_first_prompt_there_is_no_share() -> None:
    load = load_in("vllm:num_requests_running 0.0\n")
    assert load is not None
    assert load.cached_share is None


@pytest.mark.parametrize("text", ["", "<html></html>", "python_info 1.0\n", "vllm:num_requests_waiting 1.0\n"])
def test_what_is_not_vllms_tells_nothing(text: str) -> None:
    assert load_in(text) is None
