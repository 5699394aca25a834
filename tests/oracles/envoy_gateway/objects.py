"""A stack's gateway objects as Envoy Gateway's file provider takes them.

What differs from the stack's own objects, and why:
* every AIGatewayRoute becomes the HTTPRoute that the AI gateway's controller, which is not run here, would make of it
  (envoyproxy/ai-gateway v1.1.0 internal/controller/ai_gateway_route.go, newHTTPRoute): same name, the rule's matches
  and request timeout, and the Backend behind each AIServiceBackend. It matches another header than the model's, which
  clients set here: Envoy takes the model's own away from them, and the AI gateway's processor would set it;
* a Backend of the second priority says `fallback`: Envoy Gateway then gives its endpoints that priority, which the AI
  gateway's extension server writes there (internal/extensionserver/post_translate_modify.go, maybeModifyCluster);
* Envoy Gateway starts Envoy on this host, in a version named for it; the heap limit that it sets for a proxy in
  Kubernetes (internal/xds/bootstrap, `overload_manager`) is added for the same memory limit;
* routes are admitted from all namespaces: the file provider drops a namespace's labels.
"""

import base64
import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml

from components.cluster.gateway_specs import CERTIFICATE_SECRET, KEYS_SECRET
from planning.plan.endpoint import MODEL_HEADER
from tests.graph.stacks import Sections, entries_of, graph_of
from tests.oracles.envoy_gateway.clients import ROUTED_BY
from tests.oracles.envoy_gateway.python_parts import ENVOY_VERSION

Object = dict[str, Any]
_KINDS: Final = (
    "Namespace",
    "GatewayClass",
    "Gateway",
    "EnvoyProxy",
    "ClientTrafficPolicy",
    "SecurityPolicy",
    "BackendTrafficPolicy",
    "Backend",
    "EnvoyExtensionPolicy",
    "HTTPRoute",
    "HTTPRouteFilter",
)


def objects_of(
    stack: str, change: Callable[[Sections], object] | None = None, *, by_tenant: bool = False
) -> list[Object]:
    """The objects that Envoy Gateway reads, without Secrets; `change` edits the stack's sections.

    With `by_tenant` routes match the tenant too: Envoy chooses the route again once the script has changed headers.
    """
    return adapted(entries_of(stack) if change is None else graph_of(stack, change).to_json(), by_tenant=by_tenant)


def adapted(entries: Iterable[Object], *, by_tenant: bool = False) -> list[Object]:
    """The same of a stack's resources."""
    found = [entry["inputs"] for entry in entries if entry["inputs"].get("kind") in (*_KINDS, _ROUTE)]
    second = _second_priority(found)
    made: list[Object] = []
    for item in map(deepcopy, found):
        item["metadata"].pop("annotations", None)
        made += [_route(item, by_tenant), _not_found(item)] if item["kind"] == _ROUTE else [_adapted(item)]
        if item["kind"] == "Backend" and item["metadata"]["name"] in second:
            item["spec"]["fallback"] = True
    return made


def _second_priority(found: Iterable[Object]) -> set[str]:
    return {
        backend["name"]
        for item in found
        if item["kind"] == _ROUTE
        for rule in item["spec"]["rules"]
        for backend in rule["backendRefs"]
        if backend.get("priority") == 1
    }


_ROUTE: Final = "AIGatewayRoute"


def api_keys(stack: str) -> dict[str, str]:
    """A key for each client of the stack, by the client's name as the gateway forwards it."""
    return {name: f"key-of-{name}" for name in _secret_entries(stack, KEYS_SECRET)}


