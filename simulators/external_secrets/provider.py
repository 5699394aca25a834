"""What a ClusterSecretStore answers: its own values where its provider is `fake`, else those of the one vault.

Source: external-secrets/external-secrets v2.9.0 pkg/controllers/secretstore/client_manager.go (`Get`,
`shouldProcessSecret`, `assertStoreIsUsable`), pkg/controllers/secretstore/common.go (`reconcile`) and
providers/v1/fake/fake.go (`GetSecret`).
"""

from collections.abc import Mapping
from typing import Any, Final

from simulators.api_server.client import Client, Object
from simulators.external_secrets.secret_templates import pem

API_VERSION: Final = "external-secrets.io/v1"
STORE: Final = "ClusterSecretStore"
MANAGER: Final = "external-secrets"
_VALID: Final = {"type": "Ready", "status": "True", "reason": "Valid", "message": "store validated"}
_KNOWN_CONDITIONS: Final = {"namespaces"}
_KNOWN_REFERENCE: Final = {
    "key", "conversionStrategy", "decodingStrategy", "metadataPolicy", "nullBytePolicy",
}  # fmt: skip
_DEFAULTS: Final = {
    "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None", "nullBytePolicy": "Ignore",
}  # fmt: skip


class ProviderError(Exception):
    """A value can't be had from a store; the message goes into an event alone."""


def validate(client: Client, store: Object) -> None:
    """Say that a store is valid, as the controller of the stores does when it can reach the vault."""
    conditions = (store.get("status") or {}).get("conditions") or []
    if [{key: item.get(key) for key in _VALID} for item in conditions] == [_VALID]:
        return
    status = {"conditions": [_VALID], "capabilities": "ReadWrite"}
    client.patch(
        API_VERSION, STORE, store["metadata"]["name"], {"status": status}, subresource="status", field_manager=MANAGER
    )


class Provider:
    """The values behind all stores whose provider is not `fake`: a key without one gets a made-up value.

    `absent` names keys that the vault does not have.
    """

    def __init__(self, client: Client) -> None:
        self.vault: dict[str, str] = {}
        self.absent: set[str] = set()
        self._client = client

    def values(self, wanted: Object) -> dict[str, str]:
        """The values of an ExternalSecret by the key that they get.

        Raises:
            ProviderError: the store is not there or not for this namespace, or lacks a key.
            NotImplementedError: it asks in a way that is not simulated.

        """
        spec = wanted["spec"]
        if spec.get("dataFrom"):
            raise NotImplementedError("dataFrom of an ExternalSecret")
        source = self._source(spec["secretStoreRef"], wanted["metadata"]["namespace"])
        return {item["secretKey"]: self._value(item, source) for item in spec.get("data") or []}

    def _source(self, reference: Mapping[str, Any], namespace: str) -> Mapping[str, str] | None:
        """The values of a `fake` provider, None for the vault."""
        if reference.get("kind") != STORE:
            raise NotImplementedError(f"store of kind {reference.get('kind')}")
        store = self._client.find(API_VERSION, STORE, reference["name"])
        if store is None:
            raise ProviderError(f'could not get ClusterSecretStore "{reference["name"]}"')
        conditions = store["spec"].get("conditions") or []
        if any(condition.keys() - _KNOWN_CONDITIONS for condition in conditions):
            raise NotImplementedError(f"conditions of a store: {conditions}")
        if conditions and not any(namespace in condition["namespaces"] for condition in conditions):
            raise ProviderError(
                f'using cluster store "{reference["name"]}" is not allowed from namespace "{namespace}"'
            )
        ready = [item for item in (store.get("status") or {}).get("conditions") or [] if item["type"] == "Ready"]
        if not ready or ready[0]["status"] != "True":
            raise ProviderError(f'ClusterSecretStore "{reference["name"]}" is not ready')
        fake = store["spec"]["provider"].get("fake")
        return None if fake is None else {item["key"]: item.get("value", "") for item in fake["data"]}

    def _value(self, item: Mapping[str, Any], source: Mapping[str, str] | None) -> str:
        reference = item["remoteRef"]
        unknown = {key for key in reference if reference[key] != _DEFAULTS.get(key, reference[key])}
        if "sourceRef" in item or unknown or reference.keys() - _KNOWN_REFERENCE:
            raise NotImplementedError(f"data of an ExternalSecret: {item}")
        key: str = reference["key"]
        if source is None:
            source = {} if key in self.absent else {key: self.vault.get(key, _made_up(key))}
        if key not in source:
            raise ProviderError("Secret does not exist")
        return source[key]


def _made_up(key: str) -> str:
    """A text that is also a certificate and its key to those who look no further than PEM."""
    return pem("CERTIFICATE", f"certificate of {key}".encode()) + pem("PRIVATE KEY", f"value of {key}".encode())
