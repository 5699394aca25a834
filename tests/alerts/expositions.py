"""What Prometheus would have scraped: expositions of the exporters, with the labels of the monitors that read them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import catalog
from tests.graph.stacks import Entry, Sections, entries_of, graph_of, sections_of

# The development stack with a tenant's limits, the export of usage, logs, traces, objectives, costs and counters of
# multiprocessors, which bring alerts and panels of their own.
LIMITED: Final = "dev, with limits"
FOLDER: Final = Path(catalog.__file__).parent / "expositions"
_LINE: Final = re.compile(r'(?P<name>[a-zA-Z_:][\w:]*)\{(?P<labels>(?:[^"{}]|"[^"]*")*)\} (?P<value>\S+)')
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Labels = dict[str, str]


@dataclass(frozen=True)
class Series:
    """One series as Prometheus stores it."""

    metric: str
    labels: Labels
    value: str

    def __str__(self) -> str:
        return self.metric + "{" + ",".join(f"{key}={json.dumps(value)}" for key, value in self.labels.items()) + "}"


@dataclass(frozen=True)
class Monitor:
    """Labels that a scrape gives to every series, and whether those of the series win."""

    target: Labels
    honors: bool = False

    def relabelled(self, series: Series) -> Series:
        """The series with both; a label of the series that doesn't win is kept as `exported_…` (Prometheus' rule)."""
        own = dict(series.labels)
        if not self.honors:
            own = {f"exported_{key}" if key in self.target else key: value for key, value in own.items()}
        return Series(series.metric, {**self.target, **own}, series.value)


# What follows is there only while something is wrong.
_IN_TROUBLE: Final = "\n# In trouble: "


def metrics_of(exposition: str) -> Iterator[Series]:
    """Series of an exposition in Prometheus' text format."""
    for line in exposition.splitlines():
        if line and not line.startswith("#"):
            match = _LINE.fullmatch(line)
            if match is None:
                raise ValueError(line)
            yield Series(match["name"], dict(_LABEL.findall(match["labels"])), match["value"])


def monitor(entries: Any, name: str, reads: str | None = None) -> Monitor:
    """What a monitor of the stack makes of a target, at its first port or the one that it `reads`.

    As prometheus-operator 0.93 does (pkg/prometheus/promcfg.go): `generatePodMonitorConfig` names the job after the
    monitor, `generateServiceMonitorConfig` after the Service.
    """
    (found,) = (
        entry["inputs"]
        for entry in entries
        if entry["type"].endswith(("PodMonitor", "ServiceMonitor")) and entry["inputs"]["metadata"]["name"] == name
    )
    spec = found["spec"]
    (endpoint, *_) = (
        endpoint
        for endpoint in spec.get("podMetricsEndpoints") or spec["endpoints"]
        if reads in (None, endpoint.get("port"))
    )
    own = found["metadata"]["namespace"]
    where = (spec["namespaceSelector"].get("matchNames") or [_UNNAMED])[0]
    port = str(endpoint.get("port", endpoint.get("portNumber")))
    target = {"namespace": where, "pod": f"{name}-0", "container": name, "endpoint": port, "instance": "10.0.0.1:1"}
    if found["kind"] == "PodMonitor":
        target["job"] = f"{own}/{name}"
    else:
        selected = spec["selector"]["matchLabels"]
        service = selected.get("app") or selected["app.kubernetes.io/name"]
        # The chart's Service of node exporters has the label `jobLabel: node-exporter`.
        target |= {"job": "node-exporter" if spec.get("jobLabel") == "jobLabel" else service, "service": service}
    target |= {re.sub(r"\W", "_", label): "chat" for label in spec.get("podTargetLabels", ())}
    return Monitor(target, endpoint.get("honorLabels", False))


