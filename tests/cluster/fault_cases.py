"""Faults by name: what goes wrong while an update runs, below which resource it is reported, and in which words."""

import contextlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Literal

from rehearsal import admission
from simulators.aks.provider import CLUSTER, POOL
from simulators.azure import faults
from simulators.kubernetes_provider.provider import HELM_RELEASE
from tests.cluster.fault_stack import FaultedStack

Fault = Callable[[FaultedStack], AbstractContextManager[None]]

GRANT: Final = "azure-native:authorization:RoleAssignment"
NEW_SIZE: Final = "Standard_NC80adis_H100_v5"
COMPANY_RULE: Final = "new workloads wait for the review of the security team"
# How long the provider waits for pods that never get ready; they get ready at once otherwise.
_SHORT_SECONDS: Final = 4.0


@dataclass(frozen=True)
class Case:
    """A fault, and patterns of what is printed. `parallel` is how many operations the engine has under way."""

    name: str
    begin: Fault
    resource: str
    cause: str
    parallel: int | None = None


def answered(
    answer: faults.FaultAnswer,
    type_: str,
    *,
    method: Literal["Create", "Update", "Delete"] = "Create",
    nth: int = 1,
    times: int = 1,
) -> Fault:
    """Azure answers with an error so many times."""

    @contextlib.contextmanager
    def begin(stack: FaultedStack) -> Generator[None]:
        met = stack.engine.azure.faults.met
        before = len(met)
        stack.engine.azure.faults.order(answer, type_, method=method, nth=nth, times=times)
        yield
        assert len(met) == before + times

    return begin


def slow_chart(name: str) -> Fault:
    """Helm times out once while it waits for the pods of a chart."""

    @contextlib.contextmanager
    def begin(stack: FaultedStack) -> Generator[None]:
        stack.engine.kubernetes.chart_resources.failing.add(name)
        yield
        assert stack.engine.kubernetes.chart_resources.failing == set()

    return begin


def crashing_pods(deployment: str) -> Fault:
    """The pods of a Deployment are OOM-killed repeatedly."""

    @contextlib.contextmanager
    def begin(stack: FaultedStack) -> Generator[None]:
        labels = {"llm-platform/deployment": deployment}
        stack.engine.kubelets.fail(reason="OOMKilled", exit_code=137, **labels)
        try:
            with impatient(stack):
                yield
        finally:
            stack.engine.kubelets.heal()

    return begin


@contextlib.contextmanager
def no_machine_to_be_had(stack: FaultedStack) -> Generator[None]:
    """Azure has no machine for a node of the models' pool."""
    machines = stack.engine.azure.machines
    machines.exhausted.add(stack.plan.foundation.agent_pools[0].aks_name)
    try:
        with impatient(stack):
            yield
    finally:
        machines.exhausted.clear()


@contextlib.contextmanager
def impatient(stack: FaultedStack) -> Generator[None]:
    """The provider waits a few seconds only for what does not get ready."""
    limit, stack.engine.kubernetes.wait_limit_seconds = stack.engine.kubernetes.wait_limit_seconds, _SHORT_SECONDS
    try:
        yield
    finally:
        stack.engine.kubernetes.wait_limit_seconds = limit


@contextlib.contextmanager
def dead_api_server(stack: FaultedStack) -> Generator[None]:
    """The API server dies when the first chart is about to be installed, and comes back after the update."""
    stack.moments.before(stack.engine.plane.stop_api_server, HELM_RELEASE)
    yield
    assert stack.moments.are_over
    stack.engine.plane.start_api_server()


def absent_webhook(stack: FaultedStack) -> AbstractContextManager[None]:
    """A webhook is called for every new Deployment and is not there."""
    return admission.absent_webhook(stack.engine.client)


def company_policy(stack: FaultedStack) -> AbstractContextManager[None]:
    """No Deployment may be created."""
    return admission.policy(stack.engine.client, COMPANY_RULE)


