"""Plays a scenario with the real KEDA, in a namespace of its own."""

import copy
import threading
import time
from typing import Any, Final

from simulators.api_server.client import Client, Object
from simulators.api_server.waiting import eventually
from tests.cluster.workloads import deployment, pod_spec
from tests.oracles.keda.installed import MODEL_LABEL, Installed
from tests.oracles.keda.scenarios import Phase, Scenario

NAME: Final = "scaled"
_LOOK_SECONDS: Final = 0.5
_READY_SECONDS: Final = 60
_SCALED: Final = ("keda.sh/v1alpha1", "ScaledObject")


class Played:
    """One scenario, played from its beginning; `numbers` are the replicas of the Deployment, one after another."""

    def __init__(self, installed: Installed, namespace: str, scenario: Scenario) -> None:
        self._installed = installed
        self._client: Client = installed.plane.client
        self.namespace = namespace
        self._scenario = scenario
        self.numbers: list[int] = []
        self.pods = 0
        """Most pods that it had at once."""
        self._over = threading.Event()

    def play(self) -> None:
        """Make the objects in the program's order, and let the phases pass."""
        client, namespace = self._client, self.namespace
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        eventually(lambda: client.find("v1", "ServiceAccount", "default", namespace), "the namespace is ready")
        first, *rest = self._scenario.phases
        self._begin(first)
        if self._scenario.others:
            client.create(self._deployment("others", self._scenario.others))
        spec = self._spec(self._scenario.spec)
        client.apply(
            {"apiVersion": _SCALED[0], "kind": _SCALED[1], "metadata": self._metadata(), "spec": spec},
            field_manager="pulumi",
        )
        client.create(self._deployment(NAME, self._scenario.replicas))
        watch = threading.Thread(target=self._watch)
        watch.start()
        try:
            time.sleep(first.seconds)
            for phase in rest:
                self._begin(phase)
                self._change(phase)
                time.sleep(phase.seconds)
        finally:
            self._over.set()
            watch.join()

    def scaled_object(self) -> Object:
        """The ScaledObject as it is now."""
        return self._client.get(*_SCALED, NAME, self.namespace)

    def owners(self) -> set[tuple[str, str | None]]:
        """Who has the Deployment's number, and through which subresource."""
        entries = self._client.get("apps/v1", "Deployment", NAME, self.namespace)["metadata"]["managedFields"]
        return {
            (entry["manager"], entry.get("subresource"))
            for entry in entries
            if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
        }

    def autoscaler(self) -> Object:
        """The HorizontalPodAutoscaler as it is now."""
        return self._client.get("autoscaling/v2", "HorizontalPodAutoscaler", f"keda-hpa-{NAME}", self.namespace)

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            found = self._client.get("apps/v1", "Deployment", NAME, self.namespace)
            replicas = found["spec"]["replicas"]
            if self.numbers[-1:] != [replicas]:
                self.numbers.append(replicas)
            self.pods = max(self.pods, found.get("status", {}).get("replicas", 0))

    def _begin(self, phase: Phase) -> None:
        if phase.load is not None:
            self._installed.exporter.load(self.namespace, phase.load)
        if phase.without_metrics is not None:
            self._installed.exporter.fail(self.namespace, fails=phase.without_metrics)

    def _change(self, phase: Phase) -> None:
        if phase.by_hand is not None:
            self._set(phase.by_hand, "by-hand")
        if phase.bounds is not None:
            low, high = phase.bounds
            spec = self._spec({**self._scenario.spec, "minReplicaCount": low, "maxReplicaCount": high})
            self._client.apply(
                {"apiVersion": _SCALED[0], "kind": _SCALED[1], "metadata": self._metadata(), "spec": spec},
                field_manager="pulumi",
            )
        if phase.fixed is not None:
            self._set(phase.fixed, "pulumi")

    def _set(self, replicas: int, manager: str) -> None:
        body = {"spec": {"replicas": replicas}}
        self._client.patch("apps/v1", "Deployment", NAME, body, namespace=self.namespace, field_manager=manager)

    def _metadata(self) -> dict[str, Any]:
        return {"name": NAME, "namespace": self.namespace}

    def _spec(self, given: Any) -> dict[str, Any]:
        """The rendered spec with this namespace, this Prometheus and this Deployment's name."""
        spec = copy.deepcopy(dict(given))
        spec["scaleTargetRef"]["name"] = NAME
        (trigger,) = spec["triggers"]
        trigger["metadata"]["serverAddress"] = self._installed.prometheus
        trigger["metadata"]["query"] = trigger["metadata"]["query"].replace(
            'namespace="llm"', f'namespace="{self.namespace}"'
        )
        return spec

    def _deployment(self, name: str, replicas: int) -> Object:
        made = deployment(name, pod_spec(), replicas=replicas)
        made["metadata"]["namespace"] = self.namespace
        query = self._scenario.spec["triggers"][0]["metadata"]["query"]
        model = query.partition('llm_platform_model="')[2].partition('"')[0]
        made["spec"]["template"]["metadata"]["labels"][MODEL_LABEL] = model
        return made
