"""The alerts on pods of models that don't start, or don't stay."""

from collections.abc import Sequence

from observability.rule import Alert
from planning.plan import MonitoringPlan, WatchedWorkload, metrics

_POD = "namespace, pod"
_NAMED = "{{ $labels.pod }}"
_WEIGHTS = "weights"
# What a container can't get before it starts: its image, or a Secret or ConfigMap that it names.
_NOT_STARTED = "ImagePullBackOff|ErrImagePull|InvalidImageName|CreateContainerConfigError|CreateContainerError"


def starting_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on pods from the wish for one to its readiness, and on those that end and start again."""
    of = f'namespace="{plan.models_namespace}"'
    return [
        Alert(
            name="ModelPodUnschedulable",
            expression=f"max by ({_POD}) ({metrics.POD_UNSCHEDULABLE}{{{of}}}) == 1",
            wait="15m",
            severity="warning",
            summary=f"{_NAMED} finds no node with room for it",
            impact="one replica fewer than wanted: requests wait, and an update may not get on",
            owner="platform",
        ),
        Alert(
            name="ModelStartSlow",
            expression=_over_budget(plan),
            wait="5m",
            severity="warning",
            summary=f"{_NAMED} has a node for longer than its model may take to start, and is not ready",
            impact="one replica fewer than wanted, on a GPU that is paid for",
            owner="models",
        ),
        Alert(
            name="ModelRestarts",
            expression=f"sum by ({_POD}) (increase({metrics.RESTARTS}{{{of}}}[1h])) > 2",
            wait=None,
            severity="critical",
            summary=f'{_NAMED} started again {{{{ $value | printf "%.0f" }}}} times within an hour',
            impact="each restart loses the replica's requests, and it is away until the weights are loaded again",
            owner="models",
        ),
        Alert(
            name="ModelOutOfMemory",
            expression=f'max by ({_POD}) ({metrics.LAST_END}{{{of},reason="OOMKilled"}}) == 1 '
            f"and on ({_POD}) sum by ({_POD}) (increase({metrics.RESTARTS}{{{of}}}[30m])) > 0",
            wait=None,
            severity="warning",
            summary=f"{_NAMED} was killed: it took more memory of its node than it may (not of the GPU)",
            impact="the replica's requests are lost, and it will be killed again under the same load",
            owner="models",
        ),
        Alert(
            # The init container compares what is stored with the manifest; it fails for good where they differ.
            name="WeightsFail",
            expression=f"max by ({_POD}) "
            f'({metrics.INIT_WAITS}{{{of},container="{_WEIGHTS}",reason="CrashLoopBackOff"}}) == 1',
            wait="5m",
            severity="critical",
            summary=f"the weights of {_NAMED} are not those of the manifest, or can't be read",
            impact="no new replica of the model starts; if somebody changed the weights, that is why",
            owner="security",
        ),
        Alert(
            # While it tries again the reason changes back and forth: it is no label of the alert.
            name="ModelImageMissing",
            expression=f'max by ({_POD}) ({metrics.WAITS}{{{of},reason=~"{_NOT_STARTED}"}}) == 1',
            wait="10m",
            severity="critical",
            summary=f"{_NAMED} can't start: its image can't be had, or a Secret that it names is not there",
            impact="no new replica of the model starts, also none that replaces a lost one",
            owner="platform",
        ),
    ]


def pods_of(workloads: Sequence[WatchedWorkload]) -> str:
    """Pattern of the names of their pods."""
    return pods_named([workload.name for workload in workloads])


def pods_named(deployments: Sequence[str]) -> str:
    """Pattern of the names of Deployments' pods: the Deployment's, with a ReplicaSet's and a pod's suffix."""
    names = "|".join(deployments)
    return f"({names})-[a-z0-9]+-[a-z0-9]{{5}}" if names else ""


def _over_budget(plan: MonitoringPlan) -> str:
    """Pods that were given a node longer ago than their model may take to start, and are not ready."""
    budgets = sorted({workload.start_seconds for workload in plan.watch.workloads})
    overdue = " or ".join(_scheduled_before(plan, seconds) for seconds in budgets)
    ready = f'{metrics.POD_READY}{{namespace="{plan.models_namespace}",condition="true"}}'
    return f"({overdue}) and on ({_POD}) max by ({_POD}) ({ready}) == 0"


def _scheduled_before(plan: MonitoringPlan, seconds: int) -> str:
    pods = pods_of([workload for workload in plan.watch.workloads if workload.start_seconds == seconds])
    scheduled = f'{metrics.POD_SCHEDULED}{{namespace="{plan.models_namespace}",pod=~"{pods}"}}'
    return f"(time() - max by ({_POD}) ({scheduled}) > {seconds})"
