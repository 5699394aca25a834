"""Plans AKS's Deployment Safeguards, and what of the platform's own objects they would otherwise change."""

from msgspec.structs import replace

from planning.deciding.image_admission import platform_namespaces
from planning.deciding.releases import NAMESPACE
from planning.deciding.traffic import GATEWAY_NAMESPACE
from planning.plan import Pairs, SafeguardsPlan
from planning.plan.system_pods import Requests
from planning.resolving.logs import STORE_NAMESPACE
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import NAMESPACE as SAFETY_NAMESPACE
from planning.resolving.telemetry import NAMESPACE as TELEMETRY_NAMESPACE

# Pods there are the platform's own, which keep the list, or there are none. Of charts' pods the charts decide, and what
# reads every node's logs needs what the list forbids.
_INCLUDED = (NAMESPACE, GATEWAY_NAMESPACE, SAFETY_NAMESPACE, TELEMETRY_NAMESPACE, STORE_NAMESPACE)
# A limit of CPU is demanded; it shall throttle only what is out of hand.
_CPU_LIMIT_MILLICORES, _TIMES_REQUESTED = 1000, 4
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


def within_safeguards(stack: ResolvedStack, requests: Requests) -> Requests:
    """What a container of the platform requests, with a limit of CPU where they demand one."""
    if stack.settings.cluster.deployment_safeguards == "off":
        return requests
    limit = max(_CPU_LIMIT_MILLICORES, _TIMES_REQUESTED * requests.cpu_millicores)
    return replace(requests, cpu_limit_millicores=limit)


def waiting_share(stack: ResolvedStack) -> Pairs:
    """Requests and limits of the Job that waits for a model's move: what is smaller AKS would raise."""
    return _SHARE if stack.settings.cluster.deployment_safeguards == "off" else _LEAST
