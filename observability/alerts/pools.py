"""The alerts on pools of GPU nodes, against what the stack file says that they have."""

import re

from observability.alerts.starting import pods_of
from observability.rule import Alert
from planning.plan import MonitoringPlan, WatchedPool, metrics
from planning.plan.labels import POOL, in_prometheus

_POOL_LABEL = f"label_{in_prometheus(POOL)}"


def pool_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Rules for each pool; its name is the label `pool`."""
    return [alert for pool in plan.watch.pools for alert in _of_pool(plan, pool)]


def _of_pool(plan: MonitoringPlan, pool: WatchedPool) -> list[Alert]:
    labels = {"pool": pool.name}
    # By node: while the exporter is replaced, Prometheus has each series twice for some minutes.
    nodes = f'max by (node) ({metrics.NODE_LABELS}{{{_POOL_LABEL}="{pool.name}"}})'
    waiting = pods_of([workload for workload in plan.watch.workloads if workload.pool == pool.name])
    # A pod that is not in that state has no series.
    pods = f'count({metrics.POD_UNSCHEDULABLE}{{namespace="{plan.models_namespace}",pod=~"{waiting}"}})'
    none = f"0 * count({metrics.NODE_LABELS})"
    ready = f'max by (node) ({metrics.NODE_CONDITION}{{condition="Ready",status="true"}}) == 1'
    alerts = []
    if waiting:
        alerts += [
            Alert(
                name="GPUPoolFull",
                expression=f"count({nodes}) >= {pool.max_nodes} and on () {pods}",
                wait="15m",
                severity="warning",
                summary=f"pods wait for the pool {pool.name}, which has all {pool.max_nodes} nodes that it may have",
                impact="replicas that load calls for don't start: requests wait, or are refused",
                owner="models",
                labels=labels,
            ),
            Alert(
                # The autoscaler and the quota are Azure's, and have no metrics here: this is what they do.
                name="GPUPoolNotGrowing",
                expression=f"{pods} unless on () count({nodes}) >= {pool.max_nodes}",
                wait="20m",
                severity="critical",
                summary=f"pods wait for the pool {pool.name}, and it gets no node: no quota, no machines, or the "
                "autoscaler fails",
                impact="the capacity that was planned can't be had: requests wait, or are refused",
                owner="platform",
                labels=labels,
            ),
        ]
    if pool.min_nodes:
        alerts.append(
            Alert(
                # None is 0, unless nothing is known of any node.
                name="GPUNodesMissing",
                expression=f"(count({ready} and on (node) {nodes}) or {none}) <= {pool.min_nodes - 1}",
                wait="15m",
                severity="critical",
                summary=f"the pool {pool.name} has {{{{ $value }}}} ready nodes of {pool.min_nodes} that always run",
                impact="fewer replicas than planned, and none to spare for an update or a second fault",
                owner="gpus",
                labels=labels,
            )
        )
    # A node whose last device is gone offers none: GPUNodeWithoutGPUs.
    for resource, per_node in pool.resources:
        if per_node > 1:
            offered = f'{metrics.NODE_ALLOCATABLE}{{resource="{re.sub(r"[^A-Za-z0-9_]", "_", resource)}"}}'
            alerts.append(
                Alert(
                    name="GPULost",
                    expression=f"(max by (node) ({offered}) > 0) < {per_node} and on (node) {nodes}",
                    wait="15m",
                    severity="critical",
                    summary='{{ $labels.node }} offers {{ $value | printf "%.0f" }} '
                    f"of {per_node} {resource}: the device plugin took the others out of service",
                    impact="fewer replicas find room on the node than planned, and one of its GPUs is probably broken",
                    owner="gpus",
                    labels={**labels, "resource": resource},
                )
            )
    return alerts
