"""Plans what is recorded: which logs of which resources, of which containers, and for how long."""

from collections.abc import Mapping

from planning.deciding.logs import logged_namespaces
from planning.deciding.releases import NAMESPACE
from planning.plan import AuditPlan, ContainerLogsPlan, RecordedPlan
from planning.plan.azure_audit import RecordsPrice
from planning.resolving.resolution import ResolvedStack

# Kind of resource -> its type in the catalog, and the logs that say who did what. The cluster's `kube-audit-admin` is
# `kube-audit` without reads, which are most of it; flow logs are left to Network Watcher.
_RECORDED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cluster": ("containerservice:ManagedCluster", ("guard", "kube-audit-admin")),
    "vault": ("keyvault:Vault", ("AuditEvent",)),
    "registry": (
        "containerregistry:Registry",
        ("ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"),
    ),
    "store": ("storage:BlobServiceProperties", ("StorageDelete", "StorageRead", "StorageWrite")),
    "security_group": (
        "network:NetworkSecurityGroup",
        ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"),
    ),
    # Who called which operation, with status and times; prompts are in another log, which stays off.
    "api_management": ("apimanagement:ApiManagementService", ("GatewayLogs",)),
    # Who changed it; its other logs are about each call, and name no text.
    "content_safety": ("cognitiveservices:Account", ("Audit",)),
    # From which address somebody connected, and whether the key was right.
    "redis": ("redisenterprise:Database", ("ConnectionEvents",)),
    # Who has signed in.
    "grafana": ("dashboard:Grafana", ("GrafanaLoginEvents",)),
    # Who has read the records.
    "workspace": ("operationalinsights:Workspace", ("Audit",)),
}


def audit(stack: ResolvedStack) -> AuditPlan | None:
    """Plan what is recorded; None where the stack file has no section `audit`.

    Raises:
        ValueError: Azure has no such log of a kind of resource.
    """
    settings, logs = stack.settings.observability.audit, stack.catalog.azure.resource_logs
    if settings is None:
        return None
    for type_, categories in _RECORDED.values():
        if unknown := set(categories) - set(logs.categories[type_]):
            raise ValueError(f"the catalog has no such logs of {type_}: {sorted(unknown)}")
    price = stack.catalog.azure.records_price
    # Where the stack file speaks of logs, both backends keep those of the same namespaces.
    spoken = stack.settings.observability.logs is not None
    namespaces = logged_namespaces(stack) if spoken else (stack.catalog.charts["gateway-helm"].namespace, NAMESPACE)
    return AuditPlan(
        workspace=stack.names.workspace.value,
        retention_days=settings.retention_days,
        daily_gb=settings.daily_gb,
        recorded=tuple(
            RecordedPlan(kind=kind, categories=categories, own_tables=type_ in logs.own_tables)
            for kind, (type_, categories) in _RECORDED.items()
        ),
        container_logs=(
            ContainerLogsPlan(rule=stack.names.collection_rule.value, namespaces=namespaces)
            if settings.container_logs
            else None
        ),
        defender=settings.defender,
        price=RecordsPrice(
            usd_per_gb=price.usd_per_gb,
            included_days=price.included_days,
            usd_per_gb_month=price.usd_per_gb_month,
        ),
    )
