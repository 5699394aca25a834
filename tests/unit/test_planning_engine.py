"""vLLM's options as the platform reads and says them: spellings, numbers, sizes of a step, and what rules refuse."""

from typing import Any

import pytest
from hypothesis import given as given_these
from hypothesis import strategies as st
from msgspec.structs import replace
from planning_stacks import CATALOG, model, plan, planned, pool, settings
from rule_cases.case import args

from planning.gpus.devices import Device, gpu_memory_gib
from planning.resolving.resolution import Resolution
from planning.rules.engine import value_error
from planning.rules.engine_pairs import mixture
from planning.vllm.arguments import options
from planning.vllm.batch import batch
from planning.vllm.flags import (
    find_flag,
    given,
    is_switch,
    number,
    spellings,
)

RELEASE = CATALOG.vllm("0.33.0")


def device(gpu: str, shared_by: int = 1) -> Device:
    known = CATALOG.gpus[gpu]
    return Device("whole", "nvidia.com/gpu", gpu_memory_gib(known), shared_by, known, shared_by)


def found(changes: dict[str, Any], rule: str) -> list[tuple[str, str, str]]:
    return [(one.path, one.message, one.fix) for one in planned(changes).findings if one.rule == rule]


def words(changes: dict[str, Any], index: int = 0) -> dict[str, str]:
    """The command line as option → the word behind it."""
    line = plan(changes).models[index].args
    return {word: line[place + 1] for place, word in enumerate(line[:-1]) if word.startswith("--")}


# ------------------------------------------------------------------ spellings and numbers
@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("32k", 32000), ("32K", 32768), ("1.5K", 1536), ("2m", 2_000_000), ("2M", 2 * 1024**2), ("1g", 10**9),
        ("1G", 1024**3), ("4096", 4096), (4096, 4096), ("auto", None), ("4x", None), (True, None), (None, None),
        ([4096], None), (4.5, None), ("-4", None),
    ],
)  # fmt: skip
def test_numbers_with_suffixes(value: Any, meant: int | None) -> None:
    assert number(value) == meant


def test_every_spelling_finds_its_option() -> None:
    for spelling, flag in spellings(RELEASE).items():
        assert find_flag(RELEASE, spelling.removeprefix("--")) is flag
        assert find_flag(RELEASE, spelling.removeprefix("--").replace("-", "_")) is flag
    assert spellings(RELEASE) is spellings(RELEASE)


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ({"max_num_seqs": 4}, {"max-num-seqs": 4}),
        ({"enable-prefix-caching": False}, {"enable-prefix-caching": False}),
        ({"disable-prefix-caching": True}, {"enable-prefix-caching": False}),
        ({"disable_prefix_caching": False}, {"enable-prefix-caching": True}),
        ({"no-such-option": 1}, {}),
    ],
)
def test_options_are_read_by_their_first_spelling(asked: dict[str, Any], read: dict[str, Any]) -> None:
    assert given(RELEASE, asked) == read


def test_switches_are_said_as_vllm_says_them() -> None:
    for name in RELEASE.flags:
        flag = RELEASE.flags[name]
        if not is_switch(flag) or name in RELEASE.forbidden_flags:
            continue
        view = Resolution(settings(args(**{name.removeprefix("--"): False})), CATALOG).models[0]
        said = options(view, RELEASE)
        # Off: said with the opposite where there is one, else left out.
        opposite = [one.removeprefix("--") for one in flag.opts if one.startswith("--") and one != name]
        if name != "--disable-fastapi-docs":
            assert name.removeprefix("--") not in said
        assert not opposite or said[opposite[0]] is True


# ------------------------------------------------------------------ values
@pytest.mark.parametrize(
    ("option", "value", "legal"),
    [
        ("max-cpu-loras", 4, True), ("max-cpu-loras", "two", False), ("max-num-queued-reqs", 1.5, False),
        ("kv-offloading-size", 1.5, True), ("kv-offloading-size", "much", False), ("spec-method", "ngram", True),
        ("spec-method", "ngrams", False), ("quantization", ["fp8"], False), ("max-num-batched-tokens", "8K", True),
        ("max-num-batched-tokens", "8X", False), ("enable-prefix-caching", "yes", False),
        ("disable-log-stats", False, False), ("lora-modules", ["a=/a"], True),
        ("structured-outputs-config", {"backend": "auto"}, True),
    ],
)  # fmt: skip
def test_values(option: str, value: Any, legal: bool) -> None:
    flag = RELEASE.flags[f"--{option}"]
    assert (value_error(flag, value, RELEASE.option_kinds.get(flag.name)) == "") is legal


@given_these(
    st.integers(-3, 3), st.sampled_from(["max-num-seqs", "stream-interval", "max-logprobs", "max-num-queued-reqs"])
)
def test_limits_are_those_of_vllm(value: int, option: str) -> None:
    ((bound, limit),) = RELEASE.option_limits[f"--{option}"].items()
    assert bound == "ge"
    assert bool(found(args(**{option: value}), "ENGINE-LIMIT")) == (value < limit)


def test_advice_on_a_suffix_says_both_figures() -> None:
    ((path, message, fix),) = found(args(max_num_batched_tokens="8k"), "ENGINE-SUFFIX")
    assert path == "models[0].engine.args.max-num-batched-tokens"
    assert message == "`8k` is 8000"
    assert fix == "write 8K for 8192, or the number itself"


