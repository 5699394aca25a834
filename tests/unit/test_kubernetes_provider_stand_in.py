"""The Kubernetes stand-in answers the engine as the real provider does, seen without a server."""

import copy
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from pulumi.runtime.proto import provider_pb2

from simulators.api_server.client import ApiError
from simulators.kubernetes_provider import awaiting, kubernetes_rules
from simulators.kubernetes_provider.provider import ClusterKubernetes
from simulators.provider_protocol.calls import CallLog
from simulators.provider_protocol.wire import Secret, decode, encode

SERVER = "https://127.0.0.1:1"
KUBECONFIG = yaml.safe_dump({"clusters": [{"name": "c", "cluster": {"server": SERVER}}]})
URN = "urn:pulumi:dev::p::kubernetes:core/v1:ConfigMap::c"
DEPLOYMENT_URN = "urn:pulumi:dev::p::kubernetes:apps/v1:Deployment::d"
CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c", "namespace": "n", "labels": {"text": "one"}},
    "data": {"open": "anybody", "hidden": Secret("hush")},
}


def deployment(template: str, **annotations: str) -> dict[str, Any]:
    metadata = {"name": "d", "namespace": "n", "annotations": annotations}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1, "t": template}}


class Memory:
    """An API server's objects; controllers there are none, so that nothing gets ready."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, ...], dict[str, Any]] = {}
        self.is_up = True

    @staticmethod
    def _key(content: dict[str, Any]) -> tuple[str, ...]:
        metadata = content["metadata"]
        return content["apiVersion"], content["kind"], metadata["name"], metadata["namespace"]

    def answers(self) -> bool:
        return self.is_up

    def resource(self, api_version: str, kind: str) -> None:
        """Every kind is known."""

    def create(self, content: dict[str, Any], *, field_manager: str, dry_run: bool = False) -> dict[str, Any]:
        if self._key(content) in self.objects:
            raise ApiError(409, "AlreadyExists", f'"{content["metadata"]["name"]}" already exists')
        owned = [{"manager": field_manager, "operation": "Update", "fieldsV1": {}}]
        metadata = {**content["metadata"], "generation": 1, "resourceVersion": "1", "managedFields": owned}
        live = {**content, "metadata": metadata}
        if not dry_run:
            self.objects[self._key(content)] = live
        return copy.deepcopy(live)

    def get(self, *key: str) -> dict[str, Any]:
        if key not in self.objects:
            raise ApiError(404, "NotFound", "not found")
        return copy.deepcopy(self.objects[key])

    def find(self, *key: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.objects.get(key))

    def patch(self, *key: Any, namespace: str, patch: str) -> dict[str, Any]:
        del patch
        *address, change = key
        live = self.objects[*address, namespace]
        live["metadata"]["managedFields"] = change[0]["value"]
        return copy.deepcopy(live)

    def apply(self, content: dict[str, Any], *, field_manager: str, force: bool, dry_run: bool) -> dict[str, Any]:
        del field_manager, force
        live = {**self.objects[self._key(content)], **content}
        live["metadata"] = {**self.objects[self._key(content)]["metadata"], **content["metadata"]}
        if not dry_run:
            self.objects[self._key(content)] = live
        return copy.deepcopy(live)

    def delete(self, *key: str, propagation: str) -> None:
        del propagation
        self.objects.pop(key, None)

    def list(self, *_: str, **__: str) -> list[dict[str, Any]]:
        return []


class Plane:
    """What the provider knows of an API server."""

    def __init__(self) -> None:
        self.server = SERVER
        self.client: Any = Memory()


class AnswerError(Exception):
    """The provider answered with an error."""

    def __init__(self, code: grpc.StatusCode, message: str, *, has_object: bool) -> None:
        super().__init__(message)
        self.code, self.has_object = code, has_object


class Connection:
    """A connection of the engine, and what gRPC hands to a call on it."""

    def __init__(self, name: str) -> None:
        self._name, self._has_object = name, False

    def peer(self) -> str:
        return self._name

    def set_trailing_metadata(self, metadata: Any) -> None:
        del metadata
        self._has_object = True

    def abort(self, code: grpc.StatusCode, message: str) -> None:
        raise AnswerError(code, message, has_object=self._has_object)


@pytest.fixture
def plane() -> Plane:
    return Plane()


@pytest.fixture
def provider(plane: Plane) -> ClusterKubernetes:
    return ClusterKubernetes(CallLog(), plane, Path(), wait_limit_seconds=0.0)


def connected(provider: ClusterKubernetes, name: str) -> Any:
    connection: Any = Connection(name)
    provider.Attach(None, connection)
    provider.Configure(provider_pb2.ConfigureRequest(args=encode({"kubeconfig": KUBECONFIG})), connection)
    return connection


def created(provider: ClusterKubernetes, connection: Any, inputs: dict[str, Any]) -> Any:
    return provider.Create(provider_pb2.CreateRequest(urn=URN, properties=encode(inputs)), connection).properties


def test_outputs_have_the_inputs_the_first_version_and_the_manager_and_keep_secrets(
    provider: ClusterKubernetes,
) -> None:
    outputs = decode(created(provider, connected(provider, "a"), CONFIG_MAP), keep_secrets=True)
    assert outputs["data"] == outputs["__inputs"]["data"] == CONFIG_MAP["data"]
    assert outputs["__initialApiVersion"] == "v1"
    assert outputs["__fieldManager"].startswith("pulumi-kubernetes-")
    assert outputs["metadata"]["managedFields"]


def test_a_comparison_names_leaf_paths_and_looks_at_what_the_outputs_say_that_was_put_in(
    provider: ClusterKubernetes,
) -> None:
    connection = connected(provider, "a")
    olds = created(provider, connection, CONFIG_MAP)

    def compared(**changes: Any) -> Any:
        news, unrelated = encode({**CONFIG_MAP, **changes}), encode({"kind": "ConfigMap", "metadata": {"name": "c"}})
        return provider.Diff(
            provider_pb2.DiffRequest(urn=URN, id="n/c", olds=olds, old_inputs=unrelated, news=news), connection
        )

    assert compared().changes == provider_pb2.DiffResponse.DIFF_NONE
    label = compared(metadata={**CONFIG_MAP["metadata"], "labels": {"text": "two"}})
    assert (list(label.diffs), list(label.replaces), sorted(label.detailedDiff)) == ([], [], ["metadata.labels.text"])
    data = compared(data={"open": "nobody", "hidden": "hush"})
    assert (list(data.replaces), data.deleteBeforeReplace) == (["data.open"], True)
    renamed = compared(metadata={**CONFIG_MAP["metadata"], "name": "other"})
    assert (list(renamed.replaces), renamed.deleteBeforeReplace) == (["metadata.name"], False)


def test_a_manager_is_drawn_once_and_kept(provider: ClusterKubernetes) -> None:
    connection = connected(provider, "a")
    olds = created(provider, connection, CONFIG_MAP)
    request = provider_pb2.UpdateRequest(urn=URN, id="n/c", olds=olds, news=encode(CONFIG_MAP))
    outputs = decode(provider.Update(request, connection).properties)
    assert outputs["__fieldManager"] == decode(olds)["__fieldManager"]
    other = {**CONFIG_MAP, "metadata": {**CONFIG_MAP["metadata"], "name": "other"}}
    assert decode(created(provider, connection, other))["__fieldManager"] != outputs["__fieldManager"]


def waiting(provider: ClusterKubernetes, call: Callable[[], Any]) -> AnswerError:
    """The answer to a call that waits and is cancelled."""
    provider.wait_limit_seconds = 60.0
    other: Any = Connection("a")
    cancel = threading.Timer(0.2, lambda: provider.Cancel(None, other))
    cancel.start()
    with pytest.raises(AnswerError) as caught:
        call()
    cancel.join()
    return caught.value


def test_a_cancelled_update_is_an_error_alone_and_a_cancelled_creation_carries_the_object(
    provider: ClusterKubernetes, plane: Plane
) -> None:
    connection = connected(provider, "a")
    request = provider_pb2.CreateRequest(urn=DEPLOYMENT_URN, properties=encode(deployment("one")))
    answer = waiting(provider, lambda: provider.Create(request, connection))
    assert (answer.code, answer.has_object) == (grpc.StatusCode.UNKNOWN, True)
    connection = connected(provider, "a")
    olds = encode({**plane.client.get("apps/v1", "Deployment", "d", "n"), "__inputs": deployment("one")})
    change = provider_pb2.UpdateRequest(urn=DEPLOYMENT_URN, id="n/d", olds=olds, news=encode(deployment("two")))
    answer = waiting(provider, lambda: provider.Update(change, connection))
    assert (answer.code, answer.has_object) == (grpc.StatusCode.CANCELLED, False)
    assert plane.client.get("apps/v1", "Deployment", "d", "n")["spec"]["t"] == "two"


def test_the_end_of_one_operation_is_not_the_cancellation_of_the_next(provider: ClusterKubernetes) -> None:
    connection = connected(provider, "a")
    provider.Cancel(None, connection)
    with pytest.raises(AnswerError, match="context canceled"):
        created(provider, connection, CONFIG_MAP)
    assert created(provider, connected(provider, "b"), CONFIG_MAP)
    # The same port, of a later operation.
    other = {**CONFIG_MAP, "metadata": {**CONFIG_MAP["metadata"], "name": "other"}}
    assert created(provider, connected(provider, "a"), other)


def test_reachability_is_decided_when_a_connection_is_configured(provider: ClusterKubernetes, plane: Plane) -> None:
    before = connected(provider, "a")
    plane.client.is_up = False
    assert created(provider, before, CONFIG_MAP)
    away = connected(provider, "b")
    plane.client.is_up = True
    preview = provider_pb2.CreateRequest(urn=URN, properties=encode(CONFIG_MAP), preview=True)
    assert decode(provider.Create(preview, away).properties, keep_secrets=True) == CONFIG_MAP
    for call, message in (
        (lambda: created(provider, away, CONFIG_MAP), "configured Kubernetes cluster is unreachable: unable to load"),
        (lambda: provider.Read(provider_pb2.ReadRequest(urn=URN, id="n/c"), away), "PULUMI_K8S_DELETE_UNREACHABLE"),
        (lambda: provider.Delete(provider_pb2.DeleteRequest(urn=URN, id="n/c"), away), "PULUMI_K8S_DELETE_UNREACHABLE"),
    ):
        with pytest.raises(AnswerError, match=message):
            call()


def test_a_refresh_reports_what_is_not_ready_with_the_object(provider: ClusterKubernetes) -> None:
    connection = connected(provider, "a")
    with pytest.raises(AnswerError, match="timed out waiting to be Ready"):
        provider.Create(
            provider_pb2.CreateRequest(urn=DEPLOYMENT_URN, properties=encode(deployment("one"))), connection
        )

    def read(**annotations: str) -> Any:
        inputs = encode(deployment("one", **annotations))
        return provider.Read(
            provider_pb2.ReadRequest(urn=DEPLOYMENT_URN, id="n/d", inputs=inputs), connected(provider, "b")
        )

    with pytest.raises(AnswerError, match="was created but failed to initialize") as caught:
        read()
    assert caught.value.has_object
    assert read(**{"pulumi.com/skipAwait": "true"}).id == "n/d"


@pytest.mark.parametrize(
    ("group", "kind", "path", "is_replaced"),
    [
        ("batch", "Job", "spec.parallelism", True),
        ("batch", "Job", "spec.template.spec.containers[0].image", True),
        ("batch", "Job", "spec.backoffLimit", False),
        ("apps", "StatefulSet", "spec.revisionHistoryLimit", True),
        ("apps", "StatefulSet", "spec.template", False),
        ("apps", "Deployment", "spec.selector.matchLabels.app", True),
        ("", "ConfigMap", "immutable", False),
        ("", "Service", "spec.type", False),
        ("keda.sh", "ScaledObject", "spec.minReplicaCount", False),
    ],
)
def test_the_table_of_the_provider_says_what_replaces_an_object(
    group: str, kind: str, path: str, is_replaced: bool
) -> None:
    assert kubernetes_rules.replaces(group, kind, path) is is_replaced


def test_the_custom_timeout_counts_before_the_annotation() -> None:
    annotated = deployment("one", **{"pulumi.com/timeoutSeconds": "5"})
    assert awaiting.wait_seconds(annotated, 7.0) == 7.0
    assert awaiting.wait_seconds(annotated, 0) == 5.0
    assert awaiting.wait_seconds(deployment("one"), 0) == awaiting.DEFAULT_WAIT_SECONDS


@pytest.mark.parametrize(
    ("kind", "ends"), [(("apps/v1", "Deployment"), True), (("keda.sh/v1alpha1", "ScaledObject"), False)]
)
def test_a_skipped_wait_ends_the_wait_for_some_deletions_too(kind: tuple[str, str], ends: bool) -> None:
    skipped = {**deployment("one", **{"pulumi.com/skipAwait": "true"}), "apiVersion": kind[0], "kind": kind[1]}
    assert awaiting.deletion_is_not_awaited(skipped) is ends
