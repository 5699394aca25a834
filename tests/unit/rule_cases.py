"""What breaks and what keeps the rules about shared GPUs, versions and vLLM's options; fields of a `Case` by rule."""

from typing import Any

from msgspec.structs import replace
from planning_stacks import CATALOG, model, pool

from catalog import Catalog

H100, T4 = "Standard_NC40ads_H100_v5", "Standard_NC16as_T4_v3"
TURNS = {"sharing": "time-slicing", "replicas": 2}
MIXED = {"pools[0].gpu.layout": ["3g.47gb", "2g.24gb"], "models[1].slice": "2g.24gb"}
MOE = {"huggingface": "Qwen/Qwen3-30B-A3B-Instruct-2507", "revision": "b968826d9c46dd6066d109eabc6255188de91218"}


def second(more: dict[str, Any], **on: Any) -> dict[str, Any]:
    return {"pools[1]": pool("other", **on), "models[2]": model("more", "other", **more)}


def args(**given: Any) -> dict[str, Any]:
    return {f"models[0].engine.args.{name.replace('_', '-')}": value for name, value in given.items()}


def engine(tensor_parallel: int = 1, **given: Any) -> dict[str, Any]:
    options = {name.replace("_", "-"): value for name, value in given.items()}
    return {"engine": {"tensor_parallel": tensor_parallel, "args": options}}


def neighbours(first: float, other: float) -> dict[str, Any]:
    """Two models with one replica each that meet on one GPU."""
    return {
        **second({"engine": {"gpu_memory_utilization": first}}, vm_size=H100, gpu=TURNS),
        "models[3]": model("neighbour", "other", engine={"gpu_memory_utilization": other}),
    }


def charts(**versions: str) -> Catalog:
    pinned = {name.replace("_", "-"): version for name, version in versions.items()}
    moved = {name: replace(CATALOG.charts[name], version=version) for name, version in pinned.items()}
    return replace(CATALOG, charts={**CATALOG.charts, **moved})


def node_images(driver: str) -> Catalog:
    return replace(CATALOG, versions=replace(CATALOG.versions, aks_driver={"cuda": driver}))


