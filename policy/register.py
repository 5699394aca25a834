"""Every policy, once."""

from policy import azure_cluster, azure_data, estate, kubernetes_objects, kubernetes_pods
from policy.policies import Policy

POLICIES: tuple[Policy, ...] = (
    *azure_cluster.POLICIES,
    *azure_data.POLICIES,
    *estate.POLICIES,
    *kubernetes_pods.POLICIES,
    *kubernetes_objects.POLICIES,
)
BY_NAME = {policy.name: policy for policy in POLICIES}
