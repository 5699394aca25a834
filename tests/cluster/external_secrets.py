"""A namespace with a store and ExternalSecrets of its own, for tests of the operator, simulated or real."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from simulators.api_server.client import ApiError, Client, Object
from simulators.api_server.waiting import eventually

API_VERSION: Final = "external-secrets.io/v1"
KIND: Final = "ExternalSecret"
STORE: Final = "SecretStore"
CLUSTER_STORE: Final = "ClusterSecretStore"
SYNCED: Final = ("True", "SecretSynced", "secret synced")
UNREAD: Final = ("False", "SecretSyncedError", "could not get secret data from provider")
NOT_WRITTEN: Final = ("False", "SecretSyncedError", "could not update secret")
_VALID: Final = ("True", "Valid", "store validated")
# Of the chart, as `components/cluster/secrets.py` sets it.
VALUES: Final[dict[str, Any]] = {"processClusterStore": False}
DEFINITIONS: Final = Path("crds", "external-secrets.yaml")


def define(client: Client, reference: Path) -> None:
    """Install the operator's CustomResourceDefinitions, as the chart does."""
    for item in yaml.safe_load_all((reference / DEFINITIONS).read_text(encoding="utf-8")):
        client.apply(item, field_manager="helm", force=True)

    def is_served() -> bool:
        try:
            return all(client.list(API_VERSION, kind) is not None for kind in (KIND, STORE, CLUSTER_STORE))
        except ApiError:
            return False

    eventually(is_served, "the kinds are served")


class Space:
    """A namespace of this name (made here, if `is_new`) and a store of the same name in it."""

    def __init__(self, client: Client, name: str, *, is_new: bool = True) -> None:
        self.client = client
        self.name = name
        if is_new:
            client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def store(self, values: Mapping[str, str]) -> None:
        """The store has these values and no others from now on."""
        data = [{"key": key, "value": value} for key, value in values.items()]
        self._apply(STORE, {"name": self.name, "namespace": self.name}, {"provider": {"fake": {"data": data}}})

    def cluster_store(self, values: Mapping[str, str]) -> None:
        """A store of the same name that belongs to no namespace has these values."""
        data = [{"key": key, "value": value} for key, value in values.items()]
        spec = {"provider": {"fake": {"data": data}}, "conditions": [{"namespaces": [self.name]}]}
        self._apply(CLUSTER_STORE, {"name": self.name}, spec)

    def require_store(self) -> None:
        """Wait until the operator has found the store valid."""

        def is_valid(found: Object | None) -> bool:
            conditions = ((found or {}).get("status") or {}).get("conditions") or []
            return [(item["status"], item["reason"], item["message"]) for item in conditions] == [_VALID]

        self.client.wait(API_VERSION, STORE, self.name, self.name, until=is_valid)

    def want(
        self,
        name: str,
        data: Mapping[str, str],
        *,
        target: Mapping[str, Any] | None = None,
        interval: str = "1h",
        store: str = STORE,
    ) -> None:
        """An ExternalSecret: `data` maps the Secret's keys to those of the store, which is of the kind `store`."""
        spec = {
            "refreshInterval": interval,
            "secretStoreRef": {"kind": store, "name": self.name},
            "target": {"name": name, "creationPolicy": "Owner", **(target or {})},
            "data": [{"secretKey": key, "remoteRef": {"key": source}} for key, source in data.items()],
        }
        self._apply(KIND, {"name": name, "namespace": self.name, "labels": {"of": "the-tests"}}, spec)

    def remind(self, name: str) -> None:
        """Change an annotation, on which the operator asks the store again."""
        found = self.client.get(API_VERSION, KIND, name, self.name)
        number = int((found["metadata"].get("annotations") or {}).get("reminded", "0")) + 1
        body = {"metadata": {"annotations": {"reminded": str(number)}}}
        self.client.patch(API_VERSION, KIND, name, body, namespace=self.name)

    def external(self, name: str) -> Object:
        """An ExternalSecret as it is now."""
        return self.client.get(API_VERSION, KIND, name, self.name)

    def require(self, name: str, condition: tuple[str, str, str]) -> None:
        """Wait until an ExternalSecret's condition says status, reason and message."""
        self._eventually(lambda: self.condition(name) == condition, f"{name}: {condition}", name)

    def require_secret(self, name: str, values: Mapping[str, str] | None) -> Object:
        """Wait until a Secret has these values and no others, or (None) is not there; the Secret as it is then."""
        self._eventually(lambda: self.values(name) == values, f"Secret {name}: {values}", name)
        return self.client.find("v1", "Secret", name, self.name) or {}

    def values(self, name: str) -> dict[str, str] | None:
        """The values of a Secret, None where there is none."""
        found = self.client.find("v1", "Secret", name, self.name)
        return None if found is None else plain(found)

    def condition(self, name: str) -> tuple[str, str, str] | None:
        """Status, reason and message of an ExternalSecret's condition Ready."""
        found = self.client.find(API_VERSION, KIND, name, self.name) or {}
        for item in (found.get("status") or {}).get("conditions") or []:
            if item["type"] == "Ready":
                return item["status"], item["reason"], item["message"]
        return None

    def _eventually(self, happened: Any, what: str, name: str) -> None:
        eventually(happened, what, last=lambda: (self.condition(name), self.values(name)))

    def _apply(self, kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        wanted = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
        self.client.apply(wanted, field_manager="pulumi", force=True)


def plain(secret: Object) -> dict[str, str]:
    """The values of a Secret as text."""
    return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}
