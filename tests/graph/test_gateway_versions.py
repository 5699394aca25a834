"""What the pinned Envoy Gateway and AI gateway ask of whoever upgrades to them, in every stack.

Source: theagentrouter/agent-router release-notes/v1.2.0.md @826c03c; envoyproxy/gateway release-notes v1.9.0 to v1.9.2.
"""

from collections.abc import Iterator
from typing import Any

import pytest

import catalog
from tests.graph.stacks import ALL, Entry, entries_of, is_kubernetes
from tests.graph.test_charts import at, crd_job, default, only, releases

CATALOG = catalog.load()
each_stack = pytest.mark.parametrize("stack", ALL)
GATEWAY_GROUPS = ("gateway.networking.k8s.io", "gateway.envoyproxy.io", "aigateway.envoyproxy.io")
# A route names the Gateway of another namespace, which admits that namespace by its label; a GatewayClass has none.
ADMITTED = ("parentRefs", "parametersRef")


def gateway_objects(stack: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind and manifest of every object of the gateway's API groups."""
    for entry in entries_of(stack):
        if is_kubernetes(entry) and entry["type"].split(":")[1].rpartition("/")[0] in GATEWAY_GROUPS:
            yield entry["inputs"]["kind"], entry["inputs"]


def values_of(key: str, value: Any) -> Iterator[Any]:
    """Every value of a key, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from values_of(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_of(key, inner)


def references(value: Any, key: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping with a name below a key that ends in `Ref` or `Refs`."""
    if isinstance(value, dict):
        if key.endswith(("Ref", "Refs")) and "name" in value:
            yield key, value
        for name, inner in value.items():
            yield from references(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, key)


def before(stack: str, entry: Entry) -> set[str]:
    """URNs of everything that a resource waits for, through others too."""
    known, found, left = {resource["urn"]: resource for resource in entries_of(stack)}, set(), [entry["urn"]]
    while left:
        needed = [urn for urn in known[left.pop()]["options"]["depends_on"] if urn not in found]
        found.update(needed)
        left += needed
    return found


@each_stack
def test_definitions_then_envoy_gateway_then_the_ai_gateway(stack: str) -> None:
    found = releases(stack)
    job, first = crd_job(stack, found["gateway-helm"]), before(stack, found["ai-gateway-helm"])
    assert job["urn"] in before(stack, found["gateway-helm"])
    assert {job["urn"], found["gateway-helm"]["urn"], found["ai-gateway-crds-helm"]["urn"]} <= first
    assert {found["gateway-helm"]["urn"], found["ai-gateway-helm"]["urn"]} <= before(stack, only(stack, "Gateway"))


@each_stack
def test_the_proxies_run_the_patched_image_and_not_envoy_gateways_own(stack: str) -> None:
    """An EnvoyProxy takes the place of what the chart says of the proxies."""
    container = only(stack, "EnvoyProxy")["inputs"]["spec"]["provider"]["kubernetes"]["envoyDeployment"]["container"]
    known = CATALOG.images["envoy-proxy"]
    assert container["image"].endswith(f"{known.repository}:{known.tag}")
    assert tuple(int(step) for step in known.tag.rpartition("v")[2].split(".")) >= (1, 39, 3)


@each_stack
def test_nothing_is_read_from_another_namespace_without_a_grant(stack: str) -> None:
    """References across namespaces need a ReferenceGrant, and the program makes none."""
    kinds = set()
    for kind, manifest in gateway_objects(stack):
        for key, named in references(manifest["spec"]):
            if key not in ADMITTED:
                kinds.add(kind)
                own = manifest["metadata"].get("namespace")
                assert named.get("namespace", own) == own, (kind, manifest["metadata"]["name"], key, named)
    assert {"AIGatewayRoute", "AIServiceBackend", "Gateway", "SecurityPolicy"} <= kinds


@each_stack
def test_a_key_is_read_from_a_header_alone(stack: str) -> None:
    """A key in the query is in every log of every proxy on the way, and Envoy before 1.39.3 crashes on some of them."""
    (sources,) = values_of("extractFrom", only(stack, "SecurityPolicy")["inputs"]["spec"])
    assert [sorted(source) for source in sources] == [["headers"]]


@each_stack
def test_nothing_uses_what_the_two_do_not_bear_together(stack: str) -> None:
    manifests = list(gateway_objects(stack))
    assert not {"QuotaPolicy", "MCPRoute", "EnvoyPatchPolicy"} & {kind for kind, _ in manifests}
    # Its filter is the first of all, and the AI gateway's processor would come before it, and before the check of keys.
    assert [found for _, manifest in manifests for found in values_of("responseOverride", manifest)] == []
    # The AI gateway takes the backend of a request from a cluster that it shares with no other route.
    assert [merged for _, manifest in manifests for merged in values_of("mergeBackends", manifest)] == []
    for kind, manifest in manifests:
        if "mergeType" in manifest["spec"]:
            targets = {target["kind"] for target in manifest["spec"]["targetRefs"]}
            assert targets <= {"HTTPRoute", "GRPCRoute"}, (kind, targets)


@each_stack
def test_the_seed_of_mcp_sessions_is_the_clusters_own(stack: str) -> None:
    """The chart makes one and keeps it in a Secret; the well-known one of earlier versions opens every session."""
    path = "controller.mcp.sessionEncryption"
    assert at(releases(stack)["ai-gateway-helm"]["inputs"]["values"], path) is None
    assert default("ai-gateway-helm", path)["seed"] == ""
    assert default("ai-gateway-helm", path)["fallback"]["seed"] == ""
