"""Prometheus and its alerts: what is scraped, kept and promised, and who is notified."""

from msgspec import Struct

from planning.plan.alerting import AlertingPlan
from planning.plan.azure_monitor import RemoteWritePlan
from planning.plan.chart_traffic import ChartTrafficPlan
from planning.plan.cost_watch import CostWatchPlan
from planning.plan.gpu_metrics import GpuMetricsPlan
from planning.plan.objectives import ModelObjectivesPlan
from planning.plan.services import ChartPlan, ControllerPlan, MovePlan
from planning.plan.usage import UsageExportPlan
from planning.plan.watch import WatchPlan


class MonitoringPlan(Struct, frozen=True, kw_only=True):
    """Prometheus, what it scrapes and when it sends an alert."""

    chart: ChartPlan
    """Chart kube-prometheus-stack."""
    fullname: str
    """Prefix of the chart's objects, and so of the server's address."""
    server: str
    """Address of Prometheus inside the cluster."""
    models_namespace: str
    """Namespace whose vLLM pods are scraped."""
    operator_namespace: str
    """Namespace of the GPU metrics exporter."""
    node_exporter_namespace: str
    """Namespace of the node exporter alone, whose pods see their whole node."""
    retention_days: int
    """Days for which metrics are kept."""
    storage_gib: int
    """Disk of one Prometheus replica."""
    most_gib: int
    """What metrics may take of it: beyond that the oldest go before their days are over."""
    replicas: int
    """Prometheus replicas."""
    waiting_requests: int
    """Requests waiting for a model above which an alert fires."""
    first_token_seconds: float
    """95th percentile of the time to the first token above which an alert fires."""
    runbooks: str
    """Where the runbooks of alerts are: an address, or the folder in this repository."""
    watch: WatchPlan
    """What alerts compare metrics with."""
    gpu_nodes: tuple[str, str]
    """Label, and its value, by which the foundation marks nodes with GPUs, also before any device is there."""
    gateway: str
    """Name of the Gateway whose proxies are scraped."""
    gateway_namespace: str
    """Namespace of that Gateway."""
    proxies_namespace: str
    """Namespace of the gateway's proxies."""
    takes_tokens: bool
    """Whether the gateway takes tokens, whose keys its proxies fetch."""
    gpu_metrics: GpuMetricsPlan
    """Names of the metrics of GPUs."""
    controllers: tuple[ControllerPlan, ...]
    """Controllers whose metrics are scraped."""
    alerting: AlertingPlan
    """Who is notified when an alert fires."""
    objectives: tuple[ModelObjectivesPlan, ...]
    """What models promise their clients; empty where no model promises anything."""
    traffic: ChartTrafficPlan
    """Who is around its pods, for their network policies."""
    crds_images: tuple[str, str]
    """Images of the Job that updates the chart's CRDs before an upgrade: busybox, which unpacks them, and kubectl."""
    move: MovePlan
    """The wait for Prometheus and Alertmanager on earlier system nodes."""
    log_collectors: str | None
    """Namespace of what reads logs on every node; None where nothing does."""
    trace_collector: str | None
    """Namespace of what collects traces; None where nothing does."""
    usage_export: UsageExportPlan | None
    """What writes each tenant's usage of a day to a file; None where nothing does."""
    costs: CostWatchPlan | None
    """What nodes cost and whose it is, as recorded; None where it isn't."""
    remote_write: RemoteWritePlan | None
    """How samples are sent to a store outside the cluster; None where they aren't."""