def secrets_of(stack: str, directory: Path, keys: Mapping[str, str] | None = None) -> list[Object]:
    """The two Secrets that External Secrets would make: the clients' keys and a self-signed certificate."""
    gateway = next(item for item in objects_of(stack) if item["kind"] == "Gateway")
    namespace, hostname = gateway["metadata"]["namespace"], gateway["spec"]["listeners"][0]["hostname"]
    key, certificate = directory / "tls.key", directory / "tls.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={hostname}"),
            *("-addext", f"subjectAltName=DNS:{hostname}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    pair = {"tls.crt": certificate.read_text(), "tls.key": key.read_text()}
    return [
        _secret(namespace, KEYS_SECRET, "Opaque", api_keys(stack) if keys is None else keys),
        _secret(namespace, CERTIFICATE_SECRET, "kubernetes.io/tls", pair),
    ]


def text_of(objects: Iterable[Object]) -> str:
    """All of them in one file."""
    return yaml.safe_dump_all(objects, sort_keys=True)


def of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    """Those of one kind."""
    return [item for item in objects if item["kind"] == kind]


def _secret_entries(stack: str, name: str) -> list[str]:
    external = next(
        entry["inputs"]
        for entry in entries_of(stack)
        if entry["inputs"].get("kind") == "ExternalSecret" and entry["inputs"]["spec"]["target"]["name"] == name
    )
    return [data["secretKey"] for data in external["spec"]["data"]]


def _secret(namespace: str, name: str, kind: str, data: Mapping[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }


def _route(route: Object, by_tenant: bool) -> Object:
    spec = route["spec"]
    rules = []
    for rule in spec["rules"]:
        path = {"type": "PathPrefix", "value": "/"}
        rules.append(
            {
                "name": rule["name"],
                "matches": [
                    {
                        "path": path,
                        # Of whose request it is, a rule of its own says; else the first client's rule takes all.
                        "headers": [
                            {**header, "name": ROUTED_BY} if header["name"] == MODEL_HEADER else header
                            for header in match["headers"]
                            if by_tenant or header["name"] == MODEL_HEADER
                        ],
                    }
                    for match in rule["matches"]
                ],
                "backendRefs": [
                    {
                        "group": "gateway.envoyproxy.io",
                        "kind": "Backend",
                        "name": backend["name"],
                        **({"weight": backend["weight"]} if "weight" in backend else {}),
                    }
                    for backend in rule["backendRefs"]
                ],
                "timeouts": rule["timeouts"],
            }
        )
    rules.append(
        {
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "filters": [
                {
                    "type": "ExtensionRef",
                    "extensionRef": {
                        "group": "gateway.envoyproxy.io",
                        "kind": "HTTPRouteFilter",
                        "name": _not_found(route)["metadata"]["name"],
                    },
                }
            ],
        }
    )
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {key: route["metadata"][key] for key in ("name", "namespace")},
        "spec": {"parentRefs": spec["parentRefs"], "hostnames": spec["hostnames"], "rules": rules},
    }


def _not_found(route: Object) -> Object:
    """The answer for models that no rule names (agent-router internal/controller/ai_gateway_route.go)."""
    name, namespace = route["metadata"]["name"], route["metadata"]["namespace"]
    body = {"type": "Inline", "inline": "No matching route found. It is likely because the model specified …"}
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "HTTPRouteFilter",
        "metadata": {"name": f"ai-eg-route-not-found-response-{name}", "namespace": namespace},
        "spec": {"directResponse": {"statusCode": 404, "body": body}},
    }


def _adapted(item: Object) -> Object:
    spec = item.get("spec", {})
    if item["kind"] == "EnvoyProxy":
        limit = spec["provider"]["kubernetes"]["envoyDeployment"]["container"]["resources"]["limits"]["memory"]
        spec["provider"] = {"type": "Host", "host": {"envoyVersion": ENVOY_VERSION}}
        spec["bootstrap"] = _with_heap_limit(spec.get("bootstrap"), limit)
    elif item["kind"] == "Gateway":
        for listener in spec["listeners"]:
            if listener["allowedRoutes"]["namespaces"]["from"] == "Selector":
                listener["allowedRoutes"]["namespaces"] = {"from": "All"}
    return item


def _with_heap_limit(bootstrap: Object | None, limit: str) -> Object:
    """Envoy Gateway's own limit in Kubernetes: 80 % of the container's, new requests refused at 98 % of that."""
    heap = int(int(limit[:-2]) * {"Mi": 2**20, "Gi": 2**30}[limit[-2:]] * 0.8)
    monitor = "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"
    ours = yaml.safe_load(bootstrap["value"]) if bootstrap else {}
    manager = ours.setdefault("overload_manager", {})
    manager.setdefault("resource_monitors", []).append(
        {
            "name": "envoy.resource_monitors.fixed_heap",
            "typed_config": {"@type": monitor, "max_heap_size_bytes": heap},
        }
    )
    manager.setdefault("actions", []).extend(
        {
            "name": f"envoy.overload_actions.{action}",
            "triggers": [{"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": share}}],
        }
        for action, share in (("shrink_heap", 0.95), ("stop_accepting_requests", 0.98))
    )
    return {"type": "Merge", "value": json.dumps(ours)}
