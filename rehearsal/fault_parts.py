"""What goes wrong while an update runs, each as a context in which one update is meant to run."""

import contextlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol

from planning.plan import Plan
from rehearsal import admission
from rehearsal.cluster import ClusterEngine
from rehearsal.moments import Moments
from simulators.azure import faults
from simulators.kubernetes_provider.provider import HELM_RELEASE

COMPANY_RULE: Final = "new workloads wait for the review of the security team"
# How long the provider waits for pods that never get ready; they get ready at once otherwise.
_SHORT_SECONDS: Final = 4.0


class Stage(Protocol):
    """What a fault needs of a stack that is updated."""

    engine: ClusterEngine
    plan: Plan
    moments: Moments


Fault = Callable[[Stage], AbstractContextManager[None]]


class NotMetError(Exception):
    """The update ended without meeting the fault."""


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
    def begin(stage: Stage) -> Generator[None]:
        met = stage.engine.azure.faults.met
        before = len(met)
        stage.engine.azure.faults.order(answer, type_, method=method, nth=nth, times=times)
        yield
        if len(met) != before + times:
            raise NotMetError(f"{method} of {type_}: met {len(met) - before} of {times} times")

    return begin


def slow_chart(name: str) -> Fault:
    """Helm times out once while it waits for the pods of a chart."""

    @contextlib.contextmanager
    def begin(stage: Stage) -> Generator[None]:
        failing = stage.engine.kubernetes.chart_resources.failing
        failing.add(name)
        yield
        if failing:
            raise NotMetError(f"the chart {name} was not installed or upgraded")

    return begin


def crashing_pods(deployment: str) -> Fault:
    """The pods of a Deployment are OOM-killed repeatedly."""

    @contextlib.contextmanager
    def begin(stage: Stage) -> Generator[None]:
        labels = {"llm-platform/deployment": deployment}
        stage.engine.kubelets.fail(reason="OOMKilled", exit_code=137, **labels)
        try:
            with impatient(stage):
                yield
        finally:
            stage.engine.kubelets.heal()

    return begin


@contextlib.contextmanager
def no_machine_to_be_had(stage: Stage) -> Generator[None]:
    """Azure has no machine for a node of the models' pool."""
    machines = stage.engine.azure.machines
    machines.exhausted.add(stage.plan.foundation.agent_pools[0].aks_name)
    try:
        with impatient(stage):
            yield
    finally:
        machines.exhausted.clear()


@contextlib.contextmanager
def impatient(stage: Stage) -> Generator[None]:
    """The provider waits a few seconds only for what does not get ready."""
    limit, stage.engine.kubernetes.wait_limit_seconds = stage.engine.kubernetes.wait_limit_seconds, _SHORT_SECONDS
    try:
        yield
    finally:
        stage.engine.kubernetes.wait_limit_seconds = limit


@contextlib.contextmanager
def dead_api_server(stage: Stage) -> Generator[None]:
    """The API server dies when the first chart is about to be installed, and comes back after the update."""
    stage.moments.before(stage.engine.plane.stop_api_server, HELM_RELEASE)
    yield
    if not stage.moments.are_over:
        raise NotMetError("no chart was installed")
    stage.engine.plane.start_api_server()


def absent_webhook(stage: Stage) -> AbstractContextManager[None]:
    """A webhook is called for every new Deployment and is not there."""
    return admission.absent_webhook(stage.engine.client)


def company_policy(stage: Stage) -> AbstractContextManager[None]:
    """No Deployment may be created."""
    return admission.policy(stage.engine.client, COMPANY_RULE)
