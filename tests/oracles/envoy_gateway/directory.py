"""A directory in the place of Microsoft Entra: it signs tokens, and serves the keys to check them with.

What differs from Entra, and why: its certificate is of an authority of its own, which the Backend names in place of the
system's, and it serves on another port, since the gateway has 443 here. Host name, path and name for TLS are the
stack's own. Claims are those of access tokens of version 2.0
(https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
"""

import base64
import hashlib
import hmac
import json
import subprocess
import time
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from tests.oracles.envoy_gateway.objects import Object
from tests.oracles.envoy_gateway.rig import Rig

_ADDRESS, _PORT, _AUTHORITY = "127.0.0.41", 9443, "authority-of-the-directory"
_SERVER: Final = Path(__file__).with_name("jwks_server.py")


class Directory:
    """One directory of `rig`, whose keys are at the stack's own address of them. `name` is in its certificate."""

    def __init__(self, rig: Rig, folder: Path, objects: list[Object], *, name: str | None = None) -> None:
        (policy,) = [item for item in objects if item["kind"] == "SecurityPolicy" and "jwt" in item["spec"]]
        (provider,) = policy["spec"]["jwt"]["providers"]
        self.issuer, self.audience = provider["issuer"], provider["audiences"][0]
        self._address = provider["remoteJWKS"]["backendRefs"][0]["name"]
        backend = next(item for item in objects if item["metadata"]["name"] == self._address)
        self.host = backend["spec"]["endpoints"][0]["fqdn"]["hostname"]
        self.folder = folder
        _certificate(folder, name or self.host)
        rig.resolve(self.host, [_ADDRESS])
        certificate, key = folder / "server.crt", folder / "server.key"
        words = ("python3", _SERVER, _ADDRESS, str(_PORT), certificate, key, folder / "keys.json")
        self.server = rig.sandbox.start("directory", *words)

    def objects(self, objects: list[Object]) -> list[Object]:
        """The same objects, with this directory's port and authority."""
        made = deepcopy(objects)
        for item in made:
            if item["kind"] == "Backend" and item["metadata"]["name"] == self._address:
                item["spec"]["endpoints"][0]["fqdn"]["port"] = _PORT
                reference = {"group": "", "kind": "ConfigMap", "name": _AUTHORITY}
                item["spec"]["tls"] = {"caCertificateRefs": [reference], "sni": item["spec"]["tls"]["sni"]}
                namespace = item["metadata"]["namespace"]
            if item["kind"] == "SecurityPolicy" and "jwt" in item["spec"]:
                keys = item["spec"]["jwt"]["providers"][0]["remoteJWKS"]
                keys["backendRefs"][0]["port"] = _PORT
                # The shortest that Envoy takes: it asks again 5 seconds before they have passed.
                keys["cacheDuration"], keys["failedRefetchDuration"] = "6s", "1s"
        authority = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": _AUTHORITY, "namespace": namespace},
            "data": {"ca.crt": (self.folder / "authority.crt").read_text()},
        }
        return [*made, authority]

    def publish(self, *names: str) -> None:
        """Serve the keys of these names and no others."""
        fresh = self.folder / "keys.fresh"
        fresh.write_text(json.dumps({"keys": [self._public(name) for name in names]}))
        fresh.rename(self.folder / "keys.json")

    def token(self, key: str = "first", *, algorithm: str = "RS256", kid: str | None = None, **claims: Any) -> str:
        """A token that is signed with the key of that name; a claim that is None is left out."""
        now = int(time.time())
        claims = {
            "aud": self.audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "azp": "99999999-9999-4999-8999-999999999999",
            "sub": "somebody",
            "ver": "2.0",
            **claims,
        }
        header = json.dumps({"typ": "JWT", "alg": algorithm, "kid": kid or key})
        content = json.dumps({name: value for name, value in claims.items() if value is not None})
        signed = f"{_encoded(header.encode())}.{_encoded(content.encode())}"
        return f"{signed}.{_encoded(self._signature(signed.encode(), key, algorithm))}"

    def requested(self) -> list[str]:
        """Host and path of each request for the keys."""
        return [line for line in self.server.log.read_text().splitlines() if "/discovery/" in line]

    def _signature(self, text: bytes, key: str, algorithm: str) -> bytes:
        file = self._private(key)
        if algorithm == "none":
            return b""
        if algorithm == "HS256":
            # The known confusion: the public key as if it were a shared secret.
            public = _openssl("rsa", "-in", str(file), "-pubout")
            return hmac.new(public, text, hashlib.sha256).digest()
        return _openssl("dgst", "-sha256", "-sign", str(file), given=text)

    def _public(self, name: str) -> dict[str, str]:
        modulus = _openssl("rsa", "-in", str(self._private(name)), "-noout", "-modulus").decode().strip()
        number = bytes.fromhex(modulus.removeprefix("Modulus="))
        return {"kty": "RSA", "use": "sig", "kid": name, "n": _encoded(number), "e": "AQAB", "issuer": self.issuer}

    def _private(self, name: str) -> Path:
        file = self.folder / f"{name}.pem"
        if not file.exists():
            _openssl("genrsa", "-out", str(file), "2048")
        return file


def _certificate(folder: Path, name: str) -> None:
    """An authority, and a certificate of it for one name."""
    authority, server = folder / "authority", folder / "server"
    new, days = ("req", "-newkey", "rsa:2048", "-nodes"), ("-days", "2")
    own = ("-subj", "/CN=authority", "-keyout", f"{authority}.key", "-out", f"{authority}.crt")
    _openssl(*new, "-x509", *days, *own)
    names = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    _openssl(*new, *names, "-keyout", f"{server}.key", "-out", f"{server}.csr")
    by = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-copy_extensions", "copy")
    _openssl("x509", "-req", *days, *by, "-in", f"{server}.csr", "-out", f"{server}.crt")


def _openssl(*words: str, given: bytes | None = None) -> bytes:
    return subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60, input=given).stdout


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
