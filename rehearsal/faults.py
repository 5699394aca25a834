"""The faults that a rehearsal can order by name, and to which stacks and updates each applies."""

import sys
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from signal import SIGINT
from typing import Final

from planning.plan import Plan, WorkloadPlan
from rehearsal import fault_parts as parts
from rehearsal.fault_parts import Stage
from rehearsal.moments import signal_engine
from simulators.aks.provider import CLUSTER, POOL
from simulators.azure import faults
from simulators.kubernetes_provider.provider import DEPLOYMENT, HELM_RELEASE

_GRANT: Final = "azure-native:authorization:RoleAssignment"
_GPU_OPERATOR: Final = "gpu-operator"
_CANCEL_SECONDS: Final = 30.0
# Types of the resources that an update creates, with how many of each.
Created = Mapping[str, int]


@dataclass(frozen=True)
class Fault:
    """`creates` is the type of resource whose creation it hits.

    `objection` says why it can't happen to a Plan; empty where it can. `parallel` is how many operations the engine has
    under way, where that decides what the fault leaves behind. `refreshes` says that the next `up` needs `--refresh`
    (docs/failed-updates.md).
    """

    name: str
    text: str
    creates: str
    begin: Callable[[Stage], AbstractContextManager[None]]
    objection: Callable[[Plan], str] = lambda _plan: ""
    parallel: int | None = None
    refreshes: bool = False

    def why_not(self, plan: Plan, created: Created) -> str:
        """Why it would not happen in an update that creates these; empty where it would."""
        if objection := self.objection(plan):
            return objection
        return "" if created.get(self.creates) else f"this update creates no {self.creates}"


def _kept(plan: Plan) -> Iterator[WorkloadPlan]:
    """Workloads of which a replica always runs."""
    for model in plan.models:
        for workload in model.workloads:
            fewest = workload.replicas.min if workload.fixed_replicas is None else workload.fixed_replicas
            if fewest and workload.kind == "Deployment":
                yield workload


def _without_replicas(plan: Plan) -> str:
    return "" if any(_kept(plan)) else "every model may have no replica: the update waits for none"


def _crash(stage: Stage) -> AbstractContextManager[None]:
    return parts.crashing_pods(next(_kept(stage.plan)).name)(stage)


def _not_sold(stage: Stage) -> AbstractContextManager[None]:
    size = stage.plan.foundation.agent_pools[0].pool.vm_size
    answer = faults.sku_not_available(size, stage.plan.platform.region)
    return parts.answered(answer, POOL)(stage)


def _needs_more_machines(plan: Plan) -> str:
    """Pools have their fewest nodes from the beginning: only one that starts empty must get a machine for a pod."""
    pool = plan.foundation.agent_pools[0].pool
    if pool.min_nodes:
        return f"pool {pool.name} has {pool.min_nodes} nodes from the beginning, and its models wait for no more"
    return "" if any(workload.pool == pool.name for workload in _kept(plan)) else f"no model waits for pool {pool.name}"


@contextmanager
def _cancelled(stage: Stage) -> Generator[None]:
    def cancel() -> None:
        signal_engine(SIGINT)
        stage.engine.kubernetes.cancellation.wait(_CANCEL_SECONDS)

    stage.moments.after(cancel, DEPLOYMENT)
    yield


def _no_signals(_plan: Plan) -> str:
    return "" if sys.platform == "linux" else "the engine's process is found on Linux alone"


FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        Fault(
            "missing-role",
            "whoever runs `up` may not assign roles",
            _GRANT,
            parts.answered(faults.not_authorized("Microsoft.Authorization/roleAssignments/write"), _GRANT),
        ),
        Fault(
            "no-capacity-for-cluster",
            "Azure accepts the cluster and then finds no machines for it",
            CLUSTER,
            parts.answered(faults.allocation_failed(), CLUSTER),
        ),
        Fault("size-not-sold", "the region does not sell a pool's VM size", POOL, _not_sold),
        Fault(
            "no-capacity-for-pool",
            "Azure accepts a pool and then finds no machines for it",
            POOL,
            parts.answered(faults.allocation_failed(), POOL),
        ),
        Fault(
            "azure-stays-busy",
            "Azure answers `too many requests` until the provider gives up",
            POOL,
            parts.answered(faults.throttled(), POOL, times=faults.TRIES),
        ),
        Fault(
            "no-machine-for-model",
            "the autoscaler gets no machine for the first model's pool",
            DEPLOYMENT,
            parts.no_machine_to_be_had,
            objection=_needs_more_machines,
        ),
        Fault(
            "api-server-dies",
            "the API server dies when the first chart is about to be installed",
            HELM_RELEASE,
            parts.dead_api_server,
            # What was on its way to the server would be there or not, as it comes.
            parallel=1,
        ),
        Fault(
            "chart-times-out", "Helm waits in vain for the GPU Operator's pods", HELM_RELEASE,
            parts.slow_chart(_GPU_OPERATOR),
        ),
        Fault(
            "webhook-away", "a webhook for every new Deployment does not answer", DEPLOYMENT, parts.absent_webhook
        ),
        Fault("policy-refuses", "an admission policy of the company refuses Deployments", DEPLOYMENT,
              parts.company_policy),
        Fault("pods-crash", "the pods of a model are OOM-killed", DEPLOYMENT, _crash, objection=_without_replicas),
        Fault(
            "update-cancelled",
            "somebody presses Ctrl-C once the first model's Deployment is made",
            DEPLOYMENT,
            _cancelled,
            objection=_no_signals,
            refreshes=True,
        ),
    )
}  # fmt: skip


def listed(names: Collection[str] = FAULTS.keys()) -> str:
    """Names and texts, a line each."""
    width = max(map(len, names))
    return "\n".join(f"{name:{width}}  {FAULTS[name].text}" for name in names)
