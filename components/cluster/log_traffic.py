"""Who speaks with what collects and keeps logs: collectors send, Grafana reads, Prometheus scrapes, and nobody else."""

from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

from components.cluster.labels import LOG_COLLECTOR_PODS, LOG_STORE_PODS, PROMETHEUS_PODS
from components.cluster.network_policies import DNS, opening, pods, tcp
from components.cluster.telemetry_traffic import GRAFANA_PODS
from planning.plan import LogsPlan
from planning.plan.logs import LOG_COLLECTOR, LOG_STORE, LOKI_PORT
from planning.plan.telemetry import COLLECTOR_METRICS_PORT


def log_collector_traffic(plan: LogsPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """Policies of the collectors' namespace by their names."""
    return {
        LOG_COLLECTOR: opening(
            LOG_COLLECTOR_PODS,
            ingress=[
                {
                    "from_": [pods(plan.prometheus_namespace, PROMETHEUS_PODS)],
                    "ports": tcp(COLLECTOR_METRICS_PORT),
                }
            ],
            egress=[DNS, {"to": [pods(plan.store.namespace, LOG_STORE_PODS)], "ports": tcp(LOKI_PORT)}],
        )
    }


def log_store_traffic(plan: LogsPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """Policies of Loki's namespace by their names."""
    readers = [pods(plan.prometheus_namespace, labels) for labels in (GRAFANA_PODS, PROMETHEUS_PODS)]
    return {
        LOG_STORE: opening(
            LOG_STORE_PODS,
            ingress=[
                {
                    "from_": [pods(plan.collector.namespace, LOG_COLLECTOR_PODS), *readers],
                    "ports": tcp(LOKI_PORT),
                }
            ],
        )
    }


def grafana_reads_logs(plan: LogsPlan) -> NetworkPolicySpecArgsDict:
    """Spec of the policy by which Grafana reads logs, in its namespace."""
    return opening(GRAFANA_PODS, egress=[{"to": [pods(plan.store.namespace, LOG_STORE_PODS)], "ports": tcp(LOKI_PORT)}])
