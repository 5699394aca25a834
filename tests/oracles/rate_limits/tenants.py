"""Many tenants before a stack's gateway: their keys, and the policies that limit them."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from components.cluster.gateway_specs import CLIENT_HEADER
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind, secrets_of
from tests.oracles.rate_limits.limited import Limited, policy

STACK: Final = "prod"
SERVER: Final = "127.0.0.11"
_TENANT: Final = "x-llm-tenant"
_LIMITS: Final = "llm-platform.limits"
_TOKENS: Final = "io.envoy.ai_gateway"
# Counters and the tokens that each counts; the windows are so long that none ends within a test.
COUNTERS: Final = {"requests": None, "input": "llm_input_token", "output": "llm_output_token"}
Limits = Mapping[str, Mapping[str, int]]


class Tenants:
    """A gateway that limits `limits`, by tenant and counter, with one server behind all models."""

    def __init__(self, limited: Limited, directory: Path, limits: Limits, keys: Mapping[str, str]) -> None:
        self.limited, self._directory, self._limits = limited, directory, limits
        self._objects = _limited_objects(limits)
        routes = of_kind(self._objects, "HTTPRoute")
        self.models = [route["metadata"]["name"] for route in routes]
        self.options: dict[str, Any] = {"host": routes[0]["spec"]["hostnames"][0], "model": self.models[0]}
        for backend in of_kind(self._objects, "Backend"):
            limited.rig.resolve(backend["spec"]["endpoints"][0]["fqdn"]["hostname"], [SERVER])
        limited.rig.serve("first", SERVER)
        self.admit(keys)

    def admit(self, keys: Mapping[str, str]) -> None:
        """Let these keys in, by the names that the gateway forwards, and no others."""
        self.limited.apply([*self._objects, *secrets_of(STACK, self._directory, keys)])

    def crowd(self, keys: Mapping[str, str], rounds: int, clients: int = 8, **options: Any) -> Any:
        """Requests with all keys at once."""
        return self.limited.rig.run(
            "tenant_clients:crowd", **(self.options | {"keys": keys, "rounds": rounds, "clients": clients} | options)
        )

    def ask(self, key: str, *requests: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """The answers to several requests, one after the other."""
        return self.limited.rig.run("several", **(self.options | {"key": key, "requests": requests} | options))

    def counted(self, tenant: str, counter: str) -> int:
        """What Redis has counted, over all windows; 0 where there is nothing yet."""
        rule = list(COUNTERS).index(counter)
        ending = f"_rule-{rule}-match-0_{tenant}_"
        return sum(count for key, count in self.limited.counts().items() if ending in key)


def _limited_objects(limits: Limits) -> list[Object]:
    objects = deepcopy(objects_of(STACK))
    gateway = of_kind(objects, "Gateway")[0]["metadata"]
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway["name"]}
    for route_policy in of_kind(objects, "BackendTrafficPolicy"):
        route_policy["spec"]["mergeType"] = "StrategicMerge"
        for rule in route_policy["spec"]["rateLimit"]["local"]["rules"]:
            rule["xRateLimitHeaders"] = "Off"
    rules = [_rule(counter, tokens) for counter, tokens in COUNTERS.items()]
    return [
        *objects,
        policy("BackendTrafficPolicy", "limits", gateway["namespace"], {
            "targetRefs": [target],
            "rateLimit": {"global": {"rules": rules}},
        }),
        policy("EnvoyExtensionPolicy", "tenants", gateway["namespace"], {
            "targetRefs": [target],
            "lua": [{"type": "Inline", "inline": _script(limits)}],
        }),
    ]  # fmt: skip


def _rule(counter: str, tokens: str | None) -> Object:
    rule: Object = {
        "clientSelectors": [{"headers": [{"name": _TENANT, "type": "Distinct"}]}],
        "limit": {"requests": 2**32 - 1, "unit": "Year", "fromMetadata": {"namespace": _LIMITS, "key": counter}},
        "shared": True,
    }
    if tokens is not None:
        rule["cost"] = {
            "request": {"from": "Number", "number": 0},
            "response": {"from": "Metadata", "metadata": {"namespace": _TOKENS, "key": tokens}},
        }
    return rule


def _script(limits: Limits) -> str:
    tenants = "".join(
        f'["{name}"] = {{{", ".join(f"{counter} = {most}" for counter, most in own.items())}}},\n'
        for name, own in limits.items()
    )
    return f"""local TENANTS = {{
{tenants}}}
function envoy_on_request(handle)
  local name = string.gsub(handle:headers():get("{CLIENT_HEADER}") or "", "%.%d+$", "")
  handle:headers():replace("{_TENANT}", name)
  for counter, most in pairs(TENANTS[name] or {{}}) do
    local limit = {{requests_per_unit = most, unit = "YEAR"}}
    handle:streamInfo():dynamicMetadata():set("{_LIMITS}", counter, limit)
  end
end
"""
