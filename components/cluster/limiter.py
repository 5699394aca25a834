"""What the rate-limit service needs before Envoy Gateway starts it: Redis' password, and Redis where it is ours."""

import pulumi

from components.cluster.external_secret import external_secret, trimmed
from components.cluster.in_cluster import in_cluster
from components.cluster.limiter_specs import PASSWORD_KEY, PASSWORD_SECRET
from components.cluster.redis import redis
from components.cluster.secret_store import secret_store
from components.cluster.secrets import Secrets
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import LimiterPlan


def limiter(
    name: str,
    plan: LimiterPlan,
    *,
    secrets: Secrets,
    identities: PodIdentities,
    cluster: KubernetesCluster,
    space: pulumi.Resource,
    closed: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """Make it in the proxies' namespace `space`, whose network policies are `closed`; returns what the chart awaits."""
    store = secret_store(
        f"{name}-secrets",
        plan.secret_store,
        secrets=secrets,
        identities=identities,
        cluster=cluster,
        space=space,
        parent=parent,
    )
    password = external_secret(
        f"{name}-password",
        secret=PASSWORD_SECRET,
        store=plan.secret_store,
        data={PASSWORD_KEY: plan.password},
        template=trimmed([PASSWORD_KEY]),
        opts=in_cluster(parent, cluster, space, *store),
    )
    needs = [space, password, *closed]
    if plan.redis is None:
        return needs
    return [*needs, *redis(f"{name}-redis", plan.redis, plan.namespace, parent=parent, cluster=cluster, needs=needs)]
