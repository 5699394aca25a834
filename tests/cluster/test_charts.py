"""A chart brings its CRDs and its values are checked, as far as that goes without Helm."""

import copy
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from rehearsal.cluster import ClusterEngine
from rehearsal.engine import OperationRefusedError
from simulators.api_server.client import Client
from simulators.api_server.waiting import eventually
from simulators.helm.crd_jobs import CrdJobs
from simulators.helm.installed_charts import InstalledCharts
from simulators.helm.reference_crds import reference_crds
from simulators.kubernetes_provider.provider import HELM_RELEASE
from simulators.provider_protocol.calls import RefusedError
from tests.cluster.small_programs import Program, Run, operations
from tests.engine.platform_stacks import REPOSITORY

pytestmark = pytest.mark.cluster
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
SCALED_OBJECT = {"scaleTargetRef": {"name": "d"}, "triggers": [{"type": "cpu", "metadata": {"value": "60"}}]}


def chart(values: dict[str, Any] | None = None, *, installed: bool = True, used: bool = False) -> Program:
    """KEDA's chart and, where it is used, one of its custom resources."""

    def program(provider: k8s.Provider) -> None:
        options = pulumi.ResourceOptions(provider=provider)
        namespace = k8s.core.v1.Namespace("n", metadata={"name": "keda"}, opts=options)
        needed: list[pulumi.Resource] = [namespace]
        if installed:
            needed.append(
                k8s.helm.v3.Release(
                    "keda",
                    name="keda",
                    namespace="keda",
                    chart="keda",
                    version="2.21.0",
                    values=values or {},
                    opts=pulumi.ResourceOptions(provider=provider, depends_on=[namespace]),
                )
            )
        if not used:
            return
        k8s.apiextensions.CustomResource(
            "scaled",
            api_version="keda.sh/v1alpha1",
            kind="ScaledObject",
            metadata={"name": "scaled", "namespace": "keda"},
            spec=SCALED_OBJECT,
            opts=pulumi.ResourceOptions(provider=provider, depends_on=needed),
        )

    return program


def test_a_chart_brings_its_crds_and_keeps_its_values(run: Run, engine: ClusterEngine, client: Client) -> None:
    charts: list[tuple[str, Any]] = []
    engine.kubernetes.chart_resources.on_chart = lambda chart, values: charts.append((chart, values))
    stack = run(chart({"operator": {"replicaCount": 2}}, used=True))
    stack.preview()
    stack.up()
    assert client.get("keda.sh/v1alpha1", "ScaledObject", "scaled", "keda")["spec"]["scaleTargetRef"]["name"] == "d"
    kept = engine.kubernetes.charts.find("keda/keda")
    assert kept is not None
    assert kept["values"] == {"operator": {"replicaCount": 2}}
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    run(chart({"operator": {"replicaCount": 1}}, used=True))
    assert operations(stack.up()) == {"keda": ("update",)}
    stack.destroy()
    assert charts == [
        ("keda", {"operator": {"replicaCount": 2}}),
        ("keda", {"operator": {"replicaCount": 1}}),
        ("keda", None),
    ]
    eventually(
        lambda: client.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", "scaledobjects.keda.sh") is None,
        "KEDA's CRDs go with it, since they are in its templates",
    )


def test_a_value_that_the_chart_does_not_have_is_refused(run: Run, client: Client) -> None:
    stack = run(chart({"operater": {"replicaCount": 2}}))
    with pytest.raises(OperationRefusedError, match="the chart keda has no value operater"):
        stack.up()
    assert client.list("v1", "Secret", "keda") == []


def test_a_custom_resource_before_its_crd_is_refused(run: Run) -> None:
    stack = run(chart(installed=False, used=True))
    stack.preview()
    with pytest.raises(
        OperationRefusedError, match=r'Verify that any required CRDs.*no matches for kind "ScaledObject"'
    ):
        stack.up()


def test_the_next_update_completes_a_chart_that_timed_out(run: Run, engine: ClusterEngine, client: Client) -> None:
    engine.kubernetes.chart_resources.failing.add("keda")
    stack = run(chart())
    with pytest.raises(OperationRefusedError, match="failed to become available within allocated timeout"):
        stack.up()
    states = {urn.rsplit("::", 1)[1]: one for urn, one in stack.resources().items() if one["type"] == HELM_RELEASE}
    assert states["keda"]["initErrors"]
    assert operations(stack.up()) == {"keda": ("update",)}
    labels = client.list("v1", "Secret", "keda")[0]["metadata"]["labels"]
    assert labels["status"] == "deployed"


def test_a_chart_is_not_deleted_before_its_custom_resources(run: Run, client: Client) -> None:
    stack = run(chart())
    stack.up()
    more = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "spec": SCALED_OBJECT}
    client.create({**more, "metadata": {"name": "someone-elses", "namespace": "default"}})
    with pytest.raises(OperationRefusedError, match=r"goes before its custom resources: .*default/someone-elses"):
        stack.destroy()
    client.delete("keda.sh/v1alpha1", "ScaledObject", "someone-elses", "default")


def route_keeps_new_field(client: Client, name: str) -> bool:
    """Whether the API server keeps the field of a rule that is new in version 1.2 of the AI gateway."""
    rule = {"backendRefs": [{"name": "m"}], "excludeFromModelsEndpoint": True}
    made = client.create(
        {
            "apiVersion": "aigateway.envoyproxy.io/v1beta1",
            "kind": "AIGatewayRoute",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"parentRefs": [{"name": "g"}], "rules": [rule]},
        }
    )
    client.delete("aigateway.envoyproxy.io/v1beta1", "AIGatewayRoute", name, "default")
    return "excludeFromModelsEndpoint" in made["spec"]["rules"][0]


