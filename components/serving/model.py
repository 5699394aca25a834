"""One served model: its account, its releases, its Service, and its route from the gateway."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.cluster.autoscaling import Autoscaling
from components.cluster.durations import in_seconds
from components.cluster.gateway import Gateway
from components.cluster.gpu_operator import GpuOperator
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.cluster.network_policies import model_names, model_traffic
from components.foundation import KubernetesCluster, PodIdentities, PodIdentity
from components.serving.handover import handover
from components.serving.models_namespace import Serving
from components.serving.release import arguments, deployments
from components.serving.route import ModelRoute
from components.serving.scaling import ModelScaling
from components.serving.workload import disruption_budget
from planning.plan import ModelPlan
from planning.plan.endpoint import HTTP_PORT, HTTP_PORT_NAME
from planning.plan.labels import MODEL


class Model(pulumi.ComponentResource):
    """Everything named after the model: adding a model adds one of these and changes nothing else."""

    service: Service
    deployments: list[Deployment]

    def __init__(
        self,
        name: str,
        plan: ModelPlan,
        *,
        cluster: KubernetesCluster,
        identities: PodIdentities,
        gpu_operator: GpuOperator,
        serving: Serving,
        gateway: Gateway,
        autoscaling: Autoscaling,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Model", name, None, opts)
        identity = identities.identity(plan.namespace, plan.service_account, parent=self) if plan.has_identity else None
        needed: list[pulumi.Resource] = [gpu_operator.chart, *serving.ready]
        in_namespace = in_cluster(self, cluster, serving.namespace)
        needed += [
            *(identity.ready if identity is not None else ()),
            self._account(name, plan, identity, in_namespace),
            *(arguments(self, plan, release, cluster=cluster, space=serving.namespace) for release in plan.releases),
            *self._policies(name, plan, cluster, serving),
        ]
        scaled = self._scaling(plan, cluster, ready=[autoscaling.chart, *needed])
        self.deployments = [
            made
            for release in plan.releases
            for made in deployments(self, plan, release, cluster=cluster, needed=needed, scaled=scaled)
        ]
        limit = in_seconds(plan.handover.timeout_seconds)
        # Directly on the pools as well: removed objects of this model must be gone before its own pool is deleted.
        moved = [*(pool for workload in plan.workloads for pool in cluster.pools[workload.pool]), *self.deployments]
        handover(
            f"model-{plan.handover.name}-handover",
            plan,
            cluster.system_nodes,
            in_cluster(
                self,
                cluster,
                *moved,
                timeouts=pulumi.CustomTimeouts(create=limit, update=limit, delete=limit),
                formerly=f"{name}-handover",
            ),
        )
        # Without an address of its own its name resolves to every ready pod's, so that the proxies distribute requests.
        self.service = Service(
            f"{name}-pods",
            metadata=metadata(plan.service, plan.namespace),
            spec={
                "type": "ClusterIP",
                "cluster_ip": "None",
                "selector": {MODEL: plan.name},
                "ports": [{"name": HTTP_PORT_NAME, "port": HTTP_PORT, "target_port": HTTP_PORT_NAME}],
            },
            opts=in_cluster(self, cluster, serving.namespace, *self.deployments),
        )
        for workload in plan.workloads:
            if workload.disruption_budget is not None:
                disruption_budget(plan, workload, in_namespace)
        # A model that no tenant may use is called by other models alone.
        if plan.route.groups:
            ModelRoute(
                f"{name}-route",
                plan,
                cluster=cluster,
                ready=[serving.namespace, self.service, *gateway.ready],
                store=serving.store,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"service": plan.service})

    def _policies(
        self, name: str, plan: ModelPlan, cluster: KubernetesCluster, serving: Serving
    ) -> list[pulumi.Resource]:
        """What may reach its pods, and where they may go; by names first, or an update would shut them in."""
        by_name: list[pulumi.Resource] = []
        if plan.traffic.hosts:
            by_name.append(
                CustomResource(
                    f"{name}-names",
                    api_version="cilium.io/v2",
                    kind="CiliumNetworkPolicy",
                    metadata=metadata(plan.name, plan.namespace),
                    spec=model_names(plan.name, plan.traffic),
                    opts=in_cluster(self, cluster, serving.namespace),
                )
            )
        policy = NetworkPolicy(
            f"{name}-traffic",
            metadata=metadata(plan.name, plan.namespace),
            spec=model_traffic(plan.name, plan.traffic),
            opts=in_cluster(self, cluster, serving.namespace, *by_name),
        )
        return [*by_name, policy]

    def _scaling(
        self, plan: ModelPlan, cluster: KubernetesCluster, *, ready: Sequence[pulumi.Resource]
    ) -> dict[str, pulumi.Resource]:
        """The ScaledObject of each workload, by the workload's name.

        Each comes before its Deployment: changed afterwards, its former bounds would take replicas away or add some
        while the update runs. At a creation KEDA tries again until the Deployment is there.
        """
        made: dict[str, pulumi.Resource] = {}
        for workload in plan.workloads:
            scaling = ModelScaling(
                f"model-{workload.name}-scaling",
                workload.scaling,
                target=workload,
                namespace=plan.namespace,
                cluster=cluster,
                # KEDA refuses a second ScaledObject of one Deployment, which the first may have had till now.
                ready=(*ready, *cluster.pools[workload.pool], *made.values()),
                opts=pulumi.ResourceOptions(parent=self),
            )
            made[workload.name] = scaling.scaled_object
        return made

    def _account(
        self, name: str, plan: ModelPlan, identity: PodIdentity | None, opts: pulumi.ResourceOptions
    ) -> ServiceAccount:
        return ServiceAccount(
            f"{name}-account",
            metadata={
                "name": plan.service_account,
                "namespace": plan.namespace,
                "labels": labels(plan.name),
                **({"annotations": dict(identity.annotations)} if identity is not None else {}),
            },
            automount_service_account_token=False,
            opts=opts,
        )
