"""The stand-in clouds refuse what the real ones refuse, before or at the update."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi_azure_native import containerservice, keyvault, managedidentity, network, resources

from rehearsal.engine import Engine, OperationRefusedError
from simulators.provider_protocol.calls import RefusedError

pytestmark = pytest.mark.engine
TINY = Path(__file__).with_name("programs") / "tiny.py"
CONFIG = {"tiny:region": "eastus"}
Make = Callable[[pulumi.ResourceOptions], None]


def with_group(make: Make) -> Callable[[], None]:
    """A program of one resource group and what `make` puts into it."""

    def program() -> None:
        group = resources.ResourceGroup("group", resource_group_name="rg", location="eastus")
        make(pulumi.ResourceOptions(depends_on=[group]))

    return program


def typo(options: pulumi.ResourceOptions) -> None:
    upgrades: Any = {"maxSurg": "1"}
    containerservice.AgentPool(
        "pool",
        resource_group_name="rg",
        resource_name_="aks",
        agent_pool_name="gpu1",
        upgrade_settings=upgrades,
        opts=options,
    )


def no_arm_definition(options: pulumi.ResourceOptions) -> None:
    network.IpGroup("group", resource_group_name="rg", ip_groups_name="ips", opts=options)


@pytest.mark.parametrize(
    ("make", "message"), [(typo, "upgradeSettings.maxSurg"), (no_arm_definition, "there is no ARM definition of it")]
)
def test_inputs_that_arm_does_not_know_stop_the_preview(engine: Engine, make: Make, message: str) -> None:
    stack = engine.stack("dev", with_group(make), {})
    with pytest.raises(OperationRefusedError, match=message):
        stack.preview()


def test_a_parent_that_does_not_exist_stops_the_update(engine: Engine) -> None:
    def orphan(options: pulumi.ResourceOptions) -> None:
        containerservice.AgentPool(
            "pool", resource_group_name="rg", resource_name_="aks", agent_pool_name="gpu1", opts=options
        )

    stack = engine.stack("dev", with_group(orphan), {})
    stack.preview()
    with pytest.raises(OperationRefusedError, match="ParentResourceNotFound"):
        stack.up()


def test_a_pool_is_not_changed_in_place_where_azure_refuses(engine: Engine) -> None:
    stack = engine.stack("dev", TINY, CONFIG)
    stack.up()
    stack.configure({**CONFIG, "tiny:os_disk_gb": "256"})
    assert list(stack.preview().operations.values()) == [("update",)]
    with pytest.raises(OperationRefusedError, match=r"PropertyChangeNotAllowed.*osDiskSizeGB"):
        stack.up()


def credentials(options: pulumi.ResourceOptions, *, chained: bool) -> None:
    identity = managedidentity.UserAssignedIdentity(
        "identity", resource_group_name="rg", resource_name_="id", opts=options
    )
    previous: pulumi.Resource = identity
    for name in ("one", "two", "three"):
        previous = managedidentity.FederatedIdentityCredential(
            name,
            resource_group_name="rg",
            resource_name_="id",
            federated_identity_credential_resource_name=name,
            issuer="https://issuer",
            subject=f"system:serviceaccount:{name}:{name}",
            audiences=["api://AzureADTokenExchange"],
            opts=pulumi.ResourceOptions(depends_on=[previous if chained else identity]),
        )


def test_credentials_of_one_identity_are_written_one_after_the_other(engine: Engine) -> None:
    at_once = engine.stack("dev", with_group(lambda options: credentials(options, chained=False)), {})
    with pytest.raises(OperationRefusedError, match="too many concurrent writes"):
        at_once.up()
    at_once.program = with_group(lambda options: credentials(options, chained=True))
    at_once.up()
    assert at_once.preview().is_quiet


def test_a_subnet_in_use_is_not_deleted(engine: Engine) -> None:
    def networked(options: pulumi.ResourceOptions) -> None:
        space = network.AddressSpaceArgs(address_prefixes=["10.0.0.0/16"])
        vnet = network.VirtualNetwork(
            "vnet", resource_group_name="rg", virtual_network_name="vnet", address_space=space, opts=options
        )
        below = pulumi.ResourceOptions(depends_on=[vnet])
        gateway = network.NatGateway("nat", resource_group_name="rg", nat_gateway_name="nat", opts=options)
        network.Subnet(
            "subnet",
            resource_group_name="rg",
            virtual_network_name="vnet",
            subnet_name="nodes",
            address_prefix="10.0.0.0/24",
            nat_gateway=network.SubResourceArgs(id=gateway.id),
            opts=below,
        )

    stack = engine.stack("dev", with_group(networked), {})
    stack.up()
    nat = next(resource for resource in engine.cloud.azure if resource.token == "network:NatGateway")
    with pytest.raises(RefusedError, match="InUse"):
        engine.azure.delete("azure-native:network:NatGateway", nat.id)
    stack.destroy()
    assert engine.cloud.azure == []


def vault(options: pulumi.ResourceOptions, *, days: int, protected: bool) -> None:
    keyvault.Vault(
        "vault",
        resource_group_name="rg",
        vault_name="kv-dev",
        properties=keyvault.VaultPropertiesArgs(
            tenant_id="00000000-0000-4000-8000-000000000001",
            sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
            soft_delete_retention_in_days=days,
            enable_purge_protection=True if protected else None,
        ),
        opts=options,
    )


def test_the_retention_of_a_vault_is_fixed_and_its_purge_protection_stays_on(engine: Engine) -> None:
    def made(days: int, *, protected: bool) -> Callable[[], None]:
        return with_group(lambda options: vault(options, days=days, protected=protected))

    stack = engine.stack("dev", made(7, protected=True), {})
    stack.up()
    stack.program = made(30, protected=True)
    with pytest.raises(OperationRefusedError, match="softDeleteRetentionInDays"):
        stack.up()
    stack.program = made(7, protected=False)
    stack.up()
    kept = next(resource for resource in engine.cloud.azure if resource.token == "keyvault:Vault")
    assert kept.inputs["properties"]["enablePurgeProtection"] is True


def on_the_cluster(make: Callable[[Callable[..., pulumi.ResourceOptions]], None]) -> Callable[[], None]:
    """The small program and one more object on its cluster."""

    def program() -> None:
        made = runpy.run_path(str(TINY))
        make(made["inside"])

    return program


def without_namespace(inside: Callable[..., pulumi.ResourceOptions]) -> None:
    k8s.core.v1.ConfigMap("lost", metadata={"name": "lost", "namespace": "nowhere"}, opts=inside())


def without_operator(inside: Callable[..., pulumi.ResourceOptions]) -> None:
    k8s.apiextensions.CustomResource(
        "scaled",
        api_version="keda.sh/v1alpha1",
        kind="ScaledObject",
        metadata={"name": "s", "namespace": "default"},
        opts=inside(),
    )


@pytest.mark.parametrize(
    ("make", "message"), [(without_namespace, '"nowhere" not found'), (without_operator, "is its CRD installed")]
)
def test_the_cluster_refuses_what_it_can_not_place(
    engine: Engine, make: Callable[[Callable[..., pulumi.ResourceOptions]], None], message: str
) -> None:
    stack = engine.stack("dev", on_the_cluster(make), CONFIG)
    stack.preview()
    with pytest.raises(OperationRefusedError, match=message):
        stack.up()


def test_an_object_without_a_name_of_its_own_stops_the_next_preview(engine: Engine) -> None:
    def nameless(inside: Callable[..., pulumi.ResourceOptions]) -> None:
        k8s.core.v1.ConfigMap("nameless", metadata={"namespace": "gpu-operator"}, opts=inside())

    stack = engine.stack("dev", TINY, CONFIG)
    stack.up()
    stack.program = on_the_cluster(nameless)
    with pytest.raises(OperationRefusedError, match=r"metadata\.name"):
        stack.preview()
