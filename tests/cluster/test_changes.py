"""A listener is notified of changes of every kind, also of a kind that is added later and after the server was down."""

import threading
from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.changes import Changes
from simulators.api_server.client import Client
from simulators.helm.reference_crds import reference_crds

pytestmark = pytest.mark.cluster
# Nothing in a new cluster has one, and no controller touches one.
LIMITS = ("v1", "LimitRange")
# Far above what any of it takes: a word that never comes fails here.
LIMIT_SECONDS = 30


class Listener:
    """Records that something has happened, until it is reset."""

    def __init__(self) -> None:
        self.heard = threading.Event()

    def require_word(self) -> None:
        assert self.heard.wait(LIMIT_SECONDS)
        self.heard.clear()


def create(client: Client) -> None:
    metadata = {"name": "one", "namespace": "default"}
    client.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": []}})


def test_every_change_is_reported(module_cluster: ControlPlane) -> None:
    client, listener = module_cluster.client, Listener()
    with Changes(client, [LIMITS], listener.heard.set):
        listener.require_word()
        create(client)
        listener.require_word()
        client.patch(*LIMITS, "one", {"metadata": {"labels": {"a": "b"}}}, namespace="default")
        listener.require_word()
        client.delete(*LIMITS, "one", "default")
        listener.require_word()


def test_a_kind_that_is_installed_later_is_watched(module_cluster: ControlPlane, arm: Path) -> None:
    client, listener = module_cluster.client, Listener()
    (definition,) = (
        crd
        for crd in reference_crds(arm.parent / "crds").of("keda.sh")
        if crd["spec"]["names"]["kind"] == "ScaledObject"
    )
    with Changes(client, [("keda.sh/v1alpha1", "ScaledObject")], listener.heard.set):
        assert not listener.heard.is_set()
        client.create(definition)
        listener.require_word()


def test_the_watch_resumes_after_the_server_was_down(cluster: ControlPlane) -> None:
    listener = Listener()
    with Changes(cluster.client, [LIMITS], listener.heard.set):
        listener.require_word()
        cluster.stop_api_server()
        listener.heard.clear()
        cluster.start_api_server()
        listener.require_word()
        create(cluster.client)
        listener.require_word()


def test_stopping_does_not_wait_for_a_change(module_cluster: ControlPlane) -> None:
    listener, before = Listener(), set(threading.enumerate())
    with Changes(module_cluster.client, [LIMITS], listener.heard.set):
        listener.require_word()
    assert {thread for thread in threading.enumerate() if thread not in before} == set()
