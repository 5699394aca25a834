"""The Azure identity of one service account: pods sign in with their Kubernetes token, no secret is stored."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import authorization, managedidentity

from components.azure.role import assign_role
from planning.plan import AzureScopePlan, GrantPlan, PodIdentityPlan

AUDIENCE = "api://AzureADTokenExchange"
# The annotation of a service account by which Azure's webhook knows its identity.
CLIENT_ID = "azure.workload.identity/client-id"


class WorkloadIdentity(pulumi.ComponentResource):
    """One identity with one federated credential: an identity takes only 20 of them, written one by one.

    `ready` is the credential, without which no token is exchanged.
    """

    client_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]
    ready: managedidentity.FederatedIdentityCredential

    def __init__(
        self,
        name: str,
        plan: PodIdentityPlan,
        *,
        scope: AzureScopePlan,
        issuer_url: pulumi.Input[str],
        depends_on: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:WorkloadIdentity", name, None, opts)
        self._prefix = name
        self._identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(depends_on)),
        )
        self.ready = managedidentity.FederatedIdentityCredential(
            f"{name}-credential",
            federated_identity_credential_resource_name=plan.credential,
            resource_name_=plan.name,
            resource_group_name=scope.resource_group,
            issuer=issuer_url,
            subject=f"system:serviceaccount:{plan.namespace}:{plan.service_account}",
            audiences=[AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._identity]),
        )
        self.client_id = self._identity.client_id
        self.principal_id = self._identity.principal_id
        self.register_outputs({"client_id": self.client_id, "principal_id": self.principal_id})

    def grant(
        self,
        role: GrantPlan,
        scope: pulumi.Input[str],
        depends_on: Sequence[pulumi.Resource] = (),
        *,
        of: str | None = None,
    ) -> authorization.RoleAssignment:
        """Assign the identity a role on `scope`; `of` names what, where it has the same role on others.

        What it names is in the logical name: an assignment for another one is made before the former goes.
        """
        return assign_role(
            f"{self._prefix}-grant-{of or role.role.replace('_', '-')}",
            role,
            principal_id=self.principal_id,
            scope=scope,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._identity, *depends_on]),
        )
