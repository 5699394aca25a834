"""The Secret of an ExternalSecret: what External Secrets writes into it, and by what it knows its own.

Source: external-secrets/external-secrets v2.9.0 pkg/controllers/externalsecret/externalsecret_controller.go
(`mutationFunc`, `applyOwnership`, `isSecretValid`), externalsecret_controller_template.go (`ApplyTemplate`,
`setMetadata`), util.go (`fqdnFor`), apis/externalsecrets/v1/externalsecret_types.go for labels and annotations,
pkg/controllers/util/util.go (`HashMeta`) and runtime/esutils/utils.go (`ObjectHash`: SHA3-224 of what Go prints).
"""

import base64
import hashlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from simulators.api_server.client import Object
from simulators.external_secrets.provider import API_VERSION
from simulators.external_secrets.secret_templates import rendered

INVALID: Final = 422
OWNER_LABEL: Final = "reconcile.external-secrets.io/created-by"
_MANAGED: Final = {"reconcile.external-secrets.io/managed": "true"}
_HASH: Final = "reconcile.external-secrets.io/data-hash"
_KIND: Final = "ExternalSecret"
_MANAGER_CHARACTERS: Final = 63
_TARGET: Final = {"name", "creationPolicy", "deletionPolicy", "template"}
_TEMPLATE: Final = {"type", "engineVersion", "data", "mergePolicy", "metadata"}
_ONLY: Final = {"creationPolicy": "Owner", "deletionPolicy": "Retain", "engineVersion": "v2", "mergePolicy": "Replace"}


class OwnedError(Exception):
    """The Secret belongs to something else; the message is the condition's."""


def name_of(wanted: Object) -> str:
    """The name of an ExternalSecret's Secret."""
    target: Mapping[str, Any] = wanted["spec"].get("target") or {}
    return str(target.get("name") or wanted["metadata"]["name"])


def manager_of(wanted: Object) -> str:
    """The field manager of its Secret."""
    name = wanted["metadata"]["name"]
    manager = f"externalsecrets.external-secrets.io/{name}"
    if len(manager) > _MANAGER_CHARACTERS:
        return f"externalsecrets.external-secrets.io/sha3/{hashlib.sha3_224(name.encode()).hexdigest()}"
    return manager


def owner_hash(wanted: Object) -> str:
    """The label by which an ExternalSecret knows its Secrets."""
    metadata = wanted["metadata"]
    return _hash(f"{metadata['namespace']}/{metadata['name']}")


def version_of(wanted: Object) -> str:
    """What an ExternalSecret was when it was synced: its generation, labels and annotations."""
    metadata = wanted["metadata"]
    annotations, labels = (_printed(metadata.get(key) or {}) for key in ("annotations", "labels"))
    return f"{metadata['generation']}-{_hash('{' + f'annotations:{annotations} labels:{labels}' + '}')}"


def is_valid(existing: Object) -> bool:
    """Whether nobody has changed a Secret since it was written."""
    metadata = existing["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    return _MANAGED.items() <= labels.items() and annotations.get(_HASH) == _data_hash(existing.get("data") or {})


def made(wanted: Object, existing: Object | None, values: Mapping[str, str]) -> Object:
    """The Secret as it is to be: a new one, or the one that is there, changed.

    Raises:
        OwnedError: the one that is there is controlled by another object.
        TemplateError: the template can't be rendered.
        NotImplementedError: the ExternalSecret says something that is not simulated.

    """
    template = _template(wanted)
    metadata = {"name": name_of(wanted), "namespace": wanted["metadata"]["namespace"]}
    found = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata} if existing is None else deepcopy(existing)
    given = wanted["metadata"] if template is None else template.get("metadata") or {}
    for key in ("labels", "annotations"):
        own = _managed(found, manager_of(wanted), key)
        kept = {name: value for name, value in (found["metadata"].get(key) or {}).items() if name not in own}
        found["metadata"][key] = kept | (given.get(key) or {})
    entries = (template or {}).get("data")
    texts = {key: rendered(text, values) for key, text in entries.items()} if entries else dict(values)
    found["data"] = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    if template and template.get("type"):
        found["type"] = template["type"]
    found["metadata"]["ownerReferences"] = _owners(wanted, found)
    found["metadata"]["labels"] |= {OWNER_LABEL: owner_hash(wanted), **_MANAGED}
    found["metadata"]["annotations"] |= {_HASH: _data_hash(found["data"])}
    return found


def _template(wanted: Object) -> dict[str, Any] | None:
    target: dict[str, Any] = wanted["spec"].get("target") or {}
    template: dict[str, Any] | None = target.get("template")
    declared = {**target, **(template or {})}
    unknown = (target.keys() - _TARGET) | ((template or {}).keys() - _TEMPLATE)
    other = {key: declared[key] for key, only in _ONLY.items() if declared.get(key, only) != only}
    if unknown or other:
        raise NotImplementedError(f"target of an ExternalSecret: {sorted(unknown)} {other}")
    return template


def _owners(wanted: Object, found: Object) -> list[Object]:
    metadata = wanted["metadata"]
    owners: list[Object] = found["metadata"].get("ownerReferences") or []
    for owner in owners:
        if not owner.get("controller"):
            continue
        group = owner["apiVersion"].partition("/")[0]
        is_external = (group, owner["kind"]) == (API_VERSION.partition("/")[0], _KIND)
        if is_external and owner["name"] != metadata["name"]:
            raise OwnedError("target is owned by another ExternalSecret")
        if not is_external:
            raise OwnedError("failed to take ownership of target secret")
    own = {
        "apiVersion": API_VERSION,
        "kind": _KIND,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return [*(owner for owner in owners if not owner.get("controller")), own]


def _managed(found: Object, manager: str, key: str) -> set[str]:
    """Names of the labels or annotations that a manager has written."""
    names: set[str] = set()
    for entry in found["metadata"].get("managedFields") or []:
        if entry["manager"] == manager:
            fields = entry["fieldsV1"].get("f:metadata", {}).get(f"f:{key}", {})
            names |= {name.removeprefix("f:") for name in fields if name != "."}
    return names


def _data_hash(data: Mapping[str, str]) -> str:
    printed = {key: f"[{' '.join(map(str, base64.b64decode(value)))}]" for key, value in data.items()}
    return _hash(_printed(printed))


def _printed(entries: Mapping[str, str]) -> str:
    """A map as Go's `%+v` prints it."""
    return f"map[{' '.join(f'{key}:{entries[key]}' for key in sorted(entries))}]"


def _hash(text: str) -> str:
    return hashlib.sha3_224(text.encode()).hexdigest()
