"""A stack's gateway with one model's pods behind it, and a client with the stack's first key."""

from pathlib import Path
from typing import Any, Final

from rehearsal.processes import GuardedProcess
from tests.oracles.envoy_gateway.objects import Object, api_keys, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.envoy_gateway.scaled import server_keep_alive

FIRST: Final = "127.0.0.11"
SECOND: Final = "127.0.0.12"


class Served:
    """Requests of `run` and `background` are for `model` unless they say otherwise; its name resolves to FIRST."""

    def __init__(self, rig: Rig, objects: list[Object], directory: Path, *, stack: str, model: str) -> None:
        self.rig, self.objects = rig, objects
        backend = next(item for item in of_kind(objects, "Backend") if item["metadata"]["name"] == model)
        self.hostname = backend["spec"]["endpoints"][0]["fqdn"]["hostname"]
        for item in of_kind(objects, "Backend"):
            rig.resolve(item["spec"]["endpoints"][0]["fqdn"]["hostname"], [FIRST])
        host = of_kind(objects, "Gateway")[0]["spec"]["listeners"][0]["hostname"]
        self.options = {"host": host, "key": next(iter(api_keys(stack).values())), "model": model}
        rig.serve("first", FIRST, server_keep_alive(stack, model))
        rig.serve("second", SECOND, server_keep_alive(stack, model))
        rig.apply([*objects, *secrets_of(stack, directory)])

    def run(self, scenario: str, **options: Any) -> Any:
        return self.rig.run(scenario, **(self.options | options))

    def background(self, scenario: str, **options: Any) -> GuardedProcess:
        return self.rig.background(scenario, **(self.options | options))
