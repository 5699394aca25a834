"""External Secrets Operator in a thread: every ExternalSecret becomes a Secret, as far as the vault has its values.

Source: https://external-secrets.io/latest/api/externalsecret/ for what is synced, external-secrets/external-secrets
apis/externalsecrets/v1/externalsecret_types.go for the reasons of the Ready condition; its messages are made up. Of
templates only `{{ index . "KEY" | trim }}` is rendered (runtime/template/v2/template.go: Go's text/template over the
values as strings, with sprig's functions, of which `trim` cuts white space as strings.TrimSpace does); any other text
stays as it is. Left out: `dataFrom` is not read, every store reaches the one vault, and the refresh interval is over at
once.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any, Final

from simulators.api_server.background import Background
from simulators.api_server.client import Client, Object

_API_VERSION: Final = "external-secrets.io/v1"
_KIND: Final = "ExternalSecret"
_MANAGER: Final = "external-secrets"
_PAUSE_SECONDS: Final = 0.5
_TRIMMED: Final = re.compile(r'\{\{ index \. "([^"]+)" \| trim \}\}')


class SecretsOperator(Background):
    """Used as a context. `vault` holds values by key; a key without one gets a made-up value.

    `absent` names keys that the vault does not have: an ExternalSecret that asks for one makes no Secret and says so
    in its Ready condition.
    """

    def __init__(self, client: Client) -> None:
        super().__init__("secrets-operator", client, [(_API_VERSION, _KIND), ("v1", "Secret")], _PAUSE_SECONDS)
        self.vault: dict[str, str] = {}
        self.absent: set[str] = set()
        self._client = client

    def look(self) -> None:
        """Bring every ExternalSecret up to date."""
        for wanted in self._client.list(_API_VERSION, _KIND):
            self.attempt(lambda wanted=wanted: self._sync(wanted))

    def _sync(self, wanted: Object) -> None:
        metadata, spec = wanted["metadata"], wanted["spec"]
        keys = {item["secretKey"]: item["remoteRef"]["key"] for item in spec.get("data") or []}
        missing = sorted(self.absent.intersection(keys.values()))
        if not missing:
            self._write(wanted, keys)
        reason = "SecretSyncedError" if missing else "SecretSynced"
        condition = {
            "type": "Ready",
            "status": str(not missing),
            "reason": reason,
            "message": f"not in the vault: {', '.join(missing)}" if missing else "secret synced",
            "lastTransitionTime": metadata["creationTimestamp"],
        }
        if (wanted.get("status") or {}).get("conditions") == [condition]:
            return
        self._client.patch(
            _API_VERSION,
            _KIND,
            metadata["name"],
            {"status": {"conditions": [condition]}},
            namespace=metadata["namespace"],
            subresource="status",
            field_manager=_MANAGER,
        )

    def _write(self, wanted: Object, keys: dict[str, Any]) -> None:
        metadata, target = wanted["metadata"], wanted["spec"].get("target") or {}
        values = {key: self.vault.get(remote, f"made-up value of {remote}") for key, remote in keys.items()}
        template = (target.get("template") or {}).get("data") or {}
        values = {key: _rendered(text, values) for key, text in template.items()} if template else values
        name = target.get("name") or metadata["name"]
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        found = self._client.find("v1", "Secret", name, metadata["namespace"])
        if found is not None and found.get("data") == data:
            return
        owner = {
            "apiVersion": _API_VERSION,
            "kind": _KIND,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        self._client.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": metadata["namespace"], "ownerReferences": [owner]},
                "data": data,
            },
            field_manager=_MANAGER,
            force=True,
        )


def _rendered(text: str, values: Mapping[str, str]) -> str:
    """One entry of a template; a key that the vault didn't give is empty, as in a Go map of strings."""
    return _TRIMMED.sub(lambda found: values.get(found[1], "").strip(), text)
