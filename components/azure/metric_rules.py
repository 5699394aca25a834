"""Rules of the platform that Azure Monitor evaluates, and who is notified of its alerts."""

from collections.abc import Sequence
from typing import Any, cast

import pulumi
import pulumi_azure_native

from observability.azure_rules import azure_groups, azure_rule
from planning.plan import ActionsPlan, AzureScopePlan, Json, MonitoringPlan

# Kinds are named through the package, which loads these modules only where rules are evaluated.
# What messages and the portal call the action group: 12 characters at most.
_SHORT_NAME = "llm-platform"
_INTERVAL = "PT1M"


def action_group(
    name: str,
    plan: ActionsPlan,
    *,
    scope: AzureScopePlan,
    group: pulumi.Resource,
    parent: pulumi.Resource,
) -> pulumi.CustomResource | None:
    """The action group that writes to the addresses of the Plan; None where it has none."""
    if not plan.emails:
        return None
    return pulumi_azure_native.monitor.ActionGroup(
        f"{name}-action-group",
        action_group_name=plan.group,
        group_short_name=_SHORT_NAME,
        resource_group_name=scope.resource_group,
        location="global",
        enabled=True,
        email_receivers=[
            # A name that says no address, and is the address' own place in the list.
            {"name": f"email-{index}", "email_address": address, "use_common_alert_schema": True}
            for index, address in enumerate(plan.emails)
        ],
        tags=dict(scope.tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[group]),
    )


def rule_groups(
    name: str,
    monitoring: MonitoringPlan,
    plan: ActionsPlan,
    *,
    own: pulumi.CustomResource | None,
    workspace: pulumi.CustomResource,
    scope: AzureScopePlan,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> None:
    """All rules, in groups that Azure takes.

    They are about everything in the workspace, which has this platform's samples alone: limited to a cluster, rules
    would not find what others have recorded without its label.
    """
    notified: list[Json] = [{"actionGroupId": action_id} for action_id in plan.others]
    if own is not None:
        notified.append(cast("Json", {"actionGroupId": own.id}))
    before = [workspace, *([own] if own is not None else []), *after]
    for group in azure_groups(monitoring, plan.rules_per_group):
        rules = [
            azure_rule(rule, runbooks=monitoring.runbooks, severities=plan.severities, actions=notified)
            for rule in group.rules
        ]
        pulumi_azure_native.alertsmanagement.PrometheusRuleGroup(
            f"{name}-rules-{group.name}",
            rule_group_name=group.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            scopes=[workspace.id],
            interval=_INTERVAL,
            enabled=True,
            rules=cast("list[Any]", rules),
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=before),
        )
