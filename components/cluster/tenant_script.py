"""The script that the proxies run for each request: it says whose it is, what counts, and what an error looks like.

Envoy Gateway checks it before a proxy gets it (internal/gatewayapi/luavalidator), by running it on mocks. It runs after
the check of keys and after the AI gateway's processor, before anything is counted (internal/xds/translator/
httpfilters.go, and `afterExtProcFilterPrefixes` in agent-router internal/extensionserver/post_translate_modify.go).
`responseOverride` would make the bodies of errors without a script, but its filter is the first of all, and the AI
gateway puts its processor before it: requests without a key would reach the processor, which answers /v1/models itself.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from planning.plan import GatewayPlan, TenantPlan
from planning.plan.endpoint import CLIENT_HEADER, COUNTED_HEADERS, LIMITS, TENANT_HEADER

_SCRIPT = Path(__file__).with_name("tenant_script.lua")
# What the store of counts calls the windows (ratelimit v3 `RateLimitUnit`).
_UNITS = {"Minute": "MINUTE", "Month": "MONTH"}


def tenant_script(plan: GatewayPlan) -> str:
    """The script with the tenants of a stack in it."""
    units = {counter.name: _UNITS[counter.unit] for counter in plan.counters}
    names = {
        "CLIENT_HEADER": CLIENT_HEADER,
        "TENANT_HEADER": TENANT_HEADER,
        "COUNTED_HEADERS": COUNTED_HEADERS,
        "LIMITS": LIMITS,
    }
    constants = "".join(f"local {name} = {_text(value)}\n" for name, value in names.items())
    tenants = "".join(f"  [{_text(tenant.name)}] = {_tenant(tenant, units)},\n" for tenant in plan.tenants)
    return f"{constants}local TENANTS = {{\n{tenants}}}\n\n{_SCRIPT.read_text(encoding='utf-8')}"


def _tenant(tenant: TenantPlan, units: Mapping[str, str]) -> str:
    limits = ", ".join(
        # The service refuses what exceeds a limit; with the last token of it taken, the next request is refused.
        f"[{_text(limit.counter)}] = {{requests_per_unit = {_refused_above(limit.counter, limit.most)}, "
        f"unit = {_text(units[limit.counter])}}}"
        for limit in tenant.limits
    )
    return f"{{models = {_text(_models(tenant.models))}, limits = {{{limits}}}}}"


def _refused_above(counter: str, most: int) -> int:
    """Tokens are counted after a request was admitted: it is admitted while fewer than the limit are taken."""
    return most if counter.startswith("requests-") else most - 1


def _models(names: Iterable[str]) -> str:
    """A list of models as OpenAI answers it."""
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "llm-platform"} for name in names]
    return json.dumps({"object": "list", "data": models}, separators=(",", ":"))


def _text(value: str) -> str:
    """A string of Lua: every byte that is not a plain character by its number."""
    plain = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_.:/ ,{}[]") else f"\\{byte:03d}"
        for byte, char in ((byte, chr(byte)) for byte in value.encode())
    )
    return f'"{plain}"'
