"""A gateway whose requests are judged: the processor of content safety with a stub of its guard, and one of a model."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import ROOT, Entry, Sections, graph_of
from tests.oracles.envoy_gateway.objects import Object, adapted, api_keys, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig
from tests.stack_safety import guarded

STACK: Final = "dev"
# A header by which a request says its model only to what finds it out on its way.
LATE: Final = "the-model-that-is-found-out-later"
UNJUDGED: Final = "unjudged"
_STUB: Final = Path(__file__).with_name("safety_stub.py")
_MODEL, _GUARD, _PROCESSOR = "127.0.0.11", "127.0.0.12", "127.0.0.13"


class Judged:
    """The development stack with a guard model; its tenant's requests are judged, those of a second one are not."""

    def __init__(
        self, rig: Rig, directory: Path, arrange: Callable[[list[Object]], list[Object]] = list, **policy: Any
    ) -> None:
        self.rig = rig

        def change(sections: Sections) -> None:
            guarded(sections, **policy)
            # The AI gateway's processor, which finds out the model, isn't here: the tenant is known.
            sections["tenants"][0]["safety"] = "standard"
            sections["tenants"].append({"name": UNJUDGED, "key_secret": "key-unjudged"})

        entries: tuple[Entry, ...] = tuple(graph_of(STACK, change).to_json())
        objects = adapted(entries)
        settings = next(entry for entry in entries if "::safety-settings-" in entry["urn"])
        self._settings = directory / "settings.json"
        self._settings.write_text(settings["inputs"]["data"]["settings.json"])
        for item in of_kind(objects, "Backend"):
            host = item["spec"]["endpoints"][0]["fqdn"]["hostname"]
            known = {"content-safety": _PROCESSOR, "guard-pods": _GUARD}
            rig.resolve(host, [known.get(host.partition(".")[0], _MODEL)])
        self.host = of_kind(objects, "Gateway")[0]["spec"]["listeners"][0]["hostname"]
        keys = {**api_keys(STACK), UNJUDGED: "key-of-the-unjudged"}
        self.key, self.unjudged_key = keys.values()
        for name, address in (("model", _MODEL), ("guard", _GUARD)):
            self.python(name, _STUB, address, "8000")
            self._wait(address, 8000)
        self.processor = self.start_processor()
        self.objects, self.secrets = objects, secrets_of(STACK, directory, keys)
        rig.apply([*arrange(objects), *self.secrets])

    def start_processor(self) -> GuardedProcess:
        """Start it, and wait until it listens."""
        process = self.python("processor", "-m", "guardrails", self._settings, "--host", _PROCESSOR)
        self._wait(_PROCESSOR, 9002)
        return process

    def ask(self, prompt: str, answer: str, *, late: bool = False, **more: Any) -> dict[str, Any]:
        """One request; `late` where its model is found out on its way."""
        body = {"model": "chat", "messages": [{"role": "user", "content": prompt}], "answer": list(map(ord, answer))}
        options = {"host": self.host, "key": self.key, "limit": 60}
        known = {"headers": {LATE: "chat"}} if late else {"model": "chat"}
        return self.rig.run("one", **options, **known, body={**body, **more})

    def stats(self) -> dict[str, Any]:
        """What the model has counted."""
        return self.rig.stats(_MODEL)

    def stop_processor(self) -> None:
        """End it at once."""
        self.rig.sandbox.check("pkill", "-KILL", "-f", "guardrails .*settings.json")

    def python(self, name: str, *words: Any) -> GuardedProcess:
        """Start a script inside, with this repository's packages."""
        return self.rig.sandbox.start(name, sys.executable, *words, variables={"PYTHONPATH": str(ROOT)})

    def _wait(self, address: str, port: int) -> None:
        probe = f"import socket; socket.create_connection(('{address}', {port}), 1)"
        self.rig.wait(lambda: self._listens(probe), f"{address}:{port}")

    def _listens(self, probe: str) -> bool:
        try:
            self.rig.sandbox.check(sys.executable, "-c", probe, limit_seconds=10)
        except ToolUnavailableError:
            return False
        return True
