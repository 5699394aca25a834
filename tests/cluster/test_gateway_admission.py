"""Who may write the gateway's objects: the admission policies of a stack in a real API server, with the real kinds."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

import catalog
from components.cluster.gateway_specs import AI_CONTROLLER
from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client, Object
from simulators.api_server.waiting import eventually
from simulators.helm.installed_charts import reference_crds
from tests.cluster.cluster_roles import Account, signed_in
from tests.graph.stacks import entries_of

pytestmark = pytest.mark.cluster

STACK: Final = "dev"
GROUPS: Final = ("aigateway.envoyproxy.io", "gateway.envoyproxy.io", "gateway.networking.k8s.io")
SERVED: Final = ("envoy-gateway-system", "llm", "llm-gateway")
_ENVOY: Final = "gateway.envoyproxy.io/v1alpha1"
_API: Final = "gateway.networking.k8s.io/v1"
_TO_THE_GATEWAY: Final = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "llm"}
_TO_A_ROUTE: Final = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "chat"}
_A_ROUTE: Final = {
    "parentRefs": [{"name": "llm", "namespace": "llm-gateway"}],
    "rules": [{"backendRefs": [{"name": "elsewhere", "port": 80}]}],
}
_A_LISTENER: Final = {"name": "http", "port": 80, "protocol": "HTTP"}
_LUA: Final = {"type": "Inline", "inline": "-- anything"}
_PATCH: Final = {
    "type": "type.googleapis.com/envoy.config.listener.v3.Listener",
    "name": "https",
    "operation": {"op": "remove", "path": "/filter_chains"},
}
# What somebody with rights in a namespace would write to change which requests pass, or where they go.
HARMFUL: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "Gateway": (_API, {"gatewayClassName": "llm", "listeners": [_A_LISTENER]}),
    "HTTPRoute": (_API, _A_ROUTE),
    "SecurityPolicy": (_ENVOY, {"targetRefs": [_TO_A_ROUTE], "authorization": {"defaultAction": "Allow"}}),
    "EnvoyExtensionPolicy": (_ENVOY, {"targetRefs": [_TO_A_ROUTE], "lua": [_LUA]}),
    "EnvoyPatchPolicy": (_ENVOY, {"type": "JSONPatch", "targetRef": _TO_THE_GATEWAY, "jsonPatches": [_PATCH]}),
    "BackendTrafficPolicy": (_ENVOY, {"targetRefs": [_TO_A_ROUTE], "timeout": {"http": {"requestTimeout": "1s"}}}),
    "ClientTrafficPolicy": (_ENVOY, {"targetRefs": [_TO_THE_GATEWAY], "tls": {"minVersion": "1.0"}}),
    "Backend": (_ENVOY, {"endpoints": [{"fqdn": {"hostname": "elsewhere.example", "port": 443}}]}),
}


class World:
    """A cluster with the kinds, the policies, and people and controllers who may do everything with these kinds."""

    def __init__(self, client: Client, crds: Path) -> None:
        self.client = client
        self.objects = [entry["inputs"] for entry in entries_of(STACK) if _group(entry["inputs"]) in GROUPS]
        version = catalog.load().charts["ai-gateway-crds-helm"].version
        for group in GROUPS:
            for definition in reference_crds(crds).of(group, version if group == GROUPS[0] else ""):
                client.create(definition)
        for name in (*SERVED, "envoy-ai-gateway-system", "team", "operations"):
            client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._role("gateway-objects", [{"apiGroups": list(GROUPS), "resources": ["*"], "verbs": ["*"]}])
        self.somebody = self._account("team", "somebody", "gateway-objects")
        self.ai_gateway = self._account("envoy-ai-gateway-system", AI_CONTROLLER, "gateway-objects")
        self.envoy_gateway = self._account("envoy-gateway-system", "envoy-gateway", "gateway-objects")
        self.collector = self._account("kube-system", "the-garbage-collector", "gateway-objects")
        # Neither in `system:masters` nor in a group that a policy could name: a pipeline's own identity.
        self.pipeline = self._account("operations", "pipeline", "cluster-admin")
        eventually(self._serves, "the API server knows the kinds")
        for entry in entries_of(STACK):
            if _group(entry["inputs"]) == "admissionregistration.k8s.io":
                self.pipeline.create(entry["inputs"])
        eventually(lambda: refused(self.somebody, foreign("Gateway", "llm")), "the policy on objects is enforced")
        eventually(lambda: refused(self.somebody, foreign("Gateway", "team")), "the policy on Gateways is enforced")

    def own(self, kind: str) -> Object:
        """The first of the stack's objects of a kind."""
        return next(item for item in self.objects if item["kind"] == kind)

    def _role(self, name: str, rules: list[dict[str, Any]]) -> None:
        self.client.create(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": name},
                "rules": rules,
            }
        )

    def _account(self, namespace: str, name: str, role: str) -> Client:
        self.client.create(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
        )
        self.client.create(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": f"{namespace}-{name}"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            }
        )
        return signed_in(self.client, Account(namespace, name))

    def _serves(self) -> bool:
        wanted = {(item["apiVersion"], item["kind"]) for item in self.objects}
        wanted |= {(version, kind) for kind, (version, _) in HARMFUL.items()} | {(_ENVOY, "HTTPRouteFilter")}
        try:
            return all(self.client.list(*kind) == [] for kind in wanted)
        except ApiError:
            return False


