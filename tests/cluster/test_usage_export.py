"""The API server takes the objects of the export of usage, and its pod by the namespace's standard and image policy."""

from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client, Object
from simulators.api_server.waiting import eventually
from tests.graph.stacks import Entry, Sections, graph_of

pytestmark = pytest.mark.cluster
_NAMESPACE = "monitoring"
_KINDS = ("ConfigMap", "ServiceAccount", "NetworkPolicy", "CronJob")


def _export(sections: Sections) -> None:
    sections.setdefault("observability", {})["usage_export"] = {"since": "2026-12-01"}


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return list(graph_of("dev", _export).to_json())


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane, entries: list[Entry]) -> Client:
    """A cluster with the namespace and the policy about images."""
    client = module_cluster.client
    for entry in entries:
        item = entry["inputs"]
        named = item.get("metadata", {}).get("name")
        if (item.get("kind"), named) == ("Namespace", _NAMESPACE) or named == "llm-platform-images":
            client.create(_known(item))
    eventually(
        lambda: [
            account for account in client.list("v1", "ServiceAccount") if account["metadata"]["namespace"] == _NAMESPACE
        ],
        "the account of pods",
    )
    return client


def _known(item: Any) -> Any:
    """An object without what only Azure knows."""
    if isinstance(item, dict):
        return {key: _known(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_known(value) for value in item]
    return "00000000-0000-4000-8000-000000000001" if item == "[unknown]" else item


def _ours(entries: list[Entry]) -> list[Object]:
    found = [
        entry["inputs"]
        for entry in entries
        if entry["inputs"].get("kind") in _KINDS and entry["inputs"]["metadata"]["name"].startswith("usage-export")
    ]
    assert {item["kind"] for item in found} == set(_KINDS)
    return [_known(item) for item in found]


def _pod(entries: list[Entry], name: str) -> Object:
    (job,) = [item for item in _ours(entries) if item["kind"] == "CronJob"]
    template = job["spec"]["jobTemplate"]["spec"]["template"]
    metadata = {**template["metadata"], "name": name, "namespace": _NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_the_api_server_takes_every_object_as_it_is(client: Client, entries: list[Entry]) -> None:
    for item in sorted(_ours(entries), key=lambda item: _KINDS.index(item["kind"])):
        client.create(item)
        made = client.get(item["apiVersion"], item["kind"], item["metadata"]["name"], _NAMESPACE)
        # Nothing that was written is dropped.
        assert _within(item.get("spec", item.get("data", {})), made.get("spec", made.get("data", {}))), item["kind"]


def _within(written: Any, made: Any) -> bool:
    if isinstance(written, dict):
        return all(key in made and _within(value, made[key]) for key, value in written.items())
    if isinstance(written, list):
        return len(written) == len(made) and all(map(_within, written, made))
    return written == made


def test_its_pod_is_admitted_and_no_other_image(client: Client, entries: list[Entry]) -> None:
    pod = _pod(entries, "exported")
    client.create(pod)
    foreign = _pod(entries, "foreign")
    foreign["spec"]["containers"][0]["image"] = "ghcr.io/somebody/python:3.14"

    def refused() -> bool:
        try:
            client.create(foreign, dry_run=True)
        except ApiError as error:
            return "ValidatingAdmissionPolicy llm-platform-images" in str(error)
        return False

    # The API server reads its policies some time after they were made.
    eventually(refused, "the policy is enforced")
    pod = _pod(entries, "root")
    pod["spec"]["containers"][0]["securityContext"] = {"runAsUser": 0}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        client.create(pod)
