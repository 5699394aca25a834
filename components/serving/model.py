"""One served model: its identity, its releases, the Service in front, and its way to the gateway."""

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.azure.cluster import Cluster
from components.azure.model_store import ModelStore
from components.azure.node_pools import NodePools
from components.azure.resource_groups import ResourceGroups
from components.azure.workload_identity import WorkloadIdentity
from components.cluster.autoscaling import Autoscaling
from components.cluster.gateway import Gateway
from components.cluster.gpu_operator import GpuOperator
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import (
    MODEL,
    PROMETHEUS_PODS,
    PROXY_PODS,
    labels,
    metadata,
)
from components.cluster.monitoring import Monitoring
from components.cluster.network_policies import HTTP_PORT, Caller, model_traffic
from components.serving.handover import handover
from components.serving.models_namespace import Serving
from components.serving.pod import (
    HTTP_PORT_NAME,
)
from components.serving.release import arguments, deployments
from components.serving.route import ModelRoute
from components.serving.scaling import ModelScaling
from components.serving.workload import disruption_budget
from planning.plan import ModelPlan


class Model(pulumi.ComponentResource):
    """Everything that bears the model's name: adding a model adds one of these and changes nothing else."""

    service: Service
    deployments: list[Deployment]

    def __init__(
        self,
        name: str,
        plan: ModelPlan,
        *,
        groups: ResourceGroups,
        cluster: Cluster,
        pools: NodePools,
        gpu_operator: GpuOperator,
        store: ModelStore,
        serving: Serving,
        gateway: Gateway,
        autoscaling: Autoscaling,
        monitoring: Monitoring,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Model", name, None, opts)
        identity = WorkloadIdentity(
            f"{name}-azure",
            plan.identity,
            platform=groups.plan,
            issuer_url=cluster.issuer_url,
            depends_on=[groups.platform],
            opts=pulumi.ResourceOptions(parent=self),
        )
        needed: list[pulumi.Resource] = [identity.ready, gpu_operator.release, *serving.ready]
        if plan.read_weights:
            needed += [identity.grant(plan.read_weights, store.id, [store.container]), *store.ready]

        here = in_cluster(self, cluster, serving.namespace)
        needed += [
            self._account(name, plan, identity, here),
            *(arguments(f"{name}-arguments", plan, release, here) for release in plan.releases),
            NetworkPolicy(
                f"{name}-traffic",
                metadata=metadata(plan.name, plan.namespace),
                spec=model_traffic(
                    plan.name,
                    callers=(
                        Caller(gateway.plan.envoy.namespace, PROXY_PODS),
                        Caller(monitoring.plan.chart.namespace, PROMETHEUS_PODS),
                    ),
                    store=store.addresses if plan.read_weights else None,
                ),
                opts=here,
            ),
        ]
        self.deployments = [
            made
            for release in plan.releases
            for made in deployments(self, plan, release, cluster=cluster, pools=pools.by_name, needed=needed)
        ]
        limit = f"{plan.handover.timeout_seconds}s"
        # Straight on the pools as well: what is gone of this model must be gone before a pool of its own goes.
        moved = [*(pools.by_name[workload.pool] for workload in plan.workloads), *self.deployments]
        handover(
            f"{name}-handover",
            plan,
            in_cluster(self, cluster, *moved, timeouts=pulumi.CustomTimeouts(create=limit, update=limit, delete=limit)),
        )
        self.service = Service(
            f"{name}-service",
            metadata=metadata(plan.name, plan.namespace),
            spec={
                "type": "ClusterIP",
                "selector": {MODEL: plan.name},
                "ports": [{"name": HTTP_PORT_NAME, "port": HTTP_PORT, "target_port": HTTP_PORT_NAME}],
            },
            # Pulumi waits 10 minutes for a Service to have endpoints, which is less than a model takes to start.
            opts=in_cluster(self, cluster, serving.namespace, *self.deployments),
        )
        for workload in plan.workloads:
            if workload.disruption_budget:
                disruption_budget(plan, workload, here)
        ModelRoute(
            f"{name}-route",
            plan,
            gateway_plan=gateway.plan,
            cluster=cluster,
            ready=[serving.namespace, self.service, *gateway.ready],
            opts=pulumi.ResourceOptions(parent=self),
        )
        ready: list[pulumi.Resource] = [autoscaling.release, *self.deployments]
        for workload in plan.workloads:
            scaling = ModelScaling(
                f"model-{workload.name}-scaling",
                workload.scaling,
                target=workload,
                namespace=plan.namespace,
                cluster=cluster,
                ready=tuple(ready),
                opts=pulumi.ResourceOptions(parent=self),
            )
            # KEDA refuses a second ScaledObject of one Deployment, which the first may have had till now.
            ready.append(scaling.scaled_object)
        self.register_outputs({"service": plan.name})

    def _account(
        self, name: str, plan: ModelPlan, identity: WorkloadIdentity, opts: pulumi.ResourceOptions
    ) -> ServiceAccount:
        return ServiceAccount(
            f"{name}-account",
            metadata={
                "name": plan.service_account,
                "namespace": plan.namespace,
                "labels": labels(plan.name),
                "annotations": {"azure.workload.identity/client-id": identity.client_id},
            },
            automount_service_account_token=False,
            opts=opts,
        )
