"""The managed model behind one of our models: its address, its API, and the key to sign in with."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.external_secret import external_secret, trimmed
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import FallbackPlan, Json

# A key that is replaced in the vault takes effect within this time.
_KEY_REFRESH = "5m"


def fallback_backend(
    name: str,
    plan: FallbackPlan,
    *,
    namespace: str,
    cluster: KubernetesCluster,
    ready: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """Everything that a route to it waits for: no request is sent there before the gateway can sign in.

    The name for TLS is written out: taken from the endpoint, Envoy Gateway would make a cluster of each backend, which
    the AI gateway passes over (Envoy Gateway internal/ir/xds.go, `HasMixedAutoSNISettings`; agent-router
    internal/extensionserver/post_translate_modify.go, `maybeModifyCluster`).
    """
    opts = in_cluster(parent, cluster, *ready)
    key = external_secret(
        f"{name}-key",
        secret=plan.name,
        store=plan.secret_store,
        data={plan.secret_key: plan.vault_secret},
        template=trimmed([plan.secret_key]),
        refresh=_KEY_REFRESH,
        opts=opts,
    )
    address = CustomResource(
        f"{name}-address",
        api_version="gateway.envoyproxy.io/v1alpha1",
        kind="Backend",
        metadata=metadata(plan.name, plan.secret_store.namespace),
        spec={
            "endpoints": [{"fqdn": {"hostname": plan.host, "port": plan.port}}],
            "tls": {"wellKnownCACertificates": "System", "sni": plan.host},
        },
        opts=opts,
    )
    backend = CustomResource(
        f"{name}-backend",
        api_version="aigateway.envoyproxy.io/v1beta1",
        kind="AIServiceBackend",
        metadata=metadata(plan.name, namespace),
        spec={
            "schema": plan.schema,
            "backendRef": {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": plan.name},
            "headerMutation": {"remove": list(plan.kept_back)},
        },
        opts=in_cluster(parent, cluster, *ready, address),
    )
    sign_in = CustomResource(
        f"{name}-sign-in",
        api_version="aigateway.envoyproxy.io/v1beta1",
        kind="BackendSecurityPolicy",
        metadata=metadata(plan.name, namespace),
        spec={
            "targetRefs": [{"group": "aigateway.envoyproxy.io", "kind": "AIServiceBackend", "name": plan.name}],
            **plan.security,
        },
        opts=in_cluster(parent, cluster, *ready, backend, key),
    )
    return [key, address, backend, sign_in]


def backends(own: dict[str, Json], plan: FallbackPlan | None) -> list[Json]:
    """References of a rule: our own pods, and the managed model behind them.

    By priority it gets what ours can't answer, by weight its share of all. Priorities count from 0 without gaps, or
    Envoy refuses the cluster.
    """
    if plan is None:
        return [own]
    provider: dict[str, Json] = {"name": plan.name, "modelNameOverride": plan.model}
    if plan.share is None:
        return [{**own, "priority": 0}, {**provider, "priority": 1}]
    return [{**own, "weight": 100 - plan.share}, {**provider, "weight": plan.share}]
