"""A stack under faults: settings that change, updates that fail, and what must hold after each of them."""

import re
from collections.abc import Callable
from typing import Any, Final

import pytest

from rehearsal.cluster import ClusterEngine
from rehearsal.engine import OperationRefusedError
from rehearsal.moments import Moments
from rehearsal.outcome import Outcome
from simulators.aks.provider import CLUSTER, POOL
from simulators.azure.cloud import AzureObject
from simulators.kubelet.pod_states import is_ready
from tests.cluster.fault_traces import NONE, Traces, traces
from tests.cluster.life import Life, plan_of
from tests.engine.platform_stacks import PROJECT
from tests.graph.stacks import Sections, sections_of

# Another content has another name: arguments, and the wait for a model's move to another pool.
_REPLACED_BY_DESIGN: Final = ("$kubernetes:core/v1:ConfigMap::", "$kubernetes:batch/v1:Job::")
_DIAGNOSTICS: Final = re.compile(r"^  \S+ \((?P<name>\S+)\):\n(?P<text>(?:    .*\n?|\n)+)", re.MULTILINE)
_REPLACED: Final = frozenset({"create-replacement", "delete-replaced", "replace"})


class FaultedStack(Life):
    """A shipped stack over an engine of its own, not updated yet.

    `moments` are those of its providers, `serving` are namespace and name of the Deployments that ran when it last
    converged.
    """

    def __init__(self, engine: ClusterEngine, name: str, edit: Callable[[Sections], object] | None = None) -> None:
        self.sections = sections_of(name)
        if edit is not None:
            edit(self.sections)
        super().__init__(engine, name, self._settings())
        self.serving: list[tuple[str, str]] = []
        self.moments = Moments(engine.azure, engine.kubernetes)

    def _settings(self) -> dict[str, Any]:
        return {f"{PROJECT}:{name}": section for name, section in self.sections.items()}

    def change(self, edit: Callable[[Sections], object]) -> None:
        """Edit the settings and the Plan for the next update."""
        edit(self.sections)
        self.stack.configure(self._settings())
        self.plan = plan_of(self.sections)

    def state(self, name: str) -> dict[str, Any]:
        """What the state has of a resource, by its logical name."""
        (found,) = [one for urn, one in self.stack.resources().items() if urn.rpartition("::")[2] == name]
        return found

    def traces(self) -> Traces:
        """How state and clouds differ."""
        return traces(self.engine, self.stack, self.before)

    def fails(self, resource: str, cause: str, **options: Any) -> Outcome:
        """The next update fails; what is printed below a resource of this name names the cause. Both are patterns."""
        with pytest.raises(OperationRefusedError) as caught:
            self.stack.up(**options)
        outcome = caught.value.outcome
        printed = [
            found["text"] for found in _DIAGNOSTICS.finditer(outcome.output) if re.fullmatch(resource, found["name"])
        ]
        assert any(re.search(cause, text, re.DOTALL) for text in printed), outcome.output
        return outcome

    def require_consistent(self, outcome: Outcome, *gone: str) -> None:
        """The state is whole after an update that failed: it knows all there is, and no operation was left open.

        Nothing was deleted or replaced but what is named, and whatever served before goes on serving.
        """
        self._require_known()
        self._require_lost(outcome, set(gone))
        for namespace, name in self.serving:
            assert any(is_ready(pod) for pod in self.pods(namespace, name)), name

    def converges(self, *gone: str) -> Outcome:
        """The next update ends with everything as the Plan says, and then there is nothing left to do.

        `gone` are logical names of what the change itself does away with.
        """
        update = self.stack.up()
        self.require_converged()
        self._require_lost(update, set(gone))
        return update

    def require_converged(self) -> None:
        """Everything is as the Plan says and in the state, and a preview shows no changes."""
        assert self.moments.are_over
        for namespace, deployment in self.deployments:
            self.require_pods(namespace, deployment)
        self.require_quiet()
        half_made = [resource["urn"] for resource in self.stack.resources().values() if resource.get("initErrors")]
        half_made += [resource.id for resource in self.engine.cloud.azure if _is_half_made(resource)]
        assert half_made == [], half_made
        self.serving = [
            (namespace, one.name)
            for namespace, one in self.deployments
            if any(map(is_ready, self.pods(namespace, one.name)))
        ]

    def require_quiet(self) -> None:
        """There is nothing to do for the engine, and nothing that it does not know."""
        left = self.stack.preview().operations
        assert left == {}, left
        self._require_known()

    def _require_known(self) -> None:
        found = self.traces()
        assert found == NONE, found

    def _require_lost(self, outcome: Outcome, expected: set[str]) -> None:
        """What was replaced or is gone, by logical name; what is replaced with every change of it does not count."""
        remaining = self.stack.resources()
        lost = {
            urn.rpartition("::")[2]
            for urn, operations in outcome.operations.items()
            if not any(type_ in urn for type_ in _REPLACED_BY_DESIGN)
            and (_REPLACED.intersection(operations) or ("delete" in operations and urn not in remaining))
        }
        assert lost == expected, lost


def _is_half_made(resource: AzureObject) -> bool:
    is_judged = f"azure-native:{resource.token}" in (CLUSTER, POOL)
    return is_judged and resource.outputs["provisioningState"] != "Succeeded"
