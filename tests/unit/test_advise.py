"""Each piece of advice: when it is given, what it changes and saves, and when no change is proposed."""

from collections.abc import Mapping
from typing import Any

import pytest
from advice_worlds import DEV, advised, only
from planning_stacks import ROOT

from advising.advice import Advice

# The development stack with the chat model alone: four replicas, two on a node.
ALONE = (DEV[: DEV.index("    - name: embed")] + DEV[DEV.index("\n  llm-platform:security") :]).replace(
    "replicas: {min: 1, max: 3}", "replicas: {min: 4, max: 4}  # as many as tenants"
).replace("nodes: {min: 1, max: 3}", "nodes: {min: 2, max: 3}")  # fmt: skip


def promising(text: str) -> str:
    """The stack whose chat model promises times."""
    kept = text.replace("    receivers:\n", "    retention_days: 31\n    receivers:\n")
    return kept.replace(
        "      concurrency: 4\n", "      concurrency: 4\n      slo: {ttft_p95_seconds: 2.5, itl_p95_ms: 75}\n"
    )


PROMISED = promising(DEV)
GUESSING = DEV.replace(
    "reasoning-parser:", "speculative-config: {method: ngram, num_speculative_tokens: 4}, reasoning-parser:"
)  # fmt: skip
SHORT: Mapping[str, Any] = {
    "prompt_tokens/chat": (("2000.0", 50_000.0), ("+Inf", 50_000.0)),
    "answer_tokens/chat": (("500.0", 50_000.0), ("+Inf", 50_000.0)),
}
SLOW: Mapping[str, Any] = {"first_token/chat": (("0.5", 10_000.0), ("2.5", 30_000.0), ("+Inf", 50_000.0))}
NODE_USD = 5095.4


def changed(advice: Advice) -> list[str]:
    """The changed lines, without their indentation."""
    return [f"{line[0]} {line[1:].strip()}" for line in advice.difference.splitlines() if line[0] in "+-"]


def test_nothing_is_advised_where_the_plan_is_what_is_used() -> None:
    for text in (DEV, ALONE, PROMISED, GUESSING):
        report = advised(text)
        assert (report.advice, report.notes) == ((), ())


def test_a_cache_that_is_never_used_gets_a_smaller_slice() -> None:
    report = advised(ALONE, {"kv_peak": 0.05, "gpus_busy": 0.2, **SHORT})
    (found,) = (each for each in report.advice if each.kind == "KV-UNUSED")
    assert changed(found) == [
        "- nodes: {min: 2, max: 3}", "- gpu: {sharing: mig, layout: [3g.47gb, 3g.47gb]}",
        "+ nodes: {min: 1, max: 2}", "+ gpu: {sharing: mig, layout: [1g.24gb, 1g.24gb, 1g.24gb, 1g.24gb]}",
        "- slice: 3g.47gb", "- context: 32768",
        "+ slice: 1g.24gb", "+ context: 3072",
    ]  # fmt: skip
    assert found.saving is not None
    assert (found.saving.min_per_month, found.saving.max_per_month) == (NODE_USD, NODE_USD)
    assert "5% of the KV cache" in found.seen[0].what
    assert "max_over_time(vllm:kv_cache_usage_perc" in found.seen[0].query


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"gpus_busy": 0.9, **SHORT}, "too busy"),
        ({"gpus_busy": None, **SHORT}, "isn't known"),
        # No shorter context: a request of 32,768 tokens doesn't fit into anything smaller.
        ({"gpus_busy": 0.2}, "nothing smaller"),
        # What was seen would fit, and half as much more would not.
        ({"gpus_busy": 0.2, "kv_peak": 0.1, **SHORT}, "nothing smaller"),
    ],
)
def test_a_smaller_slice_is_not_proposed_without_reason(changes: Mapping[str, Any], why: str) -> None:
    report = advised(ALONE, {"kv_peak": 0.05, **changes})
    (found,) = (each for each in report.advice if each.kind == "KV-UNUSED")
    assert why in (found.refused or "")
    assert not found.difference


def test_a_smaller_slice_is_not_proposed_where_promises_are_missed() -> None:
    report = advised(PROMISED, {"kv_peak/chat": 0.05, "gpus_busy": 0.2, **SHORT, **SLOW})
    (found,) = (each for each in report.advice if each.kind == "KV-UNUSED")
    assert "promised" in (found.refused or "")


