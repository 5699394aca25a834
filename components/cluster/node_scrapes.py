"""What Prometheus scrapes with its own token: the kubelets and the API server.

The chart's monitors for them name files of Prometheus's container. No monitor may: whoever may write one could have the
token sent to a target of their own. So these two are part of Prometheus's own configuration, which only the chart
writes, and their series are those of the chart's monitors, on which its alerts and dashboards rest.
Source: prometheus-community/helm-charts kube-prometheus-stack-88.5.3 templates/exporters/kubelet and kube-api-server,
values `kubelet.serviceMonitor` and `kubeApiServer.serviceMonitor`; prometheus-operator v0.93 pkg/prometheus,
testForArbitraryFSAccess, which rejects such monitors, and promcfg.go, the labels that it gives.
"""

from collections.abc import Mapping, Sequence

from planning.plan import Json

_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN: dict[str, Json] = {"type": "Bearer", "credentials_file": f"{_ACCOUNT}/token"}
# More buckets than any alert or dashboard of the chart reads.
_STORAGE_BUCKETS = r"(csi_operations|storage_operation_duration)_seconds_bucket;(0.25|2.5|15|25|120|600)(\.0)?"
_API_BUCKETS = (
    r"(etcd_request|apiserver_request_slo|apiserver_request_sli|apiserver_request)_duration_seconds_bucket;"
    r"(0\.15|0\.2|0\.3|0\.35|0\.4|0\.45|0\.6|0\.7|0\.8|0\.9|1\.25|1\.5|1\.75|2|3|3\.5|4|4\.5|6|7|8|9|15|20|40|45|50)"
    r"(\.0)?"
)
_DISK_COUNTERS = (
    "io_current",
    "io_time_seconds_total",
    "io_time_weighted_seconds_total",
    "reads_merged_total",
    "sector_reads_total",
    "sector_writes_total",
    "writes_merged_total",
)
# Of the containers' metrics, those that are always zero, are had from kube-state-metrics, or are about no pod.
_CADVISOR: Sequence[tuple[Sequence[str], str]] = (
    (
        ("__name__",),
        "container_cpu_(cfs_throttled_seconds_total|load_average_10s|system_seconds_total|user_seconds_total)",
    ),
    (("__name__",), f"container_fs_({'|'.join(_DISK_COUNTERS)})"),
    (("__name__",), "container_memory_(mapped_file|swap)"),
    (("__name__",), "container_(file_descriptors|tasks_state|threads_max)"),
    (("__name__", "scope"), "container_memory_failures_total;hierarchy"),
    (("__name__", "interface"), "container_network_.*;(cali|cilium|cni|lxc|nodelocaldns|tunl).*"),
    (("__name__",), "container_spec.*"),
    (("id", "pod"), ".+;"),
)


def node_scrape_values(service: str) -> dict[str, Json]:
    """Values of the chart: these jobs in place of its monitors; `service` is the name that its series have."""
    return {
        "kubelet": {"serviceMonitor": {"enabled": False}},
        "kubeApiServer": {"serviceMonitor": {"enabled": False}},
        # Its metrics need no token.
        "coreDns": {"serviceMonitor": {"bearerTokenFile": ""}},
        # A Service whose addresses the operator writes, for the chart's monitor alone.
        "prometheusOperator": {"kubeletService": {"enabled": False}},
        "prometheus": {
            "prometheusSpec": {"additionalScrapeConfigs": [*_kubelets(service), _api_server()]},
        },
    }


def _kubelets(service: str) -> list[Json]:
    containers: dict[str, Json] = {"scrape_interval": "10s", "track_timestamps_staleness": True}
    return [
        _kubelet("kubelet", "/metrics", service, [(("__name__", "le"), _STORAGE_BUCKETS)]),
        _kubelet("kubelet-cadvisor", "/metrics/cadvisor", service, _CADVISOR, containers),
        _kubelet("kubelet-probes", "/metrics/probes", service, []),
    ]


def _kubelet(
    name: str,
    path: str,
    service: str,
    dropped: Sequence[tuple[Sequence[str], str]],
    more: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    labels = {"job": "kubelet", "namespace": "kube-system", "service": service, "endpoint": "https-metrics"}
    return {
        "job_name": name,
        "scheme": "https",
        "metrics_path": path,
        # The pods and namespaces of its series are those that they are about.
        "honor_labels": True,
        "authorization": _TOKEN,
        # A kubelet's certificate is signed by none that pods know.
        "tls_config": {"ca_file": f"{_ACCOUNT}/ca.crt", "insecure_skip_verify": True},
        "kubernetes_sd_configs": [{"role": "node"}],
        "relabel_configs": [
            *_constant(labels),
            _copied("__meta_kubernetes_node_name", "node"),
            _copied("__metrics_path__", "metrics_path"),
        ],
        "metric_relabel_configs": _dropped(dropped),
        **(more or {}),
    }


def _api_server() -> dict[str, Json]:
    return {
        "job_name": "apiserver",
        "scheme": "https",
        "authorization": _TOKEN,
        "tls_config": {"ca_file": f"{_ACCOUNT}/ca.crt", "server_name": "kubernetes"},
        "kubernetes_sd_configs": [{"role": "endpointslice", "namespaces": {"names": ["default"]}}],
        "relabel_configs": [
            {
                "action": "keep",
                "source_labels": ["__meta_kubernetes_service_name", "__meta_kubernetes_endpointslice_port_name"],
                "regex": "kubernetes;https",
            },
            *_constant({"namespace": "default", "service": "kubernetes", "endpoint": "https"}),
        ],
        "metric_relabel_configs": _dropped([(("__name__", "le"), _API_BUCKETS)]),
    }


def _constant(labels: Mapping[str, str]) -> list[Json]:
    return [{"target_label": label, "replacement": value} for label, value in labels.items()]


def _copied(source: str, target: str) -> dict[str, Json]:
    return {"source_labels": [source], "target_label": target}


def _dropped(patterns: Sequence[tuple[Sequence[str], str]]) -> list[Json]:
    return [{"action": "drop", "source_labels": list(sources), "regex": regex} for sources, regex in patterns]
