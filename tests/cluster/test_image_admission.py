"""Which images may run: the stack's own policy in a real API server, for pods of every kind and spelling."""

from typing import Any, Final

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client, Object
from simulators.api_server.waiting import eventually
from tests.graph.stacks import entries_of

pytestmark = pytest.mark.cluster

STACK: Final = "dev"
OURS: Final = ("llm", "monitoring")
OTHERS: Final = ("default", "kube-system", "team")
VLLM: Final = "docker.io/vllm/vllm-openai:v0.33.0"
FOREIGN: Final = "ghcr.io/somebody/else:v1"
SPELLINGS: Final = (
    VLLM,
    "vllm/vllm-openai:v0.33.0",
    "index.docker.io/vllm/vllm-openai",
    f"vllm/vllm-openai@sha256:{'a' * 64}",
    f"acracmellmdevx7f.azurecr.io/docker.io/vllm/vllm-openai:v0.33.0@sha256:{'a' * 64}",
    "busybox:1.37.0",
    "nvcr.io/nvidia/k8s-device-plugin:v0.20.0",
)
LOOKALIKES: Final = (
    FOREIGN,
    "docker.io.evil.example/vllm/vllm-openai:v0.33.0",
    "docker.io:443/vllm/vllm-openai:v0.33.0",
    "Docker.io/vllm/vllm-openai:v0.33.0",
    "vllm/vllm-openai-evil",
    "vllm/vllm-openai/evil",
    "busybox/evil",
    "acracmellmdevx7f.azurecr.io/of-our-own:v1",
    "acracmellmdevx7f.azurecr.io/docker.io/somebody/else:v1",
    "nginx",
)
_POD: Final = ("v1", "Pod")


def pod(name: str, namespace: str, *images: str, **more: Any) -> Object:
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    spec = {"containers": containers, "automountServiceAccountToken": False, **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def refusal(client: Client, item: Object) -> str:
    """The policy's message, empty where the API server would take the object."""
    try:
        client.create(item, dry_run=True)
    except ApiError as error:
        if error.status != 403 or "ValidatingAdmissionPolicy" not in error.message:
            raise
        return error.message
    return ""


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane) -> Client:
    """A cluster with the policy; a pod with a foreign image was there before it."""
    client = module_cluster.client
    for name in (*OURS, "team"):
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for name in (*OURS, *OTHERS):
        eventually(
            lambda name=name: [
                account
                for account in client.list("v1", "ServiceAccount")
                if (account["metadata"]["namespace"], account["metadata"]["name"]) == (name, "default")
            ],
            f"the account of pods in {name}",
        )
    client.create(pod("former", "llm", FOREIGN, VLLM))
    for entry in entries_of(STACK):
        item = entry["inputs"]
        if item.get("kind", "").startswith("ValidatingAdmissionPolicy") and item["metadata"]["name"].endswith(
            "-images"
        ):
            client.create(item)
    eventually(lambda: refusal(client, pod("probe", "llm", FOREIGN)), "the policy is enforced")
    return client


@pytest.mark.parametrize("image", SPELLINGS)
def test_images_of_the_platform_run_however_they_are_spelt(client: Client, image: str) -> None:
    for namespace in OURS:
        assert refusal(client, pod("one", namespace, image)) == ""


@pytest.mark.parametrize("image", LOOKALIKES)
def test_other_images_do_not(client: Client, image: str) -> None:
    for namespace in OURS:
        message = refusal(client, pod("one", namespace, VLLM, image))
        assert image in message
        assert VLLM not in message
        # What to do, as a user and as an administrator.
        assert f"In {namespace} pods run the platform's own images alone" in message
        assert "registry.allowed" in message
        assert "ValidatingAdmissionPolicy llm-platform-images" in message


def test_every_kind_of_container_counts(client: Client) -> None:
    first = [{"name": "first", "image": FOREIGN}]
    assert FOREIGN in refusal(client, pod("one", "llm", VLLM, initContainers=first))
    sidecar = [{"name": "first", "image": FOREIGN, "restartPolicy": "Always"}]
    assert FOREIGN in refusal(client, pod("one", "llm", VLLM, initContainers=sidecar))
    volume = [{"name": "weights", "image": {"reference": FOREIGN, "pullPolicy": "IfNotPresent"}}]
    assert FOREIGN in refusal(client, pod("one", "llm", VLLM, volumes=volume))
    assert refusal(client, pod("one", "llm", VLLM, volumes=[{"name": "tmp", "emptyDir": {}}])) == ""


def test_containers_for_debugging_count_too(client: Client) -> None:
    client.create(pod("running", "llm", VLLM))

    def debug(image: str) -> None:
        debugger = {"spec": {"ephemeralContainers": [{"name": "debugger", "image": image}]}}
        client.patch(*_POD, "running", debugger, namespace="llm", subresource="ephemeralcontainers")

    with pytest.raises(ApiError, match=FOREIGN):
        debug(FOREIGN)
    debug("busybox:1.37.0")


def test_a_running_pod_gets_no_other_image_and_one_from_before_may_end(client: Client) -> None:
    client.patch(*_POD, "former", {"metadata": {"labels": {"a": "b"}}}, namespace="llm")

    def change(image: str) -> None:
        former = client.get(*_POD, "former", "llm")
        former["spec"]["containers"][1]["image"] = image
        client.replace(former)

    with pytest.raises(ApiError, match="nginx") as refused:
        change("nginx")
    # What it has already is no reason.
    assert FOREIGN not in refused.value.message
    change("busybox:1.37.0")
    client.delete(*_POD, "former", "llm")


def test_other_namespaces_are_never_looked_at(client: Client) -> None:
    for namespace in OTHERS:
        assert refusal(client, pod("one", namespace, FOREIGN)) == ""


def test_the_policy_has_no_mistake_that_the_api_server_knows(client: Client) -> None:
    (policy,) = client.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")

    def checked() -> Any:
        (now,) = client.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
        return now.get("status", {}).get("observedGeneration") == now["metadata"]["generation"]

    eventually(checked, "the expressions are checked against the kind")
    (policy,) = client.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
    assert policy["status"].get("typeChecking", {}).get("expressionWarnings", []) == []
