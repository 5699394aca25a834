"""Observability: how long metrics are kept, when alerts fire, who is notified, and what is recorded."""

from typing import Annotated

from pydantic import Field

from config.azure_monitor import AzureMonitor
from config.base import DiskGib, Flag, Requests, Section
from config.cost_watch import Costs
from config.logs import Logs
from config.receivers import Receiver, WebAddress
from config.telemetry import Traces
from config.usage_export import UsageExport


class Alerts(Section):
    """Thresholds of the first alerts."""

    waiting_requests: Requests = Field(
        default=20,
        description="the number of requests, 1 to 1 million, waiting for a model over 5 minutes at which one fires",
    )
    first_token_seconds: Annotated[float, Field(gt=0, le=7200, strict=True, allow_inf_nan=False)] = Field(
        default=5.0,
        description="the 95th percentile of the time to the first token over 10 minutes, in seconds up to 7200",
    )
    next_token_seconds: Annotated[float, Field(gt=0, le=60, strict=True, allow_inf_nan=False)] = Field(
        default=0.25,
        description="the 95th percentile of the time from a token to the next over 10 minutes, in seconds up to 60",
    )


class Audit(Section):
    """What is recorded outside the cluster, in a Log Analytics workspace."""

    retention_days: Annotated[int, Field(ge=30, le=730, strict=True)] = Field(
        default=90, description="the days that records are kept, 30 to 730"
    )
    daily_gb: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = Field(
        default=None,
        description="the most that is recorded on a day, 1 to 10000 GB; what comes later is lost. Left out: no limit",
    )
    container_logs: Flag = Field(
        default=True,
        description="`true` (what the gateway and the models write to their logs is recorded too) or `false`",
    )
    defender: Flag = Field(
        default=False,
        description="`true` (Microsoft Defender's sensor on every node; the plan is the subscription's) or `false`",
    )


class Observability(Section):
    """Prometheus in the cluster, and what is recorded outside it."""

    retention_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = Field(
        default=15, description="the days that metrics are kept, 1 to 3650"
    )
    storage_gib: DiskGib = Field(default=64, description="the disk of each Prometheus replica in whole GiB, 8 to 32767")
    replicas: Annotated[int, Field(ge=1, le=2, strict=True)] = Field(
        default=1, description="the number of Prometheus replicas, 1 or 2"
    )
    alerts: Alerts = Field(
        default_factory=Alerts,
        description="thresholds: {waiting_requests: 20, first_token_seconds: 5, next_token_seconds: 0.25}",
    )
    receivers: tuple[Receiver, ...] = Field(
        default=(),
        max_length=100,
        description="a list of those who are notified of alerts: [{name: on-call, kind: pagerduty, secret: …}]",
    )
    runbooks: WebAddress | None = Field(
        default=None,
        description="the address under which the folder docs/runbooks is published, such as "
        "https://git.acme.example/llm-platform/docs/runbooks; left out: alerts name the file in this repository",
    )
    gpu_profiling: Flag = Field(
        default=False,
        description="`true`: the GPU exporter measures the multiprocessors too, and the dashboard of GPUs shows them; "
        "not beside another profiler, such as Nsight, on the same GPU",
    )
    audit: Audit | None = Field(
        default=None,
        description="what is recorded of API server, vault, store, registry, network and containers: "
        "{retention_days: 90, container_logs: true, defender: false}, or {} for these; left out: nothing",
    )
    traces: Traces | None = Field(
        default=None,
        description="where the way of each request is kept: {backend: tempo, sampling: 0.1}; left out: nowhere",
    )
    logs: Logs | None = Field(
        default=None,
        description="where the logs of gateway and models are kept as JSON: {backend: loki, retention_days: 30}; left "
        "out: with their pods alone, but for `audit.container_logs`",
    )
    usage_export: UsageExport | None = Field(
        default=None,
        description="a file a day of what each tenant has used of each model, in the platform's storage: "
        '{since: "2026-12-01", keep_days: 400, readers: […], prices: […]}, `since` always; left out: none',
    )
    costs: Costs | None = Field(
        default=None,
        description="what nodes, models and tenants cost, recorded and watched: {budget_usd_per_month: 20000, "
        "idle_share: 0.6}, or {} for the share alone; left out: not recorded",
    )
    azure_monitor: AzureMonitor | None = Field(
        default=None,
        description="an Azure Monitor workspace that gets all metrics: {rules: {emails: […]}, grafana: {admins: "
        "[GROUP]}}, or {} for the metrics alone; left out: none",
    )