@pytest.fixture(scope="module")
def world(module_cluster: ControlPlane, arm: Path) -> World:
    return World(module_cluster.client, arm.parent / "crds")


@pytest.fixture(scope="module")
def running(world: World) -> World:
    """The same, with every object of the stack as the pipeline's identity has made it."""
    for item in world.objects:
        world.pipeline.apply(item, field_manager="pulumi-kubernetes")
    return world


def _group(item: Object) -> str:
    return str(item.get("apiVersion", "")).rpartition("/")[0]


def foreign(kind: str, namespace: str) -> Object:
    """An object that the platform did not write."""
    version, spec = HARMFUL[kind]
    metadata = {"name": "foreign", "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": deepcopy(spec)}


def refusal(request: Callable[[], object]) -> str:
    """The message of the policy that refuses a request, empty where it is taken."""
    try:
        request()
    except ApiError as error:
        if error.status != 403 or "ValidatingAdmissionPolicy" not in error.message:
            raise
        return error.message
    return ""


def refused(who: Client, item: Object) -> bool:
    """Whether somebody may not create an object."""
    return bool(refusal(lambda: who.create(item, dry_run=True)))


def changes(item: Object) -> Iterator[tuple[str, Any]]:
    """Requests that change an object or delete it, as arguments of `_do`."""
    yield "patch", {"metadata": {"annotations": {"changed": item["metadata"]["name"]}}}
    yield "delete", None


def _do(who: Client, item: Object, verb: str, body: Any) -> None:
    place = item["apiVersion"], item["kind"], item["metadata"]["name"]
    namespace = item["metadata"]["namespace"]
    if verb == "delete":
        who.delete(*place, namespace)
    else:
        who.patch(*place, body, namespace=namespace)


@pytest.mark.parametrize("kind", HARMFUL)
def test_nobody_else_writes_objects_of_the_gateway_in_its_namespaces(world: World, kind: str) -> None:
    for namespace in SERVED:
        message = refusal(lambda namespace=namespace: world.somebody.create(foreign(kind, namespace)))
        plural = world.client.resource(HARMFUL[kind][0], kind).plural
        assert f"{plural} in {namespace} belong to the gateway of the models" in message
        # What to do: as a user, and as an administrator.
        assert "run `pulumi up`" in message
        assert "a controller of your own" in message
        assert "who may update the ValidatingAdmissionPolicy llm-gateway-objects" in message
        assert not refused(world.pipeline, foreign(kind, namespace))


@pytest.mark.parametrize("kind", [kind for kind in HARMFUL if kind != "Gateway"])
def test_other_namespaces_are_their_owners_own(world: World, kind: str) -> None:
    assert not refused(world.somebody, foreign(kind, "team"))


