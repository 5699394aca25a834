"""A stack on a small Azure and a real control plane: what the Plan says, and what is there."""

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import catalog
import config
from planning import decide
from planning.plan import ExtendedResource, Plan, WorkloadPlan
from planning.plan.labels import POOL_REVISION
from rehearsal.cluster import ClusterEngine
from rehearsal.engine import StackRun
from rehearsal.outcome import Outcome
from simulators.api_server.client import Object
from simulators.api_server.waiting import eventually
from simulators.kubelet.pod_states import is_ready
from simulators.kubernetes_provider import answers
from simulators.kubernetes_provider.provider import HELM_RELEASE
from tests.engine.platform_stacks import PROGRAM, PROJECT, settings
from tests.graph.stacks import Sections

_DEPLOYMENT: Final = "llm-platform/deployment"
_NODES_AND_PODS_SECONDS: Final = 60


def plan_of(sections: Sections) -> Plan:
    """The Plan of a stack's sections, which stay as they are."""
    return decide(config.load(deepcopy(sections)), catalog.load())


def plan_of_settings(given: Mapping[str, Any]) -> Plan:
    """The Plan of a stack file's `config`."""
    return plan_of({key.removeprefix(f"{PROJECT}:"): value for key, value in given.items()})


class Life:
    """One stack that is still to be updated from nothing, and its Plan; `given` are its settings if not the file's."""

    def __init__(self, engine: ClusterEngine, name: str, given: Mapping[str, Any] | None = None) -> None:
        chosen = settings(name) if given is None else given
        self.engine = engine
        self.name = name
        self.plan = plan_of_settings(chosen)
        self.before = {resource.id for resource in engine.cloud.azure}
        self.stack: StackRun = engine.stack(name, PROGRAM, chosen, project=PROJECT)

    @property
    def deployments(self) -> list[tuple[str, WorkloadPlan]]:
        """Every Deployment of a model that the Plan has, with its namespace."""
        return [(model.namespace, deployment) for model in self.plan.models for deployment in model.workloads]

    def deployment(self, name: str) -> tuple[str, WorkloadPlan]:
        """One of them."""
        (found,) = (deployment for deployment in self.deployments if deployment[1].name == name)
        return found

    def pods(self, namespace: str, deployment: str) -> list[Object]:
        """Pods of a Deployment that are not about to end."""
        pods = self.engine.client.list("v1", "Pod", namespace, labelSelector=f"{_DEPLOYMENT}={deployment}")
        return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]

    def require_pods(self, namespace: str, deployment: WorkloadPlan, count: int | None = None) -> None:
        """So many pods run, on nodes of the revision of the pool that the Plan names, with the devices it names.

        Without a `count` as many as the Plan has while nobody asks for anything.
        """
        if count is None:
            count = deployment.replicas.min if deployment.fixed_replicas is None else deployment.fixed_replicas

        def all_run() -> bool:
            return [is_ready(pod) for pod in self.pods(namespace, deployment.name)] == [True] * count

        # Those of a pool that may be empty are not awaited by the update.
        eventually(all_run, f"{count} of {deployment.name} run", timeout_seconds=_NODES_AND_PODS_SECONDS)
        nodes = {node["metadata"]["name"]: node for node in self.engine.client.list("v1", "Node")}
        for pod in self.pods(namespace, deployment.name):
            assert pod["status"]["phase"] == "Running"
            labels = nodes[pod["spec"]["nodeName"]]["metadata"]["labels"]
            assert labels[POOL_REVISION] == deployment.pool_revision
            assert devices_requested(pod) == devices_of(deployment)

    def busy(self) -> None:
        """Let so many requests come that KEDA gives every model its most replicas, and wait until they run."""
        for model in self.plan.models:
            self.engine.keda.load(model.name, model.workloads[-1].scaling.threshold * model.max_replicas)
        for namespace, deployment in self.deployments:
            self.require_pods(namespace, deployment, deployment.replicas.max)

    def idle(self) -> None:
        """Let no requests come, and wait until every model is down to its fewest replicas."""
        for model in self.plan.models:
            self.engine.keda.load(model.name, 0)
        for namespace, deployment in self.deployments:
            self.require_pods(namespace, deployment)

    def shrink(self) -> list[str]:
        """Let the autoscaler remove every node that it can, one after the other; their names."""
        removed = []
        while (node := self.engine.azure.machines.remove_node()) is not None:
            removed.append(node)
            # A budget that waits for a moved pod would keep the next node.
            for namespace, deployment in self.deployments:
                self.require_pods(namespace, deployment)
        return removed

    def objects(self) -> list[tuple[str, str]]:
        """Type and id of every object in the cluster that the state has."""
        found = self.stack.resources().values()
        return [(resource["type"], resource["id"]) for resource in found if resource["type"].startswith("kubernetes:")]

    def has(self, type_: str, id_: str) -> bool:
        """Whether the API server has an object of the state; it has none of a kind that it does not know."""
        if type_ == HELM_RELEASE:
            return self.engine.kubernetes.charts.find(id_) is not None
        return self.engine.client.find(*answers.of_type(type_), *answers.of_id(id_)) is not None


class FromNothing(Life):
    """One stack after its first preview and its only update from nothing."""

    def __init__(self, engine: ClusterEngine, name: str) -> None:
        super().__init__(engine, name)
        self.preview: Outcome = self.stack.preview()
        self.update: Outcome = self.stack.up()


def devices_of(workload: WorkloadPlan) -> dict[str, int]:
    """Devices that the Plan gives each pod of a workload, by resource name."""
    assert isinstance(workload.request, ExtendedResource)
    return {workload.request.name: workload.request.count}


def devices_requested(pod: Object) -> dict[str, int]:
    """Devices that the containers of a pod ask for, by resource name."""
    requested: Counter[str] = Counter()
    for container in pod["spec"]["containers"]:
        requested.update(
            {name: int(count) for name, count in container["resources"]["limits"].items() if name.startswith("nvidia.")}
        )
    return dict(requested)
