"""Key Vault: the only store of secrets, reachable only from inside the network."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_random
from pulumi_azure_native import keyvault

from components.azure.audit import Audit, recorded
from components.azure.network import VAULT_ZONE, Network
from components.azure.private_endpoint import private_endpoint
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_admins
from planning.plan import AzureScopePlan, VaultPlan
from planning.plan.key_forms import GENERATED_LENGTH

# Key Vault shows it beside the name; what the secret is for is in the stack file.
_CONTENT_TYPE = "text/plain"


class Vault(pulumi.ComponentResource):
    """`ready` is what must exist before a pod can read secrets: private address and first secrets."""

    vault: keyvault.Vault
    id: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: VaultPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        audit: Audit | None,
        bootstrap: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Vault", name, None, opts)
        group = groups.platform
        self.vault = keyvault.Vault(
            f"{name}-vault",
            vault_name=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            properties=_properties(plan, scope),
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group], protect=scope.protect),
        )
        self.id = self.vault.id
        assign_admins(name, plan.admins, on=self.vault, parent=self)
        self.ready = [
            private_endpoint(
                f"{name}-endpoint",
                endpoint=plan.endpoint,
                service_id=self.vault.id,
                group_id=plan.endpoint_group,
                zone=VAULT_ZONE,
                scope=scope,
                connected_to=network,
                parent=self,
                # Nobody reaches it before what is done there is recorded.
                depends_on=[group, self.vault, *recorded(audit, "vault", self.vault, name=name, parent=self)],
            )
        ]
        for secret in plan.bootstrap:
            # The stack's configuration holds a value until it is in the vault; then it may be removed there.
            if secret in bootstrap:
                self.ready.append(self._secret(f"{name}-secret-{secret}", secret, bootstrap[secret], plan, scope))
        self.ready += self._generated(name, plan, scope)
        self.register_outputs({"id": self.id})

    def _generated(self, name: str, plan: VaultPlan, scope: AzureScopePlan) -> list[pulumi.Resource]:
        """Values that nobody chose.

        What the vault has under such a name later stays: a state that was lost, and is built again, would generate
        another value, and cut off every caller.
        """
        if not plan.generated:
            return []
        provider = pulumi_random.Provider(f"{name}-random", opts=pulumi.ResourceOptions(parent=self))
        made: list[pulumi.Resource] = []
        for secret in plan.generated:
            value = pulumi_random.RandomPassword(
                f"{name}-generated-{secret}",
                length=GENERATED_LENGTH,
                special=False,
                opts=pulumi.ResourceOptions(parent=self, provider=provider),
            )
            made.append(
                self._secret(f"{name}-secret-{secret}", secret, value.result, plan, scope, ignore=["properties.value"])
            )
        return made

    def secret_scope(self, secret: str) -> pulumi.Output[str]:
        """Scope of a role on one secret alone: https://learn.microsoft.com/azure/key-vault/general/rbac-guide."""
        return self.id.apply(lambda id_: f"{id_}/secrets/{secret}")

    def _secret(
        self, name: str, secret: str, value: pulumi.Output[str], plan: VaultPlan, scope: AzureScopePlan,
        ignore: Sequence[str] = (),
    ) -> keyvault.Secret:  # fmt: skip
        """Written through Azure's control plane, which needs no access to the vault's network."""
        return keyvault.Secret(
            name,
            secret_name=secret,
            vault_name=plan.name,
            resource_group_name=scope.resource_group,
            properties={"value": pulumi.Output.secret(value), "content_type": _CONTENT_TYPE},
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[self.vault],
                # Removing the value from the configuration must not delete the secret.
                retain_on_delete=True,
                # Whatever else changes, the update sends the value with it: the first one would be the vault's current
                # one again, a key that was revoked since included.
                ignore_changes=["tags", "properties.contentType", *ignore],
            ),
        )


def _properties(plan: VaultPlan, scope: AzureScopePlan) -> keyvault.VaultPropertiesArgsDict:
    properties: keyvault.VaultPropertiesArgsDict = {
        "tenant_id": scope.tenant_id,
        "sku": {"family": "A", "name": keyvault.SkuName.STANDARD},
        "enable_rbac_authorization": True,
        "enable_soft_delete": True,
        "soft_delete_retention_in_days": plan.soft_delete_days,
        "public_network_access": "Disabled",
        "network_acls": {"default_action": "Deny", "bypass": "AzureServices"},
    }
    if plan.purge_protection:
        # Azure accepts true or nothing: `false` is refused, since purge protection can't be turned off again.
        properties["enable_purge_protection"] = True
    return properties
