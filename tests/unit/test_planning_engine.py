"""vLLM's options as the platform reads and writes them: spellings, numbers, batch sizes, and what rules refuse."""

from typing import Any

import pytest
from hypothesis import given as given_these
from hypothesis import strategies as st
from msgspec.structs import replace
from planning_stacks import CATALOG, model, plan, planned, pool, settings
from rule_cases.case import args

from planning.deciding.arguments import command_line
from planning.gpus.capacity import gpu_memory_gib
from planning.gpus.devices import Device
from planning.resolving.resolution import Resolution
from planning.rules.engine import value_error
from planning.rules.engine_pairs import is_mixture_of_experts
from planning.vllm.batch import batch
from planning.vllm.options import is_switch, number, resolve_options, whole_number

VLLM = CATALOG.vllm("0.33.0")


def device(gpu: str, shared_by: int = 1) -> Device:
    known = CATALOG.gpus[gpu]
    return Device("whole", "nvidia.com/gpu", gpu_memory_gib(known), shared_by, known, shared_by)


def found(changes: dict[str, Any], rule: str) -> list[tuple[str, str, str]]:
    return [
        (finding.path, finding.message, finding.fix) for finding in planned(changes).findings if finding.rule == rule
    ]


def words(changes: dict[str, Any], index: int = 0) -> dict[str, str]:
    """The command line as option → the argument behind it."""
    line = plan(changes).models[index].releases[0].args
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
    assert whole_number(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"), [(1.5, 1.5), (8, 8), ("40", 40), ("1.5", 1.5), ("1K", None), (True, None), ("much", None)]
)
def test_numbers_of_options_that_take_fractions_and_no_suffixes(value: Any, meant: float | None) -> None:
    assert number(value, suffixes=False) == meant


def test_every_spelling_finds_its_option() -> None:
    for spelling, flag in VLLM.spellings.items():
        name = spelling.removeprefix("--")
        for spelled in (name, name.replace("-", "_")):
            (option,) = resolve_options(VLLM, {spelled: "x"}, "args").known
            assert option.flag is flag
            assert (option.spelled, option.path) == (spelled, f"args.{spelled}")
    assert VLLM.spellings is VLLM.spellings


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"max_num_seqs": 4}, {"max-num-seqs": 4}),
        ({"enable-prefix-caching": False}, {"enable-prefix-caching": False}),
        ({"disable-prefix-caching": True}, {"enable-prefix-caching": False}),
        ({"disable_prefix_caching": False}, {"enable-prefix-caching": True}),
        ({"no-such-option": 1}, {}),
    ],
)
def test_options_are_read_by_their_first_spelling(given: dict[str, Any], read: dict[str, Any]) -> None:
    assert resolve_options(VLLM, given, "args").values == read


def test_an_unknown_option_is_kept_with_what_replaced_it() -> None:
    options = resolve_options(VLLM, {"no-such-option": 1, "swap_space": 4, "seed": 1}, "args")
    assert [option.name for option in options.known] == ["seed"]
    assert [(option.spelled, option.path) for option in options.unknown] == [
        ("no-such-option", "args.no-such-option"),
        ("swap_space", "args.swap_space"),
    ]
    unknown, removed = options.unknown
    assert unknown.removed is None
    assert removed.removed is VLLM.removed["--swap-space"]


def test_the_place_of_an_option_is_where_it_is_written_under_any_spelling() -> None:
    options = resolve_options(VLLM, {"disable_prefix_caching": True}, "args")
    assert options.path_of("enable-prefix-caching") == "args.disable_prefix_caching"
    assert options.path_of("seed") == "args"


def test_switches_are_spelled_as_vllm_spells_them() -> None:
    for name in VLLM.flags:
        flag = VLLM.flags[name]
        if not is_switch(flag) or name.removeprefix("--") in VLLM.option_risks:
            continue
        view = Resolution(settings(args(**{name.removeprefix("--"): False})), CATALOG).releases[0]
        options = command_line(view).options
        # Off: the opposite switch where there is one, else nothing.
        opposite = [
            spelling.removeprefix("--") for spelling in flag.opts if spelling.startswith("--") and spelling != name
        ]
        if name != "--disable-fastapi-docs":
            assert name.removeprefix("--") not in options
        assert not opposite or options[opposite[0]] is True


@pytest.mark.parametrize(
    ("spelled", "value", "refused"),
    [
        ("trust-remote-code", True, True),
        ("trust-remote-code", False, False),
        ("no-trust-remote-code", False, True),
        ("no_trust_remote_code", False, True),
        ("no-trust-remote-code", True, False),
    ],
)
def test_a_forbidden_switch_is_refused_where_it_is_on_under_either_spelling(
    spelled: str, value: bool, refused: bool
) -> None:
    outcome = planned({f"models[0].engine.args.{spelled}": value})
    assert any(finding.rule == "ENGINE-FORBIDDEN" for finding in outcome.findings) is refused
    view = Resolution(settings({f"models[0].engine.args.{spelled}": value}), CATALOG).releases[0]
    assert ("--trust-remote-code" in command_line(view).words) is refused


def test_an_unknown_draft_is_reported_where_the_stack_file_has_it() -> None:
    draft = {"method": "medusa", "model": "x/y", "num_speculative_tokens": 3}
    ((path, _, _),) = found({"models[0].engine.args.speculative_config": draft}, "FIT-DRAFT")
    assert path == "models[0].engine.args.speculative_config"


