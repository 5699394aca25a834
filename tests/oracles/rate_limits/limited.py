"""A gateway with global rate limits: Redis, the rate-limit service and a token counter beside it in one sandbox.

What differs from a cluster, and why:
* the service is started here with the environment that Envoy Gateway gives it in Kubernetes
  (internal/infrastructure/kubernetes/ratelimit/resource.go, expectedRateLimitContainerEnv), since Envoy Gateway
  starts none on a host (internal/infrastructure/host/ratelimit_infra.go); its limits still come from Envoy Gateway;
* patches say where the authority of the service's certificate lies here, and the service's port: its own is Envoy
  Gateway's here;
* the tokens are counted by `tools/main.go` in place of the AI gateway's processor.
"""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.envoy_gateway.objects import Object
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.rate_limits.redis_server import redis_programs
from tests.oracles.rate_limits.toolchain import RATE_LIMITS

SYSTEM: Final = "envoy-gateway-system"
PASSWORD: Final = "the-password-of-redis"
_REDIS: Final = "127.0.0.21"
_COUNTER: Final = "127.0.0.22"
_CLUSTER: Final = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_AUTHORITY: Final = "/transport_socket/typed_config/common_tls_context/validation_context/trusted_ca/filename"
_PORT: Final = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value"
_SERVICE_PORT: Final = 8083
# Keys and counts in turn.
_ALL: Final = """
local all = {}
for _, key in ipairs(redis.call("KEYS", "*")) do
  table.insert(all, key)
  table.insert(all, redis.call("GET", key))
end
return all
"""
_METRICS: Final = "http://127.0.0.1:19011/metrics"


class SecondProxy:
    """Another Envoy beside the gateway's own, with the same listeners."""

    def __init__(self, admin: Path, fetch: Callable[[str], str]) -> None:
        self._admin, self._fetch = admin, fetch

    def stat(self, name: str) -> int:
        """The sum of its counters or gauges whose names match."""
        address = self._admin.read_text().strip()
        lines = self._fetch(f"http://{address}/stats?filter={quote(name)}").split("\n")
        return sum(int(line.rpartition(": ")[2]) for line in lines if ": " in line)


