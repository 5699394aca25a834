"""A running stack whose settings change one after the other, with every change of the cluster recorded."""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planning.plan import Plan, WorkloadPlan
from rehearsal.cluster import platform_engine
from rehearsal.control_plane import ControlPlane
from rehearsal.outcome import Outcome
from rehearsal.rollout_watch import Watch
from simulators.api_server.client import Object
from tests.cluster.life import Life, plan_of_settings
from tests.engine.platform_stacks import settings

Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Change:
    """One update of the stack: the Plans before and after, what the engine did, and the changes of the cluster."""

    before: Plan
    after: Plan
    outcome: Outcome
    watch: Watch

    def calls(self, method: str, type_: str) -> list[int]:
        """Places of the engine's calls among all of them: `Create`, `Update` or `Delete` of a type."""
        return [call.order for call in self.outcome.writes() if (call.method, call.type) == (method, type_)]


class Changing:
    """`life` is the stack; its plan follows the settings. Edits add up until one starts from the stack file again."""

    def __init__(self, life: Life, given: dict[str, Any]) -> None:
        self.life = life
        self._settings = given

    def start_from(self, edit: Edit = lambda _: None) -> None:
        """Let the stack be the stack file with one edit, and nothing of what was changed before."""
        wanted = settings(self.life.name)
        edit(wanted)
        if wanted != self._settings:
            self._settings, self.life.plan = wanted, plan_of_settings(wanted)
            self.life.stack.configure(wanted)
            self.life.stack.up()

    def take_surplus_nodes(self) -> None:
        """Bring pools down to their most nodes, as the autoscaler of AKS does in time; the simulated one only adds."""
        machines = self.life.engine.azure.machines
        for name, pool in machines.pools().items():
            if len(pool.nodes) > pool.most:
                machines.scale(name, pool.most)

    def change(self, edit: Edit = lambda _: None) -> Change:
        """Edit the settings and update. The update does what its preview showed, and the next preview is empty."""
        edit(self._settings)
        stack, before, after = self.life.stack, self.life.plan, plan_of_settings(self._settings)
        stack.configure(self._settings)
        previewed = stack.preview()
        with Watch(self.life.engine.plane) as watch:
            done = stack.up()
        self.life.plan = after
        surprises = _operations(done).items() ^ _operations(previewed).items()
        assert not surprises, surprises
        left = stack.preview().operations
        assert not left, left
        return Change(before, after, done, watch)

    def budget(self, namespace: str, deployment: WorkloadPlan) -> Object:
        """What the cluster makes of a Deployment's disruption budget: `desiredHealthy`, `disruptionsAllowed`, …"""
        return self.life.engine.client.get("policy/v1", "PodDisruptionBudget", deployment.name, namespace)["status"]

    def require_served(self, change: Change, namespace: str, deployment: WorkloadPlan, replicas: int) -> None:
        """Of so many replicas never more were missing than the strategy and the budget allow; all are there again."""
        self.life.require_pods(namespace, deployment, replicas)
        fewest = change.watch.fewest(deployment.name)
        assert fewest >= replicas - deployment.rollout.max_unavailable, (deployment.name, fewest)
        if deployment.disruption_budget:
            assert fewest >= self.budget(namespace, deployment)["desiredHealthy"], (deployment.name, fewest)


@contextlib.contextmanager
def changing_stack(
    directory: Path, arm: Path, plane: ControlPlane, *, drain_seconds: float, edit: Edit = lambda _: None
) -> Generator[Changing]:
    """The development stack with one edit, up and idle.

    A terminating pod takes `drain_seconds` to finish its requests.
    """
    given = settings("dev")
    edit(given)
    with platform_engine(settings("dev"), directory, arm, plane=plane, shortcuts=True) as engine:
        engine.azure.machines.autoscales = True
        life = Life(engine, "dev", given)
        engine.kubelets.grace_fraction = drain_seconds / max(
            model.path.server.grace_seconds for model in life.plan.models
        )
        life.stack.up()
        yield Changing(life, given)


def _operations(outcome: Outcome) -> dict[str, frozenset[str]]:
    return {urn: frozenset(ops) for urn, ops in outcome.operations.items()}