# ------------------------------------------------------------------ values
@pytest.mark.parametrize(
    ("option", "value", "legal"),
    [
        ("max-cpu-loras", 4, True), ("max-cpu-loras", "two", False), ("max-num-queued-reqs", 1.5, False),
        ("kv-offloading-size", 1.5, True), ("kv-offloading-size", "much", False), ("spec-method", "ngram", True),
        ("spec-method", "ngrams", False), ("quantization", ["fp8"], False), ("max-num-batched-tokens", "8K", True),
        ("max-num-batched-tokens", "8X", False), ("enable-prefix-caching", "yes", False),
        ("disable-log-stats", False, False), ("lora-modules", ["a=/a"], True),
        ("allowed-origins", ["https://a"], True), ("allowed-origins", "https://a", False),
        ("middleware", ["a.b"], False), ("custom-histogram-buckets", [1], False),
        ("allowed-media-domains", ["a", "b"], True),
        ("structured-outputs-config", {"backend": "auto"}, True),
    ],
)  # fmt: skip
def test_values(option: str, value: Any, legal: bool) -> None:
    flag = VLLM.flags[f"--{option}"]
    assert (value_error(flag, value, VLLM.option_kinds.get(flag.name)) == "") is legal


@given_these(
    st.integers(-3, 3), st.sampled_from(["max-num-seqs", "stream-interval", "max-logprobs", "max-num-queued-reqs"])
)
def test_limits_are_those_of_vllm(value: int, option: str) -> None:
    ((bound, limit),) = VLLM.option_limits[f"--{option}"].items()
    assert bound == "ge"
    assert bool(found(args(**{option: value}), "ENGINE-LIMIT")) == (value < limit)


def test_advice_on_a_suffix_gives_both_numbers() -> None:
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


# ------------------------------------------------------------------ batch sizes
@pytest.mark.parametrize(
    ("gpu", "shared_by", "options", "sizes"),
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
def test_batch_sizes_are_those_that_vllm_would_choose(
    gpu: str, shared_by: int, options: dict[str, Any], sizes: tuple[int, int]
) -> None:
    chosen = batch(VLLM, device(gpu, shared_by), CATALOG.models["Qwen/Qwen3-8B"], 32768, options)
    assert (chosen.tokens, chosen.requests) == sizes


def test_an_encoder_reads_its_prompt_as_a_whole() -> None:
    encoder = CATALOG.models["BAAI/bge-m3"]
    assert batch(VLLM, device("A100-80"), encoder, 8192, {}).tokens == 8192
    assert batch(VLLM, device("A100-80"), encoder, 512, {}).tokens == 2048


@given_these(st.sampled_from(sorted(CATALOG.gpus)), st.integers(1, 8), st.integers(1, 100_000), st.booleans())
def test_what_the_platform_chooses_is_never_refused(gpu: str, shared_by: int, context: int, chunked: bool) -> None:
    options = {"enable-chunked-prefill": chunked}
    sizes = batch(VLLM, device(gpu, shared_by), CATALOG.models["Qwen/Qwen3-8B"], context, options)
    assert sizes.requests <= sizes.tokens
    assert chunked or sizes.tokens >= context
    assert sizes.tokens <= max(sizes.requests * context, 1)


def test_fewer_batched_tokens_mean_fewer_sequences() -> None:
    options = words(args(max_num_batched_tokens=64))
    assert (options["--max-num-batched-tokens"], options["--max-num-seqs"]) == ("64", "64")


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
    assert is_mixture_of_experts(CATALOG.models[name]) is experts
    assert is_mixture_of_experts(None) is None


def test_a_checkpoint_in_a_format_that_the_gpu_lacks() -> None:
    """The checkpoint's own quantization is checked, also where the stack file names none."""
    changes = {
        "pools[1]": pool("other", vm_size="Standard_NC16as_T4_v3"),
        "models[2]": model("more", "other", source={**model("", "")["source"], "huggingface": "openai/gpt-oss-20b"}),
    }
    ((path, message, _),) = found(changes, "ENGINE-QUANTIZATION")
    assert path == "models[2].source"
    assert "`mxfp4` needs compute capability 8.0; `other`'s T4 has 7.5" in message


def test_the_compressed_cache_is_sharded_over_every_rank() -> None:
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
    assert "3 is not possible with tensor_parallel 8" in message
    assert fix == "write one of `2`, `4`, `8`"


def test_a_backend_is_looked_up_in_either_option() -> None:
    ((path, message, fix),) = found(args(attention_config={"backend": "FLASHINFR"}), "ENGINE-ATTENTION")
    assert path == "models[0].engine.args.attention-config.backend"
    assert "not an attention backend" in message
    assert "`FLASHINFER`" in fix
    ((_, message, _),) = found(args(attention_backend="ROCM_ATTN"), "ENGINE-ATTENTION")
    assert message == "`ROCM_ATTN` is not for NVIDIA GPUs"


def test_drafts_that_options_of_their_own_ask_for_are_counted() -> None:
    args = "models[0].engine.args"

    def kv_bytes(changes: dict[str, Any]) -> int:
        return plan(changes).models[0].releases[0].memory.kv_bytes_per_token

    whole = {f"{args}.speculative-config": {"method": "eagle3", "num_speculative_tokens": 2}}
    apart = {f"{args}.spec-method": "eagle3", f"{args}.spec-tokens": 2}
    assert kv_bytes(apart) == kv_bytes(whole) > kv_bytes({})
