"""Plans the Azure Monitor workspace, and how Prometheus sends its samples there."""

from config.azure_monitor import AzureRules, ManagedGrafana
from planning.deciding import azure_objects
from planning.deciding.roles import grant
from planning.plan import (
    ActionsPlan,
    AdminGrantPlan,
    AzureMonitorPlan,
    GrafanaPlan,
    PodIdentityPlan,
    RemoteWritePlan,
)
from planning.plan.alerting import SEVERITIES
from planning.resolving.resolution import ResolvedStack

_PRINCIPAL, _RULE = "prometheus", "metrics"
# Prometheus Operator, pkg/prometheus/server/statefulset.go: `prometheus-NAME`, whose pods are numbered from 0.
_FIRST_POD = "prometheus-{fullname}-prometheus-0"
# The chart's own account: kube-prometheus-stack templates/_helpers.tpl, …prometheus.serviceAccountName.
_ACCOUNT = "{fullname}-prometheus"


def azure_monitor(stack: ResolvedStack) -> AzureMonitorPlan | None:
    """Plan the workspace; None where the stack file asks for none."""
    settings, names = stack.settings.observability.azure_monitor, stack.names
    if settings is None:
        return None
    return AzureMonitorPlan(
        workspace=names.monitor_workspace.value,
        endpoint=names.metrics_endpoint.value,
        rule=names.metrics_rule.value,
        kept_months=stack.catalog.azure.monitor_workspace.kept_months,
        actions=_actions(stack, settings.rules) if settings.rules is not None else None,
        grafana=_grafana(stack, settings.grafana) if settings.grafana is not None else None,
    )


def remote_write(stack: ResolvedStack, fullname: str) -> RemoteWritePlan | None:
    """Plan what the Prometheus of this name sends; None where there is no workspace."""
    settings = stack.settings.observability.azure_monitor
    if settings is None:
        return None
    azure, by_name = stack.catalog.azure, stack.settings.network.egress == "fqdn"
    return RemoteWritePlan(
        service_account=_ACCOUNT.format(fullname=fullname),
        pod_labels=azure_objects.POD_LABELS,
        # As Azure's own collector labels it, so that dashboards and rules of Microsoft find the cluster.
        labels=(("cluster", stack.names.cluster.value),),
        sender=_FIRST_POD.format(fullname=fullname),
        rules_outside=settings.rules is not None,
        hosts=(azure.token_service.host, azure.monitor_workspace.ingestion_hosts) if by_name else (),
    )


def pod_identity(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan the identity by which Prometheus sends samples; it may do nothing else."""
    if stack.settings.observability.azure_monitor is None:
        return ()
    chart = stack.catalog.charts["kube-prometheus-stack"]
    return (
        PodIdentityPlan(
            logical_name=_PRINCIPAL,
            name=stack.names.identity(_PRINCIPAL).value,
            credential=stack.names.credential(_PRINCIPAL).value,
            namespace=chart.namespace,
            service_account=_ACCOUNT.format(fullname=chart.name),
            names_tenant=False,
            read_secrets=(),
            read_weights=None,
            weights_folder=None,
            publish_metrics=grant(stack, _PRINCIPAL, "monitoring_metrics_publisher", f"collection-rule-{_RULE}"),
        ),
    )


def _actions(stack: ResolvedStack, settings: AzureRules) -> ActionsPlan:
    return ActionsPlan(
        group=stack.names.action_group.value,
        emails=settings.emails,
        others=settings.action_groups,
        rules_per_group=stack.catalog.azure.monitor_workspace.rules_per_group,
        severities=SEVERITIES[: SEVERITIES.index(settings.severity) + 1],
    )


def _grafana(stack: ResolvedStack, settings: ManagedGrafana) -> GrafanaPlan:
    return GrafanaPlan(
        name=stack.names.grafana.value,
        region=settings.region or stack.settings.platform.region,
        zone_redundant=settings.zone_redundant,
        read=grant(stack, "grafana", "monitoring_data_reader", "monitor-workspace"),
        admins=_groups(stack, "admins", "grafana_admin", settings.admins),
        viewers=_groups(stack, "viewers", "grafana_viewer", settings.viewers),
    )


def _groups(stack: ResolvedStack, who: str, role: str, groups: tuple[str, ...]) -> tuple[AdminGrantPlan, ...]:
    return tuple(
        AdminGrantPlan(group=group, grant=grant(stack, f"grafana-{who}-{group}", role, "grafana")) for group in groups
    )
