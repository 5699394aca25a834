"""A chart brings its CRDs and its values are checked, as far as that goes without Helm."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from simulators.api_server.client import Client
from simulators.api_server.waiting import eventually
from simulators.kubernetes_provider.provider import HELM_RELEASE
from tests.cluster.harness import ClusterEngine
from tests.cluster.small_programs import Program, Run, operations
from tests.engine.harness import OperationRefusedError

pytestmark = pytest.mark.cluster
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
                    version="2.20.2",
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
    engine.kubernetes.releases.on_chart = lambda chart, values: charts.append((chart, values))
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
    engine.kubernetes.releases.failing.add("keda")
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
