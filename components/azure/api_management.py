"""Azure API Management in front of the gateway: one API for all models, a product for each tenant."""

import pulumi
from pulumi_azure_native import apimanagement

from components.azure.api_policy import BACKEND, KEY_HEADER, KEY_PARAMETER, policy
from components.azure.audit import Audit, recorded
from components.azure.network import API_MANAGEMENT, Network
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_role
from components.azure.vault import Vault
from planning.plan import ApiManagementPlan, AzureScopePlan, ProductPlan

_API = "llm"
# What is offered, and nothing else: a path that isn't listed is answered 404 by the service itself.
_OPERATIONS = {
    "chat-completions": ("POST", "/chat/completions"),
    "completions": ("POST", "/completions"),
    "embeddings": ("POST", "/embeddings"),
    "models": ("GET", "/models"),
    "responses": ("POST", "/responses"),
}
# A service in a network takes Azure three quarters of an hour.
_CREATE = "120m"


class ApiManagement(pulumi.ComponentResource):
    """The service's identity reads the tenants' keys from the vault; the keys of callers are the service's own."""

    def __init__(
        self,
        name: str,
        plan: ApiManagementPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        vault: Vault,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ApiManagement", name, None, opts)
        self._prefix, self._plan, self._scope = name, plan, scope
        self.service = apimanagement.ApiManagementService(
            f"{name}-service",
            service_name=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            sku={"name": plan.sku, "capacity": plan.units},
            identity={"type": apimanagement.ApimIdentityType.SYSTEM_ASSIGNED},
            publisher_name=plan.publisher_name,
            publisher_email=plan.publisher_email,
            virtual_network_type="Internal" if plan.internal else "External",
            virtual_network_configuration={"subnet_resource_id": network.subnet_ids[API_MANAGEMENT]},
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[groups.platform, *network.ready],
                # Callers' keys go with it.
                protect=scope.protect,
                custom_timeouts=pulumi.CustomTimeouts(create=_CREATE, update=_CREATE),
            ),
        )
        logged = recorded(audit, "api_management", self.service, name=name, parent=self)
        keys = [self._key(product, vault) for product in plan.products]
        backend = apimanagement.Backend(
            f"{name}-backend",
            backend_id=BACKEND,
            service_name=plan.name,
            resource_group_name=scope.resource_group,
            protocol=apimanagement.BackendProtocol.HTTP,
            url=plan.backend,
            tls={"validate_certificate_chain": True, "validate_certificate_name": True},
            opts=self._below(),
        )
        api = apimanagement.Api(
            f"{name}-api",
            api_id=_API,
            service_name=plan.name,
            resource_group_name=scope.resource_group,
            display_name="Large language models",
            path="v1",
            protocols=[apimanagement.Protocol.HTTPS],
            service_url=plan.backend,
            subscription_required=True,
            subscription_key_parameter_names={"header": KEY_HEADER, "query": KEY_PARAMETER},
            opts=self._below(),
        )
        operations = [self._operation(operation, api) for operation in _OPERATIONS]
        rules = apimanagement.ApiPolicy(
            f"{name}-policy",
            api_id=_API,
            policy_id="policy",
            service_name=plan.name,
            resource_group_name=scope.resource_group,
            format=apimanagement.PolicyContentFormat.XML,
            value=policy(plan, tenant_id=scope.tenant_id),
            opts=self._below(api, backend, *keys, *logged),
        )
        for product in plan.products:
            # Nobody has a key before the policy decides what it opens.
            self._offer(product, api, rules, *operations)
        self.register_outputs({"id": self.service.id})

    def _below(self, *before: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=[self.service, *before])

    def _key(self, product: ProductPlan, vault: Vault) -> apimanagement.NamedValue:
        """The tenant's key to the gateway, by its address in the vault: a later version is read within four hours."""
        read = assign_role(
            f"{self._prefix}-grant-secret-{product.key_secret}",
            product.read_key,
            principal_id=self.service.identity.apply(_principal),
            scope=vault.secret_scope(product.key_secret),
            opts=self._below(vault.vault),
        )
        return apimanagement.NamedValue(
            f"{self._prefix}-{product.key}",
            named_value_id=product.key,
            display_name=product.key,
            service_name=self._plan.name,
            resource_group_name=self._scope.resource_group,
            secret=True,
            key_vault={"secret_identifier": f"{self._plan.vault_uri}/secrets/{product.key_secret}"},
            opts=self._below(read, *vault.ready),
        )

    def _operation(self, operation: str, api: apimanagement.Api) -> apimanagement.ApiOperation:
        method, path = _OPERATIONS[operation]
        return apimanagement.ApiOperation(
            f"{self._prefix}-operation-{operation}",
            operation_id=operation,
            api_id=_API,
            service_name=self._plan.name,
            resource_group_name=self._scope.resource_group,
            display_name=operation,
            method=method,
            url_template=path,
            opts=self._below(api),
        )

    def _offer(self, product: ProductPlan, api: apimanagement.Api, *before: pulumi.Resource) -> None:
        offered = apimanagement.Product(
            f"{self._prefix}-product-{product.tenant}",
            product_id=product.tenant,
            display_name=product.tenant,
            service_name=self._plan.name,
            resource_group_name=self._scope.resource_group,
            state=apimanagement.ProductState.PUBLISHED,
            subscription_required=True,
            # Nobody subscribes by themselves.
            approval_required=True,
            subscriptions_limit=1,
            opts=self._below(),
        )
        linked = apimanagement.ProductApi(
            f"{self._prefix}-product-{product.tenant}-api",
            product_id=product.tenant,
            api_id=_API,
            service_name=self._plan.name,
            resource_group_name=self._scope.resource_group,
            opts=self._below(api, offered, *before),
        )
        apimanagement.Subscription(
            f"{self._prefix}-subscription-{product.tenant}",
            sid=product.tenant,
            display_name=product.tenant,
            scope=offered.id,
            service_name=self._plan.name,
            resource_group_name=self._scope.resource_group,
            state=apimanagement.SubscriptionState.ACTIVE,
            allow_tracing=False,
            opts=self._below(offered, linked),
        )


def _principal(identity: apimanagement.outputs.ApiManagementServiceIdentityResponse | None) -> str:
    """The principal that Azure made for the service; empty while there is none, and then Azure refuses the role."""
    return (identity.principal_id if identity is not None else None) or ""
