"""Costs as Prometheus records them: every dollar of a pool belongs to one model, to other pods, or to nobody."""

import json
import random
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

import catalog
import config
from observability.costs import names
from observability.costs.groups import cost_groups
from observability.rule import Recording
from planning.plan import CostWatchPlan, MonitoringPlan, WatchedPoolCost
from planning.plan.labels import in_prometheus
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import sections_of
from tests.toolchains import PROMETHEUS

# Slices of several sizes; a shared GPU and spot nodes; whole nodes and a pool without a price.
STACKS: Final = ("a100-mixed-mig", "shared-gpu-spot", "prod")
# Prometheus adds up floats; the sums are of a few hundred dollars.
_CLOSE: Final = 1e-9


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promtool")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def monitoring(stack: str, **costs: Any) -> MonitoringPlan:
    """The Plan of a stack that records its costs."""
    sections = sections_of(stack)
    sections.setdefault("observability", {})["costs"] = costs
    return decide(config.load(sections), catalog.load()).monitoring


def recorded(plan: MonitoringPlan) -> list[dict[str, Any]]:
    """Recording rules of costs, as Prometheus reads them."""
    return [rule.rule() for rules in cost_groups(plan).values() for rule in rules if isinstance(rule, Recording)]


def promtool(
    rules: list[dict[str, Any]], series: Mapping[str, str], expected: Mapping[str, float], at: str, folder: Path
) -> None:
    """Each expression is a value at a time, to nine places."""
    folder.mkdir(exist_ok=True)
    (folder / "rules.json").write_text(json.dumps({"groups": [{"name": "costs", "rules": rules}]}))
    test = {
        "interval": "30s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"abs(sum({expression}) - {value!r}) < bool {_CLOSE}",
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
            for expression, value in expected.items()
        ],
    }
    file = folder / "test.json"
    file.write_text(json.dumps({"rule_files": ["rules.json"], "evaluation_interval": "30s", "tests": [test]}))
    command = [str(PROMETHEUS.binary("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Platform:
    """Nodes and pods at a moment: series, and what they cost by pool and by whose they are, as exact numbers."""

    costs: CostWatchPlan
    series: dict[str, str] = field(default_factory=dict)
    pools: dict[str, Fraction] = field(default_factory=dict)
    models: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    unused: dict[str, Fraction] = field(default_factory=dict)
    others: dict[str, Fraction] = field(default_factory=dict)

    def free(self, pool: str) -> Fraction:
        """What no pod has."""
        of_models = sum((usd for (_, own), usd in self.models.items() if own == pool), Fraction(0))
        return self.pools[pool] - of_models - self.others[pool]


def _put(platform: Platform, series: str, value: float = 1) -> None:
    platform.series[series] = f"{value:.6f}x20"


def _pod(platform: Platform, namespace: str, name: str, node: str, devices: Mapping[str, int], phase: str) -> None:
    labels = f'namespace="{namespace}",pod="{name}",uid="{name}"'
    for resource, count in devices.items():
        kinds = f'container="vllm",node="{node}",resource="{resource}",unit="integer"'
        _put(platform, f"kube_pod_container_resource_requests{{{labels},{kinds}}}", count)
    for possible in ("Pending", "Running", "Succeeded", "Failed", "Unknown"):
        _put(platform, f'kube_pod_status_phase{{{labels},phase="{possible}"}}', possible == phase)


def _twice(platform: Platform) -> None:
    """While the exporter is replaced, both of its pods are scraped."""
    for series, values in list(platform.series.items()):
        if series.startswith("kube_"):
            platform.series[series.replace("{", '{instance="10.0.0.9:8080",', 1)] = values


def platforms(stack: str, seed: int) -> Platform:
    """A moment of a stack: nodes come and go, pods of two ReplicaSets, of others, ended, waiting, and on lost nodes."""
    chance = random.Random(f"{stack} {seed}")  # noqa: S311 - a platform, not a secret
    plan = monitoring(stack)
    assert plan.costs is not None
    found = Platform(plan.costs)
    _put(found, 'kube_node_labels{node="aks-mine-12345678-vmss000000"}')
    # A node in a pool of which no price is known costs nothing here, and neither do its pods.
    _put(found, 'kube_node_labels{node="aks-costly-12345678-vmss000000",label_llm_platform_pool="costly"}')
    _pod(found, "llm", "costly-0", "aks-costly-12345678-vmss000000", {"nvidia_com_gpu": 1}, "Running")
    for pool in plan.costs.pools:
        nodes = [f"aks-{pool.name}-12345678-vmss{number:06d}" for number in range(chance.randint(0, 4))]
        found.pools[pool.name] = Fraction(pool.usd_per_hour) * len(nodes)
        for node in nodes:
            label = f',label_llm_platform_pool="{pool.name}"' if pool.labelled else ""
            _put(found, f'kube_node_labels{{node="{node}"{label}}}')
            _put(found, f'kube_node_spec_unschedulable{{node="{node}"}}', chance.randint(0, 1))
        if pool.shares:
            _fill(found, plan, pool, nodes, chance)
    if chance.random() < 0.5:
        _twice(found)
    return found


def _fill(
    found: Platform, plan: MonitoringPlan, pool: WatchedPoolCost, nodes: list[str], chance: random.Random
) -> None:
    assert plan.costs is not None
    found.others[pool.name] = Fraction(0)
    found.models |= {(model.name, pool.name): Fraction(0) for model in plan.costs.models if pool.name in model.pools}
    workloads = {
        workload: model.name for model in plan.costs.models for workload in model.workloads if pool.name in model.pools
    }
    shares = {in_prometheus(resource): Fraction(share) for resource, share in pool.shares}
    for index, node in enumerate(nodes):
        devices = [resource for resource, share in shares.items() for _ in range(round(1 / share / len(shares)))]
        for number, resource in enumerate(devices):
            usd, kind = Fraction(pool.usd_per_hour) * shares[resource], chance.choice(("model", "model", "other", ""))
            workload = chance.choice(sorted(workloads)) if workloads else None
            suffix = f"{'old' if chance.random() < 0.5 else 'new'}12345-{index}{number}abc"
            if kind == "model" and workload is not None:
                name = f"{workload}-{suffix}"
                _pod(found, "llm", name, node, {resource: 1}, chance.choice(("Running", "Pending", "Unknown")))
                found.models[workloads[workload], pool.name] += usd
                if chance.random() < 0.7:
                    active = chance.choice((0, 0.25, 1))
                    series = f'{plan.gpu_metrics.engine_active}{{namespace="llm",pod="{name}",gpu="{number}"}}'
                    _put(found, series, active)
                    unused = found.unused.get(workloads[workload], Fraction(0))
                    found.unused[workloads[workload]] = unused + usd * Fraction(1 - active)
            elif kind == "other":
                _pod(found, "bench", f"bench-{pool.name}-{suffix}", node, {resource: 1}, "Running")
                found.others[pool.name] += usd
            # One that had the device before.
            _pod(found, "llm", f"chat-ended-{pool.name}{index}{number}", node, {resource: 1}, "Succeeded")
    resource = next(iter(shares))
    _pod(found, "llm", f"chat-wait12345-{pool.name[:3]}zz", "", {resource: 1}, "Pending")
    _pod(found, "llm", f"chat-lost12345-{pool.name[:3]}yy", f"aks-{pool.name}-lost", {resource: 1}, "Running")


def _expected(found: Platform) -> Iterator[tuple[str, Fraction]]:
    for pool, usd in found.pools.items():
        yield f'{names.POOL_USD}{{pool="{pool}"}}', usd
        if pool in found.others:
            yield f'{names.OTHER}{{pool="{pool}"}}', found.others[pool]
            yield f'{names.FREE}{{pool="{pool}"}}', found.free(pool)
    for (model, pool), usd in found.models.items():
        yield f'{names.MODEL_POOL_USD}{{model="{model}",pool="{pool}"}}', usd
    for model in found.costs.models:
        own = sum((usd for (name, _), usd in found.models.items() if name == model.name), Fraction(0))
        if model.complete:
            yield f'{names.MODEL_USD}{{model="{model.name}"}}', own
        yield f'{names.UNUSED}{{model="{model.name}"}}', found.unused.get(model.name, Fraction(0))
    total = sum(found.pools.values(), Fraction(0))
    system = sum((usd for pool, usd in found.pools.items() if pool not in found.others), Fraction(0))
    idle = sum((found.free(pool) for pool in found.others), Fraction(0))
    yield names.PLATFORM_USD, total
    yield names.GPU_USD, total - system
    yield names.IDLE_USD, idle + sum(found.unused.values(), Fraction(0))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("stack", STACKS)
def test_models_other_pods_and_nobody_add_up_to_the_pools(stack: str, seed: int, tmp_path: Path) -> None:
    found = platforms(stack, seed)
    expected = {expression: float(usd) for expression, usd in _expected(found)}
    # As recorded, not as computed here: the parts of a pool are what its nodes cost.
    parts = f"sum({names.MODEL_POOL_USD}) + sum({names.OTHER}) + sum({names.FREE})"
    expected |= {f"sum({names.GPU_USD}) - ({parts})": 0.0}
    assert all(found.free(pool) >= -_CLOSE for pool in found.others)

    promtool(recorded(monitoring(stack)), found.series, expected, "5m", tmp_path)


def test_a_model_with_a_pool_of_unknown_price_has_no_cost() -> None:
    costs = monitoring("prod").costs
    assert costs is not None
    assert costs.unpriced == ("burst",)
    assert [model.name for model in costs.models if not model.complete] == ["reasoning"]
    texts = [rule["expr"] for rule in recorded(monitoring("prod")) if rule["record"] == names.MODEL_USD]
    assert texts
    assert not any("reasoning" in text for text in texts)


_VLLM: Final = 'job="monitoring/vllm",model_name="chat"'


def _hour() -> dict[str, str]:
    """An hour and more of one replica of `chat`, on half a node; by far from zero, where increases are exact."""
    series = {
        'kube_node_labels{node="aks-h100-1-vmss000000",label_llm_platform_pool="h100"}': "1x200",
        'kube_node_labels{node="aks-system-1-vmss000000",label_llm_platform_pool="system"}': "1x200",
        'kube_pod_container_resource_requests{namespace="llm",pod="chat-7c9d5b6f4d-aaaaa",container="vllm",'
        'node="aks-h100-1-vmss000000",resource="nvidia_com_gpu",unit="integer"}': "1x200",
        'kube_pod_status_phase{namespace="llm",pod="chat-7c9d5b6f4d-aaaaa",phase="Running"}': "1x200",
    }
    growth = {
        "vllm:prompt_tokens_total": 300,
        "vllm:generation_tokens_total": 100,
        "vllm:request_prefill_time_seconds_sum": 3,
        "vllm:request_decode_time_seconds_sum": 9,
    }
    for metric, more in growth.items():
        series[f'{metric}{{{_VLLM},pod="chat-7c9d5b6f4d-aaaaa"}}'] = f"1000000+{more}x200"
    names_of = 'job="monitoring/envoy",gen_ai_backend="llm/{backend}",gen_ai_original_model="{model}",tenant="{tenant}"'
    for backend, model, tenant, kind, more in (
        ("chat", "chat", "team-a", "input", 200),
        # An adapter is served by its model's pods; a second key is the same tenant.
        ("chat", "chat-legal", "team-a.2", "output", 100),
        ("chat", "chat", "team-b", "output", 100),
        # Part of the prompt's; and what a managed model answered.
        ("chat", "chat", "team-b", "cached_input", 900),
        ("chat-fallback", "chat", "team-b", "output", 900),
    ):
        labels = names_of.format(backend=backend, model=model, tenant=tenant) + f',gen_ai_token_type="{kind}"'
        series[f"gen_ai_client_token_usage_sum{{{labels}}}"] = f"1000000+{more}x200"
    return series


def test_tokens_and_tenants_bear_what_the_replicas_cost(tmp_path: Path) -> None:
    """Half a node at 6.98 USD is 3.49 an hour; 800 tokens a minute, a quarter of the time for 600 of them."""
    expected = {
        f'{names.MODEL_USD}{{model="chat"}}': 3.49,
        f'{names.TOKENS_USD}{{model="chat",tokens="all"}}': 1e6 * 3.49 / (800 * 60),
        f'{names.TOKENS_USD}{{model="chat",tokens="input"}}': 1e6 * 3.49 / 4 / (600 * 60),
        f'{names.TOKENS_USD}{{model="chat",tokens="output"}}': 1e6 * 3.49 * 3 / 4 / (200 * 60),
        f'{names.TENANT_USD}{{model="chat",tenant="team-a"}}': 3.49 * 3 / 4,
        f'{names.TENANT_USD}{{model="chat",tenant="team-b"}}': 3.49 / 4,
        f'sum({names.TENANT_USD}{{model="chat"}}) - sum({names.MODEL_USD}{{model="chat"}})': 0.0,
    }
    promtool(recorded(monitoring("dev")), _hour(), expected, "90m", tmp_path)


def test_without_tokens_the_cost_is_nobodys(tmp_path: Path) -> None:
    quiet = {name: values for name, values in _hour().items() if name.startswith("kube_")}
    expected = {f'{names.TENANT_USD}{{model="chat",tenant="{names.NOBODY}"}}': 3.49, names.TENANT_USD: 3.49}
    promtool(recorded(monitoring("dev")), quiet, expected, "90m", tmp_path)


def test_planned_figures_are_those_of_the_preview(tmp_path: Path) -> None:
    sections = sections_of("dev")
    sections["observability"]["costs"] = {"budget_usd_per_month": 7300}
    plan = decide(config.load(sections), catalog.load())
    lines = {line.name: line for line in plan.cost.lines}
    expected = {names.BUDGET: 10.0}
    for size, total in ((names.FEWEST, plan.cost.min_per_month), (names.MOST, plan.cost.max_per_month)):
        expected[f'round(730 * sum({names.POOL_PLANNED}{{size="{size}"}}), 0.01)'] = total
    for name, line in lines.items():
        expected[f'{names.NODE_USD}{{pool="{name}"}}'] = line.hourly or 0
    for model in plan.cost.models:
        expected[f'round(730 * {names.MODEL_PLANNED}{{model="{model.name}",size="most"}}, 0.01)'] = (
            model.max_per_month or 0
        )
    promtool(recorded(plan.monitoring), {}, expected, "5m", tmp_path)


def test_without_kube_state_metrics_nothing_is_recorded(tmp_path: Path) -> None:
    rules = recorded(monitoring("dev"))
    absent = {f"absent({name})": 1.0 for name in (names.NODES, names.POOL_USD, names.PLATFORM_USD, names.IDLE_USD)}
    promtool(rules, {}, absent, "5m", tmp_path)
    nodes = {f'kube_node_labels{{node="aks-{pool}-1-vmss0",label_llm_platform_pool="{pool}"}}': "1x20" for pool in "ab"}
    promtool(rules, nodes, {names.PLATFORM_USD: 0.0, names.IDLE_USD: 0.0}, "5m", tmp_path / "nodes")
