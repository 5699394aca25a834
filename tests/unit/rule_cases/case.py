"""What a row of the table of rules consists of, and stacks that several rows start from."""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from planning_stacks import CATALOG, model, pool

from catalog import Catalog

Changes = dict[str, Any]
RUNNER = "/subscriptions/{}/resourceGroups/rg-ci/providers/Microsoft.Network/virtualNetworks/vnet-ci"
OURS, OTHERS = "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-00000000000f"
GATED = {"huggingface": "meta-llama/Llama-3.1-8B-Instruct", "revision": "0e9e39f249a16976918f6564b8830bc894c89659"}
STATES = {"huggingface": "Qwen/Qwen3.6-27B", "revision": "0e9e39f249a16976918f6564b8830bc894c89659"}
OWN = {
    "model_type": "qwen3", "num_hidden_layers": 36, "hidden_size": 4096, "num_attention_heads": 32,
    "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 12288, "vocab_size": 151936,
    "max_position_embeddings": 40960,
}  # fmt: skip
H100_FAMILY = "StandardNCadsH100v5Family"
BUSY = {"input_tokens_per_second": 6000, "output_tokens_per_second": 1500}
IDLE = {"input_tokens_per_second": 60, "output_tokens_per_second": 15}
GPT_X = {"name": "gpt-x", "usd_per_million_input_tokens": 0.25, "usd_per_million_output_tokens": 2.0}
H100, T4 = "Standard_NC40ads_H100_v5", "Standard_NC16as_T4_v3"
TURNS = {"sharing": "time-slicing", "replicas": 2}
MIXED = {
    "pools[0].gpu.layout": ["3g.47gb", "2g.24gb"], "pools[0].nodes": {"min": 3, "max": 3}, "models[1].slice": "2g.24gb",
}  # fmt: skip
MOE = {"huggingface": "Qwen/Qwen3-30B-A3B-Instruct-2507", "revision": "b968826d9c46dd6066d109eabc6255188de91218"}


@dataclass(frozen=True)
class Case:
    """What breaks a rule, and what only just keeps it."""

    breaks: Changes
    keeps: Changes
    bootstrap: tuple[str, str] = ("", "")
    today: tuple[str, str] | tuple[None, None] = (None, None)
    knowing: tuple[Catalog, Catalog] = (CATALOG, CATALOG)


def second_pool(**differences: Any) -> Changes:
    return {"pools[1]": pool("other", **differences)}


def second_model(model_changes: Changes, **pool_changes: Any) -> Changes:
    return {**second_pool(**pool_changes), "models[2]": model("more", "other", **model_changes)}


def argument(name: str, value: Any) -> Changes:
    return {f"models[0].engine.args.{name}": value}


def pair_and_singles(nodes: int) -> Changes:
    """A replica of two GPUs and two of one, on machines with two."""
    return {
        **second_pool(nodes={"min": 1, "max": nodes}),
        "models[2]": model("single", "other", replicas={"min": 2, "max": 2}),
        "models[3]": model("pair", "other", engine={"tensor_parallel": 2}),
    }


def many_sizes(sizes: int) -> Changes:
    """Four replicas of each size; the more cores a size requests, the less memory."""
    changes = second_pool(vm_size="Standard_NC96ads_A100_v4", nodes={"min": 1, "max": 40})
    for index in range(sizes):
        changes[f"models[{2 + index}]"] = model(
            f"more-{index}",
            "other",
            replicas={"min": 1, "max": 4},
            resources={"cpu": 10 + index, "memory_gib": 300 - 9 * index},
        )
    return changes


def args(**given: Any) -> dict[str, Any]:
    return {f"models[0].engine.args.{name.replace('_', '-')}": value for name, value in given.items()}


def engine(tensor_parallel: int = 1, **given: Any) -> dict[str, Any]:
    options = {name.replace("_", "-"): value for name, value in given.items()}
    return {"engine": {"tensor_parallel": tensor_parallel, "args": options}}


def charts(**versions: str) -> Catalog:
    pinned = {name.replace("_", "-"): version for name, version in versions.items()}
    moved = {name: replace(CATALOG.charts[name], version=version) for name, version in pinned.items()}
    return replace(CATALOG, charts={**CATALOG.charts, **moved})


def node_images(driver: str) -> Catalog:
    return replace(CATALOG, versions=replace(CATALOG.versions, aks_driver={"cuda": driver}))
