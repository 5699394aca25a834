"""What Prometheus sends to a store outside the cluster, and how it gets there."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

from components.cluster.labels import PROMETHEUS_PODS
from components.cluster.named_hosts import reach_by_name
from components.cluster.network_policies import https, opening
from components.foundation import KubernetesCluster, MetricsStore, PodIdentities
from observability.rule_groups import recorded_names
from planning.plan import Json, MonitoringPlan, RemoteWritePlan

_POLICY = "remote-write"
_EVERYTHING = "0.0.0.0/0"
# Labels by which the operator marks replicas, and Prometheus objects: pkg/prometheus/promcfg.go, buildExternalLabels.
_REPLICA, _SERVER = "prometheus_replica", "prometheus"


def remote_write_traffic(plan: MonitoringPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """The way to the store, where no policy by names has it: its addresses change without notice."""
    if plan.remote_write is None or plan.remote_write.hosts:
        return {}
    return {_POLICY: opening(PROMETHEUS_PODS, egress=[https(_EVERYTHING, but=plan.traffic.not_internet)])}


def remote_write(
    name: str, plan: MonitoringPlan, store: MetricsStore | None, *, identities: PodIdentities,
    cluster: KubernetesCluster, parent: pulumi.Resource, space: pulumi.Resource,
) -> tuple[dict[str, Json], list[pulumi.Resource]]:  # fmt: skip
    """Values of the chart by which its Prometheus sends to the store, and what its pods wait for; nothing without one.

    Every replica has the same samples: one sends, without the labels that tell replicas apart.
    """
    remote = plan.remote_write
    if remote is None or store is None:
        return {}, []
    identity = identities.identity(plan.chart.namespace, remote.service_account, parent=parent)
    send: dict[str, Any] = {**store.remote_write(identity), "writeRelabelConfigs": _relabelings(plan, remote)}
    values: dict[str, Any] = {
        "serviceAccount": {"annotations": dict(identity.annotations)},
        "prometheusSpec": {
            "podMetadata": {"labels": dict(remote.pod_labels)},
            "externalLabels": dict(remote.labels),
            "remoteWrite": [send],
        },
    }
    named = reach_by_name(
        f"{name}-{_POLICY}-by-name", _POLICY, plan.chart.namespace, PROMETHEUS_PODS, remote.hosts, parent=parent,
        cluster=cluster, space=space,
    )  # fmt: skip
    return {"prometheus": values}, [*identity.ready, *named]


def _relabelings(plan: MonitoringPlan, remote: RemoteWritePlan) -> list[Json]:
    """Prometheus relabels what it sends after external labels are added: storage/remote/queue_manager.go."""
    kept: list[Json] = [
        {"action": "keep", "sourceLabels": [_REPLICA], "regex": remote.sender},
        {"action": "labeldrop", "regex": f"{_REPLICA}|{_SERVER}"},
    ]
    names: Sequence[str] = recorded_names(plan) if remote.rules_outside else ()
    if not names:
        return kept
    # Recorded there too: each series would be there twice.
    return [*kept, {"action": "drop", "sourceLabels": ["__name__"], "regex": "|".join(names)}]
