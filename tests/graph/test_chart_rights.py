"""Charts' controllers have the narrowest rights that their charts offer, in every stack."""

from collections.abc import Mapping
from typing import Any

import pytest

from planning.plan.endpoint import HTTP_PORT_NAME
from simulators.helm.chart_rights import chart_rights
from simulators.helm.installed_charts import chart_name
from tests.graph.stacks import ALL, entries_of
from tests.graph.test_charts import default, only, releases
from tests.graph.test_gateway_versions import before

each_stack = pytest.mark.parametrize("stack", ALL)
# Their charts have no switch for less; docs/network.md says what that means.
EVERYWHERE = {"ai-gateway-controller", "cert-manager", "cert-manager-cainjector"}
SECRETS_OF_VAULT = {"external-secrets"}
FSACCESS = ("bearerTokenFile", "caFile", "certFile", "keyFile", "credentialsFile")


def values(stack: str, chart: str) -> dict[str, Any]:
    return releases(stack)[chart]["inputs"]["values"]


def readers(stack: str) -> dict[str, set[str]]:
    """Accounts of charts that may read Secrets by no name, and in which namespaces; `*` is all of them."""
    objects = [
        item
        for release in releases(stack).values()
        for item in chart_rights(chart_name(release["inputs"]), release["inputs"])
    ]
    own = [entry["inputs"] for entry in entries_of(stack) if "rbac.authorization.k8s.io" in entry["type"]]
    roles = {
        (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item["rules"]
        for item in (*objects, *own)
        if item["kind"] in ("Role", "ClusterRole")
    }
    found: dict[str, set[str]] = {}
    for item in (*objects, *own):
        if item["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            space, to = item["metadata"].get("namespace"), item["roleRef"]
            rules = roles[to["kind"], space if to["kind"] == "Role" else None, to["name"]]
            if any(reads_secrets(rule) for rule in rules):
                found.setdefault(item["subjects"][0]["name"], set()).add(space or "*")
    return found


def reads_secrets(rule: Mapping[str, Any]) -> bool:
    on = {"secrets", "*"} & set(rule.get("resources", ())) and {"", "*"} & set(rule.get("apiGroups", ()))
    return bool(on and {"get", "list", "watch", "*"} & set(rule["verbs"]) and not rule.get("resourceNames"))


@each_stack
def test_secrets_of_all_namespaces_are_open_only_to_those_whose_charts_know_nothing_less(stack: str) -> None:
    found = readers(stack)
    assert {account for account, spaces in found.items() if "*" in spaces} <= EVERYWHERE | SECRETS_OF_VAULT
    # Grafana is a web application, kube-state-metrics shows what it reads.
    assert not {name for name in found if name.endswith(("grafana", "kube-state-metrics"))}
    assert found["keda-operator"] == {"keda"}
    assert found["kube-prometheus-stack-operator"] == {"monitoring"}
    assert found["envoy-gateway"] == {"envoy-gateway-system", "llm", "llm-gateway"}


@each_stack
def test_the_webhook_of_external_secrets_has_its_certificate_from_cert_manager(stack: str) -> None:
    """Its chart's own controller would read every Secret of the cluster to write one."""
    release, issued_by = releases(stack)["external-secrets"], releases(stack)["cert-manager"]
    given = release["inputs"]["values"]
    assert given["certController"] == {"create": False}
    certificate = given["webhook"]["certManager"]
    assert certificate["enabled"]
    assert default("external-secrets", "webhook.certManager.addInjectorAnnotations")
    reference = certificate["cert"]["issuerRef"]
    issuer = only(stack, "Issuer", reference["name"])
    assert (reference["group"], reference["kind"]) == ("cert-manager.io", "Issuer")
    # An Issuer counts in its own namespace alone.
    assert issuer["inputs"]["metadata"]["namespace"] == release["inputs"]["namespace"]
    assert issuer["inputs"]["spec"] == {"selfSigned": {}}
    assert issued_by["urn"] in before(stack, issuer)
    assert {issuer["urn"], issued_by["urn"]} <= before(stack, release)


@each_stack
def test_the_autoscaler_scales_models_and_sees_nothing_else(stack: str) -> None:
    keda = values(stack, "keda")
    scaled = {
        entry["inputs"]["metadata"]["namespace"]
        for entry in entries_of(stack)
        if entry["inputs"].get("kind") == "ScaledObject"
    }
    assert scaled <= {keda["watchNamespace"]}
    assert keda["rbac"] == {"enabledCustomScaledRefKinds": False}
    # What it may then no longer read is used by none: no credentials, and no kind but Deployments.
    for entry in entries_of(stack):
        if entry["inputs"].get("kind") == "ScaledObject":
            spec = entry["inputs"]["spec"]
            assert spec["scaleTargetRef"]["kind"] in ("Deployment", "StatefulSet")
            assert not [trigger for trigger in spec["triggers"] if "authenticationRef" in trigger]
    # Its chart binds its role in the namespace.
    space = only(stack, "Namespace", keda["watchNamespace"])
    assert space["urn"] in before(stack, releases(stack)["keda"])


@each_stack
def test_grafana_reads_config_maps_of_its_own_namespace(stack: str) -> None:
    release = releases(stack)["kube-prometheus-stack"]
    grafana, space = release["inputs"]["values"]["grafana"], release["inputs"]["namespace"]
    assert grafana["rbac"]["namespaced"] is True
    role = only(stack, "Role", grafana["rbac"]["useExistingRole"])["inputs"]
    assert role["metadata"]["namespace"] == space
    assert role["rules"] == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
    for kind in ("dashboards", "datasources"):
        found = grafana["sidecar"][kind]
        assert (found["searchNamespace"], found["resource"]) == (space, "configmap")


@each_stack
def test_nothing_asks_for_metrics_of_secrets(stack: str) -> None:
    """They are no longer there."""
    rules = [rule for group in only(stack, "PrometheusRule")["inputs"]["spec"]["groups"] for rule in group["rules"]]
    assert rules
    assert not [rule["alert"] for rule in rules if "kube_secret_" in rule["expr"]]


@each_stack
def test_what_prometheus_does_is_decided_in_its_own_namespace(stack: str) -> None:
    release = releases(stack)["kube-prometheus-stack"]
    monitoring, space = release["inputs"]["values"], release["inputs"]["namespace"]
    own = {"matchLabels": {"kubernetes.io/metadata.name": space}}
    spec = monitoring["prometheus"]["prometheusSpec"]
    for kind in ("podMonitor", "serviceMonitor", "rule", "probe", "scrapeConfig"):
        assert spec[f"{kind}NamespaceSelector"] == own
    assert monitoring["alertmanager"]["alertmanagerSpec"]["alertmanagerConfigNamespaceSelector"] == own
    assert monitoring["prometheusOperator"]["namespaces"] == {"releaseNamespace": True}
    # The chart would put this monitor where the exporter is.
    exporter = monitoring["prometheus-node-exporter"]
    assert exporter["prometheus"] == {"monitor": {"enabled": False}}
    (scraped,) = only(stack, "ServiceMonitor", "node-exporter")["inputs"]["spec"]["namespaceSelector"]["matchNames"]
    assert scraped == exporter.get("namespaceOverride", space)
    # No object of this program is elsewhere, where it would count no longer.
    ours = [entry["inputs"] for entry in entries_of(stack) if "monitoring.coreos.com" in entry["type"]]
    assert {item["metadata"]["namespace"] for item in ours} == {space}


@each_stack
def test_no_monitor_names_a_file_of_prometheus(stack: str) -> None:
    """The operator rejects those that do, as the chart's own monitors of kubelets and API server."""
    monitoring = values(stack, "kube-prometheus-stack")
    assert monitoring["prometheus"]["prometheusSpec"]["arbitraryFSAccessThroughSMs"] == {"deny": True}
    for part in ("kubelet", "kubeApiServer"):
        assert monitoring[part]["serviceMonitor"]["enabled"] is False
    assert monitoring["coreDns"]["serviceMonitor"]["bearerTokenFile"] == ""
    for part in ("kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy"):
        assert monitoring[part] == {"enabled": False}
    for entry in entries_of(stack):
        if entry["inputs"].get("kind") in ("PodMonitor", "ServiceMonitor", "Probe", "ScrapeConfig"):
            text = str(entry["inputs"]["spec"])
            assert not [word for word in FSACCESS if word in text], entry["urn"]


@each_stack
def test_kubelets_and_api_server_are_scraped_under_the_names_that_the_charts_alerts_have(stack: str) -> None:
    jobs = values(stack, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]["additionalScrapeConfigs"]
    scraped = {}
    for job in jobs:
        labels = {rule["target_label"]: rule["replacement"] for rule in job["relabel_configs"] if "replacement" in rule}
        scraped[job.get("metrics_path", "/metrics"), labels.get("job", job["job_name"])] = labels
        assert job["authorization"]["credentials_file"] == "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert set(scraped) == {
        ("/metrics", "kubelet"),
        ("/metrics/cadvisor", "kubelet"),
        ("/metrics/probes", "kubelet"),
        ("/metrics", "apiserver"),
    }
    assert len({job["job_name"] for job in jobs}) == len(jobs)
    kubelets = [job for job in jobs if job["job_name"] != "apiserver"]
    for job in kubelets:
        copied = {rule["target_label"] for rule in job["relabel_configs"] if "source_labels" in rule}
        assert copied == {"node", "metrics_path"}


@each_stack
def test_metrics_are_dropped_as_the_charts_monitors_drop_them(stack: str) -> None:
    jobs = values(stack, "kube-prometheus-stack")["prometheus"]["prometheusSpec"]["additionalScrapeConfigs"]
    dropped = {
        job["job_name"]: [(rule["source_labels"], rule["regex"]) for rule in job["metric_relabel_configs"]]
        for job in jobs
    }
    for job, part, key in (
        ("kubelet", "kubelet", "metricRelabelings"),
        ("kubelet-cadvisor", "kubelet", "cAdvisorMetricRelabelings"),
        ("kubelet-probes", "kubelet", "probesMetricRelabelings"),
        ("apiserver", "kubeApiServer", "metricRelabelings"),
    ):
        chart = default("kube-prometheus-stack", f"{part}.serviceMonitor.{key}")
        assert dropped[job] == [(rule["sourceLabels"], rule["regex"]) for rule in chart]


@each_stack
def test_gpus_are_bought_for_what_our_own_monitor_of_models_says(stack: str) -> None:
    """Whatever else is scraped, wherever it runs, wears another job or loses the metrics of models."""
    monitor = only(stack, "PodMonitor", "vllm")["inputs"]
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == HTTP_PORT_NAME
    assert not endpoint.get("honorLabels")
    job = f'job="{monitor["metadata"]["namespace"]}/{monitor["metadata"]["name"]}"'
    for entry in entries_of(stack):
        if entry["inputs"].get("kind") == "ScaledObject":
            for trigger in entry["inputs"]["spec"]["triggers"]:
                query = trigger["metadata"]["query"]
                assert query.count("vllm:") == query.count(job) > 0
        if entry["inputs"].get("kind") in ("PodMonitor", "ServiceMonitor"):
            spec = entry["inputs"]["spec"]
            for scraped in spec.get("podMetricsEndpoints") or spec["endpoints"]:
                if scraped.get("honorLabels"):
                    assert {"action": "drop", "sourceLabels": ["__name__"], "regex": "vllm:.*"} in scraped[
                        "metricRelabelings"
                    ]


@each_stack
def test_sessions_of_tools_have_a_seed_that_nobody_knows(stack: str) -> None:
    """The chart makes one at random and keeps it in a Secret: its default of earlier versions was a published one."""
    assert "mcp" not in values(stack, "ai-gateway-helm")["controller"]
    assert default("ai-gateway-helm", "controller.mcp.sessionEncryption.seed") == ""
