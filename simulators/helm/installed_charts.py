"""Charts without Helm: their CRDs come and go as Helm would have it, values are checked and kept.

No chart is rendered: of what a chart brings, only its CustomResourceDefinitions are there. It is remembered where
Helm remembers its own, in a Secret `sh.helm.release.v1.<name>.v1` of its namespace, but as plain JSON.

Source: helm/helm v3.20.2 (the SDK of pulumi-kubernetes 4.34). CRDs of a `crds` folder are created by an installation
alone, and one that is there is left as it is, whatever it lacks: pkg/action/install.go:155 (`installCRDs`,
"CRD %s is already present. Skipping."), :261; pkg/action/upgrade.go reads none. So after an upgrade the API server
drops the fields that only the new definition has, without an error. Some charts bring a hook that applies them.
"""

import base64
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from simulators.api_server.client import ApiError, Client, Object
from simulators.api_server.waiting import WaitTimeoutError, eventually
from simulators.helm.chart_values import schema_problems, unknown_paths
from simulators.helm.reference_crds import reference_crds
from simulators.provider_protocol.calls import RefusedError

_CRD: Final = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_MANAGER: Final = "helm"
_SERVED_SECONDS: Final = 300
# Helm's states while it works on a chart; one that stays in such a state takes no further upgrade.
_PENDING: Final = "pending-"
# Hooks with which charts apply the CRDs of their `crds` folder before an upgrade: the value that switches one on,
# whether it is on by itself, and the groups that it leaves out.
# prometheus-community/helm-charts kube-prometheus-stack-88.5.3 charts/crds/templates/upgrade/job.yaml (pre-install and
# pre-upgrade, kubectl apply --server-side, --force-conflicts); NVIDIA/gpu-operator v26.7.0
# deployments/gpu-operator/templates/upgrade_crd.yaml (pre-upgrade).
_HOOKS: Final[Mapping[str, tuple[str, bool, frozenset[str]]]] = {
    "kube-prometheus-stack": ("crds.upgradeJob.enabled", False, frozenset()),
    "gpu-operator": ("operator.upgradeCRD", True, frozenset({"resource.nvidia.com"})),
}
# Values that name other namespaces in which a chart makes objects, a list, or names with commas between them:
# envoyproxy/gateway v1.9.0 charts/gateway-helm/templates/envoy-gateway-rbac.yaml; kedacore/charts v2.20.2
# keda/templates/manager/clusterrolebindings.yaml; prometheus-community/helm-charts
# charts/prometheus-node-exporter/templates/_helpers.tpl (`prometheus-node-exporter.namespace`).
_OBJECTS_IN: Final[Mapping[str, str]] = {
    "gateway-helm": "config.envoyGateway.provider.kubernetes.watch.namespaces",
    "keda": "watchNamespace",
    "kube-prometheus-stack": "prometheus-node-exporter.namespaceOverride",
}
_CATALOG: Final = Path(__file__).resolve().parents[2] / "catalog" / "charts.yaml"


@dataclass(frozen=True)
class ChartFacts:
    """What the catalog says of a chart. CRDs in `templates` are upgraded and uninstalled, those in `crds` never."""

    crd_groups: tuple[str, ...]
    crds_in: str | None


def chart_name(inputs: Mapping[str, Any]) -> str:
    """A chart's plain name: it is named so, or by an OCI address whose last segment is the name."""
    return str(inputs["chart"]).rpartition("/")[2]


@functools.cache
def catalog_charts() -> Mapping[str, ChartFacts]:
    """Charts of the catalog by their plain name."""
    entries = yaml.safe_load(_CATALOG.read_text())["entries"]
    return {
        chart_name(entry): ChartFacts(tuple(entry.get("crd_groups") or ()), entry.get("crds_in"))
        for entry in entries.values()
        if entry.get("chart")
    }


