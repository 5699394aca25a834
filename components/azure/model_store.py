"""Blob storage for model weights; it outlives the platform."""

import pulumi
from pulumi_azure_native import storage

from components.azure.audit import Audit, recorded
from components.azure.keys import Keys
from components.azure.network import STORE_ZONE, Network
from components.azure.private_endpoint import private_endpoint
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_admins
from planning.plan import AzureScopePlan, ModelStorePlan


class ModelStore(pulumi.ComponentResource):
    """Everything but private endpoint and roles is retained in Azure when it is removed from the stack.

    A model that loads from Blob waits for `ready`.
    """

    account: storage.StorageAccount
    container: storage.BlobContainer
    id: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: ModelStorePlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        keys: Keys | None,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ModelStore", name, None, opts)
        platform_group, store_group = groups.platform, groups.model_store
        key = keys.store if keys is not None else None
        self.account = storage.StorageAccount(
            f"{name}-account",
            account_name=plan.account,
            resource_group_name=plan.resource_group,
            location=scope.region,
            # Premium block blobs: weights are read whole, in parallel, on every start of a model.
            kind="BlockBlobStorage",
            sku={"name": plan.sku},
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            public_network_access="Disabled",
            network_rule_set={"default_action": storage.DefaultAction.DENY, "bypass": "AzureServices"},
            identity=_identity(plan, key),
            encryption=_encryption(plan, key),
            tags=dict(scope.tags),
            opts=self._kept(store_group, *(keys.ready if keys is not None and key else ()), protect=scope.protect),
        )
        service = storage.BlobServiceProperties(
            f"{name}-service",
            blob_services_name="default",
            account_name=plan.account,
            resource_group_name=plan.resource_group,
            delete_retention_policy={"enabled": True, "days": plan.soft_delete_days},
            container_delete_retention_policy={"enabled": True, "days": plan.soft_delete_days},
            opts=self._kept(self.account),
        )
        self.container = storage.BlobContainer(
            f"{name}-container",
            container_name=plan.container,
            account_name=plan.account,
            resource_group_name=plan.resource_group,
            public_access=storage.PublicAccess.NONE,
            opts=self._kept(self.account, service, protect=scope.protect),
        )
        if plan.immutable_days is not None:
            # Unlocked: who administers the account can take it away. Locking it is final, and so is done by hand.
            storage.BlobContainerImmutabilityPolicy(
                f"{name}-immutability",
                immutability_policy_name="default",
                account_name=plan.account,
                container_name=plan.container,
                resource_group_name=plan.resource_group,
                immutability_period_since_creation_in_days=plan.immutable_days,
                opts=self._kept(self.container),
            )
        self.id = self.account.id
        assign_admins(name, plan.admins, on=self.account, parent=self)
        endpoint = private_endpoint(
            f"{name}-endpoint",
            endpoint=plan.endpoint,
            service_id=self.account.id,
            group_id=plan.endpoint_group,
            zone=STORE_ZONE,
            scope=scope,
            connected_to=network,
            parent=self,
            # Nobody reaches it before what is done there is recorded; the service for blobs keeps the logs.
            depends_on=[platform_group, self.account, *recorded(audit, "store", service, name=name, parent=self)],
        )
        self.ready = [self.container, endpoint]
        self.register_outputs({"id": self.id, "container": self.container.id})

    def _kept(self, *before: pulumi.Resource, protect: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(before), retain_on_delete=True, protect=protect)


def _identity(plan: ModelStorePlan, key: tuple[str, pulumi.Output[str]] | None) -> storage.IdentityArgsDict | None:
    if key is None:
        return {"type": storage.IdentityType.NONE} if plan.key_off else None
    # One output for the list, as on the cluster.
    return {"type": storage.IdentityType.USER_ASSIGNED, "user_assigned_identities": key[1].apply(lambda id_: [id_])}


def _encryption(plan: ModelStorePlan, key: tuple[str, pulumi.Output[str]] | None) -> storage.EncryptionArgsDict | None:
    """With a key of the vault always in its latest version: the store looks for a newer one each day."""
    services: storage.EncryptionServicesArgsDict = {"blob": {"enabled": True, "key_type": storage.KeyType.ACCOUNT}}
    if key is None:
        return {"key_source": storage.KeySource.MICROSOFT_STORAGE, "services": services} if plan.key_off else None
    name, identity = key
    return {
        "key_source": storage.KeySource.MICROSOFT_KEYVAULT,
        "key_vault_properties": {"key_name": name, "key_vault_uri": plan.vault_uri},
        "encryption_identity": {"encryption_user_assigned_identity": identity},
        "services": services,
    }
