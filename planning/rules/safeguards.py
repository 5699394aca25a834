"""Rules about AKS's Deployment Safeguards: what they need, and what enforcing them does to others."""

from planning.resolving.production import on_in_production
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_LEVEL, _POLICY = "cluster.deployment_safeguards", "security.azure_policy"
_PAGE = "https://learn.microsoft.com/azure/aks/deployment-safeguards"


@stack_rule(
    "SAFE-POLICY",
    "error",
    prevents="Azure refuses the safeguards: the cluster has no add-on for Azure Policy, by which they work.",
    source=_PAGE,
    reads=(_LEVEL, _POLICY, "platform.environment"),
    needs="aks",
)
def safeguards_have_their_add_on(stack: Resolution) -> Violations:
    """Where Deployment Safeguards are on, the add-on for Azure Policy is."""
    settings = stack.settings
    is_on = on_in_production(settings.platform, settings.security.azure_policy)
    if settings.cluster.deployment_safeguards != "off" and not is_on:
        yield Violation(
            _LEVEL,
            f"`{settings.cluster.deployment_safeguards}` needs AKS's add-on for Azure Policy, which is not on",
            f"write {_POLICY}: true, or leave deployment_safeguards out",
        )


@stack_rule(
    "SAFE-OTHERS",
    "info",
    prevents="Workloads of others are refused or changed without notice: containers get requests and limits, 2 GiB "
    "where they name none.",
    source=_PAGE,
    reads=(_LEVEL,),
    needs="aks",
)
def enforcing_changes_what_others_deploy(stack: Resolution) -> Violations:
    """Deployment Safeguards are not enforced on namespaces that others use."""
    if stack.settings.cluster.deployment_safeguards == "enforce":
        yield Violation(
            _LEVEL,
            "`enforce` counts in every namespace that isn't the platform's: AKS refuses or changes what others deploy",
            "nothing where that is meant, or write warn",
        )
