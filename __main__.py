"""The architecture: read the stack, decide everything, then build it from the ground up."""

import pulumi
import pulumi_azure_native

import catalog
import config
from components.azure.cluster import Cluster
from components.azure.identity import ClusterIdentities
from components.azure.model_store import ModelStore
from components.azure.network import Network
from components.azure.node_pools import NodePools
from components.azure.registry import Registry
from components.azure.resource_groups import ResourceGroups
from components.azure.vault import Vault
from components.cluster.autoscaling import Autoscaling
from components.cluster.gateway import Gateway
from components.cluster.gpu_operator import GpuOperator
from components.cluster.monitoring import Monitoring
from components.cluster.secrets import Secrets
from components.guard import guard
from components.serving.model import Model
from components.serving.models_namespace import Serving
from config.from_pulumi import sections
from planning import decide

stack, bootstrap = sections()
plan = decide(config.load(stack), catalog.load(), bootstrap=bootstrap)

# The default provider would build in whatever subscription the operator happens to be signed in to.
azure = pulumi_azure_native.Provider(
    "azure", subscription_id=plan.platform.subscription_id, tenant_id=plan.platform.tenant_id
)
there = pulumi.ResourceOptions(providers=[azure])

groups = ResourceGroups("groups", plan.platform, plan.model_store, opts=there)
network = Network("network", plan.network, groups=groups, opts=there)
identity = ClusterIdentities("identity", plan.identity, groups=groups, network=network, opts=there)
cluster = Cluster("cluster", plan.cluster, groups=groups, network=network, identities=identity, opts=there)
pools = NodePools("pools", plan.pools, groups=groups, network=network, cluster=cluster, opts=there)

vault = Vault("vault", plan.vault, groups=groups, network=network, bootstrap=bootstrap, opts=there)
registry = Registry("registry", plan.registry, groups=groups, network=network, identities=identity, opts=there)
store = ModelStore("model-store", plan.model_store, groups=groups, network=network, opts=there)

secrets = Secrets("secrets", plan.secrets, groups=groups, vault=vault, cluster=cluster, opts=there)
gpu_operator = GpuOperator("gpu-operator", plan.gpu_operator, cluster=cluster)
monitoring = Monitoring("monitoring", plan.monitoring, cluster=cluster)
autoscaling = Autoscaling("autoscaling", plan.autoscaling, cluster=cluster)
gateway = Gateway("gateway", plan.gateway, secrets=secrets, cluster=cluster)

serving = Serving("serving", plan.serving, secrets=secrets, cluster=cluster)
models = [
    Model(
        f"model-{model.name}", model, groups=groups, cluster=cluster, pools=pools, gpu_operator=gpu_operator,
        store=store, serving=serving, gateway=gateway, autoscaling=autoscaling, monitoring=monitoring, opts=there,
    )
    for model in plan.models
]  # fmt: skip

guard(
    [groups, network, identity, cluster, pools, vault, registry, store, secrets, gpu_operator, monitoring, autoscaling,
     gateway, serving, *models],
    protect=plan.platform.protect,
)  # fmt: skip

pulumi.export("gateway", f"https://{plan.gateway.hostname}/v1")
pulumi.export("cluster", plan.cluster.name)
pulumi.export("models", [model.name for model in plan.models])
