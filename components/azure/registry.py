"""Container registry: images that nodes pull without a password, the organisation's own and those that it caches."""

import pulumi
from pulumi_azure_native import authorization, containerregistry

from components.azure.audit import Audit, recorded
from components.azure.identity import ClusterIdentities
from components.azure.network import REGISTRY_ZONE, Network
from components.azure.private_endpoint import private_endpoint
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_role
from components.azure.vault import Vault
from planning.plan import AzureScopePlan, RegistryAccountPlan, RegistryPlan


class Registry(pulumi.ComponentResource):
    """`ready` is what must exist before a node can pull: private address, pull role and caches."""

    registry: containerregistry.Registry
    id: pulumi.Output[str]
    pull: authorization.RoleAssignment
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: RegistryPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        identities: ClusterIdentities,
        vault: Vault,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Registry", name, None, opts)
        group = groups.platform
        self.registry = containerregistry.Registry(
            f"{name}-registry",
            registry_name=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            # The only tier with private endpoints and zone redundancy.
            sku={"name": "Premium"},
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            public_network_access="Disabled",
            network_rule_bypass_options="AzureServices",
            zone_redundancy="Enabled" if plan.zone_redundant else "Disabled",
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group], protect=scope.protect),
        )
        self.id = self.registry.id
        self.pull = assign_role(
            f"{name}-grant-pull",
            plan.pull,
            principal_id=identities.kubelet.principal_id,
            scope=self.registry.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.registry, identities.kubelet]),
        )
        endpoint = private_endpoint(
            f"{name}-endpoint",
            endpoint=plan.endpoint,
            service_id=self.registry.id,
            group_id=plan.endpoint_group,
            zone=REGISTRY_ZONE,
            scope=scope,
            connected_to=network,
            parent=self,
            # Nobody reaches it before what is done there is recorded.
            depends_on=[group, self.registry, *recorded(audit, "registry", self.registry, name=name, parent=self)],
        )
        self.ready = [endpoint, self.pull, *self._caches(name, plan, scope, vault)]
        self.register_outputs({"id": self.id})

    def _caches(self, name: str, plan: RegistryPlan, scope: AzureScopePlan, vault: Vault) -> list[pulumi.Resource]:
        """The rules, after what lets them sign in to their upstream registry."""
        account = self._account(name, plan.account, scope, vault, plan.name) if plan.account is not None else []
        found: list[pulumi.Resource] = [*account]
        found += [
            containerregistry.CacheRule(
                f"{name}-cache-{cache.name}",
                cache_rule_name=cache.name,
                registry_name=plan.name,
                resource_group_name=scope.resource_group,
                source_repository=cache.source,
                target_repository=cache.target,
                credential_set_resource_id=account[0].id if account and cache.authenticated else None,
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[self.registry, *(account if cache.authenticated else [])]
                ),
            )
            for cache in plan.caches
        ]
        return found

    def _account(
        self, name: str, plan: RegistryAccountPlan, scope: AzureScopePlan, vault: Vault, registry: str
    ) -> list[pulumi.CustomResource]:
        """The credentials, and their own identity's right to read the two secrets that they are."""
        credentials = containerregistry.CredentialSet(
            f"{name}-{plan.name}",
            credential_set_name=plan.name,
            registry_name=registry,
            resource_group_name=scope.resource_group,
            login_server=plan.login_server,
            identity={"type": containerregistry.ResourceIdentityType.SYSTEM_ASSIGNED},
            auth_credentials=[
                {
                    "name": containerregistry.CredentialName.CREDENTIAL1,
                    "username_secret_identifier": plan.username_secret,
                    "password_secret_identifier": plan.token_secret,
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.registry, vault.vault, *vault.ready]),
        )
        principal = credentials.identity.apply(_principal)
        return [
            credentials,
            *(
                assign_role(
                    f"{name}-grant-{plan.name}-{secret}",
                    grant,
                    principal_id=principal,
                    scope=vault.secret_scope(secret),
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[credentials, vault.vault]),
                )
                for secret, grant in plan.read
            ),
        ]


def _principal(identity: containerregistry.outputs.IdentityPropertiesResponse | None) -> str:
    """The principal that Azure made for the credentials; empty while there are none, and then Azure refuses the role.

    An `up` with `--target` leaves the credentials out, and the engine answers with their inputs: no principal yet.
    """
    return (identity.principal_id if identity is not None else None) or ""
