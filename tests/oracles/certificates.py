"""Certificates for the real controllers' servers, made with openssl."""

import subprocess
from pathlib import Path


def issue(directory: Path, name: str, extensions: str) -> Path:
    """A new folder with `ca.crt` and a certificate of that authority, `tls.crt` and `tls.key`, for a common name.

    `extensions` are lines as openssl's `-extfile` has them.
    """
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
