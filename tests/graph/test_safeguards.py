"""AKS's Deployment Safeguards: nothing of what the platform renders under them is refused, warned about or changed.

Source of every limit: MicrosoftDocs/azure-aks-docs articles/aks/deployment-safeguards.md @007506ca.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from simulators.azure.arm_schema import ArmSchema
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure, is_kubernetes
from tests.graph.test_graph import type_of

SAFEGUARD: Final = "containerservice:DeploymentSafeguard"
LEAST_MILLICORES, LEAST_MIB = 100, 100
# All of the platform's own namespaces but that of what reads every node's logs; pods elsewhere are charts'.
INCLUDED: Final = {"llm", "llm-gateway", "llm-safety", "llm-telemetry", "llm-logs"}
RESERVED: Final = "kubernetes.azure.com"
UNITS: Final = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


@cache
def safeguarded(stack: str, level: str = "enforce", *, logs: bool = False, traces: str = "") -> tuple[Entry, ...]:
    def edit(sections: Sections) -> None:
        observability = sections.setdefault("observability", {})
        observability.update({"logs": {"backend": "loki"}} if logs else {})
        observability.update({"traces": {"backend": traces}} if traces else {})
        sections["cluster"]["deployment_safeguards"] = level
        sections.setdefault("security", {})["azure_policy"] = True

    return tuple(graph_of(stack, edit).to_json())


def millicores(text: str) -> float:
    return float(text.removesuffix("m")) if text.endswith("m") else float(text) * 1000


def mib(text: str) -> float:
    unit = next((unit for unit in UNITS if text.endswith(unit)), None)
    return float(text.removesuffix(unit)) * UNITS[unit] if unit else float(text) / 1024 / 1024


def workloads(entries: Sequence[Entry]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Objects with pods where the safeguards look, and the pods' templates."""
    for entry in entries:
        item = entry["inputs"]
        spec = item.get("spec") if is_kubernetes(entry) else None
        if isinstance(spec, dict) and "template" in spec and item["metadata"].get("namespace") in INCLUDED:
            yield item, spec["template"]


def objections(item: dict[str, Any], template: dict[str, Any]) -> Iterator[str]:
    """What a safeguard would say about one object or change of it."""
    pod = template["spec"]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        for name, amount, least in (("cpu", millicores, LEAST_MILLICORES), ("memory", mib, LEAST_MIB)):
            if name not in requests or name not in limits:
                yield f"{container['name']} has no request or limit of {name}"
            elif amount(requests[name]) < least or amount(limits[name]) < amount(requests[name]):
                yield f"{container['name']}: {name} {requests[name]} of {limits[name]}"
        image = str(container["image"])
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        if tag in ("", "latest") and "@sha256:" not in image:
            yield f"{container['name']}: {image}"
    if item["kind"] != "Job":
        for container in pod["containers"]:
            if not {"readinessProbe", "livenessProbe"} <= container.keys():
                yield f"{container['name']} lacks a probe"
    if not pod.get("topologySpreadConstraints") and not pod.get("affinity", {}).get("podAntiAffinity"):
        yield "pods are neither spread nor kept apart"


@pytest.mark.parametrize("stack", ALL)
def test_no_workload_of_the_platform_is_refused_or_changed(stack: str) -> None:
    found = {
        f"{item['kind']} {item['metadata']['name']}: {objection}"
        for item, template in workloads(safeguarded(stack))
        for objection in objections(item, template)
    }
    assert found == set()
    assert any(item["kind"] == "Deployment" for item, _ in workloads(safeguarded(stack)))


