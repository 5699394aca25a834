"""A control plane with the real KEDA in it: its programs run beside it, behind the aggregation layer."""

import base64
import contextlib
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.control_plane import LEASE_RENEWAL_SECONDS, ControlPlane, control_plane, free_ports
from rehearsal.processes import GuardedProcess
from simulators.api_server.waiting import eventually
from simulators.kubelet.kubelet import Kubelets
from tests.cluster.workloads import add_node
from tests.oracles.keda import certificates, prometheus
from tests.oracles.keda.toolchain import KEDA

MODEL_LABEL: Final = "llm-platform/model"
NAMESPACE: Final = "keda"
_START_SECONDS: Final = 60


@dataclass(frozen=True)
class Installed:
    """What runs."""

    plane: ControlPlane
    exporter: prometheus.Exporter
    prometheus: str
    """Its address."""


def missing() -> str:
    """What this machine lacks for it, empty where nothing."""
    lacking = [program for program in ("prometheus", "openssl") if shutil.which(program) is None]
    return f"not on PATH: {', '.join(lacking)} (Debian packages of these names)" if lacking else ""


@contextlib.contextmanager
def installed(directory: Path, definitions: Path) -> Generator[Installed]:
    """KEDA in a control plane with a node; `definitions` is the file with its CustomResourceDefinitions.

    Raises:
        ToolUnavailableError: a program is neither in the cache nor can it be built.

    """
    front, own = certificates.front_proxy(directory / "front"), certificates.keda(directory / "keda")
    flags = [
        f"--requestheader-client-ca-file={front / 'ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={front / 'tls.crt'}",
        f"--proxy-client-key-file={front / 'tls.key'}",
    ]
    with contextlib.ExitStack() as running:
        plane = running.enter_context(control_plane(directory / "plane", more_flags=flags, autoscaler=True))
        try:
            yield _started(running, plane, directory, own, definitions)
        except BaseException as error:
            error.add_note(plane.tail(8))
            raise


def _started(
    running: contextlib.ExitStack, plane: ControlPlane, directory: Path, own: Path, definitions: Path
) -> Installed:
    client = plane.client
    grpc, secure, plain, webhook, metrics, health, *others, queries = free_ports(9)
    (directory / "kubeconfig").write_text(plane.kubeconfig())
    for item in yaml.safe_load_all(definitions.read_text(encoding="utf-8")):
        client.apply(item, field_manager="helm", force=True)
    for item in _objects(own, secure, webhook):
        client.create(item)
    common = [f"--cert-dir={own}"]
    access = directory / "kubeconfig"
    for name, arguments in {
        "keda": [
            f"--metrics-bind-address=127.0.0.1:{metrics}",
            f"--health-probe-bind-address=127.0.0.1:{health}",
            f"--metrics-service-bind-address=127.0.0.1:{grpc}",
        ],
        "keda-adapter": [
            f"--tls-cert-file={own / 'tls.crt'}",
            f"--tls-private-key-file={own / 'tls.key'}",
            "--bind-address=127.0.0.1",
            f"--secure-port={secure}",
            f"--port={plain}",
            f"--metrics-service-address=localhost:{grpc}",
            *(f"--{use}-kubeconfig={access}" for use in ("authentication", "authorization", "lister")),
        ],
        "keda-admission-webhooks": [
            f"--port={webhook}",
            f"--metrics-bind-address=127.0.0.1:{others[0]}",
            f"--health-probe-bind-address=127.0.0.1:{others[1]}",
        ],
    }.items():
        environment = {
            "KUBECONFIG": access, "POD_NAMESPACE": NAMESPACE, "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
            # Each scenario has a namespace of its own; the chart's value is that of the models alone.
            "WATCH_NAMESPACE": "", "KEDA_RESTRICT_SECRET_ACCESS": "true",
        }  # fmt: skip
        setting = [f"{key}={value}" for key, value in environment.items()]
        process = GuardedProcess(["env", *setting, KEDA.binary(name), *common, *arguments], directory / f"{name}.log")
        running.callback(process.kill)
    targets = directory / "targets.json"
    targets.write_text("[]")
    running.callback(prometheus.start("prometheus", directory / "prometheus", queries, targets).kill)
    add_node(client, "one")
    running.enter_context(Kubelets(client, renewal_seconds=LEASE_RENEWAL_SECONDS))
    exporter = running.enter_context(prometheus.Exporter(client, MODEL_LABEL, targets))

    def is_available() -> bool:
        found = client.get("apiregistration.k8s.io/v1", "APIService", "v1beta1.external.metrics.k8s.io")
        conditions = {entry["type"]: entry["status"] for entry in found.get("status", {}).get("conditions", [])}
        return conditions.get("Available") == "True"

    eventually(is_available, "KEDA's adapter answers", timeout_seconds=_START_SECONDS)
    return Installed(plane, exporter, f"http://127.0.0.1:{queries}")


def _objects(own: Path, secure: int, webhook: int) -> list[dict[str, Any]]:
    authority = base64.b64encode((own / "ca.crt").read_bytes()).decode()
    rule = {
        "apiGroups": ["keda.sh"],
        "apiVersions": ["v1alpha1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["scaledobjects"],
    }
    address = f"https://localhost:{webhook}/validate-keda-sh-v1alpha1-scaledobject"
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            # An EndpointSlice may not name loopback.
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "keda-metrics-apiserver", "namespace": NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": secure}]},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
            "spec": {
                "group": "external.metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": authority,
                "service": {"name": "keda-metrics-apiserver", "namespace": NAMESPACE, "port": secure},
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "keda-admission"},
            "webhooks": [
                {
                    "name": "vscaledobject.kb.io",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    # As the chart has it.
                    "failurePolicy": "Ignore",
                    "clientConfig": {"url": address, "caBundle": authority},
                    "rules": [rule],
                }
            ],
        },
    ]
