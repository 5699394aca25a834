"""Which of kube-prometheus-stack's own alerts are on: all that can say something on this platform.

Source: its templates/prometheus/rules-1.14; `docs/alerts.md` has the reason for each group.
"""

from planning.plan import Json

# AKS runs etcd, scheduler and controller manager where they can't be scraped, and Cilium replaces kube-proxy: alerts on
# their absence would always fire. Without the part, its group is not there either.
_OUT_OF_REACH = ("kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy")
# One GPU node requests more than all other nodes together have.
_ALWAYS_FIRE = ("KubeCPUOvercommit", "KubeMemoryOvercommit")
_NEVER_FIRE = (
    # The node exporter's collector `systemd` is off.
    "NodeSystemdServiceFailed",
    "NodeSystemdServiceCrashlooping",
)
# Never fire where nothing is written to another store.
_OF_REMOTE_WRITE = (
    "PrometheusRemoteStorageFailures",
    "PrometheusRemoteWriteBehind",
    "PrometheusRemoteWriteDesiredShards",
)


def chart_alert_values(*, sent_outside: bool) -> dict[str, Json]:
    """Values of the chart that switch alerts, and parts that only alerts are about, off.

    `sent_outside` is whether Prometheus sends its samples to another store.
    """
    off = (*_ALWAYS_FIRE, *_NEVER_FIRE, *(() if sent_outside else _OF_REMOTE_WRITE))
    return {
        **{part: {"enabled": False} for part in _OUT_OF_REACH},
        "defaultRules": {"disabled": dict.fromkeys(off, True)},
    }
