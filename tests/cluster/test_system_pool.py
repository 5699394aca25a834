"""The system pool is replaced under a running stack: the new one comes first, what runs there moves, models stay."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.cluster.labels import PROXY_PODS
from planning.plan.labels import POOL_REVISION
from rehearsal.control_plane import ControlPlane
from simulators.aks.provider import CLUSTER, POOL
from simulators.api_server.client import Object
from simulators.api_server.waiting import eventually
from simulators.kubelet.pod_states import is_ready
from simulators.kubernetes_provider.provider import DEPLOYMENT, HELM_RELEASE
from tests.cluster.changing import Change, Changing, changing_stack
from tests.engine.platform_stacks import section

pytestmark = pytest.mark.cluster
# Longer than an update takes that waits for nothing.
DRAIN_SECONDS = 15.0
ADDRESS = "azure-native:network:PublicIPAddress"
JOB = "kubernetes:batch/v1:Job"


@pytest.fixture(scope="module")
def changing(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[Changing]:
    """A stack that is up."""
    del engine_binary
    directory = tmp_path_factory.mktemp("system-pool")
    with changing_stack(directory, arm, module_cluster, drain_seconds=1.0) as running:
        yield running


def other_size(settings: dict[str, Any]) -> None:
    section(settings, "cluster")["system_pool"]["vm_size"] = "Standard_D8ds_v5"


def other_zones(settings: dict[str, Any]) -> None:
    section(settings, "cluster")["system_pool"]["zones"] = ["2"]


def fewer_pods(settings: dict[str, Any]) -> None:
    section(settings, "cluster")["max_pods"] = 60


def proxy(changing: Changing) -> Object:
    """A proxy as Envoy Gateway makes them, on the system pool of now."""
    pool, client = changing.life.plan.foundation.system_pool.pool, changing.life.engine.client
    made = client.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "proxy",
                "namespace": changing.life.plan.gateway.move.namespace,
                "labels": {**PROXY_PODS, POOL_REVISION: pool.revision},
            },
            "spec": {
                "nodeSelector": {POOL_REVISION: pool.revision},
                "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                # As Envoy Gateway 1.9 has it: internal/infrastructure/kubernetes/proxy/resource.go.
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "envoy",
                        "image": changing.life.plan.gateway.proxy_image,
                        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    }
                ],
            },
        }
    )
    eventually(lambda: is_ready(client.get("v1", "Pod", "proxy", made["metadata"]["namespace"])), "the proxy runs")
    return made


def require_replaced(changing: Changing, change: Change) -> None:
    """First the new pool, then what moves, last the old pool; nothing else of Azure and no model changes."""
    old, new = change.before.foundation.system_pool, change.after.foundation.system_pool
    assert old.pool.revision != new.pool.revision
    created, deleted = change.calls("Create", POOL), change.calls("Delete", POOL)
    moved = change.calls("Update", HELM_RELEASE)
    assert moved
    assert max(created) < min(moved)
    # After the old pool only the Jobs go that waited for it: pods that have ended, on no node.
    later = [call for call in change.outcome.writes() if call.order > deleted[-1]]
    assert {(call.method, call.type) for call in later} <= {("Delete", JOB)}
    for kind in ("Create", "Update", "Delete"):
        assert not change.calls(kind, CLUSTER)
        assert not change.calls(kind, ADDRESS)
    machines = changing.life.engine.azure.machines.pools()
    assert old.aks_name not in machines
    assert len(machines[new.aks_name].nodes) >= new.pool.min_nodes
    assert change.watch.left_on_lost_nodes() == set()
    assert change.watch.never_placed() == set()


@pytest.mark.parametrize("edit", [pytest.param(other_size, marks=pytest.mark.long), other_zones])
def test_a_new_system_pool_comes_first_and_the_old_one_goes_last(changing: Changing, edit: Any) -> None:
    change = changing.change(edit)
    require_replaced(changing, change)
    assert len(change.calls("Create", POOL)) == 1
    assert not change.calls("Update", DEPLOYMENT)
    for namespace, deployment in changing.life.deployments:
        changing.life.require_pods(namespace, deployment)


def test_the_old_pool_waits_for_proxies_that_still_answer(changing: Changing) -> None:
    made, machines = proxy(changing), changing.life.engine.azure.machines
    old, seen = changing.life.plan.foundation.system_pool.aks_name, []

    def last_request() -> None:
        """The proxy has answered its last request and ends."""
        seen.append(old in machines.pools())
        changing.life.engine.client.delete("v1", "Pod", "proxy", made["metadata"]["namespace"])

    ends = threading.Timer(DRAIN_SECONDS, last_request)
    ends.start()
    try:
        change = changing.change(other_size_again)
    finally:
        ends.join()
    assert seen == [True]
    require_replaced(changing, change)


def other_size_again(settings: dict[str, Any]) -> None:
    section(settings, "cluster")["system_pool"]["vm_size"] = "Standard_D16ds_v5"


@pytest.mark.long
def test_pods_per_node_replace_every_pool_one_after_the_other(changing: Changing) -> None:
    change = changing.change(fewer_pods)
    require_replaced(changing, change)
    assert len(change.calls("Create", POOL)) == len(change.calls("Delete", POOL)) == 1 + len(change.after.pools)
