"""Invariants of every resource of the graph, in every stack and every example."""

import json
import re
from collections import Counter
from typing import Any

import pytest

import catalog
from tests.graph.azure_names import AZURE_NAMES
from tests.graph.stacks import (
    ALL,
    STACKS,
    Entry,
    Sections,
    by_urn,
    entries_of,
    graph_of,
    is_azure,
    is_kubernetes,
    sections_of,
    strings,
)

each_stack = pytest.mark.parametrize("stack", ALL)
UNKNOWN = "[unknown]"
CLUSTER_SCOPED = {
    "ClusterRole", "ClusterRoleBinding", "GatewayClass", "Namespace", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}  # fmt: skip


def type_of(entry: Entry) -> str:
    return entry["type"].removeprefix("azure-native:")


def name_of(entry: Entry) -> Any:
    if entry["type"].endswith(":Release"):
        return entry["inputs"].get("name")
    if is_kubernetes(entry):
        return entry["inputs"]["metadata"].get("name")
    return entry["inputs"].get(AZURE_NAMES[type_of(entry)])


def one(stack: str, type_: str) -> Entry:
    (entry,) = [entry for entry in entries_of(stack) if entry["type"] == type_]
    return entry


@each_stack
def test_every_object_in_the_cluster_has_the_provider_and_is_deleted_with_the_cluster(stack: str) -> None:
    provider = one(stack, "pulumi:providers:kubernetes")["urn"]
    cluster = one(stack, "azure-native:containerservice:ManagedCluster")["urn"]
    for entry in filter(is_kubernetes, entries_of(stack)):
        assert entry["options"]["provider"] == provider, entry["urn"]
        assert entry["options"]["deleted_with"] == cluster, entry["urn"]


@each_stack
def test_the_provider_has_a_secret_kubeconfig_and_a_fixed_identity(stack: str) -> None:
    provider = one(stack, "pulumi:providers:kubernetes")
    cluster = one(stack, "azure-native:containerservice:ManagedCluster")["urn"]
    assert provider["inputs"]["kubeconfig"] == "[secret]"
    assert UNKNOWN not in provider["inputs"]["clusterIdentifier"]
    assert provider["options"]["deleted_with"] == cluster
    assert cluster in provider["options"]["depends_on"]
    assert "namespace" not in provider["inputs"]


@each_stack
def test_every_azure_resource_is_in_the_subscription_of_the_stack(stack: str) -> None:
    """The default provider would create it in the subscription that the user happens to be signed in to."""
    provider = one(stack, "pulumi:providers:azure-native")
    assert provider["inputs"]["subscriptionId"] == sections_of(stack)["platform"]["subscription_id"]
    for entry in filter(is_azure, entries_of(stack)):
        assert entry["options"]["provider"] == provider["urn"], entry["urn"]


@each_stack
def test_only_identities_of_azure_live_apart_from_the_cluster(stack: str) -> None:
    """Azure resources must really be deleted; one that is `deleted_with` the cluster would be left behind."""
    for entry in filter(is_azure, entries_of(stack)):
        assert entry["options"]["deleted_with"] is None, entry["urn"]


@each_stack
def test_every_name_is_a_literal(stack: str) -> None:
    for entry in entries_of(stack):
        if not (is_kubernetes(entry) or is_azure(entry)):
            continue
        name = name_of(entry)
        assert isinstance(name, str), entry["urn"]
        assert name, entry["urn"]
        assert UNKNOWN not in name, entry["urn"]
        if is_kubernetes(entry) and entry["type"].rsplit(":", 1)[1] not in CLUSTER_SCOPED:
            inputs = entry["inputs"]
            space = inputs.get("namespace") if entry["type"].endswith(":Release") else inputs["metadata"]["namespace"]
            assert isinstance(space, str), entry["urn"]
            assert UNKNOWN not in space, entry["urn"]


@each_stack
def test_names_are_unique_within_their_scope(stack: str) -> None:
    def place(entry: Entry) -> tuple[str, ...]:
        inputs = entry["inputs"]
        if is_kubernetes(entry):
            return (
                entry["type"],
                str(inputs.get("namespace") or inputs.get("metadata", {}).get("namespace")),
                name_of(entry),
            )
        parents = [
            str(inputs.get(key)) for key in sorted(inputs) if key.endswith("Name") or key in ("productId", "scope")
        ]
        if UNKNOWN in (inputs.get("resourceUri"), inputs.get("scope")):
            # Named within another resource: one of those that it waits for.
            parents += entry["options"]["depends_on"]
        return (entry["type"], name_of(entry), *parents)

    seen = Counter(place(entry) for entry in entries_of(stack) if is_kubernetes(entry) or is_azure(entry))
    assert [where for where, count in seen.items() if count > 1] == []
    urns = [entry["urn"] for entry in entries_of(stack)]
    assert len(urns) == len(set(urns))


@each_stack
def test_custom_resources_wait_for_the_chart_that_installs_their_kind(stack: str) -> None:
    owner = {group: chart.name for chart in catalog.load().charts.values() for group in chart.crd_groups}
    releases = {
        entry["inputs"]["name"]: entry["urn"] for entry in entries_of(stack) if entry["type"].endswith(":Release")
    }
    checked = 0
    for entry in entries_of(stack):
        group = entry["type"].removeprefix("kubernetes:").split("/")[0]
        if is_kubernetes(entry) and group in owner:
            assert releases[owner[group]] in entry["options"]["depends_on"], entry["urn"]
            checked += 1
    assert checked > 10