def test_keys_of_mappings_are_looked_up_with_dashes_too() -> None:
    spelled = {"method": "ngram", "num-speculative-tokens": 2, "prompt_lookup_max": 4}
    assert found(args(speculative_config=spelled), "ENGINE-JSON") == []
    ((path, message, fix),) = found(args(speculative_config={"metod": "ngram"}), "ENGINE-JSON")
    assert path == "models[0].engine.args.speculative-config.metod"
    assert "`metod` is not a key" in message
    assert "`method`" in fix


def test_an_option_without_an_opposite_is_off_when_it_is_left_out() -> None:
    assert not any("log-stats" in word for word in words(args(disable_log_stats=False)))


# ------------------------------------------------------------------ sizes of a step
@pytest.mark.parametrize(
    ("gpu", "shared_by", "asked", "sizes"),
    [
        ("H100-NVL-94", 1, {}, (8192, 1024)),
        ("H200-141", 1, {}, (8192, 1024)),
        ("A100-80", 1, {}, (2048, 256)),
        ("L40S", 1, {}, (2048, 256)),
        ("H100-NVL-94", 2, {}, (2048, 256)),
        ("H100-NVL-94", 1, {"max-num-seqs": 16}, (8192, 16)),
        ("H100-NVL-94", 1, {"max-num-batched-tokens": 512}, (512, 512)),
        ("H100-NVL-94", 1, {"max-num-batched-tokens": "4K", "max-num-seqs": 8}, (4096, 8)),
        ("H100-NVL-94", 1, {"performance-mode": "throughput"}, (16384, 2048)),
        ("H100-NVL-94", 1, {"enable-chunked-prefill": False}, (32768, 1024)),
        ("B200-180", 1, {}, (16384, 1024)),
    ],
)
def test_sizes_are_those_that_vllm_would_choose(
    gpu: str, shared_by: int, asked: dict[str, Any], sizes: tuple[int, int]
) -> None:
    chosen = batch(RELEASE, device(gpu, shared_by), CATALOG.models["Qwen/Qwen3-8B"], 32768, asked)
    assert (chosen.tokens, chosen.requests) == sizes


def test_an_encoder_reads_its_prompt_as_a_whole() -> None:
    encoder = CATALOG.models["BAAI/bge-m3"]
    assert batch(RELEASE, device("A100-80"), encoder, 8192, {}).tokens == 8192
    assert batch(RELEASE, device("A100-80"), encoder, 512, {}).tokens == 2048


@given_these(st.sampled_from(sorted(CATALOG.gpus)), st.integers(1, 8), st.integers(1, 100_000), st.booleans())
def test_what_the_platform_chooses_is_never_refused(gpu: str, shared_by: int, context: int, chunked: bool) -> None:
    asked = {"enable-chunked-prefill": chunked}
    sizes = batch(RELEASE, device(gpu, shared_by), CATALOG.models["Qwen/Qwen3-8B"], context, asked)
    assert sizes.requests <= sizes.tokens
    assert chunked or sizes.tokens >= context
    assert sizes.tokens <= max(sizes.requests * context, 1)


def test_a_smaller_step_takes_fewer_requests_along() -> None:
    said = words(args(max_num_batched_tokens=64))
    assert (said["--max-num-batched-tokens"], said["--max-num-seqs"]) == ("64", "64")


# ------------------------------------------------------------------ models and GPUs
@pytest.mark.parametrize(
    ("name", "experts"),
    [
        ("Qwen/Qwen3-8B", False),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", True),
        ("openai/gpt-oss-20b", True),
        ("mistralai/Mistral-Small-4-119B-2603", None),
    ],
)
def test_mixtures_are_known_from_the_catalog(name: str, experts: bool | None) -> None:
    assert mixture(CATALOG.models[name]) is experts
    assert mixture(None) is None


def test_a_checkpoint_in_a_format_that_the_gpu_lacks() -> None:
    """What the checkpoint is in counts, also where the stack file names no quantization."""
    changes = {
        "pools[1]": pool("other", vm_size="Standard_NC16as_T4_v3"),
        "models[2]": model("more", "other", source={**model("", "")["source"], "huggingface": "openai/gpt-oss-20b"}),
    }
    ((path, message, _),) = found(changes, "ENGINE-QUANTIZATION")
    assert path == "models[2].source"
    assert "`mxfp4` needs compute capability 8.0; `other`'s T4 has 7.5" in message


def test_the_compressed_cache_is_shared_out_over_every_rank() -> None:
    latent = replace(CATALOG.models["deepseek-ai/DeepSeek-R1-0528"])
    assert latent.attention_kind == "mla"
    changes = {
        "pools[1]": pool("other", vm_size="Standard_ND96isr_H200_v5"),
        "models[2]": model(
            "more", "other",
            source={**model("", "")["source"], "huggingface": latent.id},
            engine={"tensor_parallel": 8, "args": {"decode-context-parallel-size": 8}},
        ),
    }  # fmt: skip
    assert found(changes, "ENGINE-DCP") == []
    changes["models[2]"]["engine"]["args"]["decode-context-parallel-size"] = 3
    ((_, message, fix),) = found(changes, "ENGINE-DCP")
    assert "3 doesn't go with tensor_parallel 8" in message
    assert fix == "write one of `2`, `4`, `8`"


def test_a_backend_is_looked_up_in_either_option() -> None:
    ((path, message, fix),) = found(args(attention_config={"backend": "FLASHINFR"}), "ENGINE-ATTENTION")
    assert path == "models[0].engine.args.attention-config.backend"
    assert "not an attention backend" in message
    assert "`FLASHINFER`" in fix
    ((_, other, _),) = found(args(attention_backend="ROCM_ATTN"), "ENGINE-ATTENTION")
    assert other == "`ROCM_ATTN` is not for NVIDIA GPUs"
