"""A real Prometheus with a week that is made up: `advise` says what follows from it, and nothing else."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from advising.changes import Stack
from advising.prometheus import ask
from advising.seen import Seen, from_text, written
from cli.app import main
from observability.advice import STEP_SECONDS, questions, samples
from preview.stack import assessed
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.usage_export.recorded import recorded
from tests.stack_files import ROOT
from tests.usage_history import Labels, Replica

pytestmark = pytest.mark.cluster
DAYS: Final = 7
NOW: Final = 1_764_500_400
DEV: Final = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
# The chat model alone, four replicas on two nodes, each half of a GPU.
TEXT: Final = (DEV[: DEV.index("    - name: embed")] + DEV[DEV.index("\n  llm-platform:security") :]).replace(
    "replicas: {min: 1, max: 3}", "replicas: {min: 4, max: 4}"
).replace("nodes: {min: 1, max: 3}", "nodes: {min: 2, max: 3}")  # fmt: skip
PODS: Final = tuple(f"chat-7c9d5b6f4d-{index}" for index in range(4))
NODES: Final = ("aks-h100-12345678-vmss000000", "aks-h100-12345678-vmss000001")
# Of the KV cache at the peak, which two hours a day have; and at other times.
PEAK, USUAL = 0.2, 0.02
REQUESTS_PER_STEP, PROMPTS = 10, {"500.0": 0.5, "2000.0": 1.0, "5000.0": 1.0, "+Inf": 1.0}
ANSWERS = {"200.0": 0.9, "500.0": 1.0, "1000.0": 1.0, "+Inf": 1.0}
TIMES = {"0.5": 0.99, "2.5": 1.0, "+Inf": 1.0}


def stack() -> Stack:
    found = assessed(TEXT, folder=ROOT)
    assert found.plan is not None
    return Stack("dev", TEXT, found, found.plan, ROOT)


def week(**wrong: Any) -> Replica:
    """A week of everything that is queried, five minutes between two scrapes."""
    replica = Replica()
    steps = samples(DAYS) + 12
    times = [NOW - STEP_SECONDS * (steps - 1 - step) for step in range(steps)]

    def add(name: str, labels: Mapping[str, str], value: Any) -> None:
        key: Labels = (("__name__", name), *sorted(labels.items()))
        replica.samples[key] = [
            (time, float(value(step))) for step, time in enumerate(times) if step not in wrong.get("gaps", ())
        ]

    for index, pod in enumerate(PODS):
        own = {"job": "monitoring/vllm", "namespace": "llm", "pod": pod, "engine": "0", "model_name": "chat",
               "llm_platform_model": "chat"}  # fmt: skip
        # One replica is fuller than the others.
        add("vllm:kv_cache_usage_perc", own, lambda step, i=index: (PEAK if _busy(step) else USUAL) / (1 + i))
        add("vllm:num_requests_running", own, lambda step: 1 if _busy(step) else 0)
        add("vllm:num_requests_waiting", own, lambda _: 0)
        add("vllm:num_requests_waiting_by_reason", {**own, "reason": "capacity"}, lambda _: 0)
        add("vllm:num_preemptions_total", own, lambda _: 0)
        ended = {**own, "finished_reason": "stop"}
        add("vllm:request_success_total", ended, lambda step: _restarted(step) * REQUESTS_PER_STEP)
        add("vllm:prefix_cache_queries_total", own, lambda step: step * 1000)
        add("vllm:prefix_cache_hits_total", own, lambda step: step * 400)
        for name, shares in (
            ("request_prompt_tokens", PROMPTS), ("request_generation_tokens", ANSWERS),
            ("time_to_first_token_seconds", TIMES), ("inter_token_latency_seconds", TIMES),
        ):  # fmt: skip
            for bound, share in shares.items():
                counted = {**own, "le": bound}
                add(f"vllm:{name}_bucket", counted, lambda step, s=share: _restarted(step) * REQUESTS_PER_STEP * s)
    deployment = {"namespace": "llm", "deployment": "chat", "job": "kube-state-metrics"}
    add("kube_deployment_status_replicas_available", deployment, lambda _: 4)
    add("kube_deployment_spec_replicas", deployment, lambda _: 4)
    for node in NODES:
        add("kube_node_labels", {"node": node, "label_llm_platform_pool": "h100"}, lambda _: 1)
        for gpu in ("1", "2"):
            slices = {"hostname": node, "gpu": "0", "GPU_I_ID": gpu, "GPU_I_PROFILE": "3g.47gb"}
            add("DCGM_FI_PROF_GR_ENGINE_ACTIVE", slices, lambda step: 0.3 if _busy(step) else 0.002)
    add("kube_node_labels", {"node": "aks-system-1-vmss000000"}, lambda _: 1)
    return replica


def _busy(step: int) -> bool:
    return step % 288 < 24


def _restarted(step: int) -> int:
    """The counters of all pods begin again on the fourth day."""
    return step if step < 1000 else step - 1000


@contextmanager
def answered(folder: Path, replica: Replica) -> Generator[str]:
    try:
        with recorded(replica, folder) as address:
            yield address
    except ToolUnavailableError as error:
        pytest.skip(str(error))


def test_a_cache_used_by_a_fifth_gets_a_smaller_slice_and_half_the_nodes(tmp_path: Path, capsys: Any) -> None:
    found = stack()
    with answered(tmp_path / "prometheus", week()) as address:
        seen = ask(address, found.plan, "dev", DAYS, NOW)
    _as_made_up(seen)
    file, settings = tmp_path / "seen.json", tmp_path / "Pulumi.dev.yaml"
    file.write_text(written(seen))
    settings.write_text(TEXT)
    assert from_text(file.read_text(), found.plan, "dev") == seen
    assert main(["advise", "dev", "--config", str(settings), "--prometheus", str(file), "--json"]) == 0
    advice = {each["kind"]: each for each in json.loads(capsys.readouterr().out)["advice"]}
    assert set(advice) == {"CONTEXT-UNUSED", "KV-UNUSED", "BATCH-UNUSED", "REPLICAS-IDLE"}
    # 2,000 and 500, the bounds of the buckets.
    assert "+      context: 3072" in advice["CONTEXT-UNUSED"]["difference"]
    # A fifth of 187,040 tokens and half as much more do not fit into 24 GB beside the weights.
    assert "nothing smaller" in advice["KV-UNUSED"]["refused"]
    # Four replicas for four requests at once; one carries four.
    assert "+      replicas: {min: 1, max: 4}" in advice["REPLICAS-IDLE"]["difference"]
    assert advice["REPLICAS-IDLE"]["saving"]["min_per_month"] == pytest.approx(5095.4)


def _as_made_up(seen: Seen) -> None:
    value = lambda key: seen.value(key, model_name="chat")  # noqa: E731 - a word for the lines below
    assert value("kv_peak") == PEAK
    assert value("scraped") == seen.value("covered") == samples(DAYS)
    assert (value("batch_peak"), value("load_peak"), value("waiting_share")) == (1, 4, 0)
    assert (value("preemptions"), value("requests")) == (0, pytest.approx(4 * 10 * samples(DAYS), rel=0.01))
    assert value("prefix_hits") == pytest.approx(0.4 * (value("prefix_queries") or 0))
    assert seen.value("ready", deployment="chat") == samples(DAYS)
    assert (seen.value("replicas_mean", deployment="chat"), seen.value("wakings", deployment="chat")) == (4, 0)
    of_pool = {key: seen.value(key, label_llm_platform_pool="h100") for key in seen.answers}
    assert [of_pool[key] for key in ("nodes_peak", "nodes_mean", "nodes_different", "nodes_busy_peak")] == [2] * 4
    assert of_pool["gpus_busy"] == 0.3
    bounds = {bound: count / (value("requests") or 1) for bound, count in seen.buckets("prompt_tokens", "chat")}
    assert bounds == pytest.approx({500.0: 0.5, 2000.0: 1.0, 5000.0: 1.0, float("inf"): 1.0})
    empty = {key for key, answer in seen.answers.items() if not answer.series}
    assert not empty


def test_every_question_is_valid_and_a_week_with_gaps_gives_no_advice(tmp_path: Path, capsys: Any) -> None:
    found = stack()
    settings = tmp_path / "Pulumi.dev.yaml"
    settings.write_text(TEXT)
    with answered(tmp_path / "prometheus", week(gaps=range(100, 700))) as address:
        seen = ask(address, found.plan, "dev", DAYS, NOW)
        assert len(seen.answers) == len(questions(found.plan.dashboards, DAYS))
        # Now, years later or earlier, there is nothing: no advice, and no error.
        assert main(["advise", "dev", "--config", str(settings), "--prometheus", address]) == 0
        assert "no series of GPU nodes" in capsys.readouterr().out
    file = tmp_path / "seen.json"
    file.write_text(written(seen))
    assert main(["advise", "dev", "--config", str(settings), "--prometheus", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["advice"] == []
    assert "70% of the last 7 days" in document["notes"][0]
