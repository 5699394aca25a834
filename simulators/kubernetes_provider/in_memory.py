"""A stand-in for the kubernetes provider: objects and charts in the clusters that the Azure stand-in created.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go at 4.34. Nothing judges an object but its name, its
namespace and whether its kind exists; nothing is awaited. `provider` has a real API server in place of the memory.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from simulators.azure.cloud import Cloud, Cluster, Key
from simulators.kubernetes_provider.kubernetes_rules import (
    BUILT_IN_GROUPS,
    chart_replaces,
    group_of,
    is_namespaced,
    replaces,
)
from simulators.provider_protocol.base import SimulatedProvider
from simulators.provider_protocol.calls import CallLog, RefusedError
from simulators.provider_protocol.differences import Change, differences
from simulators.provider_protocol.responses import CheckFailure, Difference
from simulators.provider_protocol.wire import Unknown

_HELM_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
# Settings that say which cluster is meant: a change of them replaces the provider, unless an identifier says otherwise.
_CLUSTER_SETTINGS: Final = ("cluster", "context", "kubeconfig")
# Namespaces that every cluster has from its start.
_FIRST_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_UIDS: Final = uuid.UUID("0f6b1c9a-3f5e-5c52-8a55-0b3f8f5d6a11")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _key(inputs: Mapping[str, Any]) -> Key:
    group, kind = group_of(_text(inputs.get("apiVersion"))), _text(inputs.get("kind"))
    metadata = inputs.get("metadata") or {}
    namespace = _text(metadata.get("namespace")) if is_namespaced(group, kind) else ""
    return Key(group, kind, namespace, _text(metadata.get("name")))


def _literal(value: Any, path: str) -> list[CheckFailure]:
    if isinstance(value, Unknown):
        return [CheckFailure(path, "unknown at preview: a name is a plain string here, ordered by depends_on")]
    if not isinstance(value, str) or not value:
        return [CheckFailure(path, "required: nothing here is named automatically")]
    return []


class Kubernetes(SimulatedProvider):
    """Kubernetes as pulumi-kubernetes 4.34.2 sees it. `crd_groups` says which API groups a chart's CRDs bring."""

    package = "kubernetes"
    version = "4.34.2"

    def __init__(self, log: CallLog, cloud: Cloud, crd_groups: Mapping[str, Iterable[str]]) -> None:
        super().__init__(log)
        self.cloud = cloud
        self.kubeconfig: dict[str, Any] = {}
        self._crd_groups = {chart: frozenset(groups) for chart, groups in crd_groups.items()}
        self._host = ""

    def configure(self, settings: dict[str, Any]) -> None:
        """Take over the cluster of the kubeconfig; all explicit providers share this server, the latest one counts."""
        text = settings.get("kubeconfig")
        if isinstance(text, str):
            self.kubeconfig = yaml.safe_load(text)
            server = str(self.kubeconfig["clusters"][0]["cluster"]["server"])
            self._host = server.removeprefix("https://").partition(":")[0]

    def diff_config(self, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """A changed or unknown kubeconfig means another cluster, unless the cluster's identifier stays the same."""
        changes = differences(old, new)
        before, after = old.get("clusterIdentifier"), new.get("clusterIdentifier")
        if after is not None and before == after:
            return Difference(changes)
        moved = {path for path in changes if path in _CLUSTER_SETTINGS}
        if before is not None and after is not None:
            moved = {"clusterIdentifier"}
        return Difference(changes, frozenset(moved))

    def _cluster(self) -> Cluster:
        if not self._host:
            raise RefusedError("the kubernetes provider has no kubeconfig: objects need the platform's own provider")
        return self.cloud.cluster(self._host)

    def check(self, type_: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], list[CheckFailure]]:
        """Refuse objects without a literal name and namespace, and charts without a name and version."""
        del old
        if type_ == _HELM_RELEASE:
            named = [(new.get(field), field) for field in ("chart", "name", "namespace", "version")]
        else:
            metadata = new.get("metadata") or {}
            named = [(metadata.get("name"), "metadata.name")]
            if is_namespaced(group_of(_text(new.get("apiVersion"))), _text(new.get("kind"))):
                named.append((metadata.get("namespace"), "metadata.namespace"))
            elif metadata.get("namespace") is not None:
                return new, [CheckFailure("metadata.namespace", f"a {new.get('kind')} belongs to the whole cluster")]
        return new, [failure for value, path in named for failure in _literal(value, path)]

    def diff(self, type_: str, id_: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
        """Compare inputs; a replacement under the same name deletes first."""
        del id_
        changes: dict[str, Change] = differences(old, new)
        if type_ == _HELM_RELEASE:
            moved = frozenset(path for path in changes if chart_replaces(path))
            return Difference(changes, moved, names="top-level and paths")
        before, after = _key(old), _key(new)
        moved = frozenset(path for path in changes if replaces(after.group, after.kind, path))
        return Difference(changes, moved, delete_before_replace=before == after, names="paths")

    def preview_create(self, type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The object as written: the server's dry run answers with it."""
        del type_
        return inputs

    def create(self, type_: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create an object in a namespace that exists, of a kind that the cluster knows."""
        cluster = self._cluster()
        if type_ == _HELM_RELEASE:
            return self._install(cluster, inputs)
        key = _key(inputs)
        self._require_place(cluster, key)
        with self.cloud.lock:
            if key in cluster.objects:
                raise RefusedError(f'resource "{_id(key)}" was not successfully created: already exists')
            cluster.objects[key] = inputs
        return _id(key), self._live(key, inputs)

    def _require_place(self, cluster: Cluster, key: Key) -> None:
        if key.group not in BUILT_IN_GROUPS and key.group not in cluster.groups() | _defined_groups(cluster):
            raise RefusedError(f'no matches for kind "{key.kind}" in group "{key.group}": is its CRD installed?')
        self._require_namespace(cluster, key.namespace)

    @staticmethod
    def _require_namespace(cluster: Cluster, name: str) -> None:
        exists = name in ("", *_FIRST_NAMESPACES) or Key("", "Namespace", "", name) in cluster.objects
        if not exists:
            raise RefusedError(f'namespaces "{name}" not found')

    def _install(self, cluster: Cluster, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        id_ = f"{inputs['namespace']}/{inputs['name']}"
        if not inputs.get("createNamespace"):
            self._require_namespace(cluster, str(inputs["namespace"]))
        with self.cloud.lock:
            if id_ in cluster.charts:
                raise RefusedError("cannot re-use a name that is still in use")
            cluster.charts[id_] = self._groups_of(inputs)
            cluster.objects[_chart_key(id_)] = inputs
        return id_, _chart_outputs(inputs, 1)

    def _groups_of(self, inputs: Mapping[str, Any]) -> frozenset[str]:
        # A chart is named plainly or by its OCI address, whose last segment is the name.
        return self._crd_groups.get(str(inputs["chart"]).rpartition("/")[2], frozenset())

    @staticmethod
    def _live(key: Key, inputs: dict[str, Any]) -> dict[str, Any]:
        metadata = {**inputs["metadata"], "uid": str(uuid.uuid5(_UIDS, repr(key)))}
        return {**inputs, "metadata": metadata}

    def read(self, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Inputs and outputs of an object as they are now."""
        cluster = self._cluster()
        key, found = self._find(cluster, type_, id_)
        if key is None or found is None:
            return None
        return found, _chart_outputs(found, 1) if type_ == _HELM_RELEASE else self._live(key, found)

    @staticmethod
    def _find(cluster: Cluster, type_: str, id_: str) -> tuple[Key | None, dict[str, Any] | None]:
        _, group_version, kind = type_.split(":")
        group = "" if group_version.startswith("core/") else group_of(group_version)
        namespace, _, name = id_.rpartition("/")
        key = _chart_key(id_) if type_ == _HELM_RELEASE else Key(group, kind, namespace, name)
        return (key, cluster.objects[key]) if key in cluster.objects else (None, None)

    def preview_update(self, type_: str, old: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """The object as written."""
        del type_, old
        return inputs

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Replace the stored inputs of an object."""
        cluster = self._cluster()
        key, found = self._find(cluster, type_, id_)
        if key is None or found is None:
            raise RefusedError(f'"{id_}" not found')
        cluster.objects[key] = inputs
        if type_ == _HELM_RELEASE:
            cluster.charts[id_] = self._groups_of(inputs)
            return _chart_outputs(inputs, 2)
        return self._live(key, inputs)

    def delete(self, type_: str, id_: str) -> None:
        """Delete an object; a namespace takes its content along, a chart must not go before its custom resources."""
        cluster = self._cluster()
        key, _ = self._find(cluster, type_, id_)
        if key is None:
            return
        if type_ == _HELM_RELEASE:
            lost = cluster.charts[id_] - cluster.groups(without=id_)
            orphans = sorted(_id(resource) for resource in cluster.objects if resource.group in lost)
            if orphans:
                raise RefusedError(f"chart {id_} goes before its custom resources: {', '.join(orphans)}")
            del cluster.charts[id_]
        with self.cloud.lock:
            del cluster.objects[key]
            if (key.group, key.kind) == ("", "Namespace"):
                for member in [member for member in cluster.objects if member.namespace == key.name]:
                    del cluster.objects[member]


def _id(key: Key) -> str:
    return f"{key.namespace}/{key.name}" if key.namespace else key.name


def _chart_key(id_: str) -> Key:
    namespace, _, name = id_.partition("/")
    return Key("helm.sh", "Release", namespace, name)


def _chart_outputs(inputs: dict[str, Any], revision: int) -> dict[str, Any]:
    status = {
        "chart": inputs["chart"],
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "revision": revision,
        "status": "deployed",
        "version": inputs["version"],
    }
    return {**inputs, "status": status}


def _defined_groups(cluster: Cluster) -> frozenset[str]:
    """API groups of CustomResourceDefinitions that were created as objects of their own."""
    return frozenset(
        str((content.get("spec") or {}).get("group", ""))
        for key, content in cluster.objects.items()
        if key.kind == "CustomResourceDefinition"
    )