class Limited:
    """One running gateway whose `redis` and `service` may be ended and started again."""

    def __init__(self, directory: Path, *, fail_closed: bool = False, timeout: str = "1s", **service: str) -> None:
        """Raise ToolUnavailableError where a part of it can't be had. `service` are more variables of the service."""
        backend = {"type": "Redis", "redis": {"url": "redis.tests:6379"}}
        self.rig = Rig(
            directory,
            {
                "rateLimit": {"backend": backend, "failClosed": fail_closed, "timeout": timeout},
                "extensionApis": {"enableBackend": True, "enableEnvoyPatchPolicy": True, "enableLua": True},
            },
        )
        self.directory = directory
        self._variables = service
        self.rig.resolve(f"envoy-ratelimit.{SYSTEM}.svc.cluster.local", ["127.0.0.1"])
        self.rig.resolve("envoy-gateway", ["127.0.0.1"])
        self.rig.resolve("redis.tests", [_REDIS])
        self.rig.resolve("token-counter.tests", [_COUNTER])
        self.rig.sandbox.start("token-counter", RATE_LIMITS.binary("token-counter"), f"{_COUNTER}:9000")
        self.redis = self.start_redis()
        self.service = self.start_service()

    def start_redis(self) -> GuardedProcess:
        """Start Redis as it is configured in the cluster: every write is on disk within a second."""
        folder = self.directory / "redis"
        folder.mkdir(exist_ok=True)
        programs = redis_programs()
        options = ("--bind", _REDIS, "--dir", folder, "--appendonly", "yes", "--save", "", "--requirepass", PASSWORD)
        self.redis = self.rig.sandbox.start("redis", programs.server, *options, variables=programs.variables)
        self.rig.wait(self._redis_answers, "Redis")
        return self.redis

    def end_redis(self) -> None:
        """Kill Redis."""
        self.rig.sandbox.check("pkill", "-KILL", "-f", "redis-server")
        self.rig.wait(lambda: not self.redis.is_running, "Redis to end")

    def start_service(self) -> GuardedProcess:
        """Start the rate-limit service and wait until it is ready."""
        certificates = self.directory / "home" / "config" / "certs" / "envoy-rate-limit"
        variables = {
            "RUNTIME_ROOT": str(self.directory / "runtime"),
            "RUNTIME_SUBDIRECTORY": "ratelimit",
            "RUNTIME_IGNOREDOTFILES": "true",
            "RUNTIME_WATCH_ROOT": "false",
            "LOG_LEVEL": "info",
            "USE_STATSD": "false",
            "CONFIG_TYPE": "GRPC_XDS_SOTW",
            "CONFIG_GRPC_XDS_SERVER_URL": "envoy-gateway:18001",
            "CONFIG_GRPC_XDS_NODE_ID": "envoy-ratelimit",
            "GRPC_SERVER_USE_TLS": "true",
            "GRPC_SERVER_TLS_CERT": str(certificates / "tls.crt"),
            "GRPC_SERVER_TLS_KEY": str(certificates / "tls.key"),
            "GRPC_SERVER_TLS_CA_CERT": str(certificates / "ca.crt"),
            # What this platform adds (components/cluster/limiter_specs.py).
            "GRPC_CLIENT_TLS_CACERT": str(certificates / "ca.crt"),
            "REDIS_TIMEOUT": "50ms",
            "CONFIG_GRPC_XDS_SERVER_USE_TLS": "true",
            "CONFIG_GRPC_XDS_CLIENT_TLS_CERT": str(certificates / "tls.crt"),
            "CONFIG_GRPC_XDS_CLIENT_TLS_KEY": str(certificates / "tls.key"),
            "CONFIG_GRPC_XDS_SERVER_TLS_CACERT": str(certificates / "ca.crt"),
            "FORCE_START_WITHOUT_INITIAL_CONFIG": "true",
            "REDIS_SOCKET_TYPE": "tcp",
            "REDIS_URL": "redis.tests:6379",
            "REDIS_AUTH": PASSWORD,
            "USE_PROMETHEUS": "true",
            "PROMETHEUS_ADDR": ":19011",
            "GRPC_PORT": str(_SERVICE_PORT),
            "PROMETHEUS_MAPPER_YAML": "",
            **self._variables,
        }
        self.service = self.rig.sandbox.start("ratelimit", RATE_LIMITS.binary("ratelimit"), variables=variables)
        self.rig.wait(lambda: self._answers("http://127.0.0.1:8080/healthcheck"), "the rate-limit service")
        return self.service

    def end_service(self) -> None:
        """Kill the rate-limit service."""
        self.rig.sandbox.check("pkill", "-KILL", "-f", "bin/ratelimit")
        self.rig.wait(lambda: not self.service.is_running, "the rate-limit service to end")

    def start_second_proxy(self) -> "SecondProxy":
        """Start another Envoy like the one that runs: the kernel shares connections to their ports out among them."""
        (process,) = self.rig.sandbox.check("pgrep", "-x", "envoy").split()
        words = self.rig.sandbox.check("cat", f"/proc/{process}/cmdline").rstrip("\0").split("\0")
        place = words.index("--admin-address-path") + 1
        admin = self.directory / "second-admin.txt"
        words[place] = str(admin)
        program = self.rig.sandbox.check("readlink", f"/proc/{process}/exe").strip()
        self.rig.sandbox.start("second-proxy", program, "--base-id", "7", *words[1:])
        self.rig.wait(lambda: admin.exists() and bool(admin.read_text()), "the second proxy")
        second = SecondProxy(admin, self._fetch)
        self.rig.wait(lambda: second.stat("listener_manager.workers_started") == 1, "the second proxy to work")
        return second

    def apply(self, objects: list[Object]) -> None:
        """Hand all objects to the gateway and wait until the service has their limits, too."""
        before = self._configurations()
        self.rig.apply(self._with_own(objects))
        self.rig.wait(lambda: self._configurations() > before, "the limits to be read")

    def metrics(self) -> str:
        """The service's metrics; it is up to 10 s old."""
        return self._fetch(_METRICS)

    def counts(self) -> dict[str, int]:
        """What Redis has counted, by key, all at one moment."""
        words = self._redis("--raw", "EVAL", _ALL, "0").split()
        return {key: int(count) for key, count in zip(words[::2], words[1::2], strict=True)}

    def _configurations(self) -> int:
        return self.service.log.read_text(errors="replace").count("Successfully loaded new configuration")

    def _redis(self, *words: str) -> str:
        programs = redis_programs()
        command = (programs.client, "-h", _REDIS, "--no-auth-warning", "-a", PASSWORD, *words)
        return self.rig.sandbox.check(*command, variables=programs.variables).strip()

    def _redis_answers(self) -> bool:
        try:
            return self._redis("PING") == "PONG"
        except ToolUnavailableError:
            return False

    def _answers(self, url: str) -> bool:
        try:
            self._fetch(url)
        except ToolUnavailableError:
            return False
        return True

    def _fetch(self, url: str) -> str:
        fetch = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"
        return self.rig.sandbox.check("python3", "-c", fetch, url)

    def _with_own(self, objects: list[Object]) -> list[Object]:
        """With what the chart's job and the AI gateway would bring: the processor is in the Gateway's own policy."""
        gateway = next(item for item in objects if item["kind"] == "Gateway")
        name, namespace = gateway["metadata"]["name"], gateway["metadata"]["namespace"]
        certificates = self.directory / "home" / "config" / "certs" / "envoy"
        pair = {file: base64.b64encode((certificates / file).read_bytes()).decode() for file in ("tls.crt", "tls.key")}
        target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name}
        patches = ((_AUTHORITY, str(certificates / "ca.crt")), (_PORT, _SERVICE_PORT))
        return [
            *(_with_counter(item) if item["kind"] == "EnvoyExtensionPolicy" else item for item in objects),
            {
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": pair,
                "metadata": {"name": "envoy", "namespace": SYSTEM},
            },
            policy("EnvoyPatchPolicy", "service", namespace, {
                "targetRef": target,
                "type": "JSONPatch",
                "jsonPatches": [
                    {
                        "type": _CLUSTER, "name": "ratelimit_cluster",
                        "operation": {"op": "replace", "path": path, "value": value},
                    }
                    for path, value in patches
                ],
            }),
            policy("Backend", "token-counter", namespace, {
                "endpoints": [{"fqdn": {"hostname": "token-counter.tests", "port": 9000}}],
                "appProtocols": ["gateway.envoyproxy.io/h2c"],
            }),
        ]  # fmt: skip


def _with_counter(extension: Object) -> Object:
    """The policy with the counter of tokens; Envoy Gateway takes one policy for a Gateway."""
    processor = {
        "backendRefs": [{"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "token-counter", "port": 9000}],
        "processingMode": {"request": {}, "response": {"body": "Streamed"}},
        "metadata": {"writableNamespaces": ["io.envoy.ai_gateway"]},
    }
    return {**extension, "spec": {**extension["spec"], "extProc": [processor]}}


def policy(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> Object:
    """An object of Envoy Gateway's."""
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
