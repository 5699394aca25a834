"""Azure's errors through the real engine: a clear message, a consistent state, and the next update converges."""

from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import containerservice, resources

from rehearsal.cluster import ClusterEngine
from rehearsal.engine import OperationRefusedError, StackRun
from simulators.aks.provider import POOL
from simulators.azure import faults
from tests.cluster import azure_objects

pytestmark = pytest.mark.cluster


class Stack:
    """A cluster with the pools that a test names, each of so many nodes."""

    def __init__(self, engine: ClusterEngine) -> None:
        self.engine = engine
        self.pools: dict[str, int] = {}
        self.stack: StackRun = engine.stack("dev", self._program, {}, project="faults")

    def _program(self) -> None:
        group = resources.ResourceGroup("group", resource_group_name=azure_objects.GROUP, location="eastus")
        cluster = containerservice.ManagedCluster(
            "cluster",
            resource_name_=azure_objects.NAME,
            resource_group_name=azure_objects.GROUP,
            dns_prefix="small",
            identity={"type": containerservice.ResourceIdentityType.SYSTEM_ASSIGNED},
            agent_pool_profiles=[
                {
                    "name": "system",
                    "mode": "System",
                    "count": 1,
                    "vm_size": "Standard_D4ds_v5",
                    "type": "VirtualMachineScaleSets",
                }
            ],
            opts=pulumi.ResourceOptions(depends_on=[group]),
        )
        before: pulumi.Resource = cluster
        for name, count in self.pools.items():
            before = containerservice.AgentPool(
                name,
                agent_pool_name=name,
                resource_name_=azure_objects.NAME,
                resource_group_name=azure_objects.GROUP,
                mode="User",
                type="VirtualMachineScaleSets",
                vm_size="Standard_NC40ads_H100_v5",
                count=count,
                opts=pulumi.ResourceOptions(depends_on=[cluster, before]),
            )

    def state(self) -> dict[str, dict[str, Any]]:
        """Pools in the engine's state, by name."""
        return {urn.rsplit("::", 1)[1]: one for urn, one in self.stack.resources().items() if one["type"] == POOL}

    def nodes(self, pool: str) -> int:
        return len(self.engine.client.list("v1", "Node", labelSelector=f"agentpool={pool}"))


@pytest.fixture(scope="module")
def running(engine: ClusterEngine) -> Stack:
    made = Stack(engine)
    made.stack.up()
    return made


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """The stack without pools; a test's pools go afterwards."""
    running.engine.azure.faults.met.clear()
    yield running
    running.pools = {}
    running.stack.up()
    assert {pool.name for pool in running.engine.azure.machines.pools().values()} == {"system"}


def test_a_refused_request_leaves_nothing_behind(stack: Stack) -> None:
    answer = faults.sku_not_available("Standard_NC40ads_H100_v5", "eastus")
    stack.engine.azure.faults.order(answer, POOL, nth=2)
    stack.pools = {"one": 1, "two": 2}
    with pytest.raises(OperationRefusedError, match=r"SkuNotAvailable.*NC40ads.*eastus"):
        stack.stack.up()
    assert stack.state().keys() == {"one"}
    assert (stack.nodes("one"), stack.nodes("two")) == (1, 0)
    stack.stack.up()
    assert stack.nodes("two") == 2
    assert stack.stack.preview().is_quiet


def test_the_next_update_completes_a_pool_without_machines(stack: Stack) -> None:
    stack.engine.azure.faults.order(faults.allocation_failed(), POOL)
    stack.pools = {"gpu": 1}
    with pytest.raises(OperationRefusedError, match="AllocationFailed"):
        stack.stack.up()
    pool = stack.state()["gpu"]
    assert "AllocationFailed" in pool["initErrors"][0]
    assert pool["outputs"]["provisioningState"] == "Failed"
    assert stack.nodes("gpu") == 0
    update = stack.stack.up()
    assert [call.method for call in update.writes()] == ["Update"]
    assert stack.nodes("gpu") == 1
    assert stack.stack.preview().is_quiet
    assert "initErrors" not in stack.state()["gpu"]


def test_a_pool_that_took_too_long_is_not_created_twice(stack: Stack) -> None:
    stack.engine.azure.faults.order(faults.timed_out(), POOL)
    stack.pools = {"gpu": 2}
    with pytest.raises(OperationRefusedError, match="context deadline exceeded"):
        stack.stack.up()
    assert stack.nodes("gpu") == 2
    update = stack.stack.up()
    assert [call.method for call in update.writes()] == ["Update"]
    assert stack.nodes("gpu") == 2
    assert stack.stack.preview().is_quiet


def test_a_pool_whose_deletion_took_too_long_is_gone_the_next_time(stack: Stack) -> None:
    stack.pools = {"gpu": 1}
    stack.stack.up()
    stack.pools = {}
    stack.engine.azure.faults.order(faults.timed_out(), POOL, method="Delete")
    with pytest.raises(OperationRefusedError, match="context deadline exceeded"):
        stack.stack.up()
    assert stack.state().keys() == {"gpu"}
    stack.stack.up()
    assert stack.state() == {}


def test_a_pool_that_could_not_grow_grows_the_next_time(stack: Stack) -> None:
    stack.pools = {"gpu": 1}
    stack.stack.up()
    stack.pools = {"gpu": 3}
    stack.engine.azure.faults.order(faults.allocation_failed(), POOL, method="Update")
    with pytest.raises(OperationRefusedError, match="AllocationFailed"):
        stack.stack.up()
    assert stack.nodes("gpu") == 1
    stack.stack.up()
    assert stack.nodes("gpu") == 3
    assert stack.stack.preview().is_quiet
