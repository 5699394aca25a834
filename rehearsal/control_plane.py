"""A real Kubernetes control plane on loopback: etcd, API server, scheduler and controllers, without nodes."""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.processes import GuardedProcess
from rehearsal.service_account_key import service_account_key
from rehearsal.toolchain import ETCD, KUBERNETES
from simulators.api_server.client import Client

START_LIMIT_SECONDS: Final = 60
# A node without a renewed lease is lost after this long, and its pods are evicted after the toleration: 50 seconds and
# 5 minutes by default, and in AKS. Shorter, so that a test can wait for it; long enough for a busy machine.
NODE_GRACE_SECONDS: Final = 20
LEASE_RENEWAL_SECONDS: Final = NODE_GRACE_SECONDS / 4
EVICTION_SECONDS: Final = 3
SERVICE_RANGE: Final = "10.0.0.0/16"
_POLL_SECONDS: Final = 0.05
_PORTS: Final = range(20000, 30000)
# What a cloud does with nodes and load balancers is Azure's part.
_CONTROLLERS: Final = "*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller"  # fmt: skip  # noqa: E501 - one value

# The simulated KEDA plays this one as well, since minutes pass between its steps.
_AUTOSCALER: Final = ",-horizontal-pod-autoscaler-controller"


class ControlPlaneError(Exception):
    """A part of the control plane ended or did not get ready; the message carries the last lines of its log."""


