"""AKS's Deployment Safeguards: best practices that AKS warns about or enforces in the cluster."""

from typing import Literal

from msgspec import Struct


class SafeguardsPlan(Struct, frozen=True, kw_only=True):
    """What AKS does about objects that break its list, and where it looks at none."""

    level: Literal["Warn", "Enforce"]
    """Whether it says so, or refuses them and changes what it can."""
    excluded: tuple[str, ...]
    """Namespaces that are left alone, sorted: those with pods of charts, which the charts decide."""