def test_a_gateway_of_the_platforms_class_is_made_nowhere_else(world: World) -> None:
    message = refusal(lambda: world.somebody.create(foreign("Gateway", "team")))
    assert "the GatewayClass llm is the platform's own" in message
    assert "envoy-gateway-system, llm, llm-gateway" in message
    assert "Name a GatewayClass with a controller of your own" in message

    other = foreign("Gateway", "team")
    other["spec"]["gatewayClassName"] = "another"
    world.somebody.create(other)
    world.somebody.patch(_API, "Gateway", "foreign", {"metadata": {"labels": {"a": "b"}}}, namespace="team")
    change = {"spec": {"gatewayClassName": "llm"}}
    assert refusal(lambda: world.somebody.patch(_API, "Gateway", "foreign", change, namespace="team"))
    world.pipeline.patch(_API, "Gateway", "foreign", change, namespace="team")


def test_nobody_else_changes_or_deletes_what_the_platform_wrote(running: World) -> None:
    own = [item for item in running.objects if item["metadata"].get("namespace")]
    assert {item["kind"] for item in own} >= {"Gateway", "SecurityPolicy", "ClientTrafficPolicy", "AIGatewayRoute"}
    for item in own:
        for verb, body in changes(item):
            assert refusal(lambda item=item, verb=verb, body=body: _do(running.somebody, item, verb, body)), item
        # The same change again: `pulumi up` writes objects that are there already.
        running.pipeline.apply(item, field_manager="pulumi-kubernetes")


def test_the_ai_gateway_makes_its_routes_and_marks_what_it_has_read(running: World) -> None:
    gateway, route = running.own("Gateway"), running.own("AIGatewayRoute")
    mark = {"aigateway.envoyproxy.io/gateway-config-hash": "0123456789abcdef"}
    _do(running.ai_gateway, gateway, "patch", {"metadata": {"annotations": mark}})
    _do(running.ai_gateway, route, "patch", {"metadata": {"finalizers": ["aigateway.envoyproxy.io/finalizer"]}})
    made = foreign("HTTPRoute", route["metadata"]["namespace"])
    made["metadata"]["name"] = route["metadata"]["name"]
    running.ai_gateway.create(made)
    answer = {"directResponse": {"statusCode": 404, "body": {"type": "Inline", "inline": "no such model"}}}
    filters = {**foreign("Backend", route["metadata"]["namespace"]), "kind": "HTTPRouteFilter", "spec": answer}
    running.ai_gateway.create(filters)
    # They are its own to change, and nobody else's.
    assert refusal(lambda: _do(running.somebody, made, "delete", None))
    assert refusal(lambda: _do(running.somebody, filters, "delete", None))
    # Kubernetes collects them with the route that they belong to.
    for item in (made, filters):
        _do(running.collector, item, "delete", None)
    _do(running.ai_gateway, route, "patch", {"metadata": {"finalizers": None}})


def test_envoy_gateway_reports_the_status_of_what_it_reads_and_changes_nothing_else(running: World) -> None:
    gateway = running.own("Gateway")
    place = gateway["apiVersion"], "Gateway", gateway["metadata"]["name"]
    status = {"status": {"addresses": [{"type": "IPAddress", "value": "10.0.0.1"}]}}
    running.envoy_gateway.patch(*place, status, namespace=gateway["metadata"]["namespace"], subresource="status")
    assert refusal(lambda: _do(running.envoy_gateway, gateway, "delete", None))


def test_who_may_change_the_policy_can_take_it_away(world: World) -> None:
    """So that a mistake in it locks nobody out: the API server applies no such policy to these policies themselves."""
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        for item in world.client.list("admissionregistration.k8s.io/v1", kind):
            name = item["metadata"]["name"]
            world.pipeline.patch(item["apiVersion"], kind, name, {"metadata": {"labels": {"a": "b"}}}, dry_run=True)
            with pytest.raises(ApiError, match="cannot patch resource"):
                world.somebody.patch(item["apiVersion"], kind, name, {"metadata": {"labels": {"a": "b"}}}, dry_run=True)
