"""Names and figures that others rely on: metrics, labels, what the platform's own pods request."""

import re
from pathlib import Path
from typing import Any

import pytest
from planning_stacks import CATALOG, ROOT, plan, settings

from planning.plan import immutable, labels, limits, matches, metrics, objectives, system_pods
from planning.plan.system_pods import Requests
from planning.resolving.resolution import Resolution
from planning.resolving.system_pods import system_loads
from policy import kubernetes_objects

# Made by this program itself, or names of monitors and of a port.
OURS = {"OBJECT_CONDITION", "POLICY_ACCEPTED", "VLLM_MONITOR", "PROXIES_MONITOR", "USAGE_PORT"}
NAMED = {name: value for name, value in vars(metrics).items() if name.isupper() and isinstance(value, str)}
RECORDED = {
    word
    for file in sorted(Path(ROOT, "catalog", "expositions").glob("*.prom"))
    for word in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", file.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("name", sorted(set(NAMED) - OURS))
def test_a_metric_is_one_that_a_server_was_seen_to_have(name: str) -> None:
    assert NAMED[name] in RECORDED


def test_the_name_of_a_job_is_that_of_its_monitor() -> None:
    """Prometheus Operator makes the label of a PodMonitor's namespace and name."""
    assert metrics.models_job("monitoring") == "monitoring/vllm"
    assert metrics.proxies_job("monitoring") == "monitoring/envoy"


def test_labels_keep_their_names() -> None:
    """A renamed label of nodes replaces every pool; those of pods are in queries, policies and dashboards of users."""
    assert {name: value for name, value in vars(labels).items() if name.isupper()} == {
        "POOL": "llm-platform/pool",
        "POOL_REVISION": "llm-platform/pool-revision",
        "POOL_CLASS": "llm-platform/class",
        # NVIDIA's own: mig-manager and the device plugin read and write them.
        "MIG_CONFIG": "nvidia.com/mig.config",
        "MIG_STATE": "nvidia.com/mig.config.state",
        "DEVICE_PLUGIN_CONFIG": "nvidia.com/device-plugin.config",
        "MODEL": kubernetes_objects._MODEL,
        "LICENSE": kubernetes_objects._LICENSE,
    }
    assert labels.in_prometheus(labels.MODEL) == "llm_platform_model"


def figures() -> dict[str, Requests]:
    """All requests of the platform's own pods, by their name or by chart and path."""
    named = {name: value for name, value in vars(system_pods).items() if isinstance(value, Requests)}
    of_charts = {
        f"{chart} {path}": value for chart, paths in system_pods.REQUESTS.items() for path, value in paths.items()
    }
    return {**named, **of_charts}


@pytest.mark.parametrize("name", sorted(figures()))
def test_figures_of_our_own_choice_are_round(name: str) -> None:
    """They are estimates: another digit would say that somebody has measured them."""
    figure = figures()[name]
    assert figure.cpu_millicores % 10 == 0
    assert figure.memory_mib % 32 == 0
    assert figure.memory_limit_mib % 128 == 0
    # A pod that needs more for a moment isn't killed.
    assert 2 * figure.memory_mib <= figure.memory_limit_mib <= 8 * figure.memory_mib
    assert 10 <= figure.cpu_millicores <= 250


EVERYTHING: dict[str, Any] = {
    "observability.traces": {"backend": "tempo"},
    "observability.audit": {"defender": True},
    "cluster.storage_drivers": ["blob", "file"],
    "security.azure_policy": True,
    "tenants[0].limits": {"tokens_per_minute": {"output": 9000}},
    "safety": {
        "processor_image": {"repository": "platform/guardrails", "digest": f"sha256:{'a' * 64}"},
        "policies": [{"name": "standard", "guard": {"azure": {}}}],
    },
}


def test_every_pod_on_system_nodes_requests_something() -> None:
    """A pod without a request counts as nothing to the scheduler, and nodes are too small for it."""
    loads = {load.name: load for load in system_loads(Resolution(settings(EVERYTHING), CATALOG))}
    assert {name for name, load in loads.items() if load.most and not load.memory_mib} == set()
    pods = {name.rpartition("/")[2]: (load.fewest, load.most) for name, load in loads.items()}
    wanted = {
        "rate-limits": (2, 2), "rate-limit-redis": (1, 1), "proxies": (2, 4), "content-safety": (2, 2),
        "trace-collector": (2, 2), "trace-store": (1, 1),
    }  # fmt: skip
    assert {name: pods[name] for name in wanted} == wanted
    without = {load.name.rpartition("/")[2] for load in system_loads(Resolution(settings({}), CATALOG)) if load.most}
    assert without.isdisjoint(set(wanted) - {"proxies"})


def test_what_stops_others_while_it_is_away_has_two_pods() -> None:
    assert {count for paths in system_pods.REPLICAS.values() for count in paths.values()} == {2}
    assert (system_pods.RATE_LIMIT_REPLICAS, system_pods.TRACE_COLLECTOR_REPLICAS) == (2, 2)


@pytest.mark.parametrize("name", sorted(name for name in vars(limits) if name.isupper()))
def test_azure_has_far_longer_than_it_usually_takes(name: str) -> None:
    """15 minutes for a cluster and 10 for a pool; an update of either replaces nodes, so it has longer."""
    minutes = getattr(limits, name)
    assert minutes % 30 == 0
    assert minutes >= 60
    assert (minutes > 60) is ("UPDATE" in name)


def test_names_of_a_route_are_split_before_the_longest_expression() -> None:
    """A header's expression has at most 4,096 characters; each name may be escaped, and is followed by a mark."""
    assert matches.expressions([]) == []
    # Two times 1,999 and one, and one that just fits no more.
    whole, last = "a" * 1_999, "b"
    assert matches.expressions([whole]) == [(whole,)]
    assert matches.expressions([whole, last]) == [(whole,), (last,)]
    assert matches.expressions(["a" * 1_996, "bcd", last]) == [("a" * 1_996, "bcd"), (last,)]
    assert matches.expressions(["a" * 1_997, "bcd"]) == [("a" * 1_997,), ("bcd",)]


def test_a_budget_is_counted_over_thirty_days() -> None:
    promise = objectives.ObjectivePlan(kind="availability", target=0.999, seconds=None)
    assert (promise.budget, round(promise.budget_minutes, 6)) == (0.001, 43.2)
    model = objectives.ModelObjectivesPlan(model="a", objectives=(promise,), workloads=(), requests_per_day=1_000)
    assert model.bad_requests(promise) == 30
    tokens = objectives.ObjectivePlan(kind="itl", target=0.95, seconds=0.1)
    assert model.bad_requests(tokens) is None
    assert (
        objectives.ModelObjectivesPlan(
            model="a", objectives=(promise,), workloads=(), requests_per_day=None
        ).bad_requests(promise)
        is None
    )
    # The factors of Google's workbook: 2 % of the budget within an hour.
    assert round(objectives.FASTEST_BURN / (objectives.WINDOW_DAYS * 24), 3) == 0.02
    assert objectives.PERCENTILE == 0.95


def test_whatever_azure_refuses_to_change_is_part_of_a_pools_revision() -> None:
    assert set(immutable.IMMUTABLE_FIELDS.values()) - {None} == immutable.IMMUTABLE_SETTINGS
    assert immutable.LATER_SETTINGS < immutable.IMMUTABLE_SETTINGS
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", field) for field in immutable.IMMUTABLE_FIELDS)
    assert all(re.fullmatch(r"[a-z_]+", setting) for setting in immutable.IMMUTABLE_SETTINGS)
    assert plan({}).pools[0].revision != plan({"pools[0].os_disk_gib": 256}).pools[0].revision
