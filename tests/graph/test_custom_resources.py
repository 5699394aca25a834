"""Custom objects and Helm values are checked against the operators' real CRDs and the charts' own values."""

import copy
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import catalog
from simulators.helm.chart_values import schema_problems, unknown_paths
from tests.graph.crd_schema import Kind, kinds
from tests.graph.stacks import ALL, ROOT, Entry, entries_of, is_kubernetes

_REFERENCE = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared")
_RELEASE = "kubernetes:helm.sh/v3:Release"
Graph = tuple[Entry, ...]
# Kubernetes' own API groups; what is in none of them is custom.
_BUILT_IN = (
    "admissionregistration.k8s.io", "apps", "batch", "networking.k8s.io", "policy", "core", "rbac.authorization.k8s.io"
)  # fmt: skip


@pytest.fixture(scope="module")
def custom_kinds() -> dict[tuple[str, str], Kind]:
    return dict(kinds(_folder("crds")))


@pytest.fixture(scope="module")
def charts() -> Path:
    return _folder("charts")


@pytest.fixture(params=ALL)
def graph(request: pytest.FixtureRequest) -> Graph:
    return entries_of(request.param)


def test_every_custom_object_is_valid_by_its_definition(
    graph: Graph, custom_kinds: dict[tuple[str, str], Kind]
) -> None:
    problems, seen = [], set()
    for name, manifest in _custom(graph):
        kind = (str(manifest["apiVersion"]), str(manifest["kind"]))
        seen.add(kind[1])
        problems += [f"{name} {problem}" for problem in custom_kinds[kind].problems(manifest)]
    assert problems == []
    assert {
        "AIGatewayRoute", "AIServiceBackend", "Backend", "ClientTrafficPolicy", "EnvoyProxy",
        "ExternalSecret", "Gateway", "GatewayConfig", "GatewayClass", "PodMonitor", "PrometheusRule", "ScaledObject",
        "SecretStore", "SecurityPolicy", "ServiceMonitor",
    } <= seen  # fmt: skip


def test_every_helm_value_exists_in_its_chart(graph: Graph, charts: Path) -> None:
    found = {}
    for chart, release in _releases(graph).items():
        values, version = release.get("values", {}), release["version"]
        found[chart] = unknown_paths(chart, values, charts, version) + schema_problems(chart, values, charts, version)
    assert {chart: problems for chart, problems in found.items() if problems} == {}
    assert found.keys() == catalog.load().charts.keys()


def test_grafana_gets_no_password_from_the_program(graph: Graph) -> None:
    assert not {"adminPassword", "admin"} & set(_releases(graph)["kube-prometheus-stack"]["values"]["grafana"])


def test_the_autoscaler_queries_the_installed_prometheus(graph: Graph) -> None:
    release = _releases(graph)["kube-prometheus-stack"]
    prefix = release["values"]["fullnameOverride"]
    servers = {
        trigger["metadata"]["serverAddress"]
        for _, manifest in _custom(graph)
        if manifest["kind"] == "ScaledObject"
        for trigger in manifest["spec"]["triggers"]
    }
    assert servers == {f"http://{prefix}-prometheus.{release['namespace']}.svc:9090"}


def test_routes_are_admitted_and_only_openai_paths_pass(graph: Graph) -> None:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for _, manifest in _custom(graph):
        by_kind.setdefault(str(manifest["kind"]), []).append(manifest)
    (gateway,), (clients,) = (by_kind[kind] for kind in ("Gateway", "ClientTrafficPolicy"))
    admitted = gateway["spec"]["listeners"][0]["allowedRoutes"]["namespaces"]["selector"]["matchLabels"]
    labels = {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]["metadata"]["labels"]
        for entry in graph
        if entry["type"] == "kubernetes:core/v1:Namespace"
    }
    for route in by_kind["AIGatewayRoute"]:
        assert admitted.items() <= labels[route["metadata"]["namespace"]].items()
        assert route["spec"]["hostnames"] == [gateway["spec"]["listeners"][0]["hostname"]]
    # One for the listener of keys, and one for that of tokens where a stack has it.
    for policy in by_kind["SecurityPolicy"]:
        assert policy["spec"]["authorization"]["defaultAction"] == "Deny"
        (path,) = [rule["operation"]["path"] for rule in policy["spec"]["authorization"]["rules"]]
        assert path["type"] == "RegularExpression"
        assert re.fullmatch(path["value"], "/v1/chat/completions?stream=1")
        for closed in (
            "/v1", "/v1/", "/v1/models/", "/v1/load_lora_adapter", "/metrics", "/v1/models/x", "/x/v1/models",
        ):  # fmt: skip
            assert not re.fullmatch(path["value"], closed), closed
    matched = {
        header["name"]
        for route in by_kind["AIGatewayRoute"]
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
        for header in match["headers"]
    }
    (keys,) = [policy["spec"]["apiKeyAuth"] for policy in by_kind["SecurityPolicy"] if "apiKeyAuth" in policy["spec"]]
    trusted = matched | {keys["forwardClientIDHeader"]}
    assert trusted <= set(clients["spec"]["headers"]["earlyRequestHeaders"]["remove"])


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ScaledObject", ("spec", "triggers", 0, "metricTyp"), "AverageValue"),
        ("SecurityPolicy", ("spec", "apiKeyAuth", "extractFrom"), "Authorization"),
        ("Gateway", ("spec", "listeners", 0, "protocoll"), "HTTPS"),
        ("AIGatewayRoute", ("spec", "rules", 0, "timeouts", "request"), "ten minutes"),
        ("GatewayClass", ("metadata", "namespace"), "llm-gateway"),
    ],
)
def test_a_mistake_in_a_custom_object_is_found(
    custom_kinds: dict[tuple[str, str], Kind], kind: str, path: tuple[str | int, ...], value: str
) -> None:
    manifest = copy.deepcopy(next(manifest for _, manifest in _custom(entries_of("dev")) if manifest["kind"] == kind))
    holder: Any = manifest
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    assert custom_kinds[manifest["apiVersion"], kind].problems(manifest)


@pytest.mark.parametrize(
    ("chart", "values", "unknown"),
    [
        ("keda", {"crds": {"instal": True}, "nodeSelector": {"a": "b"}}, ["crds.instal"]),
        ("gpu-operator", {"node-feature-discovery": {"worker": {"toleration": []}}},
         ["node-feature-discovery.worker.toleration"]),
        ("gateway-helm", {"config": {"envoyGateway": {"extensionApi": {}}}}, ["config.envoyGateway.extensionApi"]),
        ("kube-prometheus-stack", {"grafana": {"grafana.ini": {"users": {}}, "nodeSelectors": {}}},
         ["grafana.nodeSelectors"]),
        ("ai-gateway-crds-helm", {"anything": 1}, ["anything"]),
    ],
)  # fmt: skip
def test_a_misspelt_helm_value_is_found(charts: Path, chart: str, values: dict[str, Any], unknown: list[str]) -> None:
    assert unknown_paths(chart, values, charts) == unknown


def _folder(name: str) -> Path:
    folder = _REFERENCE / name
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}: set REFERENCE_DIR")
    return folder


def _custom(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in graph:
        group = entry["type"].split(":")[1].rpartition("/")[0]
        if is_kubernetes(entry) and entry["type"] != _RELEASE and group and group not in _BUILT_IN:
            yield entry["name"], entry["inputs"]


def _releases(graph: Graph) -> dict[str, dict[str, Any]]:
    return {
        entry["inputs"]["chart"].rpartition("/")[2]: entry["inputs"] for entry in graph if entry["type"] == _RELEASE
    }
