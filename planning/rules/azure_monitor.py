"""Rules about Azure Monitor: that its alerts reach somebody once, and that Grafana can be where it is wanted."""

from config.azure_monitor import AzureRules, ManagedGrafana
from config.wording import nearest
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_MONITOR, _RECEIVERS = "observability.azure_monitor", "observability.receivers"
_RULES, _GRAFANA = f"{_MONITOR}.rules", f"{_MONITOR}.grafana"
_GROUPS = "https://learn.microsoft.com/azure/azure-monitor/metrics/prometheus-rule-groups"
_REMOTE_WRITE = "https://learn.microsoft.com/azure/azure-monitor/metrics/prometheus-remote-write"
_ROLES = "https://learn.microsoft.com/azure/managed-grafana/how-to-share-grafana-workspace"


@stack_rule(
    "AZMON-UNSENT",
    "warning",
    prevents="Azure finds that the cluster is away, Alertmanager with it, and notifies nobody.",
    source=_GROUPS,
    reads=(_MONITOR,),
    needs="aks",
)
def azure_notifies_somebody(stack: Resolution) -> Violations:
    """Where Azure evaluates alerts, it writes to an address or calls an action group."""
    rules = _rules(stack)
    if rules is not None and not rules.emails and not rules.action_groups:
        yield Violation(
            _RULES,
            "Azure evaluates alerts, and nobody is notified: they are seen in the portal alone",
            "add emails: [on-call@acme.example], or action_groups: [ID]",
        )


@stack_rule(
    "AZMON-TWICE",
    "warning",
    prevents="Each alert comes twice, from Alertmanager and from Azure: whoever gets it mutes one of them, or both.",
    source=_GROUPS,
    reads=(_MONITOR, _RECEIVERS),
    needs="aks",
)
def nobody_is_notified_twice(stack: Resolution) -> Violations:
    """An address that Alertmanager writes to gets critical alerts at most from Azure."""
    rules = _rules(stack)
    if rules is None or rules.severity == "critical":
        return
    receivers = stack.settings.observability.receivers
    written = {address.lower() for receiver in receivers if receiver.email is not None for address in receiver.email.to}
    for index, address in enumerate(rules.emails):
        if address.lower() in written:
            yield Violation(
                f"{_RULES}.emails[{index}]",
                f"`{address}` is one of observability.receivers too, and gets every alert twice",
                "write another address, or severity: critical for what must arrive when the cluster is away",
            )


@stack_rule(
    "AZMON-REPLICAS",
    "info",
    prevents="Somebody looks for a gap in Azure's samples that the second replica in the cluster doesn't have.",
    source=_REMOTE_WRITE,
    reads=(_MONITOR, "observability.replicas"),
    needs="aks",
)
def one_replica_sends(stack: Resolution) -> Violations:
    """Where two replicas of Prometheus scrape the same, one of them sends, so that nothing is counted twice."""
    observability = stack.settings.observability
    if observability.azure_monitor is not None and observability.replicas > 1:
        yield Violation(
            "observability.replicas",
            "the first replica alone sends samples to Azure Monitor, which documents no way to tell those of two apart",
            "nothing: while that replica restarts, samples of these minutes are missing there, not in the cluster",
        )


@stack_rule(
    "AZMON-REGION",
    "error",
    prevents="Azure refuses Grafana: `LocationNotAvailableForResourceType`.",
    source="catalog/regions.yaml",
    reads=(_MONITOR,),
    needs="aks",
)
def region_of_grafana_is_known(stack: Resolution) -> Violations:
    """The catalog has the region of Managed Grafana."""
    grafana = _grafana(stack)
    if grafana is not None and grafana.region is not None and grafana.region not in stack.catalog.regions:
        yield Violation(
            f"{_GRAFANA}.region",
            f"region `{grafana.region}` is not in the catalog",
            nearest(grafana.region, stack.catalog.regions),
        )


@stack_rule(
    "AZMON-ZONES",
    "error",
    prevents="Azure refuses Grafana, after everything before it has been made.",
    source="https://learn.microsoft.com/azure/reliability/reliability-managed-grafana",
    reads=(_MONITOR, "platform.region"),
    needs="aks",
)
def grafana_has_zones(stack: Resolution) -> Violations:
    """Managed Grafana is zone-redundant only in a region with zones."""
    grafana = _grafana(stack)
    if grafana is None or not grafana.zone_redundant:
        return
    name = grafana.region or stack.settings.platform.region
    region = stack.catalog.regions.get(name)
    if region is not None and not region.zones:
        yield Violation(
            f"{_GRAFANA}.zone_redundant",
            f"region `{name}` has no availability zones",
            "leave zone_redundant out, or write a region with zones",
        )


@stack_rule(
    "AZMON-GROUP-TWICE",
    "warning",
    prevents="Somebody is taken from the viewers and goes on changing dashboards: the other role is still theirs.",
    source=_ROLES,
    reads=(_MONITOR,),
    needs="aks",
)
def groups_have_one_role(stack: Resolution) -> Violations:
    """No group is admin and viewer of Managed Grafana."""
    grafana = _grafana(stack)
    for index, group in enumerate(grafana.viewers if grafana is not None else ()):
        if grafana is not None and group in grafana.admins:
            yield Violation(
                f"{_GRAFANA}.viewers[{index}]",
                f"`{group}` is among `admins` too, which includes what viewers may",
                "leave it out of one of them",
            )


def _rules(stack: Resolution) -> AzureRules | None:
    monitor = stack.settings.observability.azure_monitor
    return None if monitor is None else monitor.rules


def _grafana(stack: Resolution) -> ManagedGrafana | None:
    monitor = stack.settings.observability.azure_monitor
    return None if monitor is None else monitor.grafana
