"""One served model: its identity, its vLLM Deployments, the Service in front, and its way to the gateway."""

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgsDict, DeploymentStrategyArgsDict
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

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
    ARGUMENTS_KEY,
    HTTP_PORT_NAME,
    pod_template,
    selector,
)
from components.serving.route import ModelRoute
from components.serving.scaling import ModelScaling
from planning.plan import DeploymentPlan, ModelPlan, RolloutPlan


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
            ConfigMap(
                f"{name}-arguments",
                metadata=metadata(plan.config_map, plan.namespace),
                data={ARGUMENTS_KEY: plan.arguments_file},
                immutable=True,
                opts=here,
            ),
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
            self._deployment(plan, deployment, cluster, [pools.by_name[deployment.placement.pool], *needed])
            for deployment in plan.deployments
        ]
        limit = f"{plan.handover.timeout_seconds}s"
        # Straight on the pools as well: what is gone of this model must be gone before a pool of its own goes.
        moved = [*(pools.by_name[placement.pool] for placement in plan.placement), *self.deployments]
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
        for deployment in plan.deployments:
            if deployment.disruption_budget:
                self._budget(plan, deployment, here)
        ModelRoute(
            f"{name}-route",
            plan,
            gateway_plan=gateway.plan,
            cluster=cluster,
            ready=[serving.namespace, self.service, *gateway.ready],
            opts=pulumi.ResourceOptions(parent=self),
        )
        ready: list[pulumi.Resource] = [autoscaling.release, *self.deployments]
        for deployment in plan.deployments:
            scaling = ModelScaling(
                f"model-{deployment.name}-scaling",
                deployment.scaling,
                deployment=deployment.name,
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

    def _deployment(
        self, plan: ModelPlan, deployment: DeploymentPlan, cluster: Cluster, needed: list[pulumi.Resource]
    ) -> Deployment:
        """Named after the Deployment itself, so that a model that moves to another pool stays one resource."""
        spec: DeploymentSpecArgsDict = {
            "selector": {"match_labels": selector(deployment)},
            "strategy": _strategy(deployment.rollout),
            "progress_deadline_seconds": deployment.progress_seconds,
            "revision_history_limit": 3,
            "template": pod_template(plan, deployment),
        }
        autoscaled = deployment.replicas is None
        if not autoscaled:
            spec["replicas"] = deployment.replicas
        # Pulumi waits 10 minutes by default.
        limit = f"{deployment.rollout_seconds}s"
        return Deployment(
            f"{deployment.name}-deployment",
            metadata=_metadata(plan, deployment),
            spec=spec,
            opts=in_cluster(
                self,
                cluster,
                *needed,
                timeouts=pulumi.CustomTimeouts(create=limit, update=limit, delete=limit),
                # A number that was fixed till now stays until KEDA moves it: one that nobody sets any more becomes 1.
                ignore_changes=["spec.replicas"] if autoscaled else [],
            ),
        )

    def _budget(self, plan: ModelPlan, deployment: DeploymentPlan, opts: pulumi.ResourceOptions) -> None:
        PodDisruptionBudget(
            f"{deployment.name}-disruption-budget",
            metadata=metadata(deployment.name, plan.namespace),
            spec={
                "max_unavailable": 1,
                "selector": {"match_labels": selector(deployment)},
                # A replica that never got ready must not block a node's upgrade.
                "unhealthy_pod_eviction_policy": "AlwaysAllow",
            },
            opts=opts,
        )


def _metadata(plan: ModelPlan, deployment: DeploymentPlan) -> ObjectMetaArgsDict:
    # What the stack file says wins over whoever wrote it last: KEDA, where the number of replicas was its before.
    annotations = {"pulumi.com/patchForce": "true"}
    if deployment.placement.min == 0:
        # Replicas that may be none are not waited for: that a spot node can't be had now is no failure.
        annotations["pulumi.com/skipAwait"] = "true"
    return {**metadata(deployment.name, plan.namespace), "annotations": annotations}


def _strategy(rollout: RolloutPlan) -> DeploymentStrategyArgsDict:
    return {
        "type": rollout.strategy,
        "rolling_update": {"max_surge": rollout.max_surge, "max_unavailable": rollout.max_unavailable},
    }