# Each hits what depends on what the one before has hit, so that one update after the other gets further.
ON_THE_WAY_UP: Final = (
    Case(
        "a role is missing",
        answered(faults.not_authorized("Microsoft.Authorization/roleAssignments/write"), GRANT, nth=3),
        r"\S+-grant-\S+",
        r"AuthorizationFailed.*Microsoft\.Authorization/roleAssignments/write",
    ),
    Case(
        "no machines for the cluster",
        answered(faults.allocation_failed(), CLUSTER),
        "cluster-aks",
        "AllocationFailed.*not enough capacity",
    ),
    Case(
        "the API server dies",
        dead_api_server,
        r"\S+",
        # It answered when the provider was configured: what fails is a request.
        r"https://127\.0\.0\.1:\d+ does not answer",
        # What was on its way to the server would be there or not, as it comes.
        parallel=1,
    ),
    Case(
        "Helm waits in vain",
        slow_chart("gpu-operator"),
        "gpu-operator-release",
        r'"gpu-operator/gpu-operator" was created, but failed to initialize.*within allocated timeout',
    ),
    Case(
        "a webhook does not answer",
        absent_webhook,
        r"(chat|embed)-deployment",
        r'failed calling webhook "deployments\.webhook\.invalid".*connection refused',
    ),
    Case(
        "pods crash",
        crashing_pods("embed"),
        "embed-deployment",
        r'timed out waiting to be Ready.*\[CrashLoopBackOff\].*"vllm" terminated.*OOMKilled: exit code 137',
    ),
)

NO_MACHINE: Final = Case(
    "no machine for the new version",
    no_machine_to_be_had,
    "chat-deployment",
    r"failed to fully initialize or become live: 'chat' timed out waiting to be Ready",
)

SLOW_UPGRADE: Final = Case(
    "Helm waits in vain for an upgrade",
    slow_chart("kube-prometheus-stack"),
    "monitoring-release",
    r'"\S+/kube-prometheus-stack" failed to initialize completely.*within allocated timeout',
)

NOT_SOLD: Final = Case(
    "the size is not sold here",
    answered(faults.sku_not_available(NEW_SIZE, "eastus"), POOL),
    r"pool-(h100|spare)\S*",
    f"SkuNotAvailable.*{NEW_SIZE} is currently not available in eastus",
)

REFUSED_BY_POLICY: Final = Case("a policy refuses", company_policy, "more-deployment", COMPANY_RULE)


@dataclass(frozen=True)
class Busy:
    """An answer that the provider waits out for a while, to the update of one resource."""

    name: str
    answer: faults.FaultAnswer
    type: str
    resource: str
    cause: str

    def case(self, times: int) -> Case:
        """Azure answers so this often."""
        return Case(
            self.name, answered(self.answer, self.type, method="Update", times=times), self.resource, self.cause
        )


AZURE_IS_BUSY: Final = (
    Busy(
        "too many requests",
        faults.throttled(),
        "azure-native:storage:BlobServiceProperties",
        "model-store-service",
        "TooManyRequests.*being throttled",
    ),
    Busy(
        "another operation is in progress",
        faults.another_operation(),
        POOL,
        r"pool-h100\S*",
        "AnotherOperationInProgress.*Try again after it has completed",
    ),
)

# One change of a pool's VM size meets them one after the other.
ON_THE_WAY_TO_ANOTHER_POOL: Final = (
    NOT_SOLD,
    Case(
        "no machines for the new pool",
        answered(faults.allocation_failed(), POOL),
        r"pool-h100\S*",
        "AllocationFailed.*not enough capacity",
    ),
    Case(
        "Azure goes on with the new pool",
        answered(faults.timed_out(), POOL, method="Update"),
        r"pool-h100\S*",
        "context deadline exceeded",
    ),
    Case(
        "the old pool does not go",
        answered(faults.another_operation(), POOL, method="Delete", times=faults.TRIES),
        r"pool-h100\S*",
        "AnotherOperationInProgress.*Try again after it has completed",
    ),
)
