"""What lies below Kubernetes, as everything above it sees it: a cluster to build in and identities for its pods.

AKS is the first foundation. Nothing above this handle names a cloud; what a cloud wants in the objects of the cluster
(annotations, labels, providers of secrets) comes from the Plan or out of here.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pulumi
import pulumi_kubernetes
from msgspec import Struct

from planning.plan import NodeSelection


class KubernetesCluster(Struct, frozen=True, kw_only=True):
    """A cluster that objects can be made in."""

    provider: pulumi_kubernetes.Provider
    """Makes every object of the cluster."""
    deleted_with: pulumi.Resource | None
    """What takes every object along when it is deleted; None where the cluster isn't ours to delete."""
    issuer_url: pulumi.Output[str] | None
    """Who signs the tokens of service accounts (OIDC); None where nobody outside can check them."""
    system_nodes: NodeSelection
    """Where everything but models runs."""
    pools: Mapping[str, Sequence[pulumi.Resource]]
    """What a pod on a pool waits for, by the pool's name in the Plan."""


class PodIdentity(Struct, frozen=True, kw_only=True):
    """What a pod needs in order to be someone outside the cluster."""

    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of its service account."""
    ready: Sequence[pulumi.Resource]
    """What it waits for: the trust in its service account, its rights, and what those are rights to."""


class PodIdentities(Protocol):
    """Makes the identities that the foundation planned."""

    def identity(self, namespace: str, service_account: str, *, parent: pulumi.Resource) -> PodIdentity:
        """Identity of the pods of one service account, made below the component that they belong to."""


class Foundation(Struct, frozen=True, kw_only=True):
    """Everything that the program may know of what is below Kubernetes."""

    name: str
    """What people call the cluster."""
    cluster: KubernetesCluster
    """The cluster."""
    identities: PodIdentities
    """Identities for its pods."""
    components: Sequence[pulumi.Resource]
    """What it is made of, to be guarded as a whole."""
