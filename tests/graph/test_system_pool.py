"""The system pool is an agent pool of its own: what AKS can't change of it makes a new pool and never a new cluster."""

from collections.abc import Callable
from typing import Any

import pytest

from planning.plan.labels import POOL_REVISION
from tests.graph.stacks import ALL, Entry, Sections, by_urn, entries_of, graph_of, is_kubernetes
from tests.graph.test_graph import reachable

POOL = "azure-native:containerservice:AgentPool"
CLUSTER = "azure-native:containerservice:ManagedCluster"
ADDRESS = "azure-native:network:PublicIPAddress"
RELEASE = "kubernetes:helm.sh/v3:Release"
PROVIDER = "pulumi:providers:kubernetes"

each_stack = pytest.mark.parametrize("stack", ALL)


def other_size(sections: Sections) -> None:
    sections["cluster"]["system_pool"]["vm_size"] = "Standard_D16ds_v5"


def other_zones(sections: Sections) -> None:
    sections["cluster"]["system_pool"]["zones"] = ["2"]


def fewer_pods(sections: Sections) -> None:
    sections["cluster"]["max_pods"] = 60


def of_type(entries: Any, type_: str) -> list[Entry]:
    return [entry for entry in entries if entry["type"] == type_]


def system_pool(entries: Any) -> Entry:
    (found,) = [entry for entry in of_type(entries, POOL) if entry["inputs"]["mode"] == "System"]
    return found


def selectors(value: Any) -> list[dict[str, str]]:
    """Every `nodeSelector` of a chart's values or of an object."""
    if isinstance(value, list):
        return [found for item in value for found in selectors(item)]
    if not isinstance(value, dict):
        return []
    own = [value["nodeSelector"]] if isinstance(value.get("nodeSelector"), dict) else []
    # A hook that ends by itself has nothing to move.
    return own + [found for key, item in value.items() if key != "upgradeJob" for found in selectors(item)]


@each_stack
def test_everything_in_the_cluster_waits_for_the_system_pool(stack: str) -> None:
    pool = system_pool(entries_of(stack))
    (provider,) = of_type(entries_of(stack), PROVIDER)
    assert pool["urn"] in provider["options"]["depends_on"]
    others = [entry["urn"] for entry in of_type(entries_of(stack), POOL) if entry["urn"] != pool["urn"]]
    assert others
    # One after the other: AKS answers a second operation with an error.
    assert all(pool["urn"] in reachable(stack, urn) for urn in others)


@each_stack
def test_pods_on_system_nodes_select_the_revision_of_the_pool(stack: str) -> None:
    """So that Helm moves them when the pool is a new one, before the old one is deleted."""
    revision = system_pool(entries_of(stack))["inputs"]["nodeLabels"][POOL_REVISION]
    found = [
        selector
        for entry in entries_of(stack)
        if is_kubernetes(entry) and not entry["type"].endswith((":Deployment", ":Job"))
        for selector in selectors(entry["inputs"])
        if "kubernetes.azure.com/mode" in selector
    ]
    assert len(found) > len(of_type(entries_of(stack), RELEASE))
    assert {selector.get(POOL_REVISION) for selector in found} == {revision}


@each_stack
def test_pods_that_an_operator_moves_are_awaited_before_the_old_pool_goes(stack: str) -> None:
    revision = system_pool(entries_of(stack))["inputs"]["nodeLabels"][POOL_REVISION]
    jobs = {
        entry["inputs"]["metadata"]["name"]: entry
        for entry in of_type(entries_of(stack), "kubernetes:batch/v1:Job")
        if entry["inputs"]["metadata"]["name"].endswith(f"-on-{revision}")
    }
    assert {name.removesuffix(f"-on-{revision}") for name in jobs} == {"monitoring", "proxies"}
    for name, job in jobs.items():
        spec = job["inputs"]["spec"]["template"]["spec"]
        (term,) = spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        expressions = term["labelSelector"]["matchExpressions"]
        assert {"key": POOL_REVISION, "operator": "NotIn", "values": [revision]} in expressions
        # The logical name has the revision too: going back must not meet the Job of an earlier move.
        assert job["name"].endswith(name)
    (proxy,) = [entry for entry in entries_of(stack) if entry["type"].endswith(":EnvoyProxy")]
    pod = proxy["inputs"]["spec"]["provider"]["kubernetes"]["envoyDeployment"]["pod"]
    assert pod["labels"] == {POOL_REVISION: revision}
    (chart,) = [entry for entry in of_type(entries_of(stack), RELEASE) if "stack" in entry["inputs"]["name"]]
    values = chart["inputs"]["values"]
    for part, spec in (("prometheus", "prometheusSpec"), ("alertmanager", "alertmanagerSpec")):
        assert values[part][spec]["podMetadata"]["labels"].items() >= {POOL_REVISION: revision}.items()


@each_stack
@pytest.mark.parametrize("change", [other_size, other_zones, fewer_pods])
def test_a_change_makes_a_new_pool_first_and_keeps_cluster_and_address(
    stack: str, change: Callable[[Sections], None]
) -> None:
    before, after = entries_of(stack), graph_of(stack, change).to_json()
    old, new = system_pool(before), system_pool(after)
    assert old["urn"] not in by_urn(after)
    assert new["urn"] not in by_urn(before)
    assert old["inputs"]["agentPoolName"] != new["inputs"]["agentPoolName"]
    for type_ in (CLUSTER, ADDRESS, "azure-native:network:NatGateway"):
        assert of_type(before, type_) == of_type(after, type_)
    assert all(entry["urn"] in by_urn(after) for entry in before if entry["options"]["protect"])


def test_more_nodes_change_the_pool_in_place() -> None:
    def grow(sections: Sections) -> None:
        sections["cluster"]["system_pool"]["nodes"] = {"min": 3, "max": 9}

    old, new = system_pool(entries_of("dev")), system_pool(graph_of("dev", grow).to_json())
    changed = {key for key in new["inputs"] if new["inputs"][key] != old["inputs"].get(key)}
    assert (old["urn"], changed) == (new["urn"], {"count", "minCount", "maxCount"})


@each_stack
def test_the_cluster_keeps_the_one_pool_that_aks_requires(stack: str) -> None:
    """Whatever is sent with a later update must be true for ever: AKS refuses a pool there that doesn't exist."""
    (cluster,) = of_type(entries_of(stack), CLUSTER)
    (first,) = cluster["inputs"]["agentPoolProfiles"]
    assert (first["mode"], first["count"], "enableAutoScaling" in first) == ("System", 1, False)
    assert "agentPoolProfiles" in cluster["options"]["ignore_changes"]


@each_stack
def test_no_pool_switches_local_dns_on_by_itself(stack: str) -> None:
    (cluster,) = of_type(entries_of(stack), CLUSTER)
    pools = [*cluster["inputs"]["agentPoolProfiles"], *(pool["inputs"] for pool in of_type(entries_of(stack), POOL))]
    assert [pool["localDNSProfile"] for pool in pools] == [{"mode": "Disabled"}] * len(pools)
