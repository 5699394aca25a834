"""Who signs the gateway's certificate: an authority that speaks ACME, to which a record in DNS proves the host name.

cert-manager's controller writes that record with an identity of its own, which may do so in one zone. A ClusterIssuer
and not an Issuer: only for those does it sign in as its own pod (`--cluster-issuer-ambient-credentials`). Whoever may
make Certificates elsewhere gets one for this host name at most: the solver is for no other.
"""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import IssuerPlan, Json

_API = "cert-manager.io/v1"
# Renewed so long before its end, a failure leaves a month, and the alerts say so after 16 days.
_RENEW_BEFORE = "720h"
# The first time: an account, a record that spreads, a check, a signature. An authority that refuses answers at once.
_ISSUED_WITHIN = "20m"
_ISSUED = "condition=Ready"


def issuer_account(
    name: str,
    plan: IssuerPlan,
    *,
    identities: PodIdentities,
    cluster: KubernetesCluster,
    namespace: str,
    space: pulumi.Resource,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """What the controller's pods start after: their account, and the identity that may write the record."""
    identity = identities.identity(namespace, plan.service_account, parent=parent)
    account = ServiceAccount(
        f"{name}-account",
        metadata={
            "name": plan.service_account,
            "namespace": namespace,
            "labels": labels(plan.service_account),
            "annotations": dict(identity.annotations),
        },
        automount_service_account_token=False,
        opts=in_cluster(parent, cluster, space),
    )
    return [account, *identity.ready]


def issuer_values(plan: IssuerPlan) -> dict[str, Json]:
    """Values of cert-manager's chart by which its controller has the identity, and sees the record as others do."""
    return {
        "serviceAccount": {"create": False, "name": plan.service_account},
        "automountServiceAccountToken": True,
        "podLabels": dict(plan.pod_labels),
        "dns01RecursiveNameservers": plan.resolver,
        "dns01RecursiveNameserversOnly": True,
    }


def cluster_issuer(
    name: str, plan: IssuerPlan, *, chart: pulumi.Resource, cluster: KubernetesCluster, parent: pulumi.Resource
) -> CustomResource:
    """The ClusterIssuer, which registers its account with the authority."""
    return CustomResource(
        f"{name}-issuer",
        api_version=_API,
        kind="ClusterIssuer",
        metadata=metadata(plan.name),
        spec={
            "acme": {
                "server": plan.server,
                "email": plan.email,
                "privateKeySecretRef": {"name": plan.account_secret},
                "solvers": [{"selector": {"dnsNames": [plan.hostname]}, "dns01": plan.solver}],
            }
        },
        opts=in_cluster(parent, cluster, chart),
    )


def signed_certificate(
    resource_name: str, *, issuer: str, hostname: str, secret: str, namespace: str, opts: pulumi.ResourceOptions
) -> CustomResource:
    """A Certificate of one host name; an update that brings it waits until it is signed.

    So the gateway turns to its Secret only then, and cert-manager writes a new one over it only once that is signed.
    """
    return CustomResource(
        resource_name,
        api_version=_API,
        kind="Certificate",
        metadata=metadata(secret, namespace, {"pulumi.com/waitFor": _ISSUED}),
        spec={
            "secretName": secret,
            "dnsNames": [hostname],
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "renewBefore": _RENEW_BEFORE,
        },
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=_ISSUED_WITHIN))
        ),
    )
