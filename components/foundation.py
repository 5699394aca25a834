"""What is below Kubernetes, as everything above it sees it: a cluster to build in and identities for its pods.

AKS is the first foundation. Nothing above this handle names a cloud; what a cloud requires in the objects of the
cluster (annotations, labels, providers of secrets) comes from the Plan or from this handle.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pulumi
import pulumi_kubernetes
from msgspec import Struct

from planning.plan import MonitoringPlan, NodeSelection


class KubernetesCluster(Struct, frozen=True, kw_only=True):
    """A cluster in which objects can be created."""

    provider: pulumi_kubernetes.Provider
    """The provider of every object in the cluster."""
    deleted_with: pulumi.Resource | None
    """The resource whose deletion deletes every object; None where this program doesn't own the cluster."""
    issuer_url: pulumi.Output[str] | None
    """OIDC issuer of the service accounts' tokens; None where nothing outside the cluster can verify them."""
    system_nodes: NodeSelection
    """Where everything but models runs."""
    pools: Mapping[str, Sequence[pulumi.Resource]]
    """Resources that a pod on a pool waits for, by the pool's name in the Plan."""
    admission: Sequence[pulumi.Resource] = ()
    """What decides about every pod of the platform's namespaces: they are made after it."""


class PodIdentity(Struct, frozen=True, kw_only=True):
    """What a pod needs to have an identity outside the cluster."""

    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of its service account."""
    ready: Sequence[pulumi.Resource]
    """What its pods wait for: the federated credential, its role assignments, and the resources they are for."""


class PodIdentities(Protocol):
    """Creates the planned identities of the foundation."""

    def identity(self, namespace: str, service_account: str, *, parent: pulumi.Resource) -> PodIdentity:
        """Identity of the pods of one service account, created below their component."""


class MetricsStore(Protocol):
    """Where Prometheus sends its samples, outside the cluster."""

    def remote_write(self, identity: PodIdentity) -> Mapping[str, Any]:
        """Address and sign-in, with outputs, of an item of `remoteWrite` of a Prometheus with this identity."""

    def evaluate(self, plan: MonitoringPlan, *, after: Sequence[pulumi.Resource]) -> None:
        """Have the platform's rules evaluated there, where the Plan says so, once samples arrive."""


class Foundation(Struct, frozen=True, kw_only=True):
    """Everything that the program may know about what is below Kubernetes."""

    name: str
    """Display name of the cluster."""
    cluster: KubernetesCluster
    """The cluster."""
    identities: PodIdentities
    """Identities for its pods."""
    metrics: MetricsStore | None
    """Where samples are sent; None where they stay in the cluster."""
    gateway_address: Sequence[pulumi.Resource]
    """What the gateway's load balancer waits for to have its address."""
    components: Sequence[pulumi.Resource]
    """Its components, to be guarded as a whole."""
