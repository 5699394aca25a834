"""What the whole Gateway knows of tenants: the script with what each may take, and the limits over all proxies."""

from components.cluster.gateway_surface import sections
from components.cluster.tenant_script import script, tenant_limits
from components.cluster.tokens import identity_data
from planning.plan import CounterPlan, GatewayPlan, Json
from planning.plan.endpoint import COUNTED_HEADERS, LIMITS, TENANT_HEADER, TOKENS

# The most that the service counts: what a tenant may take comes with the request.
_MOST = 4_294_967_295


def tenant_extension(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the EnvoyExtensionPolicy with the tenants' script, for every route where a key or a token is required."""
    # No tenant's name has a colon.
    data = tenant_limits(plan.tenants) | identity_data(plan)
    targets: list[Json] = [{**_gateway(plan), **section} for section in sections(plan)]
    return {"targetRefs": targets, "lua": [script(data, tokens=plan.tokens is not None)]}


def limits(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the Gateway's BackendTrafficPolicy: one rule a counter, the same for all tenants.

    A rule of its own for each tenant would be counted under its place in the list: whoever is taken out of it, or put
    in, would shift everybody's month. A rule that all share counts under the tenant's name.
    """
    return {
        "targetRefs": [_gateway(plan)],
        "rateLimit": {"global": {"rules": [_rule(counter) for counter in plan.counters]}},
    }


def _gateway(plan: GatewayPlan) -> dict[str, Json]:
    return {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": plan.gateway}


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
