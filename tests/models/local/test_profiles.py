from __future__ import annotations

from pathlib import Path

import pytest

from agentforge.models.local.profiles import Machine, choose, find_machine, instructions_in, usable_memory
from agentforge.settings import ModelSettings

SMALL = (
    "processor\t: {}\nmodel name\t: Some CPU\nflags\t\t: fpu sse avx avx512f{}\nbugs\t\t: amx_int8_is_no_flag_here\n\n"
)


def cpuinfo(*extra: str) -> str:
    return "".join(SMALL.format(number, flags) for number, flags in enumerate(extra))


def machine(instructions: str = "", *, cores: int = 2, memory: int = 24 * 10**9) -> Machine:
    return Machine("cpu", cores, memory, frozenset(instructions.split()))


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (("", ""), ""),
        ((" avx512_vnni", " avx512_vnni"), "avx512_vnni"),
        ((" avx512_vnni amx_int8", " avx512_vnni amx_int8"), "amx_int8"),
        ((" amx_int8 avx512_vnni", " avx512_vnni"), "avx512_vnni"),  # not every core has the better
        ((" amx_int8", ""), ""),
        ((" avx_vnni", " avx_vnni"), ""),  # 256 bits wide: another instruction
    ],
)
def test_what_the_cpu_can_do_is_read_from_its_flags(flags: tuple[str, ...], found: str) -> None:
    assert Machine("cpu", 2, 0, instructions_in(cpuinfo(*flags))).int8 == found


@pytest.mark.parametrize("text", ["", "processor\t: 0\nFeatures\t: asimd i8mm\n"])
def test_a_machine_without_such_flags_has_none_of_the_instructions(text: str) -> None:
    assert instructions_in(text) == frozenset()


@pytest.mark.parametrize(
    ("setting", "instructions", "device", "weights", "why"),
    [
        ("auto", "amx_int8 avx512_vnni", "cpu", "int8", "the CPU has amx_int8"),
        ("auto", "avx512_vnni", "cpu", "int8", "the CPU has avx512_vnni"),
        ("auto", "avx512f", "cpu", "bf16", "the CPU has none of amx_int8, avx512_vnni"),
        ("auto", "amx_int8", "gpu", "bf16", "GPU"),
        ("bf16", "amx_int8", "cpu", "bf16", "as set"),
        ("int8", "", "cpu", "int8", "as set"),
    ],
)
def test_weights_are_int8_where_the_cpu_has_instructions_for_it(
    setting: str, instructions: str, device: str, weights: str, why: str
) -> None:
    model = ModelSettings.model_validate({"weights": setting})
    found = Machine("gpu" if device == "gpu" else "cpu", 2, 0, frozenset(instructions.split()))
    profile = choose(model, found)
    assert (profile.weights, profile.why) == (weights, why)


@pytest.mark.parametrize(
    ("setting", "cores", "reserved"), [(None, 1, 0), (None, 4, 0), (None, 8, 1), (1, 2, 1), (0, 8, 0), (9, 2, 1)]
)
def test_few_cores_are_all_used_and_one_at_least(setting: object, cores: int, reserved: int) -> None:
    profile = choose(ModelSettings.model_validate({"reserved_cores": setting}), machine(cores=cores))
    assert profile.variables["VLLM_CPU_NUM_OF_RESERVED_CPU"] == str(reserved)


@pytest.mark.parametrize(("setting", "memory", "gb"), [(0, 24, 2), (0, 8, 1), (0, 0, 2), (5, 8, 5)])
def test_the_cache_is_smaller_where_memory_is_short(setting: object, memory: int, gb: int) -> None:
    profile = choose(ModelSettings.model_validate({"kv_cache_gb": setting}), machine(memory=memory * 10**9))
    assert profile.variables["VLLM_CPU_KVCACHE_SPACE"] == str(gb)


@pytest.mark.parametrize(
    ("host", "v2", "v1", "usable"),
    [
        (24, None, None, 24),
        (24, "8", None, 8),
        (24, None, "6", 6),
        (24, "max", None, 24),
        (24, None, "9223372036854771712", 24),
        (4, "8", None, 4),
        (0, "8", None, 8),
        (0, "max", None, 0),
    ],
)
def test_a_containers_limit_counts_as_its_memory(
    tmp_path: Path, host: int, v2: str | None, v1: str | None, usable: int
) -> None:
    limits = (tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes")
    for path, text in zip(limits, (v2, v1), strict=True):
        if text is not None:
            path.write_text(f"{text}\n")
    assert usable_memory(host, limits) == usable


def test_a_profile_is_told_in_one_line() -> None:
    profile = choose(ModelSettings(), machine("amx_int8"))
    assert str(profile) == ("int8 weights (the CPU has amx_int8), all cores, 2 GB for the cache, 32 requests at once")
    assert profile.options == "weights=int8 parallel=32 reserved_cores=0 kv_cache_gb=2"
    other = choose(ModelSettings(reserved_cores=1, parallel=4), machine("amx_int8")).serve_unchanged(
        "already quantised"
    )
    assert str(other) == (
        "weights as they are (already quantised), all cores but 1, 2 GB for the cache, 4 requests at once"
    )


def test_nothing_of_a_gpu_depends_on_the_cpu() -> None:
    profile = choose(ModelSettings(), Machine("gpu", 2, 0))
    assert profile.variables == {}
    assert str(profile) == "bf16 weights (GPU), 32 requests at once"
    assert profile.options == choose(ModelSettings(), Machine("gpu", 64, 10**12, frozenset({"amx_int8"}))).options


def test_what_was_compiled_is_kept_apart_for_each_kind_of_cpu() -> None:
    first, same, other = (machine(flags).kind for flags in ("avx512f amx_int8", "amx_int8 avx512f", "avx512f"))
    assert first == same != other
    assert choose(ModelSettings(), machine("avx512f")).compiled_for == other


def test_this_machine_can_be_looked_at() -> None:
    found = find_machine()
    assert found.cores >= 1
    assert found.memory > 10**8