def test_crds_in_templates_follow_the_version_of_their_chart(client: Client, arm: Path) -> None:
    """From the AI gateway's CRDs that recorded stacks have to those that are pinned today."""
    charts = InstalledCharts(client, arm.parent)
    pinned = yaml.safe_load((REPOSITORY / "catalog" / "charts.yaml").read_text())["entries"]["ai-gateway-crds-helm"]
    chart = {"chart": pinned["chart"], "name": "ai-gateway-crds-helm", "namespace": "default"}
    charts.install({**chart, "version": "v1.1.0"})
    assert not route_keeps_new_field(client, "before")
    charts.upgrade({**chart, "version": pinned["version"]})
    tries = itertools.count()
    eventually(lambda: route_keeps_new_field(client, f"after-{next(tries)}"), "the field of version 1.2 is kept")


def test_a_chart_with_roles_in_other_namespaces_needs_them(client: Client, arm: Path) -> None:
    watch = {"type": "Namespaces", "namespaces": ["default", "absent"]}
    values = {"config": {"envoyGateway": {"provider": {"kubernetes": {"watch": watch}}}}}
    chart = {"chart": "gateway-helm", "name": "gateway-helm", "namespace": "default", "version": "v1.9.2"}
    with pytest.raises(RefusedError, match='namespaces "absent" not found'):
        InstalledCharts(client, arm.parent).install({**chart, "values": values})


# CRDs in a `crds` folder, which Helm creates once.


def older(arm: Path, name: str, group: str, *field: str) -> dict[str, Any]:
    """A CRD as an earlier version of its chart had it: without one field of each version's schema."""
    crd = copy.deepcopy(
        next(crd for crd in reference_crds(arm.parent / "crds").of(group) if crd["metadata"]["name"] == name)
    )
    for version in crd["spec"]["versions"]:
        schema: Any = version["schema"]["openAPIV3Schema"]
        for step in field[:-1]:
            schema = schema["items"] if step == "[]" else schema["properties"][step]
        del schema["properties"][field[-1]]
    return crd


def group_limit(client: Client, name: str) -> Any:
    """What the API server keeps of the `limit` of a rule group."""
    rule = {"alert": "A", "expr": "vector(1)"}
    made = client.create(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"groups": [{"name": "g", "limit": 5, "rules": [rule]}]},
        }
    )
    return made["spec"]["groups"][0].get("limit")


def prometheus(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "chart": "kube-prometheus-stack", "name": "kube-prometheus-stack", "namespace": "default", "version": "88.5.3",
        "values": values,
    }  # fmt: skip


def test_helm_leaves_crds_of_a_crds_folder_as_they_are_and_new_fields_are_dropped(client: Client, arm: Path) -> None:
    charts = InstalledCharts(client, arm.parent)
    client.create(
        older(arm, "prometheusrules.monitoring.coreos.com", "monitoring.coreos.com", "spec", "groups", "[]", "limit")
    )
    charts.install(prometheus({}))
    eventually(lambda: client.resource("monitoring.coreos.com/v1", "PrometheusRule") is not None, "rules are served")
    assert group_limit(client, "installed") is None
    charts.upgrade(prometheus({}))
    assert group_limit(client, "upgraded") is None
    charts.upgrade(prometheus({"crds": {"upgradeJob": {"enabled": True}}}))
    eventually(lambda: _has_limit(client), "the hook has applied the chart's own CRDs")
    eventually(lambda: group_limit(client, "hooked") == 5 or not _removed(client, "hooked"), "the field is kept")


def _has_limit(client: Client) -> bool:
    crd = client.get(*CRD, "prometheusrules.monitoring.coreos.com")
    groups = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["groups"]
    return "limit" in groups["items"]["properties"]


def _removed(client: Client, name: str) -> bool:
    """Take a rule away to make it again: a changed CRD takes a moment to be the one that prunes."""
    client.delete("monitoring.coreos.com/v1", "PrometheusRule", name, "default")
    return True


def test_a_job_applies_the_crds_of_a_charts_version(client: Client, arm: Path) -> None:
    name = "securitypolicies.gateway.envoyproxy.io"
    path = ("spec", "authorization", "rules", "[]", "operation")
    client.create(older(arm, name, "gateway.envoyproxy.io", *path))
    pull = ["helm", "pull", "oci://docker.io/envoyproxy/gateway-helm", "--version", "v1.9.2", "--untar"]
    apply = ["kubectl", "apply", "--server-side", "--force-conflicts", "--recursive", "--filename", "/work"]
    containers = [{"name": str(at), "image": "i", "command": command} for at, command in enumerate((pull, apply))]
    spec = {"restartPolicy": "Never", "initContainers": containers[:1], "containers": containers[1:]}
    with CrdJobs(client, arm.parent):
        client.create(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "crds", "namespace": "default"},
                "spec": {"template": {"spec": spec}},
            }
        )

        def has_operation() -> bool:
            schema: Any = client.get(*CRD, name)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
            for step in path[:-1]:
                schema = schema["items"] if step == "[]" else schema["properties"][step]
            return "operation" in schema["properties"]

        eventually(has_operation, "the Job has applied the field that was new in this version")
