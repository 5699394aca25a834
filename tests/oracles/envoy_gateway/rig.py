"""Envoy Gateway with its Envoy in a sandbox, in front of stub servers that stand for the models' pods."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml

from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.envoy_gateway.conditions import Conditions, conditions_of
from tests.oracles.envoy_gateway.objects import Object, text_of
from tests.oracles.envoy_gateway.python_parts import ENVOY_VERSION, envoy_in, python_path
from tests.oracles.envoy_gateway.sandbox import Sandbox
from tests.oracles.envoy_gateway.toolchain import ENVOY_GATEWAY

_HERE: Final = Path(__file__).resolve().parent
_PYTHON: Final = shutil.which("python3") or "python3"
_LIMIT_SECONDS: Final = 90
_CONTROLLER: Final = "gateway.envoyproxy.io/gatewayclass-controller"


def _client(scenario: str, options: dict[str, Any]) -> list[str | Path]:
    script, _, name = scenario.rpartition(":")
    return [_PYTHON, _HERE / f"{script or 'clients'}.py", name, json.dumps(options)]


class Rig:
    """One running gateway. `objects` may be replaced; `names` are the DNS records that Envoy sees."""

    def __init__(self, directory: Path, settings: Mapping[str, Any] | None = None) -> None:
        """Raise ToolUnavailableError where a part of it can't be had. `settings` are more of Envoy Gateway's own."""
        self.directory = directory
        self._settings = dict(settings or {})
        self.packages = python_path()
        self.sandbox = Sandbox(directory)
        self._stubs: dict[str, GuardedProcess] = {}
        self._names: dict[str, list[str]] = {}
        self._begun = 0
        self._write_names()
        self.sandbox.start("dns", _PYTHON, _HERE / "dns_server.py", directory / "names.json")
        self._gateway = self._start()

    def apply(self, objects: Iterable[Object]) -> None:
        """Hand all objects to the gateway and wait until Envoy has them."""
        folder = self.directory / "objects"
        before = self._log().count("reload resources finished")
        # In one step: a file that is read while it is empty deletes everything.
        fresh = self.directory / "fresh.yaml"
        fresh.write_text(text_of(objects))
        fresh.rename(folder / "all.yaml")
        self.wait(lambda: self._log().count("reload resources finished") > before, "the objects to be read")
        self.wait(lambda: self._admin() is not None and self._listens(), "Envoy to listen")

    def serve(self, name: str, address: str, keep_alive_seconds: float = 75) -> None:
        """Start a stub server on port 8000 of an address such as 127.0.0.11."""
        self._stubs[name] = self.sandbox.start(
            f"stub-{name}",
            *(_PYTHON, _HERE / "stub.py", address, "8000", name, str(keep_alive_seconds)),
            variables={"PYTHONPATH": str(self.packages)},
        )
        probe = f"import socket; socket.create_connection(('{address}', 8000), 1)"
        self.wait(lambda: self._succeeds(_PYTHON, "-c", probe), f"stub {name}")

    def signal(self, name: str, signal: str) -> None:
        """Send a signal such as TERM to a stub server."""
        self.sandbox.check("pkill", f"-{signal}", "-f", f"stub.py .* {name} ")

    def resolve(self, hostname: str, addresses: Sequence[str]) -> None:
        """Let DNS answer a name with these addresses."""
        self._names[hostname] = list(addresses)
        self._write_names()

    def run(self, scenario: str, **options: Any) -> Any:
        """Run one scenario of `clients.py` inside, or one of another script as `SCRIPT:SCENARIO`.

        Returns what it prints as JSON.
        """
        printed = self.sandbox.check(
            *_client(scenario, options), variables={"PYTHONPATH": str(self.packages)}, limit_seconds=180
        )
        return json.loads(printed.splitlines()[-1])

    def background(self, scenario: str, **options: Any) -> GuardedProcess:
        """Begin such a scenario, whose `result` may be read later."""
        self._begun += 1
        return self.sandbox.start(
            f"client-{self._begun}", *_client(scenario, options), variables={"PYTHONPATH": str(self.packages)}
        )

    def result(self, begun: GuardedProcess) -> Any:
        """What a scenario printed in the end."""
        self.wait(lambda: not begun.is_running, "a client to end")
        return json.loads(begun.tail(1))

    def stats(self, address: str) -> dict[str, Any]:
        """What a stub server has counted."""
        return json.loads(self._fetch(f"http://{address}:8000/v1/stats"))

    def wait_for_open(self, address: str, count: int) -> None:
        """Wait until a stub server has so many open requests."""
        self.wait(lambda: self.stats(address)["open"] >= count, f"{count} requests at {address}")

    def sockets(self) -> list[str]:
        """Established connections with their timers, when a stub server has an open request."""
        self.wait_for_open("127.0.0.11", 1)
        return self.sandbox.check("ss", "-tno", "state", "established").splitlines()

    def admin(self, path: str) -> str:
        """What Envoy's own admin interface answers."""
        return self._fetch(f"http://{self._admin()}{path}")

    def stat(self, name: str) -> int:
        """The sum of Envoy's own counters or gauges whose names match; there is one at least."""
        lines = self.admin(f"/stats?filter={quote(name)}").split("\n")
        values = [int(line.rpartition(": ")[2]) for line in lines if ": " in line]
        assert values, name
        return sum(values)

    def peak_memory(self) -> int:
        """Bytes of memory that Envoy's process has had at most."""
        (process,) = self.sandbox.check("pgrep", "-x", "envoy").split()
        lines = self.sandbox.check("cat", f"/proc/{process}/status").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def conditions(self) -> Conditions:
        """What the gateway says of each object."""
        return conditions_of(self._log())

    def end(self) -> None:
        """End everything."""
        self.sandbox.end()

    def _start(self) -> GuardedProcess:
        home = self.directory / "home"
        folders = {name: str(home / name) for name in ("config", "data", "state", "rt")}
        for folder in (*folders.values(), str(self.directory / "objects")):
            Path(folder).mkdir(parents=True)
        envoy = home / "data" / "envoy-versions" / ENVOY_VERSION / "bin" / "envoy"
        envoy.parent.mkdir(parents=True)
        envoy.symlink_to(envoy_in(self.packages))
        host = {
            "configHome": folders["config"],
            "dataHome": folders["data"],
            "stateHome": folders["state"],
            "runtimeDir": folders["rt"],
        }
        files = {"type": "File", "file": {"paths": [str(self.directory / "objects")]}}
        settings = {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "EnvoyGateway",
            "gateway": {"controllerName": _CONTROLLER},
            "provider": {
                "type": "Custom",
                "custom": {"resource": files, "infrastructure": {"type": "Host", "host": host}},
            },
            "logging": {"level": {"default": "info"}},
            # As in the values of its chart.
            "extensionApis": {"enableBackend": True, "enableLua": True},
            **self._settings,
        }
        file = self.directory / "gateway.yaml"
        file.write_text(yaml.safe_dump(settings))
        program = ENVOY_GATEWAY.binary("envoy-gateway")
        self.sandbox.check(program, "certgen", "--local", "--config-home", folders["config"])
        return self.sandbox.start("gateway", program, "server", "--config-path", file)

    def _fetch(self, url: str) -> str:
        fetch = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
        return self.sandbox.check(_PYTHON, "-c", fetch, url)

    def _log(self) -> str:
        return self._gateway.log.read_text(errors="replace")

    def _admin(self) -> str | None:
        found = sorted(
            (self.directory / "home" / "rt").glob("*/admin-address.txt"), key=lambda file: file.stat().st_mtime
        )
        return found[-1].read_text().strip() if found else None

    def _listens(self) -> bool:
        probe = "import socket; socket.create_connection(('127.0.0.1', 443), 1)"
        return self._succeeds(_PYTHON, "-c", probe)

    def _succeeds(self, *words: str) -> bool:
        try:
            self.sandbox.check(*words, limit_seconds=10)
        except ToolUnavailableError:
            return False
        return True

    def _write_names(self) -> None:
        fresh = self.directory / "names.fresh"
        fresh.write_text(json.dumps(self._names))
        fresh.rename(self.directory / "names.json")

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; fail with the end of the gateway's log."""
        limit = time.monotonic() + _LIMIT_SECONDS
        while not holds():
            if time.monotonic() > limit or not self._gateway.is_running:
                raise AssertionError(f"waited for {what}:\n{self._gateway.tail(60)}")
            time.sleep(0.2)
