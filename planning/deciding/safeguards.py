"""Plans AKS's Deployment Safeguards, and what of the platform's own objects they would otherwise change."""

from planning.deciding.image_admission import platform_namespaces
from planning.deciding.releases import NAMESPACE
from planning.deciding.traffic import GATEWAY_NAMESPACE
from planning.plan import Pairs, SafeguardsPlan
from planning.resolving.resolution import ResolvedStack

# Pods there are the platform's own, which keep the list, or there are none. Of charts' pods the charts decide.
_INCLUDED = (NAMESPACE, GATEWAY_NAMESPACE)
# What the Job that waits for a model's move asks for, and the least that AKS leaves as it is:
# https://learn.microsoft.com/azure/aks/deployment-safeguards (resource requests mutator).
_SHARE: Pairs = (("cpu", "10m"), ("memory", "16Mi"))
_LEAST: Pairs = (("cpu", "100m"), ("memory", "100Mi"))


def safeguards(stack: ResolvedStack) -> SafeguardsPlan | None:
    """Plan them; None where they are off."""
    level = stack.settings.cluster.deployment_safeguards
    if level == "off":
        return None
    return SafeguardsPlan(
        level="Enforce" if level == "enforce" else "Warn",
        excluded=tuple(name for name in platform_namespaces(stack) if name not in _INCLUDED),
    )


def waiting_share(stack: ResolvedStack) -> Pairs:
    """Requests and limits of the Job that waits for a model's move: what is smaller AKS would raise."""
    return _SHARE if stack.settings.cluster.deployment_safeguards == "off" else _LEAST
