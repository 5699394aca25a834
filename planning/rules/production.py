"""Rules about production: what protects data and service is on, and what is open to the internet is known."""

from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule


@stack_rule(
    "PROD-PROTECTION",
    "warning",
    prevents="One command takes production away: `pulumi destroy` is not refused, a deleted vault is purged with its "
    "keys, the API server has no uptime agreement, the cluster's version runs out of support, no policy of the "
    "subscription is enforced in it, images with known flaws stay on nodes, or somebody changes what AKS makes.",
    source="https://learn.microsoft.com/azure/reliability/reliability-aks",
    reads=("platform.environment",),
    needs="aks",
)
def production_is_protected(stack: Resolution) -> Violations:
    """In production stack, vault and nodes' resources are protected, and AKS has what Azure offers to keep it safe."""
    if not stack.settings.platform.is_production:
        return
    settings = stack.settings
    weak = {
        "platform.protect": (not settings.platform.protected, "`pulumi destroy` deletes it", "leave it out"),
        "platform.locks": (
            not settings.platform.locks,
            "whoever has rights in the subscription may delete vault, weights, records and the outbound address",
            "leave it out, with a role for `pulumi up` that may make locks",
        ),
        "security.vault.purge_protection": (
            not settings.security.vault.purge_protection,
            "whoever deletes the vault can purge its keys at once",
            "write true",
        ),
        "cluster.tier": (
            settings.cluster.tier == "Free",
            "Free has no uptime agreement, and its API server is for small clusters",
            "write `Standard`",
        ),
        "cluster.upgrade_channel": (
            settings.cluster.upgrade_channel == "none",
            "nobody upgrades Kubernetes' patches",
            "write `patch`",
        ),
        "security.azure_policy": (
            settings.security.azure_policy is False,
            "no policy that is assigned to the subscription is enforced in the cluster",
            "leave it out",
        ),
        "security.image_cleaner": (
            settings.security.image_cleaner is False,
            "images with known flaws that no container uses stay on nodes",
            "leave it out",
        ),
        "security.node_resource_group": (
            settings.security.node_resource_group == "unrestricted",
            "others than AKS may change its scale sets, load balancers and disks, which AKS does not support",
            "leave it out",
        ),
    }
    for path, (is_weak, what, fix) in weak.items():
        if is_weak:
            yield Violation(path, f"this is production: {what}", fix, (path, "platform.environment"))


@stack_rule(
    "PROD-METRICS",
    "warning",
    prevents="While a node is drained, nothing is measured and no alert fires, and autoscaling goes by nothing.",
    source="https://prometheus.io/docs/introduction/faq/#can-prometheus-be-made-highly-available",
    reads=("observability.replicas", "platform.environment"),
)
def production_is_measured_twice(stack: Resolution) -> Violations:
    """In production, two replicas of Prometheus measure."""
    replicas = stack.settings.observability.replicas
    if stack.settings.platform.is_production and replicas < 2:  # noqa: PLR2004 - one may be lost
        yield Violation(
            "observability.replicas",
            f"this is production: {replicas} replica of Prometheus and of Alertmanager: with its node all alerts go",
            "write 2",
            ("observability.replicas", "platform.environment"),
        )


@stack_rule(
    "PROD-EXPOSED",
    "warning",
    prevents="Everybody on the internet may try keys, with nothing in front that filters or limits requests.",
    source="https://learn.microsoft.com/azure/aks/operator-best-practices-cluster-security",
    reads=("platform.environment",),
    needs="aks",
)
def production_is_private(stack: Resolution) -> Violations:
    """In production the gateway is reached from inside the network."""
    if stack.settings.platform.is_production and stack.settings.gateway.exposure == "public":
        yield Violation(
            "gateway.exposure",
            "this is production: the gateway has a public address, without a web application firewall before it",
            "leave it out, and let a firewall or Front Door in the network forward requests",
            ("gateway.exposure", "platform.environment"),
        )
