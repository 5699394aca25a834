"""Host memory while weights are loaded: buffers are bounded in the pod, and counted for every rank."""

from typing import Any

import pytest
from planning_stacks import CATALOG, model, plan, planned, pool
from planning_stacks import settings as loaded

from planning.memory import largest_tensor_gib
from planning.placement import least_memory_gib
from planning.placement.loading import loading_gib, streamer_limit_bytes
from planning.resolving.resolution import Resolution

GIB = 1024**3
STORED = {"blob": "qwen3-8b", "model": "Qwen/Qwen3-8B"}
LIMIT = "RUNAI_STREAMER_MEMORY_LIMIT"


def resolution(**differences: Any) -> Resolution:
    changes = {"pools[1]": pool("other"), "models[2]": model("more", "other", **differences)}
    return Resolution(loaded(changes), CATALOG)


def loading(source: dict[str, str], ranks: int = 1, **args: Any) -> float:
    options = {name.replace("_", "-"): value for name, value in args.items()}
    stack = resolution(source=source, engine={"tensor_parallel": ranks, "args": options})
    return loading_gib(stack.releases[2], CATALOG.overheads)


def variables(changes: dict[str, Any]) -> dict[str, str]:
    return dict(plan(changes).models[0].releases[0].weights_variables)


def test_the_pod_of_a_streamed_model_bounds_the_buffer() -> None:
    """Without the variable each rank reads 40 GB ahead, and the container is killed without a traceback."""
    assert variables({"models[0].source": STORED})[LIMIT] == str(8 * GIB)


def test_a_downloaded_model_has_no_such_variable() -> None:
    assert LIMIT not in variables({})


def test_the_limit_is_never_below_the_largest_tensor() -> None:
    """The loader refuses a smaller one; 405 billion parameters have an embedding of 3.9 GiB and layers of 6."""
    layers = {"model_type": "llama", "num_hidden_layers": 4, "hidden_size": 16384, "num_attention_heads": 128,
              "num_key_value_heads": 8, "intermediate_size": 53248, "vocab_size": 400_000,
              "max_position_embeddings": 131072}  # fmt: skip
    stack = resolution(source={"blob": "large", "hf_config": layers}, engine={"tensor_parallel": 2})
    release = stack.releases[2]
    assert release.architecture is not None
    largest = largest_tensor_gib(release.architecture)
    assert largest is not None
    assert largest > 400_000 * 16384 * 2 / GIB > 8
    limit = streamer_limit_bytes(release, CATALOG.overheads)
    assert limit is not None
    assert largest * GIB <= limit < largest * GIB + GIB


def test_where_the_largest_tensor_is_not_known_the_loaders_own_default_is_stated_and_counted() -> None:
    source = {"blob": "gemma", "model": "google/gemma-4-31B-it"}
    assert CATALOG.models["google/gemma-4-31B-it"].vocab is None
    stack = resolution(source=source)
    assert streamer_limit_bytes(stack.releases[2], CATALOG.overheads) == int(37.25 * GIB)
    assert loading(source) == pytest.approx(37.25)


@pytest.mark.parametrize(
    ("ranks", "args", "gib"),
    [
        (1, {}, 8.0),
        (2, {}, 16.0),
        (2, {"model_loader_extra_config": {"memory_limit": 4 * GIB}}, 8.0),
        (2, {"model_loader_extra_config": '{"memory_limit": 4294967296}'}, 8.0),
        (2, {"model_loader_extra_config": {"memory_limit": -1}}, 2 * 15.26),
        (2, {"model_loader_extra_config": {"memory_limit": 40 * GIB}}, 2 * 15.26),
        (1, {"model_loader_extra_config": {"memory_limit": 0}}, 151936 * 4096 * 2 / GIB),
        (2, {"safetensors_load_strategy": "eager"}, 16.0),
    ],
)
def test_every_rank_has_a_buffer_of_its_own(ranks: int, args: dict[str, Any], gib: float) -> None:
    assert loading(STORED, ranks, **args) == pytest.approx(gib)


def test_the_variable_is_the_limit_that_the_stack_file_gives() -> None:
    given = {"models[0].source": STORED, "models[0].engine.args.model-loader-extra-config": {"memory_limit": 2 * GIB}}
    assert variables(given)[LIMIT] == str(2 * GIB)


@pytest.mark.parametrize(
    ("args", "gib"),
    [
        ({}, 0),
        # Mapped files are page cache, which is given back before a container is killed.
        ({"safetensors_load_strategy": "prefetch"}, 0),
        ({"safetensors_load_strategy": "eager"}, 2 * 15.26),
    ],
)
def test_downloaded_weights_take_host_memory_only_where_a_file_is_read_as_a_whole(
    args: dict[str, Any], gib: float
) -> None:
    source = {"huggingface": "Qwen/Qwen3-8B", "revision": "b968826d9c46dd6066d109eabc6255188de91218"}
    assert loading(source, **args) == pytest.approx(gib)


