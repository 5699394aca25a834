"""Many tenants before a stack's gateway: the stack's own objects, with these tenants and their limits."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from planning.plan.endpoint import LIMITS
from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind, secrets_of
from tests.oracles.rate_limits.limited import Limited

STACK: Final = "prod"
SERVER: Final = "127.0.0.11"
_TENANT: Final = re.compile(r"_rule-(\d+)-match-0_(.+?)_rule-\1-match-1_")
Limits = Mapping[str, Mapping[str, Any]]


class Tenants:
    """A gateway that limits `limits`, by tenant, with one server behind all models; keys by the tenants' names.

    `change` edits the stack further, and `adapt` its objects. Windows are years, so that none ends within a test, but
    where `own_windows` leaves the stack's minutes and months.
    """

    def __init__(
        self,
        limited: Limited,
        directory: Path,
        limits: Limits,
        *,
        change: Callable[[Sections], None] = lambda _: None,
        adapt: Callable[[list[Object]], list[Object]] = list,
        own_windows: bool = False,
    ) -> None:
        self.limited, self._directory = limited, directory
        stack = objects_of(STACK, _with(limits, change))
        self._objects = adapt(stack if own_windows else [_with_long_windows(item) for item in stack])
        rules = next(
            item["spec"]["rateLimit"]["global"]["rules"]
            for item in of_kind(self._objects, "BackendTrafficPolicy")
            if "global" in item["spec"]["rateLimit"]
        )
        self._counters = [rule["limit"]["fromMetadata"]["key"] for rule in rules]
        self.models = [
            backend["metadata"]["name"] for backend in of_kind(stack, "Backend") if "tls" not in backend["spec"]
        ]
        routes = [route for route in of_kind(self._objects, "HTTPRoute") if route["metadata"]["name"] == self.models[0]]
        self.options: dict[str, Any] = {"host": routes[0]["spec"]["hostnames"][0], "model": self.models[0]}
        for backend in of_kind(stack, "Backend"):
            if "tls" not in backend["spec"]:
                limited.rig.resolve(backend["spec"]["endpoints"][0]["fqdn"]["hostname"], [SERVER])
        limited.rig.serve("first", SERVER)
        self.keys = {name: f"key-of-{name}" for name in limits}
        self.admit(self.keys)

    def admit(self, keys: Mapping[str, str]) -> None:
        """Let these keys in, by the names that the gateway forwards, and no others."""
        self.limited.apply([*self._objects, *secrets_of(STACK, self._directory, keys)])

    def crowd(self, tenants: list[str], rounds: int, clients: int = 8, **options: Any) -> Any:
        """Requests of these tenants at once."""
        keys = {name: self.keys[name] for name in tenants}
        return self.limited.rig.run(
            "tenant_clients:crowd", **(self.options | {"keys": keys, "rounds": rounds, "clients": clients} | options)
        )

    def ask(self, tenant: str, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers to several requests, one after the other."""
        return self.limited.rig.run("several", **(self.options | {"key": self.keys[tenant], "requests": requests}))

    def counted(self, tenant: str, counter: str) -> int:
        """What Redis has counted; 0 where there is nothing yet."""
        return self.counts().get((tenant, counter), 0)

    def counts(self) -> dict[tuple[str, str], int]:
        """All that Redis has counted, by tenant and counter."""
        counts: dict[tuple[str, str], int] = {}
        for key, count in self.limited.counts().items():
            found = _TENANT.search(key)
            assert found is not None, key
            place = (found[2], self._counters[int(found[1])])
            counts[place] = counts.get(place, 0) + count
        return counts


def _with(limits: Limits, more: Callable[[Sections], None]) -> Callable[[Sections], None]:
    def change(sections: Sections) -> None:
        sections["tenants"] = [
            {"name": name, "key_secret": f"key-{name}", "limits": dict(own)} for name, own in limits.items()
        ]
        # Caches apart take a rule of each model's route for every tenant, and 15 fit.
        sections["gateway"]["prefix_cache"] = "shared"
        sections["limiter"] = {"password_secret": "redis-password"}
        more(sections)

    return change


def _with_long_windows(item: Object) -> Object:
    """With a year in place of minutes and months, so that no window ends within a test."""
    if item["kind"] == "EnvoyExtensionPolicy":
        for script in item["spec"]["lua"]:
            script["inline"] = re.sub('unit = "(MINUTE|MONTH)"', 'unit = "YEAR"', script["inline"])
    for rule in item["spec"].get("rateLimit", {}).get("global", {}).get("rules", []) if "spec" in item else []:
        assert rule["limit"]["fromMetadata"]["namespace"] == LIMITS
        rule["limit"]["unit"] = "Year"
    return item