@each_stack
def test_every_object_waits_for_its_namespace(stack: str) -> None:
    namespaces = {
        entry["inputs"]["metadata"]["name"]: entry["urn"]
        for entry in entries_of(stack)
        if entry["type"].endswith(":Namespace")
    }
    for entry in filter(is_kubernetes, entries_of(stack)):
        space = entry["inputs"].get("namespace") or entry["inputs"].get("metadata", {}).get("namespace")
        if space is not None:
            assert namespaces[space] in reachable(stack, entry["urn"]), entry["urn"]


def reachable(stack: str, urn: str) -> set[str]:
    """Everything that a resource waits for, directly or indirectly."""
    entries = by_urn(entries_of(stack))
    found: set[str] = set()
    ahead = [urn]
    while ahead:
        current = entries[ahead.pop()]
        for before in current["options"]["depends_on"]:
            if before not in found:
                found.add(before)
                ahead.append(before)
    return found


@each_stack
def test_every_azure_resource_waits_for_its_resource_group(stack: str) -> None:
    """Names are literals, so nothing else prevents a group from being deleted before its content."""
    groups = {
        entry["inputs"]["resourceGroupName"]: entry["urn"]
        for entry in entries_of(stack)
        if entry["type"] == "azure-native:resources:ResourceGroup"
    }
    for entry in filter(is_azure, entries_of(stack)):
        group = entry["inputs"].get("resourceGroupName")
        if group in groups and entry["urn"] != groups[group]:
            assert groups[group] in reachable(stack, entry["urn"]), entry["urn"]


@each_stack
def test_no_secret_value_is_in_plain_inputs(stack: str) -> None:
    hidden = "correct-horse-battery-staple"
    graph = graph_of(stack, secrets={"gateway-certificate": hidden})
    entries: Any = graph.to_json()
    assert hidden not in json.dumps(entries)
    secret = [entry for entry in entries if entry["type"] == "azure-native:keyvault:Secret"]
    tenants = sections_of(stack)["tenants"]
    generated = {
        f"tenant-{tenant['name']}-key-{generation}"
        for tenant in tenants
        if tenant.keys().isdisjoint(("key_secret", "key_secrets"))
        for generation in tenant.get("key_generations", [1])
    }
    counts = {"rate-limit-redis-password"} if any("limits" in tenant for tenant in tenants) else set()
    assert {entry["inputs"]["secretName"] for entry in secret} == {"gateway-certificate"} | generated | counts
    assert {entry["inputs"]["properties"]["value"] for entry in secret} == {"[secret]"}
    # Keys reach the cluster only through the vault: no Kubernetes Secret is declared.
    assert not [entry for entry in entries if entry["type"] == "kubernetes:core/v1:Secret"]
    assert not [text for text in strings(entries) if re.search(r"\bhf_[A-Za-z0-9]{16}|BEGIN [A-Z ]*PRIVATE", text)]


@each_stack
def test_only_production_is_protected_and_never_a_pool(stack: str) -> None:
    protected = {entry["type"] for entry in entries_of(stack) if entry["options"]["protect"]}
    if sections_of(stack)["platform"]["environment"] != "prod":
        assert protected == set()
        return
    assert {"azure-native:containerservice:ManagedCluster", "azure-native:keyvault:Vault"} <= protected
    assert not [kind for kind in protected if kind.startswith("kubernetes:") or kind.endswith(":AgentPool")]


def test_in_a_protected_stack_only_guards_have_no_dependents() -> None:
    """A destroy begins with resources without dependents: in production these must be the guards alone."""
    entries = by_urn(entries_of("prod"))
    needed = {before for entry in entries.values() for before in entry["options"]["depends_on"]}
    parents = {entry["parent"] for entry in entries.values()}
    last = [
        urn
        for urn, entry in entries.items()
        if urn not in needed and urn not in parents and not entry["type"].startswith("pulumi:")
    ]
    assert {entries[urn]["type"] for urn in last} == {"llm-platform:components:Guard"}
    assert all(entries[urn]["options"]["protect"] for urn in last)


@each_stack
def test_two_previews_of_a_stack_are_equal(stack: str) -> None:
    assert json.dumps(graph_of(stack).to_json()) == json.dumps(list(entries_of(stack)))


@pytest.mark.parametrize("stack", STACKS)
def test_another_model_only_adds_resources(stack: str) -> None:
    def add(sections: Sections) -> None:
        sections["models"].append({**sections["models"][0], "name": "another", "replicas": {"min": 1, "max": 1}})

    before, after = by_urn(entries_of(stack)), by_urn(graph_of(stack, add).to_json())
    changed = [urn for urn, entry in before.items() if after.get(urn) != entry]
    # Where the other model takes the last free place, a drained node's pods may have to go together. What tenants may
    # use is data of one route, alerts compare each model with its own figures, and dashboards list all models.
    names = {urn.rpartition("::")[2] for urn in changed if "PodDisruptionBudget" not in urn}
    assert {name for name in names if not name.startswith(("dashboards-", "metrics-rules-"))} == {
        "gateway-models-script",
        "monitoring-alerts",
    }
    assert all(urn in after for urn in changed)
    added = [urn for urn in after if urn not in before]
    assert added
    assert all("another" in urn for urn in added)


def test_stacks_have_the_same_resource_types() -> None:
    """Development must test every type that production uses.

    In production alone are the runner's peering, locks, since it is protected, and what is recorded, which is paid for
    by its volume.
    """
    dev, prod = ({entry["type"] for entry in entries_of(stack)} for stack in STACKS)
    assert dev - prod == set()
    assert prod - dev == {
        "azure-native:authorization:ManagementLockByScope",
        "azure-native:monitor:DataCollectionRule",
        "azure-native:monitor:DataCollectionRuleAssociation",
        "azure-native:monitor:DiagnosticSetting",
        "azure-native:network:VirtualNetworkPeering",
        "azure-native:operationalinsights:Workspace",
        "llm-platform:components:Audit",
    }
