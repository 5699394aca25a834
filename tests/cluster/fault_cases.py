"""Faults by name: what goes wrong while an update runs, below which resource it is reported, and in which words."""

from dataclasses import dataclass
from typing import Final

from rehearsal.fault_parts import (
    COMPANY_RULE,
    Fault,
    absent_webhook,
    answered,
    company_policy,
    crashing_pods,
    dead_api_server,
    no_machine_to_be_had,
    slow_chart,
)
from simulators.aks.provider import CLUSTER, POOL
from simulators.azure import faults

GRANT: Final = "azure-native:authorization:RoleAssignment"
NEW_SIZE: Final = "Standard_NC80adis_H100_v5"


@dataclass(frozen=True)
class Case:
    """A fault, and patterns of what is printed. `parallel` is how many operations the engine has under way."""

    name: str
    begin: Fault
    resource: str
    cause: str
    parallel: int | None = None


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
