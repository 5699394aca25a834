"""The life of a shipped stack as steps that hold on the real Kubernetes provider and on our double alike."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from planning.plan import WorkloadPlan
from rehearsal.cluster import ClusterEngine
from rehearsal.outcome import OperationRefusedError
from simulators.kubernetes_provider.provider import DEPLOYMENT
from tests.cluster import test_platform_state, test_platform_up
from tests.cluster.borrowed import borrowed
from tests.cluster.destruction import require_destroyed
from tests.cluster.life import FromNothing, plan_of_settings
from tests.cluster.shown import shown_platform
from tests.cluster.story import Step, run_steps
from tests.engine.platform_stacks import section, settings
from tests.oracles.kubernetes_provider.engine import RealProviderEngine

_CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
# What the real provider says while it waits and takes back once the object is ready.
_WHILE_WAITING: Final = ("MinimumReplicasUnavailable", "Replicas scaled to 0", "Waiting for", "unready status")


class WholeLife:
    """One stack from its first preview to its end. `record` is what the engine did, step by step."""

    def __init__(self, engine: ClusterEngine, name: str) -> None:
        self.engine = engine
        self.record: list[tuple[str, tuple[tuple[Any, ...], ...]]] = []
        self._given = settings(name)
        self._first_given = json.dumps(self._given)
        self._mark = 0
        self._name = name

    def steps(self) -> Sequence[Step]:
        """Every step; each is to be run after the ones before."""
        work: dict[str, Callable[[], object]] = {
            "the first update does what the preview showed": self._comes_up,
            "the preview without a cluster touches nothing": self._checked(
                test_platform_state.test_a_first_preview_touches_nothing
            ),
            "no object was refused, and all are there": self._objects_are_there,
            "every model runs where the plan says": self._checked(
                test_platform_up.test_every_model_runs_on_the_pool_and_the_devices_that_the_plan_names
            ),
            "the preview of the embedded engine is the same": self._checked(
                test_platform_state.test_the_embedded_engine_previews_the_same
            ),
            "the options in the state are the embedded engine's": self._checked(
                test_platform_state.test_the_embedded_engine_knows_the_options_of_the_state
            ),
            "the state holds no secret of the cluster": self._checked(
                test_platform_state.test_the_state_holds_no_secret_of_the_cluster_in_plain_text
            ),
            "a preview and a refresh find nothing": self._checked(test_platform_up.test_nothing_changes_afterwards),
            "an update without changes does nothing": self._nothing_to_do,
            "other arguments of a model": partial(self._other_arguments, 4096),
            "the former arguments again": partial(self._other_arguments, None),
            "a fixed number of replicas": partial(self._replicas, fixed=True),
            "a free number of replicas": partial(self._replicas, fixed=False),
            "replicas at their most and back": self._checked(
                test_platform_up.test_models_at_their_most_replicas_still_run_where_the_plan_says
            ),
            "an edit by hand is found and taken back": self._edited_by_hand,
            "a change by another tool is found and taken back": self._edited_by_another_tool,
            "the API server is away": self._server_away,
            "the API server is back": self._nothing_to_do,
            "a model is taken out": self._model_taken_out,
            "the model is put in again": self._model_put_in,
            "the stack is destroyed": self._destroyed,
        }
        return [Step(name, partial(self._run, name, step)) for name, step in work.items()]

    def _run(self, name: str, work: Callable[[], object]) -> None:
        work()
        history = self.engine.history
        done = [(item.operation, item.is_refused, item.outcome.operations) for item in history[self._mark :]]
        self._mark = len(history)
        # What an operation did until it was refused depends on what ran beside.
        self.record.append((name, tuple((verb, refused, {} if refused else ops) for verb, refused, ops in done)))

    def _checked(self, test: Callable[[FromNothing], None]) -> Callable[[], None]:
        return lambda: test(self.life)

    def _comes_up(self) -> None:
        self.life = FromNothing(self.engine, self._name)
        test_platform_up.test_the_first_update_does_what_the_preview_showed(self.life)

    def _objects_are_there(self) -> None:
        assert unexpected(self.life.update.messages) == []
        assert [item for item in self.life.objects() if not self.life.has(*item)] == []

    def _nothing_to_do(self) -> None:
        done = self.life.stack.up()
        assert done.operations == {}
        assert done.writes() == ()
        assert unexpected(done.messages) == []
        assert self.life.stack.preview().operations == {}

    def _change(self, edit: Callable[[dict[str, Any]], object]) -> None:
        edit(self._given)
        self.life.stack.configure(self._given)
        self.life.plan = plan_of_settings(self._given)

    def _first_model(self, given: dict[str, Any] | None = None) -> dict[str, Any]:
        return section(given or self._given, "models")[0]

    def _other_arguments(self, batched_tokens: int | None) -> None:
        arguments = self._first_model()["engine"]["args"]
        former = self._first_model(json.loads(self._first_given))["engine"]["args"]
        self._change(
            lambda _: (
                (arguments.clear(), arguments.update(former))
                if batched_tokens is None
                else arguments.update({"max-num-batched-tokens": batched_tokens})
            )
        )
        previewed = self.life.stack.preview()
        done = self.life.stack.up()
        assert _kinds(done) == _kinds(previewed)
        order = [(call.method, call.type) for call in done.writes()]
        updates = [("Update", DEPLOYMENT)] * len(self._workloads())
        assert order == [("Create", _CONFIG_MAP), *updates, ("Delete", _CONFIG_MAP)]
        self._runs()

    def _workloads(self) -> list[tuple[str, WorkloadPlan]]:
        model = self.life.plan.models[0]
        return [(model.namespace, workload) for workload in model.workloads]

    def _runs(self) -> None:
        for namespace, workload in self._workloads():
            self.life.require_pods(namespace, workload)
        assert self.life.stack.preview().operations == {}

    def _replicas(self, *, fixed: bool) -> None:
        most = self._first_model(json.loads(self._first_given))["replicas"]
        wanted = {"min": most["max"], "max": most["max"]} if fixed else most
        self._change(lambda _: self._first_model().update(replicas=wanted))
        self.life.stack.preview()
        self.life.stack.up()
        self._runs_after_refresh()

    def _runs_after_refresh(self) -> None:
        for namespace, workload in self._workloads():
            self.life.require_pods(namespace, workload)
        self.life.stack.refresh()
        assert self.life.stack.preview().operations == {}

    def _edited_by_hand(self) -> None:
        with borrowed(self.life):
            self.life.stack.refresh()
            test_platform_up.edit_by_hand_and_update(self.life)

    def _edited_by_another_tool(self) -> None:
        """One that applies as the provider does, such as a policy engine: it owns the fields from then on."""
        client, stack = self.engine.client, self.life.stack
        # What the autoscaler has done is known.
        stack.refresh()
        (policy, *_) = [
            item
            for item in client.list("networking.k8s.io/v1", "NetworkPolicy")
            if "Egress" in item["spec"]["policyTypes"] and item["spec"].get("egress")
        ]
        key = ("networking.k8s.io/v1", "NetworkPolicy", policy["metadata"]["name"], policy["metadata"]["namespace"])
        theirs = {"spec": {"policyTypes": ["Ingress"], "egress": None}}
        client.patch(*key[:3], theirs, namespace=key[3], field_manager="policy-engine")
        found = stack.refresh()
        assert {urn.rpartition("$")[2].partition("::")[0] for urn in found.operations} == {
            "kubernetes:networking.k8s.io/v1:NetworkPolicy"
        }
        assert stack.preview().operations == found.operations
        assert stack.up().operations == found.operations
        assert client.get(*key)["spec"] == policy["spec"]
        assert stack.refresh().operations == {}
        assert stack.preview().operations == {}

    def _server_away(self) -> None:
        """An object that is to change shows in a preview, and nothing is changed or forgotten."""
        kept = set(self.life.stack.resources())
        self.engine.plane.stop_api_server()
        try:
            assert self.life.stack.preview().operations == {}
            self._change(lambda _: self._first_model().update(context=self._first_model()["context"] // 2))
            assert self.life.stack.preview().operations != {}
            for refused in (self.life.stack.up, self.life.stack.refresh):
                with pytest.raises(OperationRefusedError, match=r"cluster is unreachable|unreachable cluster"):
                    refused()
        finally:
            self.engine.plane.start_api_server()
        assert set(self.life.stack.resources()) == kept
        self._change(lambda _: self._first_model().update(context=self._first_model()["context"] * 2))

    def _model_taken_out(self) -> None:
        if self.life.plan.platform.protect:
            # As docs/operating.md says: a guard that is protected can't go with its model.
            self._change(lambda given: section(given, "platform").update(protect=False))
            assert self.life.stack.up().operations == {}
        before = set(self.life.stack.resources())
        objects = self.life.objects()
        self._change(lambda given: section(given, "models").pop())
        previewed, done = self.life.stack.preview(), self.life.stack.up()
        assert done.operations == previewed.operations
        deleted = _all_but_drains(done.operations, "delete")
        assert before - set(self.life.stack.resources()) == deleted
        left = set(self.life.objects())
        assert [item for item in objects if item not in left and self.life.has(*item)] == []
        assert self.life.stack.preview().operations == {}

    def _model_put_in(self) -> None:
        first = json.loads(self._first_given)

        def as_before(given: dict[str, Any]) -> None:
            section(given, "models").append(section(first, "models")[-1])
            section(given, "platform").clear()
            section(given, "platform").update(section(first, "platform"))

        self._change(as_before)
        done = self.life.stack.up()
        assert _all_but_drains(done.operations, "create")
        test_platform_up.test_every_model_runs_on_the_pool_and_the_devices_that_the_plan_names(self.life)
        assert self.life.stack.preview().operations == {}

    def _destroyed(self) -> None:
        require_destroyed(self.life)


def _all_but_drains(operations: Mapping[str, Sequence[str]], expected: str) -> set[str]:
    """Resources to which only that happened; besides, a pool's drain may follow the longest request of its models."""
    pools = {urn for urn, done in operations.items() if ":AgentPool::" in urn and list(done) == ["update"]}
    assert {op for urn, done in operations.items() if urn not in pools for op in done} == {expected}
    return set(operations) - pools


def require_equal_lives(
    stack: str, directory: Path, arm: Path, config: pytest.Config, subtests: pytest.Subtests
) -> None:
    """Run a stack's life on the real provider and on the double: step by step the engine did the same, URN by URN."""
    lives = []
    for name, kind in (("real", RealProviderEngine), ("double", ClusterEngine)):
        (directory / name).mkdir()
        with shown_platform(config, stack, directory / name, arm, kind=kind) as engine:
            lives.append(WholeLife(engine, stack))
            run_steps(subtests, lives[-1].steps())
    for of_real, of_double in zip(lives[0].record, lives[1].record, strict=True):
        with subtests.test(f"the same operations: {of_real[0]}"):
            assert of_real == of_double


def unexpected(messages: Sequence[str]) -> list[str]:
    """Warnings and errors that a healthy update does not give."""
    return [
        message
        for message in messages
        if not message.startswith("info") and not any(known in message for known in _WHILE_WAITING)
    ]


def _kinds(outcome: Any) -> dict[str, frozenset[str]]:
    return {urn: frozenset(operations) for urn, operations in outcome.operations.items()}
