"""Certificates of the aggregation layer and of KEDA's three programs."""

import subprocess
from pathlib import Path
from typing import Final

_NAMES: Final = (
    "DNS:localhost,IP:127.0.0.1,DNS:keda-operator.keda.svc,DNS:keda-metrics-apiserver.keda.svc,"
    "DNS:keda-admission-webhooks.keda.svc"
)


def front_proxy(directory: Path) -> Path:
    """A folder with `ca.crt` and the certificate by which the API server proves who asks the adapter."""
    return _issue(directory, "front-proxy-client", "extendedKeyUsage=clientAuth")


def keda(directory: Path) -> Path:
    """A folder as KEDA's `--cert-dir`: its programs are each other's servers and clients."""
    return _issue(directory, "localhost", f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName={_NAMES}")


def _issue(directory: Path, name: str, extensions: str) -> Path:
    directory.mkdir(parents=True)
    (directory / "extensions").write_text(extensions + "\n")
    new_key = ("-newkey", "rsa:2048", "-nodes")
    _openssl(directory, "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=tests")
    _openssl(directory, "req", *new_key, "-keyout", "tls.key", "-out", "tls.csr", "-subj", f"/CN={name}")
    authority = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions")
    _openssl(directory, "x509", "-req", "-in", "tls.csr", *authority, "-out", "tls.crt", "-days", "2")
    return directory


def _openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)
