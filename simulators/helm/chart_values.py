"""Whether Helm values exist: every path that is set must be one that the chart reads.

Source: the `values.yaml` and `values.schema.json` of the charts themselves, which lie in a folder as
`NAME.values.yaml` and `NAME.schema.json`, or `NAME@VERSION.…` for another version of the chart.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

# A sub-chart's values are not in its parent's file: they are looked up in the sub-chart's own.
SUBCHARTS = {("gpu-operator", "node-feature-discovery"): "node-feature-discovery"}
# What a chart takes beside its own defaults, with an example file of its owners.
OVERLAYS = {"gateway-helm": "gateway-helm.for-ai-gateway"}
# Charts that have no values at all.
WITHOUT_VALUES = frozenset({"ai-gateway-crds-helm"})
# Paths that the chart's file can't show, each with the reason why it is right all the same.
FREE = {
    "ai-gateway-helm": {
        "controller.maxRecvMsgSize": "a comment in the chart's values, which templates/deployment.yaml reads",
    },
    "cert-manager": {
        **{
            f"{part}nodeSelector": "labels of our choice; the chart's own default is merged with them"
            for part in ("", "webhook.", "cainjector.", "startupapicheck.")
        },
        **dict.fromkeys(
            ("automountServiceAccountToken", "podLabels", "serviceAccount.name"),
            "a comment in the chart's values; it is in values.schema.json",
        ),
    },
    "gateway-helm": {
        "config.envoyGateway.rateLimit": "as `maxMessageSize` (EnvoyGatewaySpec)",
        "config.envoyGateway.extensionApis.enableLua": "as `maxMessageSize` (ExtensionAPISettings)",
        "config.envoyGateway.provider.kubernetes": "read by templates/envoy-gateway-rbac.yaml without a default, and "
        "by Envoy Gateway itself (api/v1alpha1/envoygateway_types.go, EnvoyGatewayKubernetesProvider)",
        "config.envoyGateway.extensionManager.maxMessageSize": "Envoy Gateway's own configuration, which "
        "the chart hands on (api/v1alpha1/envoygateway_types.go, ExtensionManager)",
    },
    "gpu-operator": {
        "operator.nodeSelector": "labels of our choice; the chart's own default is merged with them",
        "dcgmExporter.config": "read by templates/clusterpolicy.yaml without a default; by NVIDIA: "
        "https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/install-gpu-operator.html",
    },
    "kube-prometheus-stack": {
        "grafana.nodeSelector": "Grafana's own chart; the parent's file repeats only some of its values",
        "grafana.tolerations": "as above",
        "grafana.grafana.ini": "as above; Grafana's configuration file, sections as they are",
        "grafana.resources": "as above; charts/grafana 12.11.1 values.yaml",
        "grafana.sidecar.resources": "as above",
        "kube-state-metrics.nodeSelector": "kube-state-metrics' own chart, of which the parent's file repeats little",
        "kube-state-metrics.tolerations": "as above",
        "kube-state-metrics.metricLabelsAllowlist": "as above",
        "kube-state-metrics.resources": "as above; charts/kube-state-metrics 8.4.0 values.yaml",
        "kube-state-metrics.customResourceState": "as above; `config` is kube-state-metrics' own configuration",
        "kube-state-metrics.rbac": "as above",
        "kube-state-metrics.selfMonitor": "as above; charts/kube-state-metrics 8.4.0 values.yaml",
        "prometheus-node-exporter.resources": "charts/prometheus-node-exporter 4.56.1 values.yaml",
        "prometheus-node-exporter.tolerations": "as above",
        "grafana.rbac": "as above; charts/grafana 12.11.1 templates/role.yaml and rolebinding.yaml read it",
        "grafana.sidecar.dashboards.resource": "as above; charts/grafana 12.11.1 templates/_pod.tpl reads it",
        "grafana.sidecar.dashboards.folderAnnotation": "as above",
        "grafana.sidecar.dashboards.provider.foldersFromFilesStructure": "as above",
        "grafana.sidecar.datasources.resource": "as above",
        "grafana.sidecar.datasources.searchNamespace": "as above",
        "kube-state-metrics.collectorsExclude": "as above; charts/kube-state-metrics 8.4.0 values.yaml",
        "alertmanager.config": "Alertmanager's own configuration, merged over the chart's by key",
        "grafana.image": "as above; registry and repository of Grafana's own chart",
        "grafana.sidecar.image": "as above",
        "kube-state-metrics.image": "as above; registry and repository of its own chart",
        "prometheus-node-exporter.image": "node-exporter's own chart, of which the parent's file repeats little",
    },
}


def reference_file(directory: Path, chart: str, version: str, kind: str) -> Path:
    """The file of a chart at a version (`kind` is `values.yaml` or `schema.json`); else the one without a version."""
    exact = directory / f"{chart}@{version.removeprefix('v')}.{kind}"
    return exact if exact.is_file() else directory / f"{chart}.{kind}"


def unknown_paths(chart: str, values: Mapping[str, Any], directory: Path, version: str = "") -> list[str]:
    """Paths in `values` that `chart` (its plain name) does not have; `directory` holds `<chart>.values.yaml`.

    A value whose default is empty (`{}`, `[]`, null) is handed on as it is, so everything below it is the
    reader's: `nodeSelector`, `resources` and their like.
    """
    if chart in WITHOUT_VALUES:
        return sorted(values)
    defaults = _defaults(chart, directory, version)
    free = FREE.get(chart, {})
    return sorted(path for path in _unknown((), values, defaults, chart, directory) if not _below(path, free))


def schema_problems(chart: str, values: Mapping[str, Any], directory: Path, version: str = "") -> list[str]:
    """What the chart's own JSON Schema says against the defaults with `values` on top; nothing where it ships none."""
    file = reference_file(directory, chart, version, "schema.json")
    if not file.is_file():
        return []
    merged = effective_values(chart, values, directory, version)
    return sorted(error.message for error in Draft7Validator(json.loads(file.read_text())).iter_errors(merged))


def effective_values(chart: str, values: Mapping[str, Any], directory: Path, version: str = "") -> dict[str, Any]:
    """The chart's own values with `values` on top, as Helm renders its templates with them."""
    return _merge(_defaults(chart, directory, version), values)


def _unknown(
    above: tuple[str, ...], values: Mapping[str, Any], defaults: Mapping[str, Any], chart: str, directory: Path
) -> Iterator[str]:
    for key, value in values.items():
        path = (*above, key)
        subchart = SUBCHARTS.get((chart, ".".join(path)))
        if subchart:
            yield from (f"{key}.{inner}" for inner in unknown_paths(subchart, value, directory))
        elif key not in defaults:
            yield ".".join(path)
        elif isinstance(value, Mapping) and isinstance(defaults[key], Mapping) and defaults[key]:
            yield from _unknown(path, value, defaults[key], chart, directory)
        elif isinstance(value, Mapping) and defaults[key]:
            yield f"{'.'.join(path)} (a mapping where the chart has {type(defaults[key]).__name__})"


def _defaults(chart: str, directory: Path, version: str) -> dict[str, Any]:
    defaults = _read(reference_file(directory, chart, version, "values.yaml"))
    overlay = OVERLAYS.get(chart)
    return _merge(defaults, _read(directory / f"{overlay}.values.yaml")) if overlay else defaults


def _read(file: Path) -> dict[str, Any]:
    return yaml.load(file.read_text(), Loader=yaml.CSafeLoader)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _below(path: str, free: Mapping[str, str]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}.") for prefix in free)
