"""The namespace where all models run, and what they share in it."""

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.cluster.external_secret import external_secret, trimmed
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import ROUTES_ADMITTED, metadata
from components.cluster.namespace import namespace
from components.cluster.network_policies import deny_all
from components.cluster.secret_store import secret_store
from components.cluster.secrets import Secrets
from components.foundation import KubernetesCluster, PodIdentities
from components.serving.pod import TOKEN_KEY
from planning.plan import ServingPlan


class Serving(pulumi.ComponentResource):
    """A model's pods wait for `ready`: the default-deny policy and, where planned, the Hugging Face token.

    `store` is what an ExternalSecret waits for; empty where nothing here needs a secret.
    """

    namespace: Namespace
    store: list[pulumi.Resource]
    policies: list[NetworkPolicy]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: ServingPlan,
        *,
        secrets: Secrets,
        identities: PodIdentities,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Serving", name, None, opts)
        self.namespace = namespace(
            f"{name}-namespace",
            plan.namespace,
            more_labels=ROUTES_ADMITTED,
            opts=in_cluster(self, cluster, *cluster.admission),
        )
        self.policies = [
            NetworkPolicy(
                f"{name}-default-deny",
                metadata=metadata("default-deny", plan.namespace),
                spec=deny_all(),
                opts=in_cluster(self, cluster, self.namespace),
            )
        ]
        self.ready = [self.namespace, *self.policies]
        self.store = (
            secret_store(
                f"{name}-secrets",
                plan.secret_store,
                secrets=secrets,
                identities=identities,
                cluster=cluster,
                space=self.namespace,
                parent=self,
            )
            if plan.secret_store is not None
            else []
        )
        if plan.secret_store and plan.hugging_face_secret and plan.hugging_face_key:
            self.ready.append(
                external_secret(
                    f"{name}-hugging-face-token",
                    secret=plan.hugging_face_secret,
                    store=plan.secret_store,
                    data={TOKEN_KEY: plan.hugging_face_key},
                    template=trimmed([TOKEN_KEY]),
                    opts=in_cluster(self, cluster, self.namespace, *self.store),
                )
            )
        self.register_outputs({"namespace": plan.namespace})
