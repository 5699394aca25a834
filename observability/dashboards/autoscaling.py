"""The dashboard of scaling: wanted and ready replicas, the load that decides, and the nodes that they need."""

from observability.dashboards.board import Board, Choice, Limit, Panel, Query, Section
from observability.dashboards.selecting import MOST_QUERIES, POOL_LABEL, in_namespace, left_out, pool_choice
from observability.object_conditions import condition
from planning.plan import DashboardsPlan, ShownWorkloadPlan, metrics

_LEGEND = "{{deployment}}"


def autoscaling_board(plan: DashboardsPlan) -> Board:
    """The dashboard of a stack's replicas and nodes."""
    workload = Choice(name="workload", label="Workload", values=tuple(workload.name for workload in plan.workloads))
    return Board(
        uid="llm-autoscaling",
        title="LLM autoscaling",
        description="How many replicas there are, how many there should be, and what they wait for.",
        choices=(workload, pool_choice(plan)),
        sections=(_replicas(plan), _load(plan), _nodes(plan)),
    )


def _deployments(plan: DashboardsPlan, metric: str) -> str:
    series = in_namespace(plan.models_namespace, metric, 'deployment=~"$workload"')
    return f"max by (deployment) ({series})"


def _autoscalers(plan: DashboardsPlan, metric: str, *more: str) -> str:
    named = 'horizontalpodautoscaler=~"keda-hpa-($workload)"'
    return f"max by (horizontalpodautoscaler) ({in_namespace(plan.models_namespace, metric, named, *more)})"


def _replicas(plan: DashboardsPlan) -> Section:
    pending = in_namespace(plan.models_namespace, metrics.POD_PHASE, 'phase="Pending"')
    return Section(
        "Replicas",
        (
            Panel(
                title="Wanted and available replicas",
                description="Wanted by the Deployment, and ready to answer. Apart for longer than a start takes, a "
                "replica doesn't start or waits for a node.",
                unit="short",
                queries=(
                    Query(_deployments(plan, metrics.DEPLOYMENT_REPLICAS_WANTED), f"wanted {_LEGEND}"),
                    Query(_deployments(plan, metrics.DEPLOYMENT_REPLICAS_AVAILABLE), f"available {_LEGEND}"),
                ),
                decimals=0,
                width=12,
            ),
            Panel(
                title="What the autoscaler wants, and its bounds",
                description="At its highest for long, more replicas would be started if replicas.max allowed them.",
                unit="short",
                queries=tuple(
                    Query(_autoscalers(plan, metric), f"{legend} {{{{horizontalpodautoscaler}}}}")
                    for metric, legend in (
                        (metrics.AUTOSCALER_REPLICAS_WANTED, "wants"),
                        ("kube_horizontalpodautoscaler_spec_min_replicas", "least"),
                        (metrics.AUTOSCALER_MOST_REPLICAS, "most"),
                    )
                ),
                decimals=0,
                width=12,
            ),
            Panel(
                title="Unavailable replicas",
                description="Wanted and not ready: they start, wait for a node, or fail.",
                unit="short",
                queries=(Query(_deployments(plan, "kube_deployment_status_replicas_unavailable"), _LEGEND),),
                limits=(Limit(1, "orange"),),
                decimals=0,
            ),
            Panel(
                title="Pods of models without a node",
                description="Pending: no node has room for them, or their images and volumes are being fetched.",
                unit="short",
                queries=(
                    Query(
                        f"count(max by (pod) ({pending}) == 1) or vector(0)",
                        "pending",
                    ),
                ),
                limits=(Limit(1, "orange"),),
                decimals=0,
            ),
            Panel(
                title="Autoscalers that can't act, or would like more",
                description="1 where the autoscaler has no value from KEDA (ScalingActive is false), and where its "
                "bounds hold it back (ScalingLimited is true).",
                unit="short",
                queries=(
                    Query(
                        _autoscalers(plan, metrics.AUTOSCALER_CONDITION, 'condition="ScalingActive"', 'status="false"'),
                        "inactive {{horizontalpodautoscaler}}",
                    ),
                    Query(
                        _autoscalers(plan, metrics.AUTOSCALER_CONDITION, 'condition="ScalingLimited"', 'status="true"'),
                        "limited {{horizontalpodautoscaler}}",
                    ),
                ),
                limits=(Limit(1, "orange"),),
                decimals=0,
            ),
        ),
    )


def _load(plan: DashboardsPlan) -> Section:
    drawn, without = plan.workloads[:MOST_QUERIES], left_out(len(plan.workloads))
    return Section(
        "Load",
        (
            Panel(
                title="Load by KEDA's own query",
                description="Requests that wait and run. KEDA adds a replica when there are more for each than: "
                + ", ".join(f"{workload.target} of {workload.name}" for workload in drawn)
                + f". Fixed workloads, whose fewest and most replicas are equal, stay as they are.{without}",
                unit="short",
                queries=tuple(Query(workload.load, workload.name) for workload in drawn),
                width=12,
            ),
            Panel(
                title="Load of a replica, as a share of its target",
                description=f"Above 1 KEDA adds a replica, as long as there may be more.{without}",
                unit="percentunit",
                queries=tuple(Query(_share(plan, workload), workload.name) for workload in drawn),
                limits=(Limit(1),),
                width=12,
            ),
            Panel(
                title="KEDA without metrics",
                description="Fallback is 1 where KEDA uses a number of its own, Ready 0 where it is not ready: "
                "replicas then stay as they are, whatever the load (alert AutoscalerWithoutMetrics).",
                unit="short",
                queries=(
                    Query(
                        condition("ScaledObject", "Fallback|Ready|Paused", by="name, condition"),
                        "{{condition}} {{name}}",
                    ),
                ),
                width=24,
                decimals=0,
                maximum=1,
            ),
        ),
    )


def _share(plan: DashboardsPlan, workload: ShownWorkloadPlan) -> str:
    named = in_namespace(plan.models_namespace, metrics.DEPLOYMENT_REPLICAS_WANTED, f'deployment="{workload.name}"')
    return f"({workload.load}) / (sum({named}) * {workload.target})"


def _nodes(plan: DashboardsPlan) -> Section:
    devices = f'{metrics.NODE_ALLOCATABLE}{{resource=~"nvidia_com_.+"}}'
    bounds = ", ".join(f"{pool.min_nodes} to {pool.max_nodes} in {pool.name}" for pool in plan.pools)
    return Section(
        "Nodes",
        (
            Panel(
                title="Nodes by pool",
                description=f"As planned: {bounds}. Those without a pool are system nodes.",
                unit="short",
                queries=(
                    Query(
                        f'count by ({POOL_LABEL}) ({metrics.NODE_LABELS}{{{POOL_LABEL}=~"$pool"}})',
                        f"{{{{{POOL_LABEL}}}}}",
                    ),
                ),
                decimals=0,
            ),
            Panel(
                title="Nodes that are not ready",
                description="By their kubelet, or because it no longer answers.",
                unit="short",
                queries=(
                    Query(
                        f'sum(max by (node) ({metrics.NODE_CONDITION}{{condition="Ready",status!="true"}}))',
                        "not ready",
                    ),
                ),
                limits=(Limit(1),),
                decimals=0,
            ),
            Panel(
                title="Devices that nodes offer",
                description="GPUs, slices and shares: with fewer than the pool's layout says, the device plugin or "
                "the MIG manager isn't done.",
                unit="short",
                queries=(
                    Query(
                        f"sum by (resource) (max by (node, resource) ({devices}))",
                        "{{resource}}",
                    ),
                ),
                decimals=0,
            ),
        ),
    )
