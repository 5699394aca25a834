"""What Grafana's dashboards are about: models and their limits, pools and their prices, tenants, names of metrics."""

from msgspec import Struct

from planning.plan.cost_watch import CostWatchPlan
from planning.plan.objectives import ModelObjectivesPlan


class ShownMetricPlan(Struct, frozen=True, kw_only=True):
    """One metric of GPUs, as the installed exporter has it."""

    name: str
    """Its name."""
    unit: str
    """Its unit, as catalog/gpu_metrics.yaml spells it: `MiB`, `bytes`, `celsius`, `watt`, `MHz`, `Hz`, `ratio`, …"""


class ShownWorkloadPlan(Struct, frozen=True, kw_only=True):
    """Replicas of a model on one pool."""

    name: str
    """Name of their Deployment."""
    model: str
    """The model's name."""
    min_replicas: int
    """Fewest replicas."""
    load: str
    """PromQL query of the load by which KEDA scales."""
    target: int
    """Load of one replica above which KEDA adds another."""
    usd_per_hour: float | None
    """Price of one replica: its devices' part of their node; None where the node has none."""


class ShownModelPlan(Struct, frozen=True, kw_only=True):
    """One model."""

    name: str
    """The name by which clients call it, and label `model_name` of its metrics."""
    context: int
    """Longest request, tokens."""
    sequences: int
    """Requests that one replica computes at once."""
    speculates: bool
    """Whether it guesses tokens ahead, which vLLM then has metrics of."""


class ShownPoolPlan(Struct, frozen=True, kw_only=True):
    """One pool of GPU nodes."""

    name: str
    """Name of the pool."""
    min_nodes: int
    """Fewest nodes that run: what the fewest replicas need."""
    max_nodes: int
    """Most nodes."""
    gpus: int
    """Series of the GPU exporter on one node: one for each GPU, or for each slice."""
    usd_per_hour: float | None
    """Price of one node; None where the catalog has none."""


class ShownOtherPoolPlan(Struct, frozen=True, kw_only=True):
    """One pool of nodes without GPUs."""

    name: str
    """Name of the pool."""
    labelled: bool
    """Whether its nodes have the label of their pool; otherwise they are known by their name alone."""
    min_nodes: int
    """Fewest nodes that run."""
    max_nodes: int
    """Most nodes."""
    usd_per_hour: float | None
    """Price of one node; None where the catalog has none."""


class DashboardsPlan(Struct, frozen=True, kw_only=True):
    """Grafana's dashboards."""

    namespace: str
    """Namespace of Grafana, whose sidecar looks for dashboards there alone."""
    folder: str
    """Folder of Grafana that they are in."""
    models_namespace: str
    """Namespace of the models."""
    models_job: str
    """Label `job` of what is scraped from models."""
    gpu_nodes: tuple[str, str]
    """Label, and its value, by which the foundation marks nodes with GPUs."""
    models: tuple[ShownModelPlan, ...]
    """The models."""
    workloads: tuple[ShownWorkloadPlan, ...]
    """Their replicas by pool."""
    pools: tuple[ShownPoolPlan, ...]
    """The pools of GPU nodes."""
    others: tuple[ShownOtherPoolPlan, ...]
    """The pools without GPUs that every platform has."""
    costs: CostWatchPlan | None
    """What is recorded of costs; None where nothing is."""
    objectives: tuple[ModelObjectivesPlan, ...]
    """What models promise their clients."""
    tenants: tuple[str, ...]
    """Who may call."""
    counters: tuple[str, ...]
    """Names of what is counted for tenants over all proxies, in the order of the gateway's rules."""
    first_token_seconds: float
    """95th percentile of the time to the first token above which an alert fires."""
    waiting_requests: int
    """Requests waiting for a model above which an alert fires."""
    xid_errors: str
    """Metric of XID errors by GPU and code."""
    application_xids: tuple[int, ...]
    """XIDs that say nothing about the GPU."""
    gpu: dict[str, ShownMetricPlan]
    """Metrics of GPUs by what they are: keys of `shows` in catalog/gpu_metrics.yaml."""
