"""Every rule of the register objects to a stack that breaks it, and is silent about one that just keeps it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rule_cases
from planning_stacks import CATALOG, DROP, ROOT, model, planned, pool

from catalog import Catalog
from planning import Planned
from planning.rules import REGISTER
from planning.rules.page import page
from planning.rules.register import stack_rule

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


@dataclass(frozen=True)
class Case:
    """What breaks a rule, and what comes near to that without breaking it."""

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
    """Four replicas of each of so many sizes, of which more cores are asked the less memory."""
    changes = second_pool(vm_size="Standard_NC96ads_A100_v4", nodes={"min": 1, "max": 40})
    for index in range(sizes):
        changes[f"models[{2 + index}]"] = model(
            f"more-{index}",
            "other",
            replicas={"min": 1, "max": 4},
            resources={"cpu": 10 + index, "memory_gib": 300 - 9 * index},
        )
    return changes


CASES: dict[str, Case] = {
    "API-RUNNER": Case(
        {"cluster.api_server": {"access": "private"}},
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OURS)}},
    ),
    "AUTOSCALE-FIXED": Case(
        {"models[1].autoscaling": {"requests_per_replica": 4}},
        {"models[0].autoscaling": {"requests_per_replica": 4}},
    ),
    "COST-API-UNKNOWN": Case(
        {"models[0].expected": {**BUSY, "instead_of": "gpt-y"}, "cost": {"managed_apis": [GPT_X]}},
        {"models[0].expected": {**BUSY, "instead_of": "gpt-x"}, "cost": {"managed_apis": [GPT_X]}},
    ),
    "COST-ALWAYS-ON": Case({}, {"platform.environment": "prod"}),
    "COST-EXPECTED": Case(
        {"models[1].expected": BUSY},
        {"models[1].expected": {"input_tokens_per_second": 9000}},
    ),
    "COST-MANAGED-CHEAPER": Case(
        {"models[0].expected": {**IDLE, "instead_of": "gpt-x"}, "cost": {"managed_apis": [GPT_X]}},
        {"models[0].expected": {**BUSY, "instead_of": "gpt-x"}, "cost": {"managed_apis": [GPT_X]}},
    ),
    "COST-PRICE-MISSING": Case({"platform.region": "westus"}, {}),
    "COST-PRICE-OLD": Case({}, {"cluster.system_pool.vm_size": "Standard_NC40ads_H100_v5"}),
    "COST-PRICE-STALE": Case({}, {}, today=("2027-02-08", "2027-02-07")),
    "DRV-OWNER": Case(
        {"pools[0].gpu.driver": "operator"},
        {"pools[0].gpu.driver": "operator", "cluster.gpu_driver": "operator"},
    ),
    "ENGINE-DTYPE": Case(
        second_model({}, vm_size="Standard_NC16as_T4_v3"),
        second_model({"engine": {"args": {"dtype": "half"}}}, vm_size="Standard_NC16as_T4_v3"),
    ),
    "ENGINE-FLAG": Case(argument("max-num-batched", 4096), argument("max_num_batched_tokens", 4096)),
    "ENGINE-FORBIDDEN": Case(argument("trust-remote-code", True), argument("trust-remote-code", False)),
    "ENGINE-OWNED": Case(argument("max-model-len", 4096), argument("max-num-seqs", 64)),
    "ENGINE-PARSER": Case(
        argument("enable-auto-tool-choice", True),
        {**argument("enable-auto-tool-choice", True), **argument("tool-call-parser", "hermes")},
    ),
    "ENGINE-QUANTIZATION": Case(
        second_model({"engine": {"args": {"quantization": "mxfp4"}}}, vm_size="Standard_NC16as_T4_v3"),
        second_model({"engine": {"args": {"quantization": "mxfp4"}}}),
    ),
    "ENGINE-REMOVED": Case(argument("swap-space", 4), argument("seed", 4)),
    "ENGINE-VALUE": Case(argument("max-num-batched-tokens", "4096k!"), argument("max-num-batched-tokens", "4K")),
    "ENGINE-VERSION": Case({"models[0].engine.version": "0.12.0"}, {"models[0].engine.version": "0.33.0"}),
    "FIT-CONCURRENCY": Case({"models[0].concurrency": 6}, {"models[0].concurrency": 5}),
    "FIT-CONTEXT": Case(
        second_model({"context": 40960, "engine": {"args": {"dtype": "half"}}}, vm_size="Standard_NV36ads_A10_v5"),
        second_model({"context": 8192, "engine": {"args": {"dtype": "half"}}}, vm_size="Standard_NV36ads_A10_v5"),
    ),
    "FIT-DRAFT": Case(
        argument("speculative-config", {"method": "mtp", "num_speculative_tokens": 1}),
        argument("speculative-config", {"method": "ngram", "num_speculative_tokens": 3}),
    ),
    "FIT-KV-DTYPE": Case({"models[0].engine.kv_cache_dtype": "nvfp4"}, {"models[0].engine.kv_cache_dtype": "fp8"}),
    "FIT-SEQUENCES": Case(
        second_model({"source": STATES}, vm_size="Standard_NC40ads_H100_v5"),
        second_model({"source": STATES, "engine": {"args": {"max-num-seqs": 256}}}, vm_size="Standard_NC40ads_H100_v5"),
    ),
    "FIT-WEIGHTS": Case(
        {"models[0].source.huggingface": "Qwen/Qwen3-32B"},
        second_model({"source": {**model("", "")["source"], "huggingface": "Qwen/Qwen3-32B"}}),
    ),
    "K8S-VERSION": Case({"cluster.kubernetes": "1.32"}, {"cluster.kubernetes": "1.33"}),
    "MIG-GPU": Case(
        second_pool(vm_size="Standard_NC16as_T4_v3", gpu={"sharing": "mig", "layout": ["1g.12gb"]}),
        second_pool(vm_size="Standard_NC24ads_A100_v4", gpu={"sharing": "mig", "layout": ["1g.10gb"]}),
    ),
    "MIG-PACKING": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb", "3g.47gb", "1g.12gb"]}),
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb", "2g.24gb", "1g.12gb", "1g.12gb"]}),
    ),
    "MIG-PROFILE": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["3g.40gb"]}),
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb"]}),
    ),
    "MIG-SCALE-ZERO": Case({"pools[0].nodes.min": 0}, second_pool(nodes={"min": 0, "max": 1})),
    "MIG-SLICE": Case(
        {"pools[0].gpu.layout": ["3g.47gb", "2g.24gb"], "models[0].slice": DROP},
        {"pools[0].gpu.layout": ["3g.47gb", "3g.47gb"], "models[0].slice": DROP},
    ),
    "MIG-UNSUPPORTED": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["1g.12gb+me"]}),
        second_pool(gpu={"sharing": "mig", "layout": ["1g.12gb"]}),
    ),
    "MODEL-ATTENTION": Case(
        {"models[0].source.huggingface": "BAAI/bge-m3", "models[0].context": 8192},
        {"models[0].source.huggingface": "microsoft/phi-4", "models[0].context": 16384, "models[0].concurrency": 1},
    ),
    "MODEL-CONFIG": Case(
        {"models[0].source.hf_config": "missing.json"},
        {"models[0].source.hf_config": OWN},
    ),
    "MODEL-CONTEXT": Case(
        {"models[0].context": 40961, "models[0].concurrency": 1},
        {"models[0].context": 40960, "models[0].concurrency": 1},
    ),
    "MODEL-UNKNOWN": Case(
        {"models[0].source": {"blob": "chat", "model": "acme/chat"}},
        {"models[0].source": {"blob": "chat", "model": "Qwen/Qwen3-8B"}},
    ),
    "NAME-COLLISION": Case(
        {
            **second_pool(capacity="spot"),
            "models[0]": model("chat", ["h100", "other"], slice=None, replicas={"min": 1, "max": 2}),
            "models[1].name": "chat-burst",
        },
        {"models[1].name": "chat-burst"},
    ),
    "NAME-ILLEGAL": Case({"platform.name": "acme-lang-aixy"}, {"platform.name": "acme-lang-aix"}),
    "NAME-SERVICE": Case({"models[0].name": "vllm"}, {"models[0].name": "vllm-chat"}),
    "NET-OUTSIDE": Case(
        {"network.subnets": {"gateway": "10.21.0.0/24"}},
        {"network.subnets": {"gateway": "10.20.255.0/24"}},
    ),
    "NET-OVERLAP": Case({"network.services": "10.244.255.0/24"}, {"network.services": "10.245.0.0/24"}),
    "NET-RUNNER": Case(
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OTHERS)}},
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OURS)}},
    ),
    # Nine nodes: four of the h100 pool and five of the system pool, one surge node each included.
    "NET-SMALL": Case({"network.pods": "10.244.0.0/21"}, {"network.pods": "10.244.0.0/20"}),
    "PLACE-CAPACITY": Case({"models[0].replicas.max": 6}, {"models[0].replicas.max": 5}),
    "PLACE-FEWEST": Case(
        second_model({"replicas": {"min": 2, "max": 2}, "engine": {"tensor_parallel": 2}}),
        second_model({"replicas": {"min": 2, "max": 2}, "engine": {"tensor_parallel": 2}}, nodes={"min": 2, "max": 2}),
    ),
    "PLACE-FRAGMENT": Case(pair_and_singles(nodes=2), pair_and_singles(nodes=3)),
    "PLACE-HOST-MEMORY": Case(
        {"models[0].resources": {"cpu": 8, "memory_gib": 9}},
        {"models[0].resources": {"cpu": 8, "memory_gib": 10}},
    ),
    "PLACE-NODE": Case(
        {"models[0].resources": {"cpu": 40, "memory_gib": 32}},
        {"models[0].resources": {"cpu": 20, "memory_gib": 32}},
    ),
    "PLACE-SPREAD": Case(
        second_model({"replicas": {"min": 2, "max": 2}}, nodes={"min": 1, "max": 1}),
        second_model({"replicas": {"min": 2, "max": 2}}, nodes={"min": 1, "max": 2}),
    ),
    "PLACE-TAINT": Case(
        second_model({}, taints=["team=research:NoSchedule"]),
        second_model({"tolerates": ["team"]}, taints=["team=research:NoSchedule"]),
    ),
    "PLACE-UNDECIDED": Case(many_sizes(27), many_sizes(2)),
    "POOL-AUTO": Case(second_model({"pool": "auto"}), second_model({})),
    "POOL-AUTO-NAME": Case(
        {"pools[1]": pool("auto"), "models[2]": model("more", "auto")},
        {"pools[1]": pool("auto2"), "models[2]": model("more", "auto2")},
    ),
    "POOL-AUTO-NONE": Case(
        {"models[2]": model("more", "auto", engine={"tensor_parallel": 2})},
        second_model({"pool": "auto", "engine": {"tensor_parallel": 2}}),
    ),
    "POOL-TAINT": Case(
        second_pool(taints=["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]),
        second_pool(taints=["team=research:NoSchedule"]),
    ),
    "POOL-CLASS": Case(
        {"pools[1]": pool("batch", **{"class": "fine-tuning"}), "models[0].pool": "batch", "models[0].slice": DROP},
        {"pools[1]": pool("batch"), "models[0].pool": "batch", "models[0].slice": DROP},
    ),
    "POOL-UNKNOWN": Case(second_model({"pool": "others"}), second_model({"pool": "other"})),
    "POOL-UNUSED": Case(second_pool(), second_model({})),
    "QUOTA-CORES": Case({"quota": {H100_FAMILY: 119}}, {"quota": {H100_FAMILY: 120}}),
    "QUOTA-SURGE": Case({"quota": {H100_FAMILY: 159}}, {"quota": {H100_FAMILY: 160}}),
    "QUOTA-FAMILY": Case({"quota": {"StandardNCadsH100v6Family": 120}}, {"quota": {H100_FAMILY: 120}}),
    "REGION-UNKNOWN": Case({"platform.region": "eastus9"}, {"platform.region": "eastus2"}),
    "REPLICAS-BURST": Case(
        {**second_pool(capacity="spot"), "models[2]": model("more", ["other", "other"])},
        {
            "pools[1]": pool("other"),
            "pools[2]": pool("burst", capacity="spot"),
            "models[2]": model("more", ["other", "burst"], replicas={"min": 1, "max": 2}),
        },
    ),
    "REPLICAS-ZERO": Case({"models[0].replicas.min": 0}, {"models[0].replicas.min": 1}),
    "ROLLOUT-DOWNTIME": Case(
        second_model({"engine": {"tensor_parallel": 2}}, nodes={"min": 1, "max": 1}),
        second_model({"engine": {"tensor_parallel": 2}}, nodes={"min": 1, "max": 2}),
    ),
    "SCALE-ZERO": Case(
        second_model({}, nodes={"min": 0, "max": 1}),
        {
            "pools[1]": pool("other"),
            "pools[2]": pool("burst", capacity="spot", nodes={"min": 0, "max": 1}),
            "models[2]": model("more", ["other", "burst"], replicas={"min": 1, "max": 2}),
        },
    ),
    "SEC-BOOTSTRAP": Case({}, {}, bootstrap=("hf-token", "key-playground")),
    "SEC-HF-TOKEN": Case(
        {"models[0].source": GATED},
        {"models[0].source": GATED, "security.hugging_face_token": "hugging-face"},
    ),
    "SPOT-DRAIN": Case(
        second_model({"drain_seconds": 21}, capacity="spot"),
        second_model({"drain_seconds": 20}, capacity="spot"),
    ),
    "SPOT-FLOOR": Case(
        second_model({}, capacity="spot"),
        {
            "pools[1]": pool("other"),
            "pools[2]": pool("burst", capacity="spot"),
            "models[2]": model("more", ["other", "burst"], replicas={"min": 1, "max": 2}),
        },
    ),
    "SPOT-ROTATION": Case(
        second_pool(capacity="spot", rotation="delete-first"),
        second_pool(capacity="on-demand", rotation="delete-first"),
    ),
    "SYS-POOL": Case(
        {"cluster.system_pool.nodes": {"min": 0, "max": 3}},
        {"cluster.system_pool.nodes": {"min": 1, "max": 3}},
    ),
    "TP-DEVICES": Case(
        second_model({"engine": {"tensor_parallel": 4}}),
        second_model({"engine": {"tensor_parallel": 2}}),
    ),
    "TP-HEADS": Case(
        second_model({"engine": {"tensor_parallel": 3}}),
        second_model({"engine": {"tensor_parallel": 2}}),
    ),
    "VM-CLASS": Case(
        second_pool(vm_size="Standard_D8ds_v5"),
        second_pool(vm_size="Standard_D8ds_v5", **{"class": "background"}),
    ),
    "VM-UNKNOWN": Case(second_pool(vm_size="Standard_NC40ads_H100"), second_pool(vm_size="Standard_NC40ads_H100_v5")),
    "VM-UNSUPPORTED": Case(
        second_pool(vm_size="Standard_NV36ads_A10_v5"),
        second_pool(vm_size="Standard_NC24ads_A100_v4"),
    ),
    "ZONE-REGION": Case(
        {"platform.region": "westus", "cluster.system_pool.zones": ["1"]},
        {"cluster.system_pool.zones": ["1", "2", "3"]},
    ),
}


CASES |= {name: Case(**fields) for name, fields in rule_cases.CASES.items()}


def broken(case: Case) -> Planned:
    return planned(case.breaks, tuple(filter(None, case.bootstrap[:1])), case.today[0], case.knowing[0])


def rules_kept(case: Case) -> set[str]:
    outcome = planned(case.keeps, tuple(filter(None, case.bootstrap[1:])), case.today[1], case.knowing[1])
    return {one.rule for one in outcome.findings}


def test_the_table_covers_the_register() -> None:
    assert set(CASES) == set(REGISTER)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_objects_to_what_breaks_it(name: str) -> None:
    found = [one for one in broken(CASES[name]).findings if one.rule == name]
    assert found
    assert {one.severity for one in found} == {REGISTER[name].severity}
    assert all(one.path and one.message and one.fix for one in found)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_is_silent_about_what_keeps_it(name: str) -> None:
    assert name not in rules_kept(CASES[name])


@pytest.mark.parametrize("name", sorted(CASES))
def test_errors_keep_a_plan_from_being_made_and_remarks_do_not(name: str) -> None:
    outcome = broken(CASES[name])
    assert (outcome.plan is None) == any(one.severity == "error" for one in outcome.findings)


def test_every_rule_says_what_it_asks_and_prevents() -> None:
    for one in REGISTER.values():
        assert one.check.__doc__, one.name
        assert one.prevents, one.name
        assert one.source, one.name


def test_no_two_rules_share_an_id() -> None:
    with pytest.raises(ValueError, match="two rules are called FIT-CONTEXT"):
        stack_rule("FIT-CONTEXT", "error", prevents="", source="")(lambda _: iter(()))


def test_the_page_of_rules_is_current() -> None:
    written = Path(ROOT, "docs", "rules.md").read_text(encoding="utf-8")
    assert written == page(REGISTER), "write it anew: python -m planning rules > docs/rules.md"
    for name in REGISTER:
        assert f"| `{name}` |" in written


def test_a_rule_of_the_catalog_names_only_what_is_on_file() -> None:
    """Suggestions come from the catalog: what a fix proposes must be accepted."""
    found = planned({"platform.region": "eastsu"}).findings
    fix = next(one.fix for one in found if one.rule == "REGION-UNKNOWN")
    proposed = fix.split("`")[1::2]
    assert proposed
    assert set(proposed) <= set(CATALOG.regions)
