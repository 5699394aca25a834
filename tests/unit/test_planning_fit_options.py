"""`fit` with options of the server: drafts, experts, eager mode, a KV cache of a fixed size, and what is uncertain."""

import json
from typing import Any

import pytest
from fit_command import RunFit


def test_both_forms_show_what_is_uncertain(run_fit: RunFit) -> None:
    known = ("--model", "Qwen/Qwen3.6-27B", "--gpu", "H100-NVL-94", "--context", "32768", "--max-num-seqs", "64")
    assert "uncertain: since 0.26 vLLM counts" in run_fit(*known)[1]
    # The keys of the JSON stay those of a preview's `memory`.
    _, out, err = run_fit(*known, "--json")
    assert "uncertain" not in json.loads(out)
    assert "vllm-project/vllm#50780" in err
    assert run_fit(*known, "--enforce-eager", "--json")[2] == ""


def test_options_that_change_what_memory_holds(run_fit: RunFit) -> None:
    def figures(*more: str) -> dict[str, Any]:
        return json.loads(run_fit("--model", "Qwen/Qwen3.6-35B-A3B-FP8", "--gpu", "H100-NVL-94", "--json", *more)[1])

    plain = figures()
    assert figures("--enforce-eager")["overhead_gib"] < plain["overhead_gib"]
    assert figures("--language-model-only")["overhead_gib"] <= plain["overhead_gib"]
    drafting = figures("--spec-method", "mtp", "--spec-tokens", "2")
    assert drafting["kv_bytes_per_token"] * 10 == plain["kv_bytes_per_token"] * 11
    assert drafting["kv_tokens"] < plain["kv_tokens"]
    two = ("--tensor-parallel", "2")
    assert figures(*two, "--enable-expert-parallel")["weights_gib"] == figures(*two)["weights_gib"]
    pinned = figures("--kv-cache-memory-bytes", "12G", "--max-num-seqs", "16")
    assert (pinned["kv_cache_gib"], pinned["budget_gib"], pinned["fits"]) == (12.0, plain["device_gib"], True)


def test_stages_of_different_numbers_of_layers(run_fit: RunFit) -> None:
    """The fullest stage decides: VLLM_PP_LAYER_PARTITION (vLLM 0.33 vllm/distributed/utils.py get_pp_indices)."""

    def figures(*more: str) -> dict[str, Any]:
        two = ("--pipeline-parallel", "2", *more)
        return json.loads(run_fit("--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", "--json", *two)[1])

    even, uneven = figures(), figures("--layer-partition", "9, 27")
    assert figures("--layer-partition", "18,18") == even
    assert uneven["kv_bytes_per_token"] * 18 == even["kv_bytes_per_token"] * 27
    assert uneven["weights_gib"] > 1.4 * even["weights_gib"]
    assert uneven["kv_tokens"] < even["kv_tokens"]


def test_a_cache_of_a_fixed_size_that_is_too_large(run_fit: RunFit) -> None:
    code, out, _ = run_fit("--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", "--kv-cache-memory-bytes", "80G")
    assert code == 2
    assert "the KV cache is 5.17 GiB larger than what is left" in out
    assert "--kv-cache-memory-bytes with less, or without it" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--enable-expert-parallel",), "has no experts"),
        (("--spec-method", "mtp"), "how many layers this draft adds"),
        (("--spec-tokens", "2"), "give --spec-method as well"),
        (("--layer-partition", "18,18"), "2 stages, but --pipeline-parallel is 1"),
        (("--pipeline-parallel", "2", "--layer-partition", "18,19"), "37 layers, but the model has 36"),
        (("--pipeline-parallel", "2", "--layer-partition", "-1,37"), "is not a list of whole numbers"),
        (("--kv-cache-memory-bytes", "much"), "much is not a number of bytes, such as 12G"),
        (("--kv-cache-memory-bytes", "1G", "--kv-cache-gib", "1"), "the KV cache is given twice"),
    ],
)
def test_options_that_do_not_fit_the_model(run_fit: RunFit, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run_fit("--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", *arguments)
    assert (code, out) == (2, "")
    assert words in err
