"""Rules about what the gateway lets one client take: no limit keeps GPUs idle while clients are refused."""

from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, release_rule

_LIMIT, _CLIENTS, _PROXIES = "gateway.limits.requests_per_minute", "tenants", "gateway.replicas"


@release_rule(
    "PATH-LIMIT",
    "warning",
    prevents="Clients are answered 429 while the GPUs that are paid for wait: all clients together may not send what "
    "one replica takes.",
    source="this program: each proxy counts the requests of each client to each model by itself",
    model=("concurrency",),
    reads=(_LIMIT, _CLIENTS, _PROXIES),
)
def limit_leaves_a_replica_busy(stack: Resolution, release: ReleaseView) -> Violations:
    """All clients together may send as many requests of a minute as one replica takes at once (`concurrency`)."""
    gateway, wanted = stack.settings.gateway, release.settings.concurrency
    # Fewer than one proxy is a mistake of its own.
    limit, clients, proxies = (
        gateway.limits.requests_per_minute,
        len(stack.settings.tenants),
        max(1, gateway.replicas.min),
    )
    allowed = limit * clients * proxies
    if allowed < wanted:
        yield Violation(
            _LIMIT,
            f"{limit}: from all clients ({clients}) through the fewest proxies ({proxies}) that is {allowed} requests "
            f"a minute, but one replica of `{release.name}` takes {wanted} at once, and waits for more",
            f"write {-(-wanted // (clients * proxies))} or more, or lower {release.path}.concurrency",
        )