def free_ports(count: int) -> list[int]:
    """Ports below those that the system gives to clients: one of those could take the API server's while it is away."""
    found: list[int] = []
    # Another process begins elsewhere, so that two that start at once don't find the same.
    begin = os.getpid() * 16 % len(_PORTS)
    for offset in range(len(_PORTS)):
        port = _PORTS[(begin + offset) % len(_PORTS)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise ControlPlaneError(f"{count} free ports are not to be found between {_PORTS[0]} and {_PORTS[-1]}")


class ControlPlane:
    """The running programs, their data in `directory`, and a client that may do everything.

    `more_flags` go to the API server; with `autoscaler` the controller of HorizontalPodAutoscalers runs too. `token` is
    that of the client, and of nobody else on the machine.
    """

    def __init__(
        self, directory: Path, binaries: Mapping[str, Path], *, more_flags: Sequence[str] = (), autoscaler: bool = False
    ) -> None:
        self._more_flags = tuple(more_flags)
        self._controllers = _CONTROLLERS + ("" if autoscaler else _AUTOSCALER)
        self._directory = directory
        self._binaries = binaries
        self._processes: dict[str, GuardedProcess] = {}
        self._etcd_port, self._etcd_peer_port, port = free_ports(3)
        self._wipes = 0
        self.token = secrets.token_hex(16)
        self.port = port
        self.server = f"https://127.0.0.1:{port}"
        self.ready_after_seconds = 0.0
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "service-accounts.key").write_text(service_account_key())
        (directory / "tokens.csv").write_text(f'{self.token},admin,admin,"system:masters"\n')
        self._authority = directory / "certificates" / "apiserver.crt"
        self.client = Client(self.server, self.token, self._authority)
        (directory / "kubeconfig").write_text(self.kubeconfig())

    @property
    def logs(self) -> dict[str, Path]:
        """Log file of every program by its name."""
        return {name: self._directory / f"{name}.log" for name in self._binaries}

    def kubeconfig(self) -> str:
        """A kubeconfig whose user is in `system:masters`, as YAML."""
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "c", "cluster": {"server": self.server, "certificate-authority": str(self._authority)}}
            ],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "admin"}}],
            "current-context": "c",
        }
        return yaml.safe_dump(config, sort_keys=False)

    def start(self) -> None:
        """Start everything and wait until it is ready; `ready_after_seconds` says how long that took."""
        begun = time.monotonic()
        self._start(
            "etcd",
            f"--data-dir={self._directory / f'etcd-{self._wipes}'}",
            f"--listen-client-urls=http://127.0.0.1:{self._etcd_port}",
            f"--advertise-client-urls=http://127.0.0.1:{self._etcd_port}",
            f"--listen-peer-urls=http://127.0.0.1:{self._etcd_peer_port}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{self._etcd_peer_port}",
            f"--initial-cluster=default=http://127.0.0.1:{self._etcd_peer_port}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        self.start_api_server()
        self._start(
            "kube-scheduler",
            f"--kubeconfig={self._directory / 'kubeconfig'}",
            "--leader-elect=false",
            "--secure-port=0",
        )
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self._directory / 'kubeconfig'}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--controllers={self._controllers}",
            f"--service-account-private-key-file={self._directory / 'service-accounts.key'}",
            f"--root-ca-file={self._authority}",
            "--node-monitor-period=1s",
            f"--node-monitor-grace-period={NODE_GRACE_SECONDS}s",
        )
        # The first thing that only the controllers make: pods of the default namespace need it.
        self._await(lambda: self.client.find("v1", "ServiceAccount", "default", "default") is not None)
        self.ready_after_seconds = time.monotonic() - begun

    def start_api_server(self) -> None:
        """Start the API server, again after `stop_api_server`, and wait until it says that it is ready."""
        key = self._directory / "service-accounts.key"
        self._start(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self._directory / 'certificates'}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default",
            f"--token-auth-file={self._directory / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            # As AKS has it: a pod that asks for an extended resource tolerates the taint of that name.
            "--enable-admission-plugins=ExtendedResourceToleration",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--default-not-ready-toleration-seconds={EVICTION_SECONDS}",
            f"--default-unreachable-toleration-seconds={EVICTION_SECONDS}",
            *self._more_flags,
        )
        self._await(lambda: self._authority.exists() and self.client.is_ready())

    def stop_api_server(self) -> None:
        """Kill the API server; what it stored stays in etcd."""
        self._processes.pop("kube-apiserver").kill()

    def wipe(self) -> None:
        """Forget every object: the same addresses and credentials with an empty store, as a new cluster has it."""
        self.stop()
        self._wipes += 1
        self.start()

    def stop(self) -> None:
        """Kill everything."""
        while self._processes:
            # Backwards, so that the logs don't end in complaints about a server that is gone.
            self._processes.popitem()[1].kill()

    def ended(self) -> str | None:
        """Which program has ended without being stopped, with the last lines of its log; None while all run."""
        for name, process in list(self._processes.items()):
            if not process.is_running:
                return f"{name} has ended:\n{process.tail()}"
        return None

    def tail(self, lines: int = 20) -> str:
        """The last lines of every log, for a failure's report."""
        running = self._processes.items()
        return "\n".join(f"--- {name}\n{process.tail(lines)}" for name, process in running)

    def _start(self, name: str, *arguments: str) -> None:
        self._processes[name] = GuardedProcess([self._binaries[name], *arguments], self.logs[name])

    def _await(self, condition: Any) -> None:
        end = time.monotonic() + START_LIMIT_SECONDS
        while not condition():
            for name, process in self._processes.items():
                if not process.is_running:
                    raise ControlPlaneError(f"{name} ended:\n{process.tail()}")
            if time.monotonic() > end:
                raise ControlPlaneError(f"not ready within {START_LIMIT_SECONDS} s\n{self.tail()}")
            time.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def control_plane(
    directory: Path, *, more_flags: Sequence[str] = (), autoscaler: bool = False
) -> Generator[ControlPlane]:
    """A control plane with its data and logs in `directory`; nothing of it runs afterwards.

    Raises:
        ToolUnavailableError: its programs are neither in the cache nor can they be built.
        ControlPlaneError: a part of it did not start.

    """
    binaries = {name: chain.binary(name) for chain in (ETCD, KUBERNETES) for name in chain.programs}
    plane = ControlPlane(directory, binaries, more_flags=more_flags, autoscaler=autoscaler)
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