CASES: dict[str, dict[str, Any]] = {
    "ENGINE-ATTENTION": {"breaks": args(attention_backend="FLASH"), "keeps": args(attention_backend="flash_attn")},
    "ENGINE-BATCH": {"breaks": args(max_num_seqs=2049), "keeps": args(max_num_seqs=2048)},
    "ENGINE-DCP": {
        "breaks": second(engine(tensor_parallel=2, decode_context_parallel_size=2)),
        "keeps": second(engine(tensor_parallel=2, decode_context_parallel_size=1)),
    },
    "ENGINE-EXPERTS": {
        "breaks": second(engine(tensor_parallel=2, enable_expert_parallel=True)),
        "keeps": second({"source": MOE, **engine(tensor_parallel=2, enable_expert_parallel=True, enable_eplb=True)}),
    },
    "ENGINE-JSON": {
        "breaks": args(structured_outputs_config={"backend": "xgramar"}),
        "keeps": args(structured_outputs_config={"backend": "xgrammar"}),
    },
    "ENGINE-KV-FORMAT": {
        "breaks": second({"engine": {"kv_cache_dtype": "fp8", "args": {"dtype": "half"}}}, vm_size=T4),
        "keeps": second({"engine": {"kv_cache_dtype": "fp8"}}, vm_size="Standard_NC24ads_A100_v4"),
    },
    "ENGINE-LIMIT": {"breaks": args(stream_interval=0), "keeps": args(stream_interval=1)},
    "ENGINE-LORA": {
        "breaks": args(enable_lora=True, max_loras=4, max_cpu_loras=3),
        "keeps": args(enable_lora=True, max_loras=4, max_cpu_loras=4),
    },
    "ENGINE-SUFFIX": {"breaks": args(max_num_batched_tokens="8k"), "keeps": args(max_num_batched_tokens="8K")},
    "ENGINE-TOGETHER": {
        "breaks": args(kv_transfer_config={"kv_connector": "NixlConnector"}),
        "keeps": args(kv_transfer_config={"kv_connector": "NixlConnector", "kv_role": "kv_both"}),
    },
    "ENGINE-TWICE": {
        "breaks": {**args(max_num_seqs=64), "models[0].engine.args.max_num_seqs": 32},
        "keeps": args(max_num_seqs=64, max_num_batched_tokens=4096),
    },
    "K8S-LTS": {"breaks": {"cluster.kubernetes": "1.33"}, "keeps": {"cluster.kubernetes": "1.34"}},
    "MIG-DRIVER": {"breaks": {}, "keeps": {}, "knowing": (node_images("525.85.11"), node_images("525.85.12"))},
    "MIG-LAYOUTS": {
        "breaks": second({"slice": "7g.94gb"}, gpu={"sharing": "mig", "layouts": [["7g.94gb"]]}),
        "keeps": second({"slice": "7g.94gb"}, gpu={"sharing": "mig", "layouts": [["7g.94gb"], ["3g.47gb"]]}),
    },
    "SHARE-GPU": {
        "breaks": {"pools[1]": pool("other", **{"class": "background"}, vm_size="Standard_D8ds_v5", gpu=TURNS)},
        "keeps": second({}, vm_size=H100, gpu=TURNS),
    },
    "SHARE-ISOLATION": {"breaks": second({}, vm_size=H100, gpu=TURNS), "keeps": second({}, vm_size=H100)},
    "SHARE-MEMORY": {
        "breaks": second(
            {"engine": {"gpu_memory_utilization": 0.48}, "replicas": {"min": 2, "max": 2}}, vm_size=H100, gpu=TURNS
        ),
        "keeps": second(
            {"engine": {"gpu_memory_utilization": 0.475}, "replicas": {"min": 2, "max": 2}}, vm_size=H100, gpu=TURNS
        ),
    },
    "SHARE-REPLICAS": {
        "breaks": {"pools[1]": pool("other", gpu={"sharing": "mps", "replicas": 49})},
        "keeps": {"pools[1]": pool("other", gpu={"sharing": "mps", "replicas": 48})},
    },
    "SHARE-SCALE-ZERO": {
        "breaks": {"pools[1]": pool("other", gpu=TURNS, nodes={"min": 0, "max": 1})},
        "keeps": {"pools[1]": pool("other", gpu=TURNS, nodes={"min": 1, "max": 1})},
    },
    "SHARE-SUM": {
        "breaks": neighbours(0.55, 0.41),
        "keeps": neighbours(0.55, 0.4),
    },
    "SHARE-TP": {"breaks": second(engine(tensor_parallel=2), gpu=TURNS), "keeps": second(engine(tensor_parallel=2))},
    "VERSION-CUDA": {
        "breaks": {},
        "keeps": {"cluster.gpu_driver": "operator"},
        "knowing": (node_images("570.211.01"), node_images("570.211.01")),
    },
    "VERSION-ENDED": {"breaks": {}, "keeps": {}, "knowing": (charts(gateway_helm="v1.8.3"), CATALOG)},
    "VERSION-FAULT": {
        "breaks": MIXED,
        "keeps": {},
        "knowing": (charts(gpu_operator="v26.7.0"), charts(gpu_operator="v26.7.0")),
    },
    "VERSION-PAIR": {
        "breaks": {},
        "keeps": {},
        "knowing": (charts(gateway_helm="v1.8.0"), charts(gateway_helm="v1.8.1")),
    },
    "VERSION-UNCONFIRMED": {"breaks": {}, "keeps": {}, "knowing": (CATALOG, charts(gateway_helm="v1.8.3"))},
    "VERSION-UNKNOWN": {"breaks": {}, "keeps": {}, "knowing": (charts(gateway_helm="v1.10.0"), CATALOG)},
    "VERSION-UNTESTED": {"breaks": {"cluster.kubernetes": "1.37"}, "keeps": {"cluster.kubernetes": "1.36"}},
}
