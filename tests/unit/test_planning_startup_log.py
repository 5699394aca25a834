"""A start-up log of vLLM: what is read of it, how it is set beside the ledger, and what is kept of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planning_stacks import plan, planned
from startup_logs import LLAMA_SERVED, LLAVA_OLD, OLDEST, QWEN_REFUSED, RANKS

from planning.__main__ import main
from planning.startup_log import comparing, reading

Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Check:
    def call(text: str, *arguments: str) -> tuple[int, str, str]:
        file = tmp_path / "vllm.log"
        file.write_text(text, encoding="utf-8")
        code = main(["fit", "--check-log", str(file), *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_figures_of_a_refused_start() -> None:
    log = reading.read(QWEN_REFUSED)
    assert (log.version, log.checkpoint_gib, log.weights_gib, log.graphs_gib) == ("0.26.0", 28.75, 28.51, 1.11)
    assert (log.kv_cache_gib, log.needed_gib, log.longest_context) == (7.04, 8.18, 112_896)
    assert (log.encoder_tokens, log.encoder_items, log.kv_tokens) == (16384, 1, None)
    settings = comparing.settings_of(log)
    assert (settings["context"], settings["utilization"], settings["prefix_caching"]) == (131072, 0.86, False)


@pytest.mark.parametrize(
    ("given", "slots"),
    [
        ("", (None, None)),
        ("'max_loras': 4", (None, None)),
        ("'enable_lora': True", (1, None)),
        ("'enable_lora': True, 'max_loras': 4, 'max_lora_rank': 64", (4, 64)),
    ],
)
def test_adapters_of_a_log(given: str, slots: tuple[int | None, int | None]) -> None:
    settings = comparing.settings_of(reading.read(f"non-default args: {{'max_model_len': 4096, {given}}}\n"))
    assert (settings.get("max_loras"), settings.get("max_lora_rank")) == slots


def test_figures_in_older_wordings() -> None:
    log = reading.read(LLAVA_OLD)
    assert (log.device_gib, log.budget_gib, log.weights_gib, log.peak_gib) == (79.19, 71.27, 14.08, 1.97)
    assert (log.outside_torch_gib, log.kv_tokens, log.max_concurrency) == (0.07, 451_744, 110.29)
    oldest = reading.read(OLDEST)
    assert (oldest.device_gib, oldest.budget_gib, oldest.weights_gib) == (15.77, 14.2, 7.51)
    assert (oldest.peak_gib, oldest.outside_torch_gib, oldest.kv_cache_gib) == (2.53, 0.39, 3.76)


def test_of_several_ranks_the_fullest_counts() -> None:
    log = reading.read(RANKS)
    assert (log.weights_gib, log.kv_cache_gib) == (10.7, 18.7)
    assert log.settings["enable_expert_parallel"] is True


def test_a_text_without_figures_has_none() -> None:
    assert reading.read("").empty
    assert reading.read("INFO Application startup complete.\n").empty


def figures(out: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["figure"], row["unit"]): row for row in json.loads(out)["figures"]}


def test_each_figure_is_set_beside_ours(check: Check) -> None:
    code, out, err = check(QWEN_REFUSED, "--gpu", "L40S", "--json")
    assert (code, err) == (0, "")
    rows = figures(out)
    assert rows["weights", "GiB"]["log"] == 28.51
    assert rows["weights", "GiB"]["agrees"]
    assert rows["KV cache of one request", "GiB"]["ours"] == pytest.approx(8.18, abs=0.01)
    assert not rows["CUDA graphs", "GiB"]["agrees"]
    assert rows["CUDA graphs", "GiB"]["cause"]
    # Never too large.
    assert rows["KV cache", "GiB"]["ours"] <= 7.04 * 1.02


def test_a_difference_of_the_version_is_named(check: Check) -> None:
    """0.26 let a request take every block: 144 of 784 tokens instead of 143."""
    longest = figures(check(QWEN_REFUSED, "--gpu", "L40S", "--json")[1])["longest context", "tokens"]
    assert (longest["log"], longest["ours"]) == (112_896, 112_112)
    assert longest["cause"] == "vLLM 0.26.0: a request could take every block, now one stays free"


def test_model_gpu_and_options_are_those_of_the_log(check: Check) -> None:
    code, out, _ = check(LLAMA_SERVED, "--gpu", "A100-80", "--json")
    assert code == 0
    rows = figures(out)
    assert json.loads(out)["model"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert rows["tokens", "tokens"]["ours"] == pytest.approx(460_448, rel=0.005)
    assert rows["weights and context", "GiB"]["agrees"]
    assert rows["KV cache", "GiB"]["ours"] == pytest.approx(56.21, rel=0.02)
    # 79.25 GiB may be an A100 or an H100.
    code, _, err = check(LLAMA_SERVED)
    assert code == 2
    assert "A100-80 or H100-80" in err


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("nothing\n", ("--gpu", "L40S"), "has no line about memory"),
        (LLAVA_OLD, ("--gpu", "H100-80"), "`llava-hf/llava-v1.6-mistral-7b-hf` is not in the catalog"),
        (RANKS, ("--model", "Qwen/Qwen3-8B"), "doesn't say the total of its GPU"),
        (QWEN_REFUSED, ("--gpu", "L50"), "is not in the catalog"),
    ],
)
def test_what_prevents_a_comparison(check: Check, text: str, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = check(text, *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_what_a_stack_can_keep(check: Check) -> None:
    out = check(
        LLAMA_SERVED.replace(
            "Actual usage is 15.26 GiB for consumed memory (weights + non-torch)", "Actual usage is 15.0 GiB for weight"
        ),
        "--gpu",
        "A100-80",
    )[1]
    assert (
        "measured: {gpu: A100-80, version: 0.31.0, weights_gib: 15.0, overhead_gib: 1.7, tensor_parallel: 1, "
        "batched_tokens: 2048, sequences: 256}"
    ) in out


MEASURED: dict[str, Any] = {
    "gpu": "H100-NVL-94", "slice": "3g.47gb", "version": "0.33.0", "weights_gib": 15.3, "overhead_gib": 2.5,
    "batched_tokens": 2048, "sequences": 256,
}  # fmt: skip


def chat(changes: dict[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    outcome = planned({"models[0].measured": changes})
    assert outcome.plan is not None
    found = [(finding.rule, finding.path) for finding in outcome.findings if finding.rule == "FIT-MEASURED"]
    return outcome.plan.models[0].releases[0].memory, found


def test_measured_memory_is_planned_with() -> None:
    memory, stale = chat(MEASURED)
    assert (memory.measured, memory.weights_gib, memory.overhead_gib, stale) == (True, 15.3, 2.5, [])
    assert memory.kv_cache_gib == pytest.approx(memory.budget_gib - 15.3 - 2.5, abs=0.011)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gpu", "A100-80"), ("slice", None), ("version", "0.32.0"), ("tensor_parallel", 2), ("batched_tokens", 8192),
        ("sequences", 64), ("eager", True), ("expert_parallel", True), ("drafted_tokens", 1), ("max_loras", 4),
        ("max_lora_rank", 32),
    ],
)  # fmt: skip
def test_stale_measurements_are_reported_and_not_used(key: str, value: object) -> None:
    usual = plan({}).models[0].releases[0].memory
    changed = {name: given for name, given in {**MEASURED, key: value}.items() if given is not None}
    memory, stale = chat(changed)
    assert memory == usual
    assert stale == [("FIT-MEASURED", f"models[0].measured.{key}")]


@pytest.mark.parametrize(
    "line",
    [
        "Model loading took 1.2.3 GiB",
        f"Model loading took {'9' * 5000} GiB",
        f"Available KV cache memory: {'9' * 400} GiB",
        "GPU KV cache size: ,,, tokens",
        f"GPU KV cache size: {'9' * 5000} tokens",
        "GPU KV cache size: ٣ tokens",
        f"LLM engine (v{'9' * 5000})",
        "Maximum concurrency for 8 tokens per request: ..x",
        f"max_num_batched_tokens={'9' * 5000}",
        f"max_seq_len={'9' * 5000}",
        "non-default args: {1, 2}",
        "non-default args: {'a'}",
        "non-default args: {[]: 1}",
        f"non-default args: {'{' * 3000}{'}' * 3000}",
        f"non-default args: {'-' * 50_000}1}}",
        f"non-default args: {{'max_num_seqs': {'9' * 5000}}}",
    ],
)
def test_a_line_that_no_server_writes_is_not_read(line: str) -> None:
    assert comparing.settings_of(reading.read(f"{line}\n")) == {}
    assert reading.read(f"{line}\n").empty


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tensor_parallel_size", "two"),
        ("tensor_parallel_size", 0),
        ("tensor_parallel_size", True),
        ("pipeline_parallel_size", 10**6),
        ("max_model_len", -1),
        ("max_model_len", 10**30),
        ("gpu_memory_utilization", 1e400),
        ("gpu_memory_utilization", 0),
        ("kv_cache_dtype", ["fp8"]),
        ("max_num_seqs", 2.5),
        ("speculative_config", {"method": "mtp", "num_speculative_tokens": 10**30}),
        ("speculative_config", "mtp"),
        ("kv_cache_memory_bytes", 10**40),
    ],
)
def test_a_setting_that_no_server_has_is_left_out(name: str, value: Any) -> None:
    written = repr(value).replace("inf", "1e400")
    assert comparing.settings_of(reading.read(f"non-default args: {{'{name}': {written}}}\n")) == {}


def test_a_fraction_may_be_written_as_a_whole_number() -> None:
    given = "non-default args: {'gpu_memory_utilization': 1, 'enable_lora': True, 'max_lora_rank': 10000000}\n"
    assert comparing.settings_of(reading.read(given)) == {"utilization": 1.0, "max_loras": 1}


def test_a_long_log_is_read_in_the_time_that_its_length_takes() -> None:
    """Each of these would be compared with everything after it."""
    text = (
        "Free memory on device " * 100_000
        + "\n"
        + "non-default args: {" * 100_000
        + "\n"
        + "SpeculativeConfig(method='a'" * 2000
    )
    assert reading.read(text).empty
