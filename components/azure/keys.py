"""Keys of the vault that encrypt etcd, disks and the store of weights, with the identities that may use them."""

import pulumi
import pulumi_azure_native
from pulumi_azure_native import keyvault, managedidentity

from components.azure.identity import ClusterIdentities
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_role
from components.azure.vault import Vault
from planning.plan import AzureScopePlan, DiskKeyPlan, EtcdKeyPlan, GrantPlan, KeysPlan, StoreKeyPlan

_BITS = 3072
# The vault makes a new version each year, and whoever names the key without a version goes over to it.
_YEAR = "P365D"


class Keys(pulumi.ComponentResource):
    """`etcd` is the key's address with its version, `disk_set` the id of the set, `store` name and identity.

    Each is None where Azure's own key is used. `ready` is what must exist before anything is encrypted with them.
    """

    vault_id: pulumi.Output[str]
    etcd: pulumi.Output[str] | None = None
    disk_set: pulumi.Output[str] | None = None
    store: tuple[str, pulumi.Output[str]] | None = None
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: KeysPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        vault: Vault,
        vault_name: str,
        identities: ClusterIdentities,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Keys", name, None, opts)
        self._name, self._scope, self._group, self._vault, self._vault_name = (
            name,
            scope,
            groups.platform,
            vault,
            vault_name,
        )
        self._control_plane = identities.control_plane
        self.vault_id, self.ready = vault.id, []
        if plan.etcd is not None:
            self.etcd = self._etcd(plan.etcd)
        if plan.disks is not None:
            self.disk_set = self._disks(plan.disks)
        if plan.store is not None:
            self.store = (plan.store.key, self._store(plan.store))
        self.register_outputs({})

    def _key(self, role: str, key: str, *, rotated: bool) -> keyvault.Key:
        """Made by Azure's control plane, which needs no access to the vault's network, and neither changes nor deletes.

        What is encrypted with a key is lost with it, so it stays in the vault whatever happens to the stack.
        """
        properties: keyvault.KeyPropertiesArgsDict = {"kty": keyvault.JsonWebKeyType.RSA, "key_size": _BITS}
        if rotated:
            properties["rotation_policy"] = {
                "lifetime_actions": [
                    {
                        "trigger": {"time_after_create": _YEAR},
                        "action": {"type": keyvault.KeyRotationPolicyActionType.ROTATE},
                    }
                ]
            }
        return keyvault.Key(
            f"{self._name}-{role}",
            key_name=key,
            vault_name=self._vault_name,
            resource_group_name=self._scope.resource_group,
            properties=properties,
            tags=dict(self._scope.tags),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[self._vault.vault],
                protect=self._scope.protect,
                retain_on_delete=True,
                # Azure creates a key here and never updates one.
                ignore_changes=["properties", "tags"],
            ),
        )

    def _etcd(self, plan: EtcdKeyPlan) -> pulumi.Output[str]:
        """Not rotated by the vault: AKS names a version, and Secrets are written again after a change of it."""
        key, principal = self._key("etcd", plan.key, rotated=False), self._control_plane.principal_id
        self.ready += [
            self._grant("etcd", plan.use, principal, key.id, key, self._control_plane),
            self._grant("etcd-vault", plan.connect, principal, self._vault.id, self._vault.vault, self._control_plane),
        ]
        return key.key_uri_with_version

    def _disks(self, plan: DiskKeyPlan) -> pulumi.Output[str]:
        key = self._key("disks", plan.key, rotated=True)
        # Named through the package, which loads this large module only here.
        encryption_set = pulumi_azure_native.compute.DiskEncryptionSet(
            f"{self._name}-disk-set",
            disk_encryption_set_name=plan.encryption_set,
            resource_group_name=self._scope.resource_group,
            location=self._scope.region,
            identity={"type": "SystemAssigned"},
            encryption_type="EncryptionAtRestWithCustomerKey",
            active_key={"source_vault": {"id": self._vault.id}, "key_url": key.key_uri_with_version},
            rotation_to_latest_key_version_enabled=True,
            tags=dict(self._scope.tags),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[self._group, key],
                protect=self._scope.protect,
                # The set itself goes over to newer versions of the key.
                ignore_changes=["activeKey"],
            ),
        )
        principal = encryption_set.identity.apply(_principal)
        self.ready += [
            self._grant("disks", plan.use, principal, key.id, key, encryption_set),
            self._grant(
                "disk-set", plan.use_set, self._control_plane.principal_id, encryption_set.id, encryption_set,
                self._control_plane,
            ),
        ]  # fmt: skip
        return encryption_set.id

    def _store(self, plan: StoreKeyPlan) -> pulumi.Output[str]:
        key = self._key("store", plan.key, rotated=True)
        identity = managedidentity.UserAssignedIdentity(
            f"{self._name}-store-identity",
            resource_name_=plan.identity,
            resource_group_name=self._scope.resource_group,
            location=self._scope.region,
            tags=dict(self._scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._group], protect=self._scope.protect),
        )
        self.ready.append(self._grant("store", plan.use, identity.principal_id, key.id, key, identity))
        return identity.id

    def _grant(
        self,
        role: str,
        plan: GrantPlan,
        principal_id: pulumi.Input[str],
        scope: pulumi.Input[str],
        *needs: pulumi.Resource,
    ) -> pulumi.Resource:
        return assign_role(
            f"{self._name}-grant-{role}",
            plan,
            principal_id=principal_id,
            scope=scope,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(needs)),
        )


def _principal(identity: object) -> str:
    """The principal that Azure made for the set; empty while there is none, and then Azure refuses the role."""
    return getattr(identity, "principal_id", None) or ""