class InstalledCharts:
    """Charts that are installed in one cluster. `reference` holds the folders `crds` and `charts`."""

    def __init__(self, client: Client, reference: Path) -> None:
        self._client = client
        self._reference = reference
        self.known: dict[str, ChartFacts] = dict(catalog_charts())

    def problems(self, inputs: Mapping[str, Any]) -> list[str]:
        """What is wrong with the values: a path that the chart does not have, or what its schema refuses."""
        chart, values, directory = chart_name(inputs), inputs.get("values") or {}, self._reference / "charts"
        version = str(inputs.get("version", ""))
        try:
            unknown = unknown_paths(chart, values, directory, version)
        except FileNotFoundError:
            return [f"the values of the chart {chart} are not recorded"]
        return [
            *(f"the chart {chart} has no value {path}" for path in unknown),
            *schema_problems(chart, values, directory, version),
        ]

    def find(self, id_: str) -> dict[str, Any] | None:
        """The inputs of a chart (`namespace/name`) as they were last installed, None where there is none."""
        namespace, _, name = id_.partition("/")
        secret = self._client.find("v1", "Secret", _secret_name(name), namespace)
        return json.loads(base64.b64decode(secret["data"]["release"])) if secret is not None else None

    def status(self, id_: str) -> str:
        """Helm's word for how a chart is; empty where there is none."""
        namespace, _, name = id_.partition("/")
        secret = self._client.find("v1", "Secret", _secret_name(name), namespace)
        return secret["metadata"]["labels"]["status"] if secret is not None else ""

    def cut_off(self, id_: str) -> None:
        """Whoever upgrades the chart ends in the middle of it, and leaves it so."""
        self._write(self._known(id_), f"{_PENDING}upgrade")

    def roll_back(self, id_: str) -> None:
        """What `helm rollback` does by hand: the chart is again what it was before an upgrade that was cut off."""
        self._write(self._known(id_), "deployed")

    def _known(self, id_: str) -> dict[str, Any]:
        inputs = self.find(id_)
        if inputs is None:
            raise ValueError(f"there is no chart {id_}")
        return inputs

    def install(self, inputs: Mapping[str, Any], *, status: str = "deployed") -> str:
        """Install a chart and its CRDs; the id.

        Raises:
            RefusedError: the name is taken, a namespace is missing, or the server refuses a CRD.

        """
        id_ = f"{inputs['namespace']}/{inputs['name']}"
        if self.find(id_) is not None:
            raise RefusedError("cannot re-use a name that is still in use")
        self._require_namespaces(inputs)
        self._write(inputs, status)
        self._define(inputs)
        return id_

    def upgrade(self, inputs: Mapping[str, Any], *, status: str = "deployed") -> None:
        """Install a chart again, also one that has failed.

        Raises:
            RefusedError: an earlier installation or upgrade was cut off, and Helm does not know how far it got; or a
                namespace is missing.

        """
        if self.status(f"{inputs['namespace']}/{inputs['name']}").startswith(_PENDING):
            raise RefusedError("another operation (install/upgrade/rollback) is in progress")
        self._require_namespaces(inputs)
        for crd in self._applied_by_hook(inputs):
            self._client.apply(crd, field_manager="kubectl", force=True)
        self._write(inputs, status)
        if self._facts(inputs).crds_in == "templates":
            self._define(inputs)

    def uninstall(self, id_: str) -> None:
        """Take a chart off. CRDs in its templates go with it, and must have no custom resource left.

        Raises:
            RefusedError: custom resources are left whose operator would be gone.

        """
        inputs = self.find(id_)
        if inputs is None:
            return
        orphans = self._custom_resources(inputs)
        if orphans:
            raise RefusedError(f"chart {id_} goes before its custom resources: {', '.join(orphans)}")
        if self._facts(inputs).crds_in == "templates":
            for crd in self._crds(inputs):
                self._client.delete(*_CRD, crd["metadata"]["name"])
        namespace, _, name = id_.partition("/")
        self._client.delete("v1", "Secret", _secret_name(name), namespace)

    def _facts(self, inputs: Mapping[str, Any]) -> ChartFacts:
        return self.known.get(chart_name(inputs), ChartFacts((), None))

    def _crds(self, inputs: Mapping[str, Any]) -> list[Object]:
        known, version = reference_crds(self._reference / "crds"), str(inputs.get("version", ""))
        return [crd for group in self._facts(inputs).crd_groups for crd in known.of(group, version)]

    def _applied_by_hook(self, inputs: Mapping[str, Any]) -> list[Object]:
        """The CRDs that a hook of the chart applies before an upgrade."""
        path, on, left_out = _HOOKS.get(chart_name(inputs), ("", False, frozenset()))
        value = _value(inputs, path)
        if not (on if value is None else value):
            return []
        return [crd for crd in self._crds(inputs) if crd["spec"]["group"] not in left_out]

    def _require_namespaces(self, inputs: Mapping[str, Any]) -> None:
        listed = _value(inputs, _OBJECTS_IN.get(chart_name(inputs), "")) or ()
        for name in listed.split(",") if isinstance(listed, str) else listed:
            if self._client.find("v1", "Namespace", name) is None:
                raise RefusedError(f'failed to create resource: namespaces "{name}" not found')

    def _define(self, inputs: Mapping[str, Any]) -> None:
        for crd in self._crds(inputs):
            try:
                self._client.create(crd, field_manager=_MANAGER)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise
                # Helm leaves an existing definition in `crds` as it is; one in `templates` is its own.
                if self._facts(inputs).crds_in == "templates":
                    self._client.apply(crd, field_manager=_MANAGER, force=True)
        for crd in self._crds(inputs):
            api_version, kind = _stored_kind(crd)
            try:
                eventually(
                    lambda api_version=api_version, kind=kind: self._is_served(api_version, kind),
                    f"{kind} in {api_version} is served",
                    timeout_seconds=_SERVED_SECONDS,
                )
            except WaitTimeoutError as error:
                raise RefusedError(f"the CRD {crd['metadata']['name']} is not established: {error}") from error

    def _is_served(self, api_version: str, kind: str) -> bool:
        try:
            self._client.resource(api_version, kind)
        except ApiError as error:
            if error.is_missing:
                return False
            raise
        return True

    def _custom_resources(self, inputs: Mapping[str, Any]) -> list[str]:
        found = []
        for crd in self._crds(inputs):
            api_version, kind = _stored_kind(crd)
            try:
                left = self._client.list(api_version, kind)
            except ApiError as error:
                if error.is_missing:
                    continue
                raise
            found += [f"{kind} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}" for item in left]
        return sorted(found)

    def _write(self, inputs: Mapping[str, Any], status: str) -> None:
        name = str(inputs["name"])
        self._client.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "helm.sh/release.v1",
                "metadata": {
                    "name": _secret_name(name),
                    "namespace": inputs["namespace"],
                    "labels": {"owner": "helm", "name": name, "status": status},
                },
                "data": {"release": base64.b64encode(json.dumps(inputs, sort_keys=True).encode()).decode()},
            },
            field_manager=_MANAGER,
            force=True,
        )


def _secret_name(name: str) -> str:
    return f"sh.helm.release.v1.{name}.v1"


def _value(inputs: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as `crds.enabled`, None where there is none."""
    value: Any = inputs.get("values") or {}
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _stored_kind(crd: Object) -> tuple[str, str]:
    """API version and kind of what a CustomResourceDefinition brings."""
    version = next(item["name"] for item in crd["spec"]["versions"] if item["storage"])
    return f"{crd['spec']['group']}/{version}", crd["spec"]["names"]["kind"]
