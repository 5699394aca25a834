"""A stack whose updates fail, are cancelled or killed at one call each, and what must hold when it goes up again."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import pytest

from rehearsal.engine import Engine, OperationRefusedError, StackRun
from rehearsal.moments import METHODS, Method, Moments, signal_engine
from rehearsal.outcome import Outcome
from simulators.azure.cloud import Key
from simulators.provider_protocol.base import SimulatedProvider
from tests.engine import recovery
from tests.engine.platform_stacks import PROGRAM, PROJECT, section, settings

How = Literal["failed", "cancelled", "killed"]
HOWS: Final[tuple[How, ...]] = ("failed", "cancelled", "killed")
_CANCEL_SECONDS: Final = 30.0
_BUSY: Final = "another agent pool operation is in progress"
# Of two updates, in the largest stack.
_OLD_POOLS: Final = 8
# Components and providers are registered only.
_NOWHERE: Final = ("llm-platform:", "pulumi:")


@dataclass(frozen=True)
class Moment:
    """A call of the engine to a provider."""

    method: Method
    type: str

    def __str__(self) -> str:
        return f"{self.method} {self.type.rpartition(':')[2]}"


def moments_of(outcome: Outcome) -> list[Moment]:
    """Each kind of call that an update has made, or that a first one would make, in the order of its steps."""
    calls = [(call.method, call.type) for call in outcome.writes()]
    calls = calls or [("Create", step.type) for step in outcome.steps if step.op == "create"]
    found = [
        Moment(method, type_)
        for called, type_ in calls
        for method in METHODS
        if method == called and not type_.startswith(_NOWHERE)
    ]
    return list(dict.fromkeys(found))


def variant(name: str, number: int) -> dict[str, Any]:
    """The settings of a stack; each number has other arguments for vLLM, other pools and other tags, 0 the file's."""
    given = settings(name)
    if number:
        for model in section(given, "models"):
            model.setdefault("engine", {}).setdefault("args", {})["seed"] = number
        for pool in section(given, "pools"):
            pool["os_disk_gib"] = pool.get("os_disk_gib", 512) + 16 * number
        section(given, "platform").setdefault("tags", {})["variant"] = str(number)
    return given


