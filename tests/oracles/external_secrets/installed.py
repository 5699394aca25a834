"""A control plane with the real External Secrets operator in it, and its webhook, which judges every object."""

import base64
import contextlib
import os
import shutil
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rehearsal.control_plane import ControlPlane, control_plane, free_ports
from rehearsal.processes import GuardedProcess
from simulators.api_server.client import ApiError, Client
from simulators.api_server.waiting import eventually
from tests.cluster.external_secrets import API_VERSION, STORE, define
from tests.oracles.certificates import issue
from tests.oracles.external_secrets.toolchain import EXTERNAL_SECRETS

PROGRAM: Final = "external-secrets"
_START_SECONDS: Final = 60
# As `components/cluster/secrets.py` sets the chart's values.
_FLAGS: Final = (
    "--enable-cluster-store-reconciler=false",
    "--enable-cluster-external-secret-reconciler=false",
    "--enable-push-secret-reconciler=false",
    "--enable-cluster-push-secret-reconciler=false",
)


@dataclass
class Installed:
    """What runs. `start` starts an operator with these flags; the running one must have ended."""

    plane: ControlPlane
    webhook: GuardedProcess
    start: Callable[[Sequence[str]], GuardedProcess]
    operator: GuardedProcess

    def restart(self, *, without: Sequence[str] = ()) -> None:
        """Another operator in place of the running one, as when its chart's values change; `without` these flags."""
        self.operator.kill()
        self.operator = self.start([flag for flag in _FLAGS if flag not in without])

    @property
    def client(self) -> Client:
        """A client that may do everything."""
        return self.plane.client

    def tail(self) -> str:
        """The last lines of both logs."""
        return f"--- operator\n{self.operator.tail()}\n--- webhook\n{self.webhook.tail()}"


def missing() -> str:
    """What this machine lacks for it, empty where nothing."""
    return "" if shutil.which("openssl") else "not on PATH: openssl (Debian's package of that name)"


@contextlib.contextmanager
def installed(directory: Path, reference: Path) -> Generator[Installed]:
    """Operator and webhook run until the end; `reference` has the folder of CustomResourceDefinitions.

    Raises:
        ToolUnavailableError: a program is neither in the cache nor can it be built.

    """
    program = EXTERNAL_SECRETS.binary(PROGRAM)
    own = issue(directory / "certificates", "localhost", "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost")
    with contextlib.ExitStack() as running:
        plane = running.enter_context(control_plane(directory / "plane"))
        access = directory / "kubeconfig"
        access.write_text(plane.kubeconfig())
        define(plane.client, reference)
        served, *others = free_ports(4)
        environment = {**os.environ, "KUBECONFIG": str(access)}

        def started(name: str, arguments: Sequence[str]) -> GuardedProcess:
            process = GuardedProcess([program, *arguments], directory / f"{name}.log", environment)
            running.callback(process.kill)
            return process

        def operator(flags: Sequence[str]) -> GuardedProcess:
            return started("operator", [f"--metrics-addr=127.0.0.1:{others[0]}", *flags])

        webhook = [
            "webhook",
            f"--port={served}",
            f"--cert-dir={own}",
            "--dns-name=localhost",
            f"--metrics-addr=127.0.0.1:{others[1]}",
            f"--healthz-addr=127.0.0.1:{others[2]}",
        ]
        found = Installed(plane, started("webhook", webhook), operator, operator(_FLAGS))
        try:
            for item in _webhooks(own, served):
                plane.client.create(item)
            _await_webhook(plane.client)
            yield found
        except BaseException as error:
            error.add_note(f"{plane.tail(8)}\n{found.tail()}")
            raise


def _await_webhook(client: Client) -> None:
    def refuses() -> bool:
        # The definitions accept it: only the webhook knows that the fake provider wants a value that is not empty.
        spec = {"provider": {"fake": {"data": [{"key": "without-a-value", "value": ""}]}}}
        metadata = {"name": "probe", "namespace": "default"}
        store = {"apiVersion": API_VERSION, "kind": STORE, "metadata": metadata, "spec": spec}
        try:
            client.create(store, dry_run=True)
        except ApiError as error:
            return "at least one value must be set" in str(error)
        return False

    eventually(refuses, "the webhook answers", timeout_seconds=_START_SECONDS)


def _webhooks(own: Path, port: int) -> list[dict[str, Any]]:
    """As templates/validatingwebhook.yaml of the chart has them, with an address instead of a Service."""
    authority = base64.b64encode((own / "ca.crt").read_bytes()).decode()
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": f"{kind}-validate"},
            "webhooks": [
                {
                    "name": f"validate.{kind}.external-secrets.io",
                    "admissionReviewVersions": ["v1", "v1beta1"],
                    "sideEffects": "None",
                    "timeoutSeconds": 5,
                    "failurePolicy": "Fail",
                    # The program is built without the provider of the vault: such a store is judged by its definition.
                    "matchConditions": [
                        {
                            "name": "known-provider",
                            "expression": "request.operation == 'DELETE' || !has(object.spec.provider) || "
                            "!has(object.spec.provider.azurekv)",
                        }
                    ],
                    "clientConfig": {
                        "url": f"https://localhost:{port}/validate-external-secrets-io-v1-{kind}",
                        "caBundle": authority,
                    },
                    "rules": [
                        {
                            "apiGroups": ["external-secrets.io"],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE", "UPDATE", "DELETE"],
                            "resources": [f"{kind}s"],
                        }
                    ],
                }
            ],
        }
        for kind in ("externalsecret", "secretstore", "clustersecretstore")
    ]
