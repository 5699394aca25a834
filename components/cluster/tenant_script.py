"""The script that the proxies run for each request: it says whose it is, what counts, and what an error looks like.

Envoy Gateway checks it before a proxy gets it (internal/gatewayapi/luavalidator), by running it on mocks. It runs after
the check of keys and after the AI gateway's processor, before anything is counted (internal/xds/translator/
httpfilters.go, and `afterExtProcFilterPrefixes` in agent-router internal/extensionserver/post_translate_modify.go).
`responseOverride` would make the bodies of errors without a script, but its filter is the first of all, and the AI
gateway puts its processor before it: requests without a key would reach the processor, which answers /v1/models itself.

The script is the same in every stack, and the tenants are data of the routes: a listener whose filters change ends its
connections, and a route that changes doesn't.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from planning.plan import GatewayPlan, Json, TenantLimitPlan
from planning.plan.endpoint import CLIENT_HEADER, COUNTED_HEADERS, LIMITS, TENANT_HEADER

_SCRIPT = Path(__file__).with_name("tenant_script.lua")
# What the store of counts calls the windows (ratelimit v3 `RateLimitUnit`).
_UNITS = {"Minute": "MINUTE", "Month": "MONTH"}


def tenant_script() -> str:
    """The script, with the names of the headers and of the metadata that it writes."""
    names = {
        "CLIENT_HEADER": CLIENT_HEADER,
        "TENANT_HEADER": TENANT_HEADER,
        "COUNTED_HEADERS": COUNTED_HEADERS,
        "LIMITS": LIMITS,
    }
    constants = "".join(f'local {name} = "{value}"\n' for name, value in names.items())
    return f"{constants}\n{_SCRIPT.read_text(encoding='utf-8')}"


def tenant_data(plan: GatewayPlan) -> dict[str, Json]:
    """What the script knows of each tenant, by its name."""
    units = {counter.name: _UNITS[counter.unit] for counter in plan.counters}
    return {
        tenant.name: {
            "models": _models(tenant.models),
            "limits": {
                limit.counter: {"requests_per_unit": _refused_above(limit), "unit": units[limit.counter]}
                for limit in tenant.limits
            },
        }
        for tenant in plan.tenants
    }


def _refused_above(limit: TenantLimitPlan) -> int:
    """The service refuses what exceeds this. A request comes before its tokens: the last one finds fewer than all."""
    return limit.most if limit.counter.startswith("requests-") else limit.most - 1


def _models(names: Iterable[str]) -> str:
    """A list of models as OpenAI answers it."""
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "llm-platform"} for name in names]
    return json.dumps({"object": "list", "data": models}, separators=(",", ":"))
