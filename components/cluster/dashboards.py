"""Grafana's dashboards: a ConfigMap each, which Grafana's sidecar turns into files."""

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from observability.dashboards.boards import boards
from observability.dashboards.grafana import grafana_json
from planning.plan import DashboardsPlan, Json

# By this label and value the sidecar finds ConfigMaps, and by this annotation the folder that they go to.
_LABEL, _VALUE = "grafana_dashboard", "1"
_FOLDER = "grafana_folder"


class Dashboards(pulumi.ComponentResource):
    """The dashboards of the platform, beside those that kube-prometheus-stack brings."""

    def __init__(
        self,
        name: str,
        plan: DashboardsPlan,
        *,
        namespace: Namespace,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Dashboards", name, None, opts)
        for board in boards(plan):
            # Nothing refers to the name: the sidecar sees changes of a ConfigMap by itself.
            ConfigMap(
                f"{name}-{board.uid}",
                metadata=metadata(
                    f"dashboard-{board.uid}",
                    plan.namespace,
                    more_labels={_LABEL: _VALUE},
                    annotations={_FOLDER: plan.folder},
                ),
                data={f"{board.uid}.json": grafana_json(board, plan)},
                opts=in_cluster(self, cluster, namespace),
            )
        self.register_outputs({})


def sidecar_values(namespace: str, prometheus_replicas: int) -> dict[str, Json]:
    """Values of Grafana's sidecars: dashboards and data sources are ConfigMaps of one namespace.

    The chart's own dashboards stay on: they are of nodes, kubelets, the API server and Prometheus itself, which its
    alerts are about and these dashboards are not.
    """
    found: dict[str, Json] = {"searchNamespace": namespace, "resource": "configmap"}
    return {
        "dashboards": {
            **found,
            "label": _LABEL,
            "labelValue": _VALUE,
            "folderAnnotation": _FOLDER,
            "provider": {"foldersFromFilesStructure": True},
        },
        # The default one asks any replica of Prometheus, each of which has gaps of its own: one more for each replica.
        "datasources": {**found, "createPrometheusReplicasDatasources": prometheus_replicas > 1},
    }
