"""Components within components: what children inherit, what components pass on, what an unknown provider hides."""

import pulumi
import pulumi_kubernetes as k8s
from pulumi_azure_native import managedidentity, resources, storage


class Inner(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("llm-platform:tests:Inner", name, {"size": 1}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.namespace = k8s.core.v1.Namespace(f"{name}-namespace", metadata={"name": name}, opts=own)
        k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata={"name": "config", "namespace": name},
            data={"name": self.namespace.metadata["name"]},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["data"], depends_on=[self.namespace]),
        )
        self.register_outputs({})


class Outer(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("llm-platform:tests:Outer", name, {}, opts)
        self.group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name="rg",
            location="eastus",
            opts=pulumi.ResourceOptions(parent=self, protect=False),
        )
        self.identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_group_name="rg",
            resource_name_="id",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.group], retain_on_delete=True),
        )
        self.register_outputs({})


outer = Outer("outer", pulumi.ResourceOptions(protect=True))
account = storage.StorageAccount(
    "account",
    resource_group_name="rg",
    account_name="store1",
    kind=storage.Kind.STORAGE_V2,
    sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
    tags={"owner": outer.identity.principal_id, "secret": pulumi.Output.secret("value"), "number": "1"},
    opts=pulumi.ResourceOptions(depends_on=[outer], replace_on_changes=["kind"]),
)
provider = k8s.Provider(
    "kubernetes",
    kubeconfig=pulumi.Output.secret(outer.identity.client_id),
    opts=pulumi.ResourceOptions(depends_on=[account]),
)
inner = Inner(
    "inner", pulumi.ResourceOptions(providers=[provider], deleted_with=outer.identity, depends_on=[outer.group])
)
k8s.core.v1.Secret(
    "token",
    metadata={"name": "token", "namespace": "inner"},
    string_data={"token": outer.identity.client_id},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[inner]),
)
pulumi.export("principal", outer.identity.principal_id)
