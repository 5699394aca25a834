"""A stack's stores and ExternalSecrets in a cluster where the operator runs, and the Secrets that come of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from simulators.api_server.client import Client, Object
from tests.cluster.external_secrets import API_VERSION, CLUSTER_STORE, KIND, STORE, Space, plain
from tests.oracles.external_secrets.objects import (
    certificate_and_key,
    external_secrets,
    faked,
    readable,
    sources,
    stores,
)

Entries = Iterable[Mapping[str, Any]]
MANAGER: Final = "pulumi"

# Kubernetes' garbage collector looks for new kinds every 30 seconds.
_COLLECTED: Final = 120


class Platform:
    """The vault's values are made up: a line of text with a line break for every key, PEM for the certificate.

    Everything of an earlier one is gone when another one begins.
    """

    def __init__(self, client: Client, directory: Path) -> None:
        self.client = client
        self.pem = certificate_and_key(directory)
        self.vault: dict[str, str] = {}
        for kind in (KIND, STORE, CLUSTER_STORE):
            for found in client.list(API_VERSION, kind):
                metadata = found["metadata"]
                name, namespace = metadata["name"], metadata.get("namespace", "")
                client.delete(API_VERSION, kind, name, namespace)
                client.wait(API_VERSION, kind, name, namespace, until=lambda left: left is None)
                if kind == KIND:
                    client.wait(
                        "v1", "Secret", name, namespace, until=lambda left: left is None, timeout_seconds=_COLLECTED
                    )

    def apply(self, entries: Entries, *, without: Iterable[str] = ()) -> list[Object]:
        """Apply stores and ExternalSecrets as an update does, and return these; the vault lacks the keys `without`."""
        entries = list(entries)
        declared = external_secrets(entries)
        for external in declared:
            if self.client.find("v1", "Namespace", external["metadata"]["namespace"]) is None:
                name = external["metadata"]["namespace"]
                self.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            for source in sources(external).values():
                text = self.pem if is_certificate(external) else f"value of {source}\n"
                self.vault.setdefault(source, text)
        self.hold({key: value for key, value in self.vault.items() if key not in set(without)}, entries)
        for external in declared:
            self.client.apply(external, field_manager=MANAGER, force=True)
        return declared

    def hold(self, values: Mapping[str, str], entries: Entries) -> None:
        """The vault has these values from now on, of which each store gets those that it may read."""
        entries = list(entries)
        for store in stores(entries):
            may_read = readable(store, entries)
            own = {key: value for key, value in values.items() if may_read is None or key in may_read}
            self.client.apply(faked(store, own), field_manager=MANAGER, force=True)

    def space(self, external: Object) -> Space:
        """The namespace of an ExternalSecret, to look into."""
        return Space(self.client, external["metadata"]["namespace"], is_new=False)

    def secret(self, external: Object) -> Object:
        """The Secret of an ExternalSecret."""
        return self.client.get("v1", "Secret", external["spec"]["target"]["name"], external["metadata"]["namespace"])

    def values(self, external: Object) -> dict[str, str]:
        """The values in that Secret."""
        return plain(self.secret(external))


def is_certificate(external: Object) -> bool:
    """Whether an ExternalSecret is that of a certificate and its key."""
    return bool(external["spec"]["target"].get("template", {}).get("type") == "kubernetes.io/tls")


def named(declared: Iterable[Object], name: str) -> Object:
    """The one of this name."""
    return next(external for external in declared if external["metadata"]["name"] == name)