@pytest.mark.parametrize("traces", ["tempo", "jaeger"])
def test_what_keeps_logs_and_traces_is_not_refused_or_changed_either(traces: str) -> None:
    entries = safeguarded("front-door", logs=True, traces=traces)
    found = {
        f"{item['kind']} {item['metadata']['name']}: {objection}"
        for item, template in workloads(entries)
        for objection in objections(item, template)
    }
    assert found == set()
    spaces = {item["metadata"]["namespace"] for item, _ in workloads(entries)}
    assert spaces >= INCLUDED - {"llm-gateway"}
    (safeguards,) = [entry for entry in entries if type_of(entry) == SAFEGUARD]
    # It reads the nodes' files, which no list of best practices allows.
    assert {"llm-log-collector"} == {
        name for name in safeguards["inputs"]["excludedNamespaces"] if name.startswith("llm")
    }


def test_without_them_content_safety_and_traces_are_not_throttled() -> None:
    def edit(sections: Sections) -> None:
        sections.setdefault("observability", {})["traces"] = {"backend": "tempo"}

    limits = {
        container["name"]: container["resources"]["limits"]
        for _, template in workloads(graph_of("front-door", edit).to_json())
        for container in template["spec"]["containers"]
    }
    for name in ("processor", "collector", "tempo"):
        assert limits[name].keys() == {"memory"}


@pytest.mark.parametrize("stack", ALL)
def test_no_object_has_a_label_of_azure_and_no_pool_of_models_the_taint_of_system_pools(stack: str) -> None:
    for entry in safeguarded(stack):
        item = entry["inputs"]
        if is_kubernetes(entry) and "metadata" in item:
            template = item.get("spec", {}).get("template", {}) if isinstance(item.get("spec"), dict) else {}
            labels = {**item["metadata"].get("labels", {}), **template.get("metadata", {}).get("labels", {})}
            assert not [label for label in labels if RESERVED in label], entry["urn"]
        elif is_azure(entry) and type_of(entry) == "containerservice:AgentPool" and item["mode"] == "User":
            assert not [taint for taint in item.get("nodeTaints", ()) if taint.startswith("CriticalAddonsOnly")]
            assert not [label for label in item.get("nodeLabels", {}) if RESERVED in label]


@pytest.mark.parametrize("stack", ALL)
def test_services_have_selectors_of_their_own(stack: str) -> None:
    seen: dict[tuple[str, str], str] = {}
    for entry in safeguarded(stack):
        item = entry["inputs"]
        if is_kubernetes(entry) and item.get("kind") == "Service" and item["spec"].get("selector"):
            key = (item["metadata"]["namespace"], str(sorted(item["spec"]["selector"].items())))
            assert key not in seen, f"{item['metadata']['name']} selects what {seen.get(key)} selects"
            seen[key] = item["metadata"]["name"]


@pytest.mark.parametrize("level", ["warn", "enforce"])
def test_azure_gets_the_level_and_the_namespaces_of_charts(level: str, arm: Path) -> None:
    entries = safeguarded("prod", level)
    (entry,) = [entry for entry in entries if is_azure(entry) and type_of(entry) == SAFEGUARD]
    assert entry["inputs"]["level"] == level.title()
    spaces = {entry["inputs"]["metadata"]["name"] for entry in entries if entry["inputs"].get("kind") == "Namespace"}
    assert set(entry["inputs"]["excludedNamespaces"]) == spaces - INCLUDED
    assert not [name for name in entry["inputs"]["excludedNamespaces"] if name.startswith("llm")]
    known = {
        **entry["inputs"],
        "resourceUri": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/x/y",
    }
    assert ArmSchema.load(arm, SAFEGUARD).check(known) == []
    (cluster,) = [entry for entry in entries if entry["name"] == "cluster-aks"]
    assert cluster["inputs"]["addonProfiles"]["azurepolicy"] == {"enabled": True}


@pytest.mark.parametrize("stack", ALL)
def test_without_them_nothing_changes(stack: str) -> None:
    assert not [entry["urn"] for entry in entries_of(stack) if entry["type"].endswith(SAFEGUARD)]
    before = {item["metadata"]["name"] for item, _ in workloads(entries_of(stack)) if item["kind"] == "Deployment"}
    after = {item["metadata"]["name"] for item, _ in workloads(safeguarded(stack)) if item["kind"] == "Deployment"}
    assert before == after
