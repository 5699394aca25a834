"""Rules about the support of the cluster's Kubernetes version, by the date of the catalog and by the day."""

from config.wording import listed
from planning.resolving.resolution import Resolution
from planning.resolving.versions import community_ended
from planning.rules.register import Violation, Violations, stack_rule

_AKS = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions"


@stack_rule(
    "K8S-LTS",
    "error",
    prevents="AKS refuses the cluster: that Kubernetes version is offered under long-term support (Premium tier) only.",
    source=_AKS,
    reads=("cluster.kubernetes",),
    needs="aks",
)
def community_support(stack: Resolution) -> Violations:
    """The cluster's Kubernetes minor version has community support on the date of the catalog."""
    facts = stack.catalog.azure
    forced = facts.forced_upgrades
    minor = facts.kubernetes.get(stack.settings.cluster.kubernetes)
    if minor is not None and community_ended(minor, facts.as_of):
        yield Violation(
            "cluster.kubernetes",
            (
                f"community support of {minor.minor} ended in {minor.community_end}; AKS offers it with the Premium "
                f"tier's long-term support only, until {minor.lts_end}; from {forced.from_date} on it upgrades "
                f"clusters by itself that have been out of support for {forced.days} days"
            ),
            f"write one of {listed(_current(stack, facts.as_of))}",
        )


@stack_rule(
    "K8S-ENDED",
    "warning",
    prevents="Security vulnerabilities stay unfixed, and in the end AKS upgrades the cluster by itself.",
    source=_AKS,
    reads=("cluster.kubernetes",),
    needs="aks",
)
def community_support_today(stack: Resolution) -> Violations:
    """Community support of the cluster's Kubernetes minor version has not ended since the date of the catalog."""
    facts, day = stack.catalog.azure, stack.today
    minor = facts.kubernetes.get(stack.settings.cluster.kubernetes)
    if minor is None or day is None or community_ended(minor, facts.as_of) or not community_ended(minor, day):
        return
    current = _current(stack, day)
    yield Violation(
        "cluster.kubernetes",
        f"community support of {minor.minor} ended in {minor.community_end}, before {day}; long-term support "
        f"(Premium tier) lasts until {minor.lts_end}",
        f"write one of {listed(current)}" if current else "move to a version of this program with a newer catalog",
    )


def _current(stack: Resolution, day: str) -> list[str]:
    return [name for name, minor in stack.catalog.azure.kubernetes.items() if not community_ended(minor, day)]
