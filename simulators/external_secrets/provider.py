"""What a store answers: its own values where its provider is `fake`, else those of the one vault that it may read.

Source: external-secrets/external-secrets v2.9.0 pkg/controllers/secretstore/client_manager.go (`Get`, `getStore`,
`shouldProcessSecret`, `assertStoreIsUsable`), pkg/controllers/secretstore/common.go (`reconcile`, `validateStore`) and
providers/v1/fake/fake.go (`GetSecret`).
"""

from collections.abc import Mapping
from typing import Any, Final

from simulators.api_server.client import Client, Object
from simulators.external_secrets.key_vault import KeyVault, SignInError
from simulators.external_secrets.secret_templates import pem

API_VERSION: Final = "external-secrets.io/v1"
STORE: Final = "SecretStore"
CLUSTER_STORE: Final = "ClusterSecretStore"
MANAGER: Final = "external-secrets"
_VALID: Final = {"type": "Ready", "status": "True", "reason": "Valid", "message": "store validated"}
_INVALID: Final = {
    "type": "Ready", "status": "False", "reason": "InvalidProviderConfig", "message": "unable to create client",
}  # fmt: skip
_KNOWN_CONDITIONS: Final = {"namespaces"}
_KNOWN_REFERENCE: Final = {
    "key", "conversionStrategy", "decodingStrategy", "metadataPolicy", "nullBytePolicy",
}  # fmt: skip
_DEFAULTS: Final = {
    "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None", "nullBytePolicy": "Ignore",
}  # fmt: skip


class ProviderError(Exception):
    """A value can't be had from a store; the message goes into an event alone."""


class Provider:
    """The values behind all stores whose provider is not `fake`: a key without one gets a made-up value.

    `absent` names keys that the vault does not have.
    """

    def __init__(self, client: Client, key_vault: KeyVault) -> None:
        self.vault: dict[str, str] = {}
        self.absent: set[str] = set()
        self._client = client
        self._key_vault = key_vault

    def validate(self, store: Object) -> bool:
        """Say whether a store is valid, as the controller of the stores does when it has tried to sign in."""
        try:
            if "fake" not in store["spec"]["provider"]:
                self._key_vault.require_sign_in(store)
        except SignInError:
            self._report(store, _INVALID, {})
            return False
        # Only now it says what it can do: a store that never signed in has no capabilities.
        self._report(store, _VALID, {"capabilities": "ReadWrite"})
        return True

    def values(self, wanted: Object) -> dict[str, str]:
        """The values of an ExternalSecret by the key that they get.

        Raises:
            ProviderError: the store is not there or not for this namespace, or may not read or lacks a key.
            NotImplementedError: it asks in a way that is not simulated.

        """
        spec = wanted["spec"]
        if spec.get("dataFrom"):
            raise NotImplementedError("dataFrom of an ExternalSecret")
        store = self._store(spec["secretStoreRef"], wanted["metadata"]["namespace"])
        return {item["secretKey"]: self._value(item, store) for item in spec.get("data") or []}

    def _store(self, reference: Mapping[str, Any], namespace: str) -> Object:
        kind, name = reference.get("kind", STORE), reference["name"]
        if kind not in (STORE, CLUSTER_STORE):
            raise NotImplementedError(f"store of kind {kind}")
        store = self._client.find(API_VERSION, kind, name, namespace if kind == STORE else "")
        if store is None:
            raise ProviderError(f'could not get {kind} "{name}"')
        if kind == CLUSTER_STORE:
            _require_admitted(store, namespace)
        ready = [item for item in (store.get("status") or {}).get("conditions") or [] if item["type"] == "Ready"]
        if not ready or ready[0]["status"] != "True":
            raise ProviderError(f'{kind} "{name}" is not ready')
        return store

    def _value(self, item: Mapping[str, Any], store: Object) -> str:
        reference = item["remoteRef"]
        unknown = {key for key in reference if reference[key] != _DEFAULTS.get(key, reference[key])}
        if "sourceRef" in item or unknown or reference.keys() - _KNOWN_REFERENCE:
            raise NotImplementedError(f"data of an ExternalSecret: {item}")
        key: str = reference["key"]
        source = self._source(store, key)
        if key not in source:
            raise ProviderError("Secret does not exist")
        return source[key]

    def _source(self, store: Object, key: str) -> Mapping[str, str]:
        fake = store["spec"]["provider"].get("fake")
        if fake is not None:
            return {item["key"]: item.get("value", "") for item in fake["data"]}
        try:
            allowed = self._key_vault.may_read(store, key)
        except SignInError as error:
            raise ProviderError(str(error)) from error
        if not allowed:
            raise ProviderError(f"ForbiddenByRbac: getSecret/action on {key}")
        return {} if key in self.absent else {key: self.vault.get(key, _made_up(key))}

    def _report(self, store: Object, condition: Mapping[str, str], added: Mapping[str, Any]) -> None:
        status, metadata = store.get("status") or {}, store["metadata"]
        found = [{key: item.get(key) for key in condition} for item in status.get("conditions") or []]
        if found == [condition] and all(status.get(key) == value for key, value in added.items()):
            return
        self._client.patch(
            API_VERSION,
            store["kind"],
            metadata["name"],
            {"status": {"conditions": [condition], **added}},
            namespace=metadata.get("namespace", ""),
            subresource="status",
            field_manager=MANAGER,
        )


def _require_admitted(store: Object, namespace: str) -> None:
    conditions = store["spec"].get("conditions") or []
    if any(condition.keys() - _KNOWN_CONDITIONS for condition in conditions):
        raise NotImplementedError(f"conditions of a store: {conditions}")
    if conditions and not any(namespace in condition["namespaces"] for condition in conditions):
        name = store["metadata"]["name"]
        raise ProviderError(f'using cluster store "{name}" is not allowed from namespace "{namespace}"')


def _made_up(key: str) -> str:
    """A text that is also a certificate and its key to those who look no further than PEM."""
    return pem("CERTIFICATE", f"certificate of {key}".encode()) + pem("PRIVATE KEY", f"value of {key}".encode())