# The namespace of the proxies, which the monitor doesn't name.
_UNNAMED: Final = "envoy-gateway-system"
# Monitors of the chart kube-prometheus-stack 88.5.3 (templates/exporters) and of its kube-state-metrics 8.4.0.
_OF_THE_CHART: Final[Mapping[str, Monitor]] = {
    "kube-state-metrics": Monitor(
        {
            "namespace": "monitoring", "pod": "kube-prometheus-stack-kube-state-metrics-0",
            "container": "kube-state-metrics", "endpoint": "http", "instance": "10.0.0.2:8080",
            "job": "kube-state-metrics", "service": "kube-prometheus-stack-kube-state-metrics",
        },
        honors=True,
    ),
    "kube-apiserver": Monitor(
        {
            "namespace": "default", "endpoint": "https", "instance": "10.0.0.3:443", "job": "apiserver",
            "service": "kubernetes",
        }
    ),
}  # fmt: skip
# Exporter → the monitor of this program that reads it.
_RATE_LIMITS: Final = "rate-limits"
_AGENT_ROUTER: Final = "agent-router"
_PROFILING: Final = "dcgm-exporter-profiling"
_LOG_COLLECTOR: Final = "log-collector"
_TRACE_COLLECTOR: Final = "trace-collector"
_MONITORS: Final = {
    "vllm": "vllm",
    "envoy": "envoy",
    "cert-manager": "cert-manager",
    "dcgm-exporter": "dcgm",
    _PROFILING: "dcgm",
    _RATE_LIMITS: _RATE_LIMITS,
    _AGENT_ROUTER: "envoy",
    _LOG_COLLECTOR: _LOG_COLLECTOR,
    _TRACE_COLLECTOR: _TRACE_COLLECTOR,
}
# The port that a monitor reads it at, where that is not its first one.
_PORTS: Final = {_AGENT_ROUTER: "aigw-admin"}


def exporter_of(file: Path) -> tuple[str, str]:
    """Name and version of the exporter whose exposition a file holds."""
    name, _, version = file.stem.rpartition("-")
    return name, version


def in_use() -> list[Path]:
    """The expositions of versions that this platform installs: of each exporter the only one, or the Plan's."""
    installed = catalog.load().gpu_metrics.exporter
    return [
        file
        for file in sorted(FOLDER.glob("*.prom"))
        if not exporter_of(file)[0].startswith("dcgm-exporter") or exporter_of(file)[1] == installed
    ]


@cache
def watched(stack: str) -> tuple[Entry, ...]:
    """The resources of a stack, or of LIMITED."""
    return entries_of(stack) if stack != LIMITED else tuple(graph_of("dev", _limit).to_json())


def sections_watched(stack: str) -> Sections:
    """The sections of a stack, or of LIMITED."""
    if stack != LIMITED:
        return sections_of(stack)
    sections = sections_of("dev")
    _limit(sections)
    return sections


_COSTS: Final = {"budget_usd_per_month": 8000, "idle_share": 0.85}


def _limit(sections: Sections) -> None:
    sections["tenants"][0]["limits"] = {"requests_per_minute": 600}
    sections["models"][0]["slo"] = {"availability": 0.999, "ttft_p95_seconds": 2.5, "itl_p95_ms": 75}
    sections["gateway"]["entra"] = {"audience": "a0a0a0a0-0000-4000-8000-00000000000a"}
    sections["tenants"][0]["entra"] = {"groups": ["11110000-0000-4000-8000-000000000000"]}
    sections["observability"] |= {
        "gpu_profiling": True,
        "retention_days": 31,
        "usage_export": {"since": "2026-12-01"},
        "logs": {"backend": "loki"},
        "traces": {"backend": "tempo"},
        "costs": _COSTS,
    }


@cache
def exported(stack: str) -> tuple[Series, ...]:
    """All series that the exporters can have: those of a healthy platform, and those of one in trouble."""
    return (*scraped(stack), *_recorded(stack, healthy=False))


@cache
def scraped(stack: str) -> tuple[Series, ...]:
    """All series of a healthy platform, as Prometheus of the stack would have them."""
    found = _recorded(stack, healthy=True)
    entries = watched(stack)
    for entry in entries:
        if entry["type"].endswith(("PodMonitor", "ServiceMonitor")):
            found.append(Series("up", monitor(entries, entry["inputs"]["metadata"]["name"]).target, "1"))
    return tuple(found)


def _recorded(stack: str, *, healthy: bool) -> list[Series]:
    entries, found = watched(stack), []
    for file in in_use():
        name = exporter_of(file)[0]
        if name == _RATE_LIMITS and not any("limits" in tenant for tenant in sections_watched(stack)["tenants"]):
            continue
        if name == _PROFILING and not sections_watched(stack).get("observability", {}).get("gpu_profiling"):
            continue
        if name == _TRACE_COLLECTOR and "traces" not in sections_watched(stack).get("observability", {}):
            continue
        if name == _LOG_COLLECTOR and "logs" not in sections_watched(stack).get("observability", {}):
            continue
        reads = _OF_THE_CHART.get(name) or monitor(entries, _MONITORS[name], _PORTS.get(name))
        parts = file.read_text(encoding="utf-8").partition(_IN_TROUBLE)
        # The first line of the second part is the rest of its heading.
        text = parts[0] if healthy else parts[2].partition("\n")[2]
        found += [reads.relabelled(series) for series in metrics_of(text)]
    return found