class BrokenOff:
    """One stack in memory; `number` is the variant that its last whole update has built, -1 before the first."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.number = -1
        self.before = {resource.id for resource in engine.cloud.azure}
        self.stack: StackRun = engine.stack(name, PROGRAM, variant(name, 0), project=PROJECT)
        self._moments = Moments(engine.azure, engine.kubernetes, engine.random)

    def preview(self, number: int) -> Outcome:
        """What an update to a variant would do."""
        self.stack.configure(variant(self.name, number))
        return self.stack.preview()

    def breaks(self, how: How, moment: Moment, number: int) -> None:
        """An update to a variant ends at a call; what a person has to do after a kill is done."""
        self.stack.configure(variant(self.name, number))
        providers = {"kubernetes": self.engine.kubernetes, "random": self.engine.random}
        provider: SimulatedProvider = providers.get(moment.type.partition(":")[0], self.engine.azure)
        if how == "failed":
            provider.fail_on(moment.type, method=moment.method, message="refused on demand")
        elif how == "cancelled":
            self._moments.before(lambda: self._cancel(provider), moment.type, method=moment.method)
        else:
            self._moments.after(lambda: signal_engine(signal.SIGKILL), moment.type, method=moment.method)
        with pytest.raises(OperationRefusedError):
            # One call at a time: the engine must not be killed while it writes the state's file for another one.
            self.stack.up(parallel=1 if how == "killed" else None)
        assert self._moments.are_over, f"{moment} was never called"
        if how == "killed":
            self._settle()

    @staticmethod
    def _cancel(provider: SimulatedProvider) -> None:
        signal_engine(signal.SIGINT)
        assert provider.cancellation.wait(_CANCEL_SECONDS)

    def _settle(self) -> None:
        """As docs/failed-updates.md says: remove the lock, delete what no state knows, forget that it was begun."""
        recovery.unlock(self.stack)
        for operation in recovery.cut_off(self.stack):
            if operation["type"] == "creating":
                self._delete(operation["resource"])
        self.stack.refresh(clear_pending_creates=True)

    def _delete(self, resource: dict[str, Any]) -> None:
        known = {resource["id"] for resource in self.stack.resources().values() if resource.get("id")}
        if resource["type"].startswith("kubernetes:"):
            for type_, id_ in set(self._objects()) - set(self._addresses()):
                if type_ == resource["type"]:
                    self.engine.kubernetes.delete(type_, id_)
            return
        for made in self.engine.cloud.azure:
            if made.id not in known | self.before and f"azure-native:{made.token}" == resource["type"]:
                self.engine.cloud.remove(made.id)

    def goes_up(self, number: int) -> Outcome:
        """An update to a variant ends well: what pods mount is there, nothing is left over, nothing is left to do."""
        self.stack.configure(variant(self.name, number))
        done = again_while_busy(self.stack.up)
        self.number = number
        assert sorted(self._unmounted()) == []
        recorded = self._addresses()
        assert sorted(self._objects()) == [address for address in recorded if address[0].startswith("kubernetes:")]
        azure = {resource.id.lower() for resource in self.engine.cloud.azure} - {id_.lower() for id_ in self.before}
        assert sorted(azure) == sorted({id_.lower() for type_, id_ in recorded if type_.startswith("azure-native:")})
        left = self.stack.preview().operations
        assert left == {}, left
        return done

    def _addresses(self) -> list[tuple[str, str]]:
        """Type and id of the state's resources that live somewhere, those that wait to be deleted too, sorted."""
        return sorted(
            (resource["type"], resource["id"])
            for resource in self.stack.export().get("resources") or []
            if resource["custom"] and not resource["type"].startswith(_NOWHERE) and not resource.get("external")
        )

    def _clusters(self) -> Iterator[Any]:
        return iter(self.engine.cloud.clusters.values())

    def _objects(self) -> list[tuple[str, str]]:
        """Type and id of every object in the clusters, as the state would have them."""
        return [_address(key, inputs) for cluster in self._clusters() for key, inputs in cluster.objects.items()]

    def _unmounted(self) -> Iterator[str]:
        """ConfigMaps that the template of a live Deployment names and that are not there."""
        for cluster in self._clusters():
            config_maps = {(key.namespace, key.name) for key in cluster.objects if key.kind == "ConfigMap"}
            for key, inputs in cluster.objects.items():
                if key.kind == "Deployment":
                    volumes = inputs["spec"]["template"]["spec"].get("volumes") or []
                    named = {volume["configMap"]["name"] for volume in volumes if "configMap" in volume}
                    yield from (f"{key.name}: {name}" for name in named if (key.namespace, name) not in config_maps)


def again_while_busy(update: Callable[[], Outcome]) -> Outcome:
    """An update, and others where AKS is busy with one of two old pools when the other is to be deleted.

    Pools of two updates do not depend on each other, so the engine deletes them at the same time; each update deletes
    one of them at least.
    """
    for _ in range(_OLD_POOLS):
        try:
            return update()
        except OperationRefusedError as refused:
            if _BUSY not in str(refused):
                raise
    return update()


def _address(key: Key, inputs: dict[str, Any]) -> tuple[str, str]:
    version = inputs.get("apiVersion", "helm.sh/v3")
    id_ = f"{key.namespace}/{key.name}" if key.namespace else key.name
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{key.kind}", id_


def broken_off(stack: BrokenOff, cases: list[tuple[How, Moment]], note: Callable[[str], None]) -> None:
    """Each update breaks off on the way to another stack file; then in turn the old one and a third one go up."""
    for place, (how, moment) in enumerate(cases):
        current = stack.number
        back_to = current if place % 2 == 0 and current >= 0 else current + 2
        note(f"{how} at {moment}, from {current} to {current + 1}, then {back_to}")
        stack.breaks(how, moment, current + 1)
        stack.goes_up(back_to)
