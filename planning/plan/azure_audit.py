"""What is recorded of a foundation on Azure: the workspace, what is sent to it, and the agents that send it."""

from msgspec import Struct


class RecordedPlan(Struct, frozen=True, kw_only=True):
    """The logs of one kind of resource that are recorded."""

    kind: str
    """What it is in the foundation: such as cluster, vault or registry."""
    categories: tuple[str, ...]
    """Azure's names of the logs."""
    own_tables: bool
    """Whether they go to tables of their own only on request."""


class ContainerLogsPlan(Struct, frozen=True, kw_only=True):
    """The standard output of containers; never anything of other namespaces, nor environment variables."""

    rule: str
    """Azure's name for the rule that says what the agent on the nodes collects."""
    namespaces: tuple[str, ...]
    """Namespaces whose containers are recorded."""


class RecordsPrice(Struct, frozen=True, kw_only=True):
    """About what records cost, USD; the region's own prices may differ."""

    usd_per_gb: float
    """A GB that is recorded."""
    included_days: int
    """Days for which it is kept without further cost."""
    usd_per_gb_month: float
    """A GB for each further month."""


class AuditPlan(Struct, frozen=True, kw_only=True):
    """One Log Analytics workspace and everything that is sent to it."""

    workspace: str
    """Azure's name for it."""
    retention_days: int
    """Days for which records are kept."""
    daily_gb: int | None
    """Most that is recorded on a day, GB; what comes later is lost. None without a limit."""
    recorded: tuple[RecordedPlan, ...]
    """What is recorded of Azure's resources."""
    container_logs: ContainerLogsPlan | None
    """What is recorded of containers; None where AKS' agent is switched off."""
    defender: bool
    """Whether the sensor of Microsoft Defender runs on the nodes."""
    price: RecordsPrice
    """About what it costs."""
