"""What the gateway knows of tenants: the script, the models that each may use, and the limits over all proxies."""

from components.cluster.gateway_surface import key_section
from components.cluster.tenant_script import tenant_data, tenant_script
from planning.plan import CounterPlan, GatewayPlan, Json
from planning.plan.endpoint import COUNTED_HEADERS, LIMITS, TENANT_HEADER, TOKENS

_GATEWAYS, _ENVOY = "gateway.networking.k8s.io", "gateway.envoyproxy.io"
# Its list of models, and the prefixes of other providers' APIs that the AI gateway serves (agent-router
# cmd/extproc/mainlib/main.go).
_NOT_THE_PROCESSORS = (
    ("Exact", "/v1/models"),
    ("PathPrefix", "/anthropic"),
    ("PathPrefix", "/cohere"),
    ("PathPrefix", "/typesafe"),
)
# The most that the service counts: what a tenant may take comes with the request.
_MOST = 4_294_967_295


def tenant_extension(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the EnvoyExtensionPolicy with the tenants' script, for every route where a key is required."""
    script: Json = {"type": "Inline", "inline": tenant_script(), "filterContext": tenant_data(plan)}
    return {"targetRefs": [{**_gateway(plan), **key_section(plan)}], "lua": [script]}


def limits(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the Gateway's BackendTrafficPolicy: one rule a counter, the same for all tenants.

    A rule of its own for each tenant would be counted under its place in the list: whoever is taken out of it, or put
    in, would shift everybody's month. A rule that all share counts under the tenant's name.
    """
    return {
        "targetRefs": [_gateway(plan)],
        "rateLimit": {"global": {"rules": [_rule(counter) for counter in plan.counters]}},
    }


def models_name(plan: GatewayPlan) -> str:
    """Name of that route: the AI gateway makes a route of each model's name beside it, and none of these has a dot."""
    return f"{plan.gateway}.models"


def models_route(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the HTTPRoute of `/v1/models`, which the script answers.

    The AI gateway's own list is that of everyone; its processor doesn't see routes that it did not make.
    """
    # Whatever the method: what this route doesn't take, the AI gateway's processor would answer, with everybody's
    # models, before the rules of the SecurityPolicy. So would its APIs of other providers.
    matches: list[Json] = [{"path": {"type": kind, "value": path}} for kind, path in _NOT_THE_PROCESSORS]
    return {
        "parentRefs": [{"group": _GATEWAYS, "kind": "Gateway", "name": plan.gateway, "namespace": plan.namespace}],
        "hostnames": [plan.hostname],
        "rules": [
            {
                "matches": matches,
                "filters": [
                    {
                        "type": "ExtensionRef",
                        "extensionRef": {
                            "group": _ENVOY,
                            "kind": "HTTPRouteFilter",
                            "name": models_name(plan),
                        },
                    }
                ],
            }
        ],
    }


def models_fallback() -> dict[str, Json]:
    """Spec of the HTTPRouteFilter that answers where the script didn't."""
    return {
        "directResponse": {
            "statusCode": 503,
            "contentType": "text/plain",
            "body": {"type": "Inline", "inline": "no list"},
        }
    }


def _gateway(plan: GatewayPlan) -> dict[str, Json]:
    return {"group": _GATEWAYS, "kind": "Gateway", "name": plan.gateway}


def _rule(counter: CounterPlan) -> dict[str, Json]:
    headers: list[Json] = [
        {"name": TENANT_HEADER, "type": "Distinct"},
        {"name": f"{COUNTED_HEADERS}{counter.name}", "type": "Exact", "value": "1"},
    ]
    rule: dict[str, Json] = {
        "clientSelectors": [{"headers": headers}],
        "limit": {
            "requests": _MOST,
            "unit": counter.unit,
            "fromMetadata": {"namespace": LIMITS, "key": counter.name},
        },
        # One count over the routes of all models.
        "shared": True,
    }
    if counter.cost is not None:
        rule["cost"] = {
            "request": {"from": "Number", "number": 0},
            "response": {"from": "Metadata", "metadata": {"namespace": TOKENS, "key": counter.cost}},
        }
    return rule
