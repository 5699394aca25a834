"""A stack's ExternalSecrets and their stores as the operator gets them, with values in place of the vault's.

The vault can't be reached: a store keeps its name and its namespace, or the namespaces that may use it, and its
provider becomes the operator's own `fake`, whose values are in the store itself: those that the stack lets it read.
Everything else is as the stack declares it.
"""

import subprocess
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from simulators.api_server.client import Object
from tests.cluster.external_secrets import API_VERSION, CLUSTER_STORE, KIND, STORE

# Where Alertmanager finds the Secrets that its chart's values name.
_MOUNTED: Final = "/etc/alertmanager/secrets/"


def external_secrets(entries: Iterable[Mapping[str, Any]]) -> list[Object]:
    """The ExternalSecrets among a stack's resources."""
    return _of_kind(KIND, entries)


def stores(entries: Iterable[Mapping[str, Any]]) -> list[Object]:
    """The stores among them, as the stack declares them; those of earlier versions belong to no namespace."""
    entries = list(entries)
    return [*_of_kind(STORE, entries), *_of_kind(CLUSTER_STORE, entries)]


def readable(store: Object, entries: Iterable[Mapping[str, Any]]) -> set[str] | None:
    """The secrets of the vault that a store's identity has a role on; None for all of them."""
    if store["kind"] == CLUSTER_STORE:
        return None
    role = f"::secrets-{store['metadata']['namespace']}-reader-grant-secret-"
    return {str(entry["urn"]).partition(role)[2] for entry in entries if role in str(entry["urn"])}


def faked(store: Object, values: Mapping[str, str]) -> Object:
    """A store with these values instead of a vault; without any it has one that nobody asks for, as `fake` requires."""
    made = deepcopy(store)
    data = [{"key": key, "value": values[key]} for key in sorted(values)]
    made["spec"]["provider"] = {"fake": {"data": data or [{"key": "of-nobody", "value": "x"}]}}
    return made


def sources(external: Object) -> dict[str, str]:
    """The vault's key of each key that an ExternalSecret reads."""
    return {item["secretKey"]: item["remoteRef"]["key"] for item in external["spec"]["data"]}


def certificate_and_key(directory: Path, *, traditional: bool = False) -> str:
    """One text in PEM, certificate first, as `docs/operating.md` has it put into the vault.

    The key is in PKCS #8, or (`traditional`) as older programs write it.
    """
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=llm.example.com"),
        *("-keyout", str(key), "-out", str(certificate)),
    )
    if traditional:
        _openssl("rsa", "-in", str(key), "-out", str(key), "-traditional")
    return certificate.read_text() + key.read_text()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def _of_kind(kind: str, entries: Iterable[Mapping[str, Any]]) -> list[Object]:
    return [
        {
            "apiVersion": API_VERSION,
            "kind": kind,
            "metadata": entry["inputs"]["metadata"],
            "spec": entry["inputs"]["spec"],
        }
        for entry in entries
        # Components of a recorded state have no inputs.
        if entry.get("inputs", {}).get("kind") == kind
    ]


def readers(entries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], set[str]]:
    """What is read of Secrets in the cluster: the keys, or none where all are, by namespace and name.

    Listeners read their certificates, security policies the keys of all clients, Agent Router a provider's key,
    containers single variables, and Alertmanager the files that its configuration names.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        inputs = entry["inputs"]
        namespace = inputs.get("namespace") or (inputs.get("metadata") or {}).get("namespace", "")
        for name, key in _references(inputs):
            found.setdefault((namespace, name), set()).update(key)
    return found


def _references(value: Any) -> Iterable[tuple[str, set[str]]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "certificateRefs":
                yield from ((item["name"], {"tls.crt", "tls.key"}) for item in inner)
            elif name == "credentialRefs":
                yield from ((item["name"], set()) for item in inner)
            elif name in ("apiKey", "azureAPIKey") and isinstance(inner, Mapping):
                # Agent Router's CRD: "the key of the secret should be apiKey".
                yield inner["secretRef"]["name"], {"apiKey"}
            elif name == "secretKeyRef":
                yield inner["name"], {inner["key"]}
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, str) and value.startswith(_MOUNTED):
        secret, _, key = value.removeprefix(_MOUNTED).partition("/")
        yield secret, {key}