def test_a_cache_under_pressure_gets_another_replica() -> None:
    found = only(advised(DEV, {"kv_peak/chat": 0.99, "waiting_share/chat": 0.3}))
    assert found.kind == "KV-PRESSURE"
    assert changed(found) == [
        "- nodes: {min: 1, max: 3}", "+ nodes: {min: 1, max: 4}",
        "- replicas: {min: 1, max: 3}", "+ replicas: {min: 1, max: 4}",
    ]  # fmt: skip
    assert found.saving is not None
    assert found.saving.max_per_month == -NODE_USD


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"kv_peak/chat": 0.99}, []),
        ({"kv_peak/chat": 0.7, "preemptions/chat": 5000}, ["KV-PRESSURE"]),
        ({"kv_peak/chat": 0.7, "preemptions/chat": 400}, []),
    ],
)
def test_pressure_is_waiting_or_preemption(changes: Mapping[str, Any], kinds: list[str]) -> None:
    assert [each.kind for each in advised(DEV, changes).advice] == kinds


def test_a_context_that_nobody_needs_is_shorter() -> None:
    found = only(advised(DEV, SHORT))
    assert (found.kind, changed(found)) == ("CONTEXT-UNUSED", ["- context: 32768", "+ context: 3072"])
    assert "at most 2,500 tokens" in found.seen[0].what
    assert "5.71 requests" in found.gain


@pytest.mark.parametrize(
    "prompts",
    [
        # The longest is beyond the last bucket: how long, nobody knows.
        (("2000.0", 49_999.0), ("+Inf", 50_000.0)),
        # 20,000 and an answer are more than half.
        (("2000.0", 49_000.0), ("20000.0", 50_000.0), ("+Inf", 50_000.0)),
        (),
    ],
)
def test_a_context_stays_where_it_may_be_needed(prompts: tuple[tuple[str, float], ...]) -> None:
    assert advised(DEV, {**SHORT, "prompt_tokens/chat": prompts}).advice == ()


def test_a_batch_that_is_always_full_is_larger() -> None:
    found = only(advised(DEV, {"batch_peak/chat": 256, "waiting_share/chat": 0.2}))
    assert found.kind == "BATCH-FULL"
    assert changed(found)[1].count("max-num-seqs: 512") == 1


def test_a_batch_that_is_never_reached_is_smaller_where_that_leaves_memory() -> None:
    found = only(advised(DEV, {"batch_peak/chat": 10}))
    assert found.kind == "BATCH-UNUSED"
    assert changed(found)[1].count("max-num-seqs: 32") == 1
    assert found.gain.startswith("the KV cache holds")


def test_replicas_that_no_load_ever_needed() -> None:
    found = only(advised(ALONE, {"load_peak": 5}))
    assert (found.kind, found.certainty) == ("REPLICAS-IDLE", "high")
    assert changed(found) == [
        "- nodes: {min: 2, max: 3}", "+ nodes: {min: 1, max: 3}",
        "- replicas: {min: 4, max: 4}  # as many as tenants", "+ replicas: {min: 2, max: 4}  # as many as tenants",
    ]  # fmt: skip
    assert found.saving is not None
    assert found.saving.min_per_month == NODE_USD
    # 16 requests at once are four for each of four.
    assert advised(ALONE, {"load_peak": 16}).advice == ()


def test_replicas_stay_where_promises_are_missed() -> None:
    report = advised(promising(ALONE), {"load_peak": 5, "gpus_busy": 0.5, **SLOW})
    (found,) = (each for each in report.advice if each.kind == "REPLICAS-IDLE")
    assert "missed" in (found.refused or "")


def test_a_model_that_nobody_asks() -> None:
    found = only(advised(ALONE, {"requests": 0, "load_peak": 0}))
    assert found.kind == "MODEL-IDLE"
    assert "+ replicas: {min: 1, max: 4}  # as many as tenants" in changed(found)
    alone = only(advised(DEV, {"requests/embed": 0, "load_peak/embed": 0}))
    assert "take it out" in (alone.refused or "")


def test_nodes_that_never_compute() -> None:
    text = ALONE.replace("nodes: {min: 2, max: 3}", "nodes: {min: 3, max: 3}")
    found = only(advised(text, {"nodes_busy_peak": 2}))
    assert (found.kind, changed(found)) == ("NODES-IDLE", ["- nodes: {min: 3, max: 3}", "+ nodes: {min: 2, max: 3}"])
    needed = only(advised(ALONE, {"nodes_busy_peak": 1}))
    assert "fewest replicas" in (needed.refused or "")


def test_a_promise_is_missed_while_requests_wait() -> None:
    found = only(advised(PROMISED, {**SLOW, "waiting_share/chat": 0.4, "replicas_peak/chat": 2}))
    assert found.kind == "SLO-MISSED"
    assert changed(found) == ["+ autoscaling: {requests_per_replica: 2}"]
    assert "60.0%" in found.seen[0].what
    most = only(advised(PROMISED, {**SLOW, "waiting_share/chat": 0.4}))
    assert "+ replicas: {min: 1, max: 4}" in changed(most)
    computing = only(advised(PROMISED, SLOW))
    assert "hardly wait" in (computing.refused or "")


