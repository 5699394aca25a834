"""No image comes from Docker Hub anonymously, and none is pulled before the registry can serve it.

Charts aren't images: the Job that applies the CRDs of gateway-helm pulls that chart from Docker Hub without an account,
once for each version (docs/operating.md).
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.graph.stacks import ALL, STACKS, by_urn, graph_of, is_kubernetes
from tests.graph.stacks import entries_of as entries

_REGISTRY = "azure-native:containerregistry:"
_PROVIDER = "pulumi:providers:kubernetes"
each_stack = pytest.mark.parametrize("stack", STACKS)


def of_type(stack: str, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in entries(stack) if entry["type"] == f"{_REGISTRY}{kind}"]


def images(stack: str) -> Iterator[str]:
    """Every image, registry or repository in the inputs of objects in the cluster."""
    for entry in entries(stack):
        if is_kubernetes(entry):
            yield from _named(entry["inputs"])


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        parts = [value[key] for key in ("registry", "repository") if isinstance(value.get(key), str)]
        if parts:
            yield "/".join(parts)
        for key, item in value.items():
            if key in ("image", "imageRegistry") and isinstance(item, str):
                yield item
            yield from _named(item)


def before(stack: str, urn: str) -> set[str]:
    """Everything that a resource waits for, by dependencies and parents' own."""
    known, found, left = by_urn(entries(stack)), set(), [urn]
    while left:
        for needed in known[left.pop()]["options"]["depends_on"]:
            if needed not in found:
                found.add(needed)
                left.append(needed)
    return found


@each_stack
def test_no_image_is_pulled_from_docker_hub(stack: str) -> None:
    found = list(images(stack))
    assert any("/vllm/vllm-openai:" in image for image in found)
    assert any("/envoyproxy/envoy:" in image for image in found)
    assert not [image for image in found if image.startswith(("docker.io", "vllm/", "envoyproxy/", "grafana/"))]


@pytest.mark.parametrize("stack", ALL)
def test_what_is_named_through_the_registry_is_cached_there(stack: str) -> None:
    (registry,) = of_type(stack, "Registry")
    host = f"{registry['inputs']['registryName']}.azurecr.io/"
    cached = {
        rule["inputs"]["targetRepository"]: rule["inputs"]["sourceRepository"] for rule in of_type(stack, "CacheRule")
    }
    # What the organisation builds itself has no registry that it comes from.
    built = f"{host}platform/"
    ours = [image for image in images(stack) if image.startswith(host) and not image.startswith(built)]
    named = {image.removeprefix(host).partition("/")[0] for image in ours}
    assert {f"{upstream}/*" for upstream in named} == set(cached)
    assert all(source == target for target, source in cached.items())


@each_stack
def test_only_docker_hub_is_read_with_the_account(stack: str) -> None:
    (account,) = of_type(stack, "CredentialSet")
    for rule in of_type(stack, "CacheRule"):
        signed_in = rule["inputs"].get("credentialSetResourceId") is not None
        assert signed_in == (rule["inputs"]["sourceRepository"] == "docker.io/*")
    (credential,) = account["inputs"]["authCredentials"]
    assert re.fullmatch(
        r"https://kv-[a-z0-9-]+\.vault\.azure\.net/secrets/[a-z-]+", credential["passwordSecretIdentifier"]
    )


@each_stack
def test_the_cluster_has_no_objects_before_the_registry_serves_images(stack: str) -> None:
    (provider,) = (entry for entry in entries(stack) if entry["type"] == _PROVIDER)
    waits = before(stack, provider["urn"])
    for kind in ("Registry", "CacheRule", "CredentialSet"):
        assert {entry["urn"] for entry in of_type(stack, kind)} <= waits, kind
    roles = {entry["urn"] for entry in entries(stack) if "registry-grant-" in entry["name"]}
    assert len(roles) == 3
    assert roles <= waits
    assert any("registry-endpoint-dns" in urn for urn in waits)


def test_a_stack_without_an_account_has_no_credentials() -> None:
    graph: list[Any] = graph_of("dev", lambda sections: sections.pop("registry")).to_json()
    kinds = [entry["type"].removeprefix(_REGISTRY) for entry in graph]
    assert "CredentialSet" not in kinds
    assert kinds.count("CacheRule") == 3
