"""External Secrets Operator in a thread: every ExternalSecret becomes a Secret, as far as its store has the values.

Source: external-secrets/external-secrets v2.9.0 pkg/controllers/externalsecret/externalsecret_controller.go
(`Reconcile`, `applyOwnership`, `deleteOrphanedSecrets`, `shouldRefreshPeriodic`, `isSecretValid`) and
externalsecret_controller_template.go (`ApplyTemplate`, `setMetadata`), pkg/controllers/common/common.go
(`BuildRateLimiter`: what failed is tried again after 1 second, then after twice as long, 7 minutes at most),
runtime/esutils/utils.go (`ObjectHash`), pkg/controllers/secretstore/common.go (`reconcile`), cmd/controller/root.go
(`--enable-cluster-store-reconciler`). Left out: events, metrics, the webhook. What is not simulated of an
ExternalSecret is refused.
"""

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from simulators.api_server.answers import ApiError
from simulators.api_server.background import Background
from simulators.api_server.client import Client, Object
from simulators.azure.cloud import Cloud
from simulators.external_secrets import secret
from simulators.external_secrets.key_vault import KeyVault
from simulators.external_secrets.provider import API_VERSION, CLUSTER_STORE, MANAGER, STORE, Provider, ProviderError
from simulators.external_secrets.secret_templates import TemplateError

CHART: Final = "external-secrets"
FINALIZER: Final = "externalsecrets.external-secrets.io/externalsecret-cleanup"
_KIND: Final = "ExternalSecret"
_PAUSE_SECONDS: Final = 0.5
_FIRST_RETRY_SECONDS: Final = 1
_LAST_RETRY_SECONDS: Final = 420
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}


@dataclass
class _Failure:
    seen: str
    """What store, or ExternalSecret and Secret, were when it failed: a change of one is looked at without a delay."""
    count: int
    again: float
    """When to try again, by the monotonic clock."""