def test_a_promise_that_is_kept_many_times_over_needs_fewer_replicas() -> None:
    fast = {
        "first_token/chat": (("0.5", 49_900.0), ("+Inf", 50_000.0)),
        "between_tokens/chat": (("0.01", 49_900.0), ("+Inf", 50_000.0)),
        "replicas_mean/chat": 2.5,
    }
    found = only(advised(PROMISED, fast))
    assert (found.kind, changed(found)) == ("SLO-EXCEEDED", ["+ autoscaling: {requests_per_replica: 6}"])
    # (2.5 - 2.5 * 4 / 6) replicas of half a node.
    assert "about 2,123 USD" in found.gain
    assert advised(PROMISED, {**fast, "replicas_mean/chat": 1}).advice == ()


def test_prompts_that_never_begin_alike() -> None:
    found = only(advised(DEV, {"prefix_hits/chat": 1000}))
    assert found.kind == "PREFIX-UNUSED"
    assert "next to nothing" in (found.refused or "")


def test_guesses_that_are_seldom_right() -> None:
    found = only(advised(GUESSING, {"guesses_accepted/chat": 1_000_000}))
    assert (found.kind, found.refused) == ("SPECULATION-LOW", None)
    removed, added = changed(found)
    assert "speculative-config" in removed
    assert added.endswith("args: {enable-prefix-caching: true, reasoning-parser: qwen3}}")


SHARED = (ROOT / "examples" / "shared-gpu-spot.yaml").read_text(encoding="utf-8").replace(": 72", ": 400")
ON_DEMAND = SHARED.replace("capacity: spot", "capacity: on-demand  # for now")


def test_a_pool_for_bursts_may_be_spot() -> None:
    found = only(advised(ON_DEMAND))
    assert (found.kind, found.certainty) == ("SPOT-POSSIBLE", "low")
    assert changed(found) == ["- capacity: on-demand  # for now", "+ capacity: spot       # for now"]
    assert found.saving is not None
    assert (found.saving.max_per_month or 0) > 1000


def test_a_spot_price_that_nobody_knows_is_not_guessed() -> None:
    found = only(advised(ON_DEMAND.replace("Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5")))
    assert "no spot price" in (found.refused or "")


def test_bursts_that_start_again_and_again_need_a_replica_more() -> None:
    found = only(advised(SHARED, {"wakings/chat-burst": 40}))
    assert (found.kind, changed(found)[1]) == ("COLD-STARTS", "+ replicas: {min: 2, max: 4}")
    assert "20 times" in found.seen[0].what
    assert advised(SHARED, {"wakings/chat-burst": 20}).advice == ()


def test_spot_nodes_that_are_taken_back_all_the_time() -> None:
    text = promising(SHARED).replace("nodes: {min: 0, max: 3}", "nodes: {min: 2, max: 2}").replace("max: 4}", "max: 3}")
    text = text.replace("{receivers:", "{retention_days: 31, receivers:").replace(
        "      concurrency: 3\n", "      concurrency: 3\n      slo: {ttft_p95_seconds: 2.5}\n"
    )
    found = only(advised(text, {"nodes_different/spot": 9}))
    assert (found.kind, changed(found)) == ("SPOT-LOST", ["- capacity: spot", "+ capacity: on-demand"])
    assert advised(text, {"nodes_different/spot": 8}).advice == ()


def test_too_little_data_is_stated_and_gives_no_advice() -> None:
    unused = {"kv_peak": 0.01, "load_peak": 0, "nodes_busy_peak": 0}
    young = advised(ALONE, {**unused, "covered": 1000})
    assert young.advice == ()
    assert "50% of the last 7 days" in young.notes[0]
    nobody = advised(ALONE, {**unused, "covered": None})
    assert "no series of GPU nodes" in nobody.notes[0]
    gaps = advised(DEV, {"kv_peak/chat": 0.01, "scraped/chat": 1000, **SHORT})
    assert gaps.advice == ()
    assert "chat: its metrics were scraped for 50%" in gaps.notes[0]
    quiet = advised(DEV, {"kv_peak/chat": 0.01, "requests/chat": 999, **SHORT})
    assert quiet.advice == ()
    assert "chat: 999 requests" in quiet.notes[0]
    asleep = advised(DEV, {"ready/chat": None, "requests/chat": 0})
    assert "no ready replica" in asleep.notes[0]


def test_a_change_that_an_anchor_would_repeat_is_left_to_people() -> None:
    text = ALONE.replace(
        "system_pool: {vm_size: Standard_D4ds_v5, nodes: {min: 2, max: 4}}",
        "system_pool: {vm_size: Standard_D4ds_v5, nodes: &four {min: 4, max: 4}}",
    )
    text = text.replace("replicas: {min: 4, max: 4}", "replicas: *four")
    found = only(advised(text, {"load_peak": 5}))
    assert "by hand" in (found.refused or "")