@pytest.mark.parametrize(
    ("args", "ranks", "gib"),
    [
        ({"offload-group-size": 4}, 2, 15.26 / 4),
        ({"offload-group-size": 4, "offload-num-in-group": 2}, 1, 15.26 / 2),
        ({"kv-transfer-config": {"kv_connector": "OffloadingConnector", "kv_role": "kv_both",
                                 "kv_connector_extra_config": {"cpu_bytes_to_use": 10 * GIB}}}, 2, 10),
        ({"kv-transfer-config": {"kv_connector": "SimpleCPUOffloadConnector", "kv_role": "kv_both",
                                 "kv_connector_extra_config": {"cpu_bytes_to_use_per_rank": 10 * GIB}}}, 2, 20),
        ({"kv-transfer-config": {"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both",
                                 "kv_connector_extra_config": {"lmcache.max_local_cpu_size": 12}}}, 2, 24),
        # Its own default; and connectors inside another one.
        ({"kv-transfer-config": {"kv_connector": "SimpleCPUOffloadConnector", "kv_role": "kv_both"}}, 2, 8),
        ({"kv-transfer-config": {"kv_connector": "MultiConnector", "kv_role": "kv_both", "kv_connector_extra_config": {
            "connectors": [
                {"kv_connector": "NixlConnector", "kv_role": "kv_both"},
                {"kv_connector": "OffloadingConnector", "kv_role": "kv_both",
                 "kv_connector_extra_config": {"cpu_bytes_to_use": 10 * GIB}}]}}}, 2, 10),
        ({"ec-transfer-config": {"ec_connector": "ECCPUConnector", "ec_role": "ec_both",
                                 "ec_connector_extra_config": {"ec_cpu_bytes": 3 * GIB}}}, 2, 3),
        ({"api-server-count": 3}, 1, 1.2),
        ({"mm-processor-cache-gb": 4}, 1, 8),
    ],
)  # fmt: skip
def test_whatever_vllm_keeps_on_the_host_counts(args: dict[str, Any], ranks: int, gib: float) -> None:
    without, with_it = (resolution(engine={"tensor_parallel": ranks, "args": given}) for given in ({}, args))
    more = least_memory_gib(with_it, with_it.releases[2]) - least_memory_gib(without, without.releases[2])
    assert more == pytest.approx(gib)


def _adapters(count: int, **args: Any) -> dict[str, Any]:
    named = [f"a{index}=/weights/a{index}" for index in range(count)]
    return {"enable-lora": True, "lora-modules": named, **{name.replace("_", "-"): args[name] for name in args}}


@pytest.mark.parametrize(
    ("args", "ranks", "kept"),
    [
        (_adapters(100, max_loras=1, max_lora_rank=64, max_cpu_loras=100), 1, 100),
        (_adapters(100, max_loras=1, max_lora_rank=64, max_cpu_loras=100), 2, 200),
        # One more than are kept is there while it is loaded.
        (_adapters(100, max_loras=4, max_lora_rank=64), 1, 5),
        (_adapters(3, max_loras=4, max_lora_rank=64, max_cpu_loras=100), 1, 3),
        (_adapters(3, max_loras=4, max_lora_rank=16, max_cpu_loras=100), 1, 3 / 4),
    ],
)
def test_adapters_are_kept_on_the_host_by_every_rank(args: dict[str, Any], ranks: int, kept: float) -> None:
    """Qwen3-8B at rank 64: 36 layers of q, k, v, o, gate, up and down, two matrices each."""
    hidden, queries, keys, middle = 4096, 32 * 128, 8 * 128, 12288
    sides = 2 * (hidden + queries) + 2 * (hidden + keys) + 3 * (hidden + middle)
    one = 64 * 36 * sides * 2 / GIB
    assert 0.3 < one < 0.35
    without, with_it = (resolution(engine={"tensor_parallel": ranks, "args": given}) for given in ({}, args))
    more = least_memory_gib(with_it, with_it.releases[2]) - least_memory_gib(without, without.releases[2])
    assert more == pytest.approx(kept * one)


def test_the_memory_that_a_finding_advises_is_enough() -> None:
    """What it says to write is accepted, and holds the buffer of every rank beside the processes."""
    small = {"models[0].source": STORED, "models[0].resources": {"cpu": 4, "memory_gib": 10}}
    (found,) = (finding for finding in planned(small).findings if finding.rule == "PLACE-HOST-MEMORY")
    assert "loader's buffers (8.0)" in found.message
    advised = int(found.fix.split()[1])
    assert advised >= 1.2 + 6 + 2 + 8
    outcome = planned({**small, "models[0].resources": {"cpu": 4, "memory_gib": advised}})
    assert outcome.plan is not None, outcome.findings
