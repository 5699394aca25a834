"""What Azure refuses of a container registry's cache rules.

Source: MicrosoftDocs/azure-management-docs articles/container-registry/artifact-cache-cli.md @0523fc6d ("for some
sources, such as Docker Hub, credentials are required to create a cache rule"), artifact-cache-overview.md @0161e50c
(the upstream registries) and wildcards-artifact-cache.md @053e3920 (which rules overlap).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_UPSTREAMS: Final = (
    "docker.io", "gcr.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io", "registry.k8s.io",
)  # fmt: skip
_WITH_CREDENTIALS: Final = "docker.io"


def refusal(rule: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> str | None:
    """Why Azure refuses a rule beside the others of its registry; None where it takes it."""
    source, target = str(rule.get("sourceRepository")), str(rule.get("targetRepository"))
    upstream = source.partition("/")[0]
    if upstream not in _UPSTREAMS:
        return f"CacheRuleUpstreamNotSupported: '{upstream}'"
    if upstream == _WITH_CREDENTIALS and not rule.get("credentialSetResourceId"):
        return f"CacheRuleCredentialSetRequired: '{source}' is read with credentials only"
    for existing in others:
        before = str(existing.get("targetRepository"))
        if before == target or _overlap(before, target):
            return f"CacheRuleOverlaps: '{target}' and '{before}'"
    return None


def _overlap(one: str, other: str) -> bool:
    """Whether two wildcards cover a path together; a fixed path may lie in a wildcard."""
    if not (one.endswith("*") and other.endswith("*")):
        return False
    short, long = sorted((one.removesuffix("*"), other.removesuffix("*")), key=len)
    return long.startswith(short)
