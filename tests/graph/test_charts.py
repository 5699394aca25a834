"""What each chart needs that is not in it: CRDs that follow its version, certificates, requests, room on its nodes."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
from catalog import SystemContainer
from planning.plan.system_pods import REPLICAS, REQUESTS
from simulators.helm.chart_values import reference_file
from tests.graph.stacks import ALL, ROOT, Entry, entries_of, is_kubernetes

CATALOG = catalog.load()
REFERENCE = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared")
# The value of a chart that switches on the hook which updates its CRDs.
HOOKS = {"gpu-operator": "operator.upgradeCRD", "kube-prometheus-stack": "crds.upgradeJob.enabled"}
each_stack = pytest.mark.parametrize("stack", ALL)


def releases(stack: str) -> dict[str, Entry]:
    return {entry["inputs"]["name"]: entry for entry in entries_of(stack) if entry["type"].endswith(":Release")}


def at(values: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    for step in path.split("."):
        values = values.get(step) if isinstance(values, Mapping) else None
    return values


def default(chart: str, path: str) -> Any:
    # A chart inside another one has no version of its own in the catalog.
    version = CATALOG.charts[chart].version if chart in CATALOG.charts else ""
    file = reference_file(REFERENCE / "charts", chart, version, "values.yaml")
    if not file.is_file():
        pytest.skip(f"no reference data at {file}: set REFERENCE_DIR")
    return at(yaml.load(file.read_text(), Loader=yaml.CSafeLoader), path)


def only(stack: str, kind: str, name: str | None = None) -> Entry:
    (found,) = (
        entry
        for entry in entries_of(stack)
        if is_kubernetes(entry)
        and entry["type"].endswith(f":{kind}")
        and (name is None or entry["inputs"]["metadata"]["name"] == name)
    )
    return found


def crd_job(stack: str, chart: Entry) -> Entry:
    """The Job that applies the CRDs of a chart."""
    (found,) = (
        entry
        for entry in entries_of(stack)
        if entry["type"].endswith(":Job") and entry["urn"] in chart["options"]["depends_on"]
    )
    return found


@each_stack
@pytest.mark.parametrize("name", CATALOG.charts)
def test_something_updates_the_crds_of_every_chart(stack: str, name: str) -> None:
    """Helm creates CRDs of a `crds` folder at the first installation and never touches them again."""
    chart, release = CATALOG.charts[name], releases(stack)[name]
    assert not release["inputs"].get("skipCrds")
    match chart.crds_in, chart.crds_updated_by:
        case None | "templates", None:
            # Helm updates what is in templates by itself.
            assert chart.crds_in or not chart.crd_groups
        case "crds", "hook":
            value = at(release["inputs"]["values"], HOOKS[name])
            assert (default(name, HOOKS[name]) if value is None else value) is True
        case "crds", "job":
            steps = crd_job(stack, release)["inputs"]["spec"]["template"]["spec"]
            fetch, apply = (step["command"] for step in steps["initContainers"])
            assert chart.chart in fetch
            assert fetch[fetch.index("--version") + 1] == chart.version
            assert {"--server-side", "--force-conflicts"} <= set(apply)
            (compare,) = (container["command"] for container in steps["containers"])
            assert any(chart.crd_bundle and f"={chart.crd_bundle.version}" in part for part in compare)
        case place, updater:
            pytest.fail(f"{name}: CRDs in {place}, updated by {updater}")


@each_stack
def test_no_object_is_of_a_group_whose_crds_stay_as_they_were(stack: str) -> None:
    left = {group for chart in CATALOG.charts.values() for group in chart.crd_groups_not_updated}
    assert left
    groups = {str(entry["inputs"].get("apiVersion") or "").partition("/")[0] for entry in entries_of(stack)}
    assert not left & groups


@each_stack
def test_jobs_and_hooks_that_update_crds_run_fixed_versions_on_system_nodes(stack: str) -> None:
    prometheus = releases(stack)["kube-prometheus-stack"]["inputs"]["values"]["crds"]["upgradeJob"]
    pod = crd_job(stack, releases(stack)["gateway-helm"])["inputs"]["spec"]["template"]["spec"]
    images = [f"{image['repository']}:{image['tag']}" for image in prometheus["image"].values()]
    images += [container["image"] for container in (*pod["initContainers"], *pod["containers"])]
    assert not [image for image in images if image.endswith(":latest") or ":" not in image]
    for spec in (prometheus, pod):
        assert spec["nodeSelector"] == {"kubernetes.azure.com/mode": "system"}
        assert spec["tolerations"]


@each_stack
def test_the_job_may_write_crds_and_nothing_else(stack: str) -> None:
    role = only(stack, "ClusterRole", "gateway-helm-crds")
    (rule,) = role["inputs"]["rules"]
    assert rule["resources"] == ["customresourcedefinitions"]
    assert "delete" not in rule["verbs"]
    binding = only(stack, "ClusterRoleBinding", "gateway-helm-crds")
    assert binding["urn"] in crd_job(stack, releases(stack)["gateway-helm"])["options"]["depends_on"]


@each_stack
def test_the_webhook_of_the_ai_gateway_has_a_certificate_that_is_renewed(stack: str) -> None:
    release, issuer = releases(stack)["ai-gateway-helm"], releases(stack)["cert-manager"]
    webhook = release["inputs"]["values"]["controller"]["mutatingWebhook"]
    assert webhook["certManager"] == {"enable": True}
    # The chart's own Secret is deleted by Helm when the chart no longer makes it.
    assert webhook["tlsCertSecretName"] != default("ai-gateway-helm", "controller.mutatingWebhook.tlsCertSecretName")
    assert issuer["urn"] in release["options"]["depends_on"]
    assert issuer["inputs"]["values"]["crds"] == {"enabled": True}
    assert only(stack, "PodMonitor", "cert-manager")["inputs"]["spec"]["namespaceSelector"] == {
        "matchNames": [issuer["inputs"]["namespace"]]
    }
    rules = [rule for group in only(stack, "PrometheusRule")["inputs"]["spec"]["groups"] for rule in group["rules"]]
    alerts = {rule["alert"]: rule["expr"] for rule in rules if "alert" in rule}
    assert "certmanager_certificate_expiration_timestamp_seconds" in alerts["CertificateNotRenewed"]
    assert "envoy_server_days_until_first_cert_expiring" in alerts["GatewayCertificateEnds"]
    assert "apiserver_admission_webhook_rejection_count" in alerts["WebhookFails"]


@each_stack
def test_every_container_of_a_proxy_requests_cpu(stack: str) -> None:
    """The autoscaler of the proxies asks for a share of CPU requests, and stops at a container that has none."""
    gateway, config, proxy = (only(stack, kind) for kind in ("Gateway", "GatewayConfig", "EnvoyProxy"))
    annotations = gateway["inputs"]["metadata"]["annotations"]
    assert annotations["aigateway.envoyproxy.io/gateway-config"] == config["inputs"]["metadata"]["name"]
    assert config["inputs"]["metadata"]["namespace"] == gateway["inputs"]["metadata"]["namespace"]
    assert config["urn"] in gateway["options"]["depends_on"]
    injected = config["inputs"]["spec"]["extProc"]["kubernetes"]["resources"]
    spec = proxy["inputs"]["spec"]["provider"]["kubernetes"]
    assert [metric["resource"]["name"] for metric in spec["envoyHpa"]["metrics"]] == ["cpu"]
    for resources in (injected, spec["envoyDeployment"]["container"]["resources"]):
        assert {"cpu", "memory"} <= set(resources["requests"])
        assert resources["limits"]["memory"]
    spread = {rule["topologyKey"] for rule in spec["envoyDeployment"]["pod"]["topologySpreadConstraints"]}
    assert spread == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def containers() -> Iterator[tuple[str, str, SystemContainer]]:
    for chart, pods in CATALOG.system_pods.charts.items():
        yield from ((chart, pod.name, container) for pod in pods for container in pod.containers)


# Containers that Envoy Gateway makes without a limit, and offers no value for.
UNLIMITED = {("gateway-helm", "proxies", "shutdown-manager")}


def test_every_container_on_system_nodes_has_requests_and_a_memory_limit() -> None:
    """One that requests nothing counts as nothing for the scheduler, and is killed first when memory runs out.

    One without a limit takes the memory of others instead of being restarted.
    """
    unlimited = set()
    for chart, pod, container in containers():
        place = (chart, pod, container.name)
        if container.values is None:
            assert container.cpu_millicores, place
            assert container.memory_mib, place
            if not container.memory_limit_mib:
                unlimited.add(place)
        else:
            ours = REQUESTS[chart][container.values]
            assert 0 < ours.memory_mib <= ours.memory_limit_mib, place
    assert unlimited == UNLIMITED


def test_jobs_of_charts_have_requests_and_limits_where_the_chart_takes_them() -> None:
    for chart, jobs in CATALOG.system_pods.hooks.items():
        for job, values in jobs.items():
            if values is not None:
                assert REQUESTS[chart][values].memory_limit_mib, (chart, job)
    without = {chart for chart, jobs in CATALOG.system_pods.hooks.items() if None in jobs.values()}
    assert without == {"gpu-operator"}
    counted = {(chart, container.values) for chart, _, container in containers() if container.values is not None}
    # Whatever this program sizes is a container that is counted, or a Job.
    sized = {(chart, path) for chart, paths in REQUESTS.items() for path in paths}
    jobs = {(chart, path) for chart, found in CATALOG.system_pods.hooks.items() for path in found.values() if path}
    assert sized == counted | jobs


@pytest.mark.parametrize(
    ("chart", "path", "index"),
    [
        ("gateway-helm", "deployment.envoyGateway.resources.limits.memory", 0),
        ("keda", "resources.operator.limits.memory", 0),
        ("keda", "resources.metricServer.limits.memory", 1),
        ("keda", "resources.webhooks.limits.memory", 2),
        ("gpu-operator", "operator.resources.limits.memory", 0),
    ],
)
def test_limits_that_are_left_to_the_chart_are_those_of_its_values(chart: str, path: str, index: int) -> None:
    counted = CATALOG.system_pods.charts[chart][index].containers[0]
    assert default(chart, path) == f"{counted.memory_limit_mib}Mi"


@pytest.mark.parametrize(("name", "index"), [("master", 1), ("gc", 2)])
def test_limits_of_the_chart_inside_the_gpu_operators_are_its_own(name: str, index: int) -> None:
    counted = CATALOG.system_pods.charts["gpu-operator"][index].containers[0]
    assert counted.name == name
    assert (
        default("node-feature-discovery", f"{name}.resources.limits.memory") == f"{counted.memory_limit_mib // 1024}Gi"
    )


@each_stack
def test_what_is_counted_is_what_the_charts_get(stack: str) -> None:
    for name, release in releases(stack).items():
        values = release["inputs"].get("values", {})
        for path, requests in REQUESTS.get(name, {}).items():
            assert at(values, path) == requests.resources(), f"{name} {path}"
        for path, replicas in REPLICAS.get(name, {}).items():
            assert at(values, path) == replicas, f"{name} {path}"
    assert set(CATALOG.system_pods.charts) == set(CATALOG.charts)


@pytest.mark.parametrize(
    ("chart", "path", "requests"),
    [
        ("gateway-helm", "deployment.envoyGateway.resources.requests", {"cpu": "100m", "memory": "256Mi"}),
        ("keda", "resources.operator.requests", {"cpu": "100m", "memory": "100Mi"}),
        ("gpu-operator", "operator.resources.requests", {"cpu": "200m", "memory": "100Mi"}),
    ],
)
def test_requests_that_are_left_to_the_chart_are_those_of_its_values(
    chart: str, path: str, requests: dict[str, str]
) -> None:
    assert default(chart, path) == requests
    counted = CATALOG.system_pods.charts[chart][0].containers[0]
    assert requests == {"cpu": f"{counted.cpu_millicores}m", "memory": f"{counted.memory_mib}Mi"}


@each_stack
def test_metrics_of_a_node_come_from_every_node_whatever_its_taints(stack: str) -> None:
    values = releases(stack)["kube-prometheus-stack"]["inputs"]["values"]
    assert values["prometheus-node-exporter"]["tolerations"] == [{"operator": "Exists"}]


@each_stack
def test_controllers_that_others_wait_for_have_a_second_one_and_a_disruption_budget(stack: str) -> None:
    envoy, ai, secrets = (
        releases(stack)[name]["inputs"]["values"] for name in ("gateway-helm", "ai-gateway-helm", "external-secrets")
    )
    assert (
        envoy["deployment"]["replicas"] == ai["controller"]["replicaCount"] == secrets["webhook"]["replicaCount"] == 2
    )
    assert envoy["podDisruptionBudget"] == {"minAvailable": 1}
    assert ai["controller"]["podDisruptionBudget"]["enabled"]
    assert secrets["webhook"]["podDisruptionBudget"] == {"enabled": True, "minAvailable": 1}


@each_stack
def test_keda_starts_without_the_registry(stack: str) -> None:
    assert releases(stack)["keda"]["inputs"]["values"]["image"]["pullPolicy"] == "IfNotPresent"


def test_records_of_charts_with_crds_in_templates_have_room_for_the_next_version() -> None:
    """A Secret takes 1,048,576 bytes; Helm compresses a chart and its manifest, CRDs in templates twice, into one."""
    known = {name: chart.record_bytes for name, chart in CATALOG.charts.items() if chart.record_bytes is not None}
    assert {name: size for name, size in known.items() if size > 1_048_576 * 0.9} == {}
