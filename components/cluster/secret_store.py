"""The store of one namespace: an identity of its own reads what this namespace needs of the secrets, and nothing else.

Whoever has rights in a namespace may write an ExternalSecret there, and so reads whatever the namespace's store may
read: that is why no store is shared. External Secrets gets tokens of these stores' accounts alone, by a Role in each
namespace: its chart would let it have one of every account in the cluster (`rbac.serviceAccountTokenCreate`).
"""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from components.cluster.durations import in_seconds
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.cluster.secrets import Secrets
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import SecretStorePlan

KIND = "SecretStore"
# Of the operator, which states them when the store has signed in for the first time, and not before
# (external-secrets 2.9.0, pkg/controllers/secretstore/common.go).
_SIGNED_IN = "jsonpath={.status.capabilities}"
# A new identity is known everywhere some minutes after it was made, and what has failed is tried again 8.5 and 15.5
# minutes after the first time, and seldom in between (pkg/controllers/common/common.go, `BuildRateLimiter`).
_SIGN_IN_SECONDS = 1200


def secret_store(
    name: str,
    plan: SecretStorePlan,
    *,
    secrets: Secrets,
    identities: PodIdentities,
    cluster: KubernetesCluster,
    space: pulumi.Resource,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """What an ExternalSecret in the namespace `space` waits for: the operator, and a store that may read.

    An update that brings the store waits until it has signed in, so that an earlier store goes after that alone.
    """
    identity = identities.identity(plan.namespace, plan.service_account, parent=parent)
    in_namespace = in_cluster(parent, cluster, space)
    account = ServiceAccount(
        f"{name}-account",
        metadata={
            "name": plan.service_account,
            "namespace": plan.namespace,
            "labels": labels(plan.service_account),
            "annotations": dict(identity.annotations),
        },
        automount_service_account_token=False,
        opts=in_namespace,
    )
    tokens = f"{plan.service_account}-tokens"
    role = Role(
        f"{name}-tokens-role",
        metadata=metadata(tokens, plan.namespace),
        rules=[
            {
                "api_groups": [""],
                "resources": ["serviceaccounts/token"],
                "resource_names": [plan.service_account],
                "verbs": ["create"],
            }
        ],
        opts=in_namespace,
    )
    namespace, operator = plan.operator
    binding = RoleBinding(
        f"{name}-tokens",
        metadata=metadata(tokens, plan.namespace),
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": tokens},
        subjects=[{"kind": "ServiceAccount", "name": operator, "namespace": namespace}],
        opts=in_cluster(parent, cluster, space, role),
    )
    store = CustomResource(
        f"{name}-store",
        api_version="external-secrets.io/v1",
        kind=KIND,
        metadata=metadata(plan.name, plan.namespace, {"pulumi.com/waitFor": _SIGNED_IN}),
        spec={"provider": plan.provider},
        opts=in_cluster(
            parent,
            cluster,
            secrets.operator,
            space,
            account,
            binding,
            *identity.ready,
            timeouts=pulumi.CustomTimeouts(create=in_seconds(_SIGN_IN_SECONDS)),
        ),
    )
    # What the store waits for is not repeated here: the engine's time for a refused `destroy` grows with every way
    # through the graph (pulumi 3.259, resource/graph/dependency_graph.go, `markAsDependency`).
    return [secrets.operator, store]
