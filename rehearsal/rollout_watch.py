"""What happened in a cluster while something was done to it: pods, nodes and endpoints, change by change."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from components.cluster.labels import DEPLOYMENT
from planning.plan.labels import POOL_REVISION
from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client, Object
from simulators.kubelet.pod_states import is_ready

# A watch ends after so long and the next begins where it ended: the last one brings what happened until then.
_WINDOW_SECONDS: Final = 1
_KINDS: Final = (("v1", "Node"), ("v1", "Pod"), ("discovery.k8s.io/v1", "EndpointSlice"))


@dataclass(frozen=True)
class Event:
    """One stored change of one object. `version` counts all changes of the cluster, whatever their kind."""

    version: int
    type: str
    object: Object


@dataclass(frozen=True)
class Moment:
    """The cluster right after one change: objects by uid."""

    version: int
    nodes: Mapping[str, Object]
    pods: Mapping[str, Object]
    slices: Mapping[str, Object]

    def serving(self, deployment: str) -> Counter[str]:
        """Pods of a Deployment that serve, by the revision of the pool they are on.

        Those serve that are ready, not about to end, and on a node that is there: as a disruption budget counts them.
        """
        labels = {node["metadata"]["name"]: node["metadata"]["labels"] for node in self.nodes.values()}
        return Counter(
            labels[pod["spec"]["nodeName"]].get(POOL_REVISION, "")
            for pod in self.of(deployment)
            if is_ready(pod) and not is_ending(pod) and pod["spec"]["nodeName"] in labels
        )

    def pools(self) -> Counter[str]:
        """Nodes by the revision of their pool; those of no pool of the Plan are left out."""
        found = (node["metadata"]["labels"].get(POOL_REVISION) for node in self.nodes.values())
        return Counter(revision for revision in found if revision)

    def of(self, deployment: str) -> list[Object]:
        """All pods of a Deployment."""
        return [pod for pod in self.pods.values() if deployment_of(pod) == deployment]

    def addressed(self, service: str) -> set[str]:
        """Names of the pods that a Service sends new requests to."""
        return {
            endpoint["targetRef"]["name"]
            for slice_ in self.slices.values()
            if slice_["metadata"]["labels"].get("kubernetes.io/service-name") == service
            for endpoint in slice_.get("endpoints") or []
            if endpoint["conditions"].get("ready")
        }


def deployment_of(pod: Object) -> str:
    """Name of the model's Deployment that a pod belongs to; empty where it is nobody's."""
    return (pod["metadata"].get("labels") or {}).get(DEPLOYMENT, "")


def is_ending(pod: Object) -> bool:
    """Whether the pod is terminating."""
    return "deletionTimestamp" in pod["metadata"]


@dataclass
class _Feed:
    """All changes of one kind, read in a thread of its own."""

    client: Client
    path: str
    listed: list[Object]
    version: str
    events: list[Event] = field(default_factory=list)

    def follow(self, over: threading.Event) -> None:
        is_last = False
        while not is_last:
            is_last = over.is_set()
            self._window()

    def _window(self) -> None:
        with self.client.watch(self.path, seconds=_WINDOW_SECONDS, version=self.version) as answer:
            for line in answer.iter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"]["code"], event["object"]["reason"], event["object"]["message"])
                self.version = event["object"]["metadata"]["resourceVersion"]
                self.events.append(Event(int(self.version), event["type"], event["object"]))


class Watch:
    """Used as a context around what is to be watched; read afterwards.

    `moments` are the cluster at the beginning and after every change, in the order of the changes.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._feeds = {kind: _feed(plane.client, version, kind) for version, kind in _KINDS}
        self.moments: tuple[Moment, ...] = ()
        self._over = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(feed,), name=f"watch {kind}", daemon=True)
            for kind, feed in self._feeds.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        self.moments = tuple(self._replayed())

    def _run(self, feed: _Feed) -> None:
        try:
            feed.follow(self._over)
        except Exception as error:  # noqa: BLE001 - a thread has no caller to raise to: raised when the context ends
            self._errors.append(error)

    def _replayed(self) -> Iterator[Moment]:
        objects = {kind: {item["metadata"]["uid"]: item for item in feed.listed} for kind, feed in self._feeds.items()}
        changes = sorted(
            ((event, kind) for kind, feed in self._feeds.items() for event in feed.events),
            key=lambda change: change[0].version,
        )
        yield _moment(0, objects)
        for event, kind in changes:
            uid = event.object["metadata"]["uid"]
            if event.type == "DELETED":
                objects[kind].pop(uid, None)
            elif event.type in ("ADDED", "MODIFIED"):
                objects[kind][uid] = event.object
            yield _moment(event.version, objects)

    def fewest(self, deployment: str) -> int:
        """The lowest number of pods of a Deployment that served."""
        return min(moment.serving(deployment).total() for moment in self.moments)

    def first(self, happened: Callable[[Moment], bool], what: str) -> int:
        """Version of the first moment at which something is so.

        Raises:
            AssertionError: it never was.

        """
        for moment in self.moments:
            if happened(moment):
                return moment.version
        raise AssertionError(f"never: {what}")

    def left_on_lost_nodes(self) -> set[str]:
        """Names of models' pods, running or about to end, whose node went from under them."""
        left: set[str] = set()
        nodes: set[str] = set()
        for moment in self.moments:
            now = {node["metadata"]["name"] for node in moment.nodes.values()}
            gone, nodes = nodes - now, now
            left |= {
                pod["metadata"]["name"]
                for pod in moment.pods.values()
                if deployment_of(pod) and pod["spec"].get("nodeName") in gone
            }
        return left

    def hindered(self) -> set[str]:
        """What kept containers of models' pods from starting, or made them end."""
        return {
            f"{pod['metadata']['name']}: {waiting['reason']} {waiting.get('message', '')}"
            for moment in self.moments
            for pod in moment.pods.values()
            if deployment_of(pod)
            for status in pod["status"].get("containerStatuses") or []
            if (waiting := status["state"].get("waiting"))
        }

    def never_placed(self) -> set[str]:
        """Names of models' pods that ended without ever having had a node."""
        placed, seen = set(), set()
        for moment in self.moments:
            for pod in moment.pods.values():
                if deployment_of(pod):
                    seen.add(pod["metadata"]["name"])
                    if pod["spec"].get("nodeName"):
                        placed.add(pod["metadata"]["name"])
        return seen - placed


def _feed(client: Client, api_version: str, kind: str) -> _Feed:
    path = client.path(api_version, kind)
    listed = client.request("GET", path)
    return _Feed(client, path, listed["items"], listed["metadata"]["resourceVersion"])


def _moment(version: int, objects: Mapping[str, Mapping[str, Object]]) -> Moment:
    return Moment(version, dict(objects["Node"]), dict(objects["Pod"]), dict(objects["EndpointSlice"]))