class SecretsOperator(Background):
    """Used as a context. `provider.vault` holds values by key, `provider.absent` names keys that are not there.

    Unless it `is_installed` from the beginning, with the `values` of its chart, nothing happens before that is there,
    nor after it is gone. `namespace` is its own; `cloud` decides who may read the vault, without it everybody may.
    """

    def __init__(
        self,
        client: Client,
        *,
        is_installed: bool = True,
        values: Mapping[str, Any] | None = None,
        namespace: str = CHART,
        cloud: Cloud | None = None,
    ) -> None:
        kinds = [(API_VERSION, _KIND), (API_VERSION, STORE), (API_VERSION, CLUSTER_STORE), ("v1", "Secret")]
        super().__init__("secrets-operator", client, kinds, _PAUSE_SECONDS)
        self._key_vault = KeyVault(client, namespace, cloud)
        self.provider = Provider(client, self._key_vault)
        self._client = client
        self._failures: dict[str, _Failure] = {}
        self._is_installed = is_installed
        # A round that had begun before the chart was removed must change nothing more.
        self._turn = threading.Lock()
        self._set(values or {})

    def chart(self, chart: str, values: Mapping[str, Any] | None) -> None:
        """A chart was installed with these values, or is gone (None)."""
        if chart == CHART:
            with self._turn:
                self._is_installed = values is not None
                self._set(values or {})
            self.wake()

    def _set(self, values: Mapping[str, Any]) -> None:
        self._key_vault.chart(values)
        self._cluster_stores = bool(values.get("processClusterStore", True))

    def look(self) -> None:
        """Bring every store and every ExternalSecret up to date."""
        with self._turn:
            if not self._is_installed:
                return
            for kind in (STORE, *([CLUSTER_STORE] if self._cluster_stores else [])):
                for store in self._client.list(API_VERSION, kind):
                    self.attempt(lambda store=store: self._validate(store))
            for wanted in self._client.list(API_VERSION, _KIND):
                self.attempt(lambda wanted=wanted: self._reconcile(wanted))

    def _validate(self, store: Object) -> None:
        metadata = store["metadata"]
        uid, seen = metadata["uid"], str(metadata["generation"])
        failure = self._failures.get(uid)
        if failure and failure.seen == seen and time.monotonic() < failure.again:
            return
        if self.provider.validate(store):
            self._failures.pop(uid, None)
        else:
            self._put_off(uid, seen)

    def _reconcile(self, wanted: Object) -> None:
        metadata = wanted["metadata"]
        finalizers = metadata.get("finalizers") or []
        if metadata.get("deletionTimestamp"):
            # The Secret is its owner's, so that the garbage collector takes it.
            self._finalizers(wanted, [name for name in finalizers if name != FINALIZER])
            return
        if FINALIZER not in finalizers:
            self._finalizers(wanted, [*finalizers, FINALIZER])
        if not self._cluster_stores and wanted["spec"]["secretStoreRef"].get("kind") == CLUSTER_STORE:
            # It says nothing of one whose store it does not look after (`shouldSkipClusterSecretStore`).
            return
        version = secret.version_of(wanted)
        existing = self._client.find("v1", "Secret", secret.name_of(wanted), metadata["namespace"])
        seen = f"{version}/{existing['metadata']['resourceVersion'] if existing else ''}"
        failure = self._failures.get(metadata["uid"])
        if failure and failure.seen == seen and time.monotonic() < failure.again:
            return
        if _is_due(wanted, version) or existing is None or not secret.is_valid(existing):
            self._sync(wanted, existing, seen)

    def _sync(self, wanted: Object, existing: Object | None, seen: str) -> None:
        try:
            self._write(wanted, existing, self.provider.values(wanted))
        except ProviderError:
            self._failed(wanted, seen, "could not get secret data from provider")
        except secret.OwnedError as error:
            # No further try until something changes.
            self._failed(wanted, seen, str(error), is_final=True)
        except TemplateError:
            self._failed(wanted, seen, "could not update secret")
        except ApiError as error:
            if error.status != secret.INVALID:
                raise
            self._failed(wanted, seen, "could not update secret")
        else:
            self._failures.pop(wanted["metadata"]["uid"], None)
            self._done(wanted)

    def _write(self, wanted: Object, existing: Object | None, values: dict[str, str]) -> None:
        name, namespace = secret.name_of(wanted), wanted["metadata"]["namespace"]
        owned = f"{secret.OWNER_LABEL}={secret.owner_hash(wanted)}"
        for orphan in self._client.list("v1", "Secret", namespace, labelSelector=owned):
            if orphan["metadata"]["name"] != name:
                self._client.delete("v1", "Secret", orphan["metadata"]["name"], namespace)
        made = secret.made(wanted, existing, values)
        manager = secret.manager_of(wanted)
        if existing is None:
            self._client.create(made, field_manager=manager)
        elif made != existing:
            self._client.replace(made, field_manager=manager)

    def _failed(self, wanted: Object, seen: str, message: str, *, is_final: bool = False) -> None:
        self._put_off(wanted["metadata"]["uid"], seen, is_final=is_final)
        self._report(wanted, _condition(wanted, "False", "SecretSyncedError", message), {})

    def _put_off(self, uid: str, seen: str, *, is_final: bool = False) -> None:
        before = self._failures.get(uid)
        count = before.count + 1 if before else 0
        delay = min(_FIRST_RETRY_SECONDS * 2**count, _LAST_RETRY_SECONDS)
        self._failures[uid] = _Failure(seen, count, math.inf if is_final else time.monotonic() + delay)

    def _done(self, wanted: Object) -> None:
        added = {
            "refreshTime": _now(),
            "syncedResourceVersion": secret.version_of(wanted),
            "binding": {"name": secret.name_of(wanted)},
        }
        self._report(wanted, _condition(wanted, "True", "SecretSynced", "secret synced"), added)

    def _report(self, wanted: Object, condition: Object, added: dict[str, Any]) -> None:
        status = wanted.get("status") or {}
        if not added and status.get("conditions") == [condition]:
            return
        metadata = wanted["metadata"]
        self._client.patch(
            API_VERSION,
            _KIND,
            metadata["name"],
            {"status": {"conditions": [condition], **added}},
            namespace=metadata["namespace"],
            subresource="status",
            field_manager=MANAGER,
        )

    def _finalizers(self, wanted: Object, names: list[str]) -> None:
        metadata = wanted["metadata"]
        body = {"metadata": {"finalizers": names, "resourceVersion": metadata["resourceVersion"]}}
        self._client.patch(
            API_VERSION, _KIND, metadata["name"], body, namespace=metadata["namespace"], field_manager=MANAGER
        )


def _is_due(wanted: Object, version: str) -> bool:
    status, seconds = wanted.get("status") or {}, _seconds(wanted["spec"]["refreshInterval"])
    if wanted["spec"].get("refreshPolicy", "Periodic") != "Periodic" or "syncWindows" in wanted["spec"]:
        raise NotImplementedError(f"refreshPolicy or syncWindows of an ExternalSecret: {wanted['spec']}")
    synced = status.get("syncedResourceVersion", "")
    if seconds <= 0 and synced:
        return False
    if synced != version or not status.get("refreshTime"):
        return True
    age = datetime.now(UTC) - datetime.fromisoformat(status["refreshTime"])
    return age.total_seconds() > seconds


def _seconds(duration: str) -> float:
    """Seconds of a duration of Go such as `1h` or `1h0m0s`."""
    total, number = 0.0, ""
    for letter in duration:
        if letter in _UNITS:
            total, number = total + float(number) * _UNITS[letter], ""
        else:
            number += letter
    if number.strip("0"):
        raise NotImplementedError(f"duration {duration}")
    return total


def _condition(wanted: Object, status: str, reason: str, message: str) -> Object:
    made = {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": _now()}
    for before in (wanted.get("status") or {}).get("conditions") or []:
        if before["status"] == status:
            made["lastTransitionTime"] = before["lastTransitionTime"]
    return made


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
