"""The architecture: read the stack, decide everything, then build it from the ground up."""

import pulumi

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
platform = plan.platform

groups = ResourceGroups("groups", platform, plan.model_store)
network = Network("network", plan.network, platform=platform, group=groups.platform)
identity = ClusterIdentities("identity", plan.identity, platform=platform, group=groups.platform, network=network)
cluster = Cluster(
    "cluster", plan.cluster, platform=platform, network_plan=plan.network, group=groups.platform, network=network,
    identities=identity,
)  # fmt: skip
pools = NodePools(
    "pools", plan.pools, platform=platform, cluster_name=plan.cluster.name, node_subnet_id=network.subnet_ids["nodes"],
    cluster=cluster, group=groups.platform,
)  # fmt: skip

vault = Vault("vault", plan.vault, platform=platform, group=groups.platform, network=network, bootstrap=bootstrap)
registry = Registry(
    "registry", plan.registry, platform=platform, group=groups.platform, network=network, identities=identity
)
store = ModelStore(
    "model-store", plan.model_store, platform=platform, groups=(groups.platform, groups.model_store), network=network
)

secrets = Secrets(
    "secrets",
    plan.secrets,
    vault_plan=plan.vault,
    platform=platform,
    group=groups.platform,
    vault=vault,
    cluster=cluster,
)
monitoring = Monitoring(
    "monitoring", plan.monitoring, serving_plan=plan.serving, operator_plan=plan.gpu_operator, cluster=cluster
)
gpu_operator = GpuOperator("gpu-operator", plan.gpu_operator, cluster=cluster)
autoscaling = Autoscaling("autoscaling", plan.autoscaling, cluster=cluster)
gateway = Gateway("gateway", plan.gateway, secrets_plan=plan.secrets, secrets=secrets, cluster=cluster)

serving = Serving("serving", plan.serving, secrets_plan=plan.secrets, secrets=secrets, cluster=cluster)
models = [
    Model(
        f"model-{model.name}", model, platform=platform, group=groups.platform, cluster=cluster, pools=pools.by_name,
        gpu_operator=gpu_operator, store=store, serving=serving, gateway_plan=plan.gateway, gateway=gateway,
        autoscaling=autoscaling, monitoring_plan=plan.monitoring,
    )
    for model in plan.models
]  # fmt: skip

guard(
    [groups, network, identity, cluster, pools, vault, registry, store, secrets, monitoring, gpu_operator, autoscaling,
     gateway, serving, *models],
    protect=platform.protect,
)  # fmt: skip

pulumi.export("gateway", f"https://{plan.gateway.hostname}/v1")
pulumi.export("cluster", plan.cluster.name)
pulumi.export("models", [model.name for model in plan.models])
