"""Certificates of the aggregation layer and of KEDA's three programs."""

from pathlib import Path
from typing import Final

from tests.oracles.certificates import issue

_NAMES: Final = (
    "DNS:localhost,IP:127.0.0.1,DNS:keda-operator.keda.svc,DNS:keda-metrics-apiserver.keda.svc,"
    "DNS:keda-admission-webhooks.keda.svc"
)


def front_proxy(directory: Path) -> Path:
    """A folder with `ca.crt` and the certificate by which the API server proves who asks the adapter."""
    return issue(directory, "front-proxy-client", "extendedKeyUsage=clientAuth")


def keda(directory: Path) -> Path:
    """A folder as KEDA's `--cert-dir`: its programs are each other's servers and clients."""
    return issue(directory, "localhost", f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName={_NAMES}")
