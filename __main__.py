"""The architecture: read the stack, decide everything, then build it from the ground up."""

import pulumi
import pulumi_azure_native

import catalog
import config
from components.autoscaling import Autoscaling
from components.cluster import Cluster
from components.gateway import Gateway
from components.gpu_operator import GpuOperator
from components.guard import guard
from components.identity import ClusterIdentities
from components.model import Model
from components.model_store import ModelStore
from components.monitoring import Monitoring
from components.network import Network
from components.node_pools import NodePools
from components.registry import Registry
from components.resource_groups import ResourceGroups
from components.secrets import Secrets
from components.serving import Serving
from components.vault import Vault
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
