"""A platform in miniature: every kind of resource and every ordering rule of the real one, once."""

import base64

import pulumi
import pulumi_kubernetes as k8s
from pulumi_azure_native import containerservice, managedidentity, resources

settings = pulumi.Config("tiny")
region = settings.require("region")
protected = settings.get_bool("protected") or False
cluster_name, group_name = "tiny-aks", "tiny-rg"

group = resources.ResourceGroup("group", resource_group_name=group_name, location=region)
in_group = pulumi.ResourceOptions(depends_on=[group])
identity = managedidentity.UserAssignedIdentity(
    "identity", resource_group_name=group_name, resource_name_="tiny-id", opts=in_group
)
cluster = containerservice.ManagedCluster(
    "cluster",
    resource_group_name=group_name,
    resource_name_=cluster_name,
    dns_prefix="tiny",
    identity=containerservice.ManagedClusterIdentityArgs(
        type=containerservice.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
    ),
    oidc_issuer_profile=containerservice.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
    agent_pool_profiles=[
        containerservice.ManagedClusterAgentPoolProfileArgs(
            name="system",
            mode=containerservice.AgentPoolMode.SYSTEM,
            count=1,
            vm_size="Standard_D4ds_v5",
            os_disk_size_gb=64,
        )
    ],
    opts=pulumi.ResourceOptions(depends_on=[group], protect=protected),
)
pool = containerservice.AgentPool(
    "pool",
    resource_group_name=group_name,
    resource_name_=cluster_name,
    agent_pool_name="gpu1",
    count=1,
    mode=containerservice.AgentPoolMode.USER,
    vm_size=settings.get("vm_size") or "Standard_NC40ads_H100_v5",
    os_disk_size_gb=settings.get_int("os_disk_gb") or 128,
    node_taints=["nvidia.com/gpu=present:NoSchedule"],
    opts=pulumi.ResourceOptions(depends_on=[cluster], ignore_changes=["count"]),
)
credentials = containerservice.list_managed_cluster_user_credentials_output(
    resource_group_name=group_name,
    resource_name=cluster_name,
    format="exec",
    opts=pulumi.InvokeOutputOptions(depends_on=[cluster]),
)
kubeconfig = credentials.kubeconfigs[0].value.apply(lambda value: base64.b64decode(value).decode())
provider = k8s.Provider(
    "kubernetes",
    kubeconfig=pulumi.Output.secret(kubeconfig),
    cluster_identifier=f"{pulumi.get_project()}/{pulumi.get_stack()}/{cluster_name}",
    # Stated explicitly, although the kubeconfig is the cluster's: an unknown invoke carries no dependency at a preview.
    opts=pulumi.ResourceOptions(deleted_with=cluster, depends_on=[cluster]),
)


def inside(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options of an object in the cluster: it goes with the cluster and comes after what it needs."""
    return pulumi.ResourceOptions(provider=provider, deleted_with=cluster, depends_on=[*needed])


namespace = k8s.core.v1.Namespace("namespace", metadata={"name": "gpu-operator"}, opts=inside())
text = settings.get("text") or "one"
config_map = k8s.core.v1.ConfigMap(
    "config",
    metadata={"name": settings.get("config_name") or "config", "namespace": "gpu-operator"},
    data={"text": text},
    opts=inside(namespace),
)
token = k8s.core.v1.Secret(
    "token",
    metadata={"name": "token", "namespace": "gpu-operator"},
    string_data={"token": pulumi.Output.secret("hf_only_the_tests_know_this")},
    opts=inside(namespace),
)
release = k8s.helm.v3.Release(
    "operator",
    chart="gpu-operator",
    name="gpu-operator",
    namespace="gpu-operator",
    version="v26.3.3",
    values={"driver": {"enabled": False}},
    opts=inside(namespace, pool),
)
policy = k8s.apiextensions.CustomResource(
    "policy",
    api_version="nvidia.com/v1",
    kind="ClusterPolicy",
    metadata={"name": "policy"},
    spec={"operator": {"defaultRuntime": "containerd"}},
    opts=inside(release),
)
pulumi.export("issuer", cluster.oidc_issuer_profile.issuer_url)
