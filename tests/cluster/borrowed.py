"""A shared stack for a test that changes it: afterwards its former state is restored."""

import contextlib
from collections.abc import Generator
from copy import deepcopy
from typing import Any

from rehearsal.outcome import Outcome
from tests.cluster.life import Life


def changed_fields(outcome: Outcome) -> dict[str, set[str]]:
    """Top-level fields that an operation found or made different, by logical name."""
    return {step.name: set(step.diffs) for step in outcome.steps if step.op == "update"}


@contextlib.contextmanager
def borrowed(life: Life) -> Generator[None]:
    """Let a test change machines, replicas, objects, Azure's resources and the state, not the settings.

    Afterwards no model has requests, every pool has its machines of before and the state is the one of before. Then
    nothing of what a test left behind may be found: in Azure, by a preview, or by a refresh.
    """
    _require_all_run(life)
    state, machines, azure = life.stack.saved_state(), _machines(life), _azure(life)
    try:
        yield
    finally:
        life.engine.kubelets.heal()
        life.engine.azure.machines.autoscales = True
        life.idle()
        for pool, count in machines.items():
            if len(life.engine.azure.machines.pool(pool).nodes) > count:
                life.engine.azure.machines.scale(pool, count)
        _require_all_run(life)
        life.stack.restore_state(state)
    assert _machines(life) == machines
    assert _azure(life) == azure
    assert life.stack.preview().operations == {}
    found = changed_fields(life.stack.refresh())
    life.stack.restore_state(state)
    # The state is of before the autoscaler's first node: a refresh finds the number of a pool's nodes.
    assert {field for fields in found.values() for field in fields} <= {"count"}, found


def _require_all_run(life: Life) -> None:
    for namespace, deployment in life.deployments:
        life.require_pods(namespace, deployment)


def _machines(life: Life) -> dict[str, int]:
    return {name: len(view.nodes) for name, view in life.engine.azure.machines.pools().items()}


def _azure(life: Life) -> dict[str, dict[str, Any]]:
    """What every resource in Azure was last given, by id."""
    return {resource.id: deepcopy(resource.inputs) for resource in life.engine.cloud.azure}
