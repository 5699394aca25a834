"""Who may do what on the shipped stacks: every account reaches what it needs, and nothing else."""

from dataclasses import dataclass

import pytest

from planning.plan import ModelPlan, Plan
from simulators.azure import access
from simulators.azure.cloud import AzureObject, Cloud
from tests.cluster.life import Life

pytestmark = pytest.mark.cluster


@dataclass(frozen=True)
class World:
    """One stack after its update."""

    cloud: Cloud
    plan: Plan

    def the(self, token: str) -> AzureObject:
        (found,) = [resource for resource in self.cloud.azure if resource.token == token]
        return found

    def resources(self) -> list[str]:
        """Ids of everything that an action could be about."""
        return [resource.id for resource in self.cloud.azure if resource.token != "authorization:RoleAssignment"]

    def allowed(self, namespace: str, account: str) -> set[tuple[str, str]]:
        """Every action on every resource that is allowed to an account."""
        return {
            (action, id_)
            for action in access.ALL_ACTIONS
            for id_ in self.resources()
            if access.may(self.cloud, namespace, account, action, id_)
        }

    def secret(self, name: str) -> str:
        """Id of a secret of the vault."""
        return f"{self.the('keyvault:Vault').id}/secrets/{name}"

    def readers(self) -> dict[tuple[str, str], list[str]]:
        """The accounts of the stores of secrets, and the ids of those that each is to read."""
        return {
            (identity.namespace, identity.service_account): [self.secret(name) for name, _ in identity.read_secrets]
            for identity in self.plan.foundation.pod_identities
            if identity.read_secrets
        }

    def reads(self, account: tuple[str, str]) -> bool:
        """Whether an account reads all secrets that it is to read; not one of them otherwise."""
        (found,) = {access.may(self.cloud, *account, access.READ_SECRET, id_) for id_ in self.readers()[account]}
        return found

    def below(self, id_: str) -> set[str]:
        return {resource for resource in self.resources() if f"{resource}/".startswith(f"{id_}/")}


@pytest.fixture
def world(life: Life) -> World:
    return World(life.engine.cloud, life.plan)


def account_of(model: ModelPlan) -> tuple[str, str]:
    return model.namespace, model.service_account


def reader_of(world: World) -> tuple[str, str]:
    return next(iter(world.readers()))


def test_each_namespace_reads_its_own_secrets_and_nothing_else(world: World) -> None:
    readers = world.readers()
    assert {namespace for namespace, _ in readers} == {"llm-gateway", "monitoring"}
    every = {id_ for ids in readers.values() for id_ in ids}
    for reader, own in readers.items():
        allowed = {id_ for id_ in every if access.may(world.cloud, *reader, access.READ_SECRET, id_)}
        assert allowed == set(own), reader
        assert not access.may(world.cloud, *reader, access.READ_SECRET, world.the("keyvault:Vault").id)
        assert not access.may(world.cloud, *reader, access.READ_SECRET, world.secret("of-somebody-else"))
        # Nothing in Azure but these.
        assert world.allowed(*reader) <= {(access.READ_SECRET, id_) for id_ in own}


def test_nobody_but_people_has_a_role_on_the_whole_vault(world: World) -> None:
    vault = world.the("keyvault:Vault").id
    roles = [role.inputs for role in world.cloud.azure if role.token == "authorization:RoleAssignment"]
    assert {role["principalType"] for role in roles if role["scope"] == vault} == {"Group"}
    assert {role["scope"] for role in roles if role["scope"].startswith(f"{vault}/")} == {
        *(id_ for ids in world.readers().values() for id_ in ids),
        *(world.secret(name) for name in _registry_secrets(world)),
    }


def _registry_secrets(world: World) -> list[str]:
    account = world.plan.foundation.registry.account
    return [name for name, _ in account.read] if account is not None else []


def test_the_operator_of_the_secrets_is_nobody_in_azure(world: World) -> None:
    namespace = world.plan.secrets.chart.namespace
    assert access.identities(world.cloud, namespace, world.plan.secrets.service_account) == []


def reads_store(model: ModelPlan) -> bool:
    return model.traffic.store_addresses is not None


def test_models_read_blobs_where_their_weights_come_from_there(world: World) -> None:
    """Each below the folder of its own: not the account, not the container as a whole, and not another model's."""
    container = world.the("storage:BlobContainer").id
    blobs = {
        model.name: f"{container}/blobs/{release.source.removeprefix('az://weights/')}/model.safetensors"
        for model in world.plan.models
        for release in model.releases
    }
    for model in world.plan.models:
        assert world.allowed(*account_of(model)) == set(), model.name
        readable = {
            name for name, blob in blobs.items() if access.may(world.cloud, *account_of(model), access.READ_BLOB, blob)
        }
        assert readable == ({model.name} if reads_store(model) else set())
        # The next revision of the same weights needs no other role, which would take minutes to spread.
        newer = blobs[model.name].rpartition("/")[0].rpartition("/")[0] + "/next-revision/model.safetensors"
        assert access.may(world.cloud, *account_of(model), access.READ_BLOB, newer) == reads_store(model)
        assert not access.may(world.cloud, *account_of(model), access.WRITE_BLOB, blobs[model.name])
    assert len({reads_store(model) for model in world.plan.models}) == 1


def test_a_condition_of_another_form_raises_an_error(world: World) -> None:
    conditions = [role for role in world.cloud.azure if role.inputs.get("condition")]
    assert bool(conditions) == any(reads_store(model) for model in world.plan.models)
    for role in conditions:
        kept = role.inputs["condition"]
        role.inputs["condition"] = "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'another'"
        try:
            with pytest.raises(access.UnknownConditionError):
                access.principal_may(
                    world.cloud, role.inputs["principalId"], access.READ_BLOB, f"{role.inputs['scope']}/blobs/x"
                )
        finally:
            role.inputs["condition"] = kept


def test_each_model_with_weights_in_the_store_is_an_identity_of_its_own_and_the_others_are_none(world: World) -> None:
    owned = {model.name: access.identities(world.cloud, *account_of(model)) for model in world.plan.models}
    assert {name: len(found) for name, found in owned.items()} == {
        model.name: int(reads_store(model)) for model in world.plan.models
    }
    ids = [identity.id for found in owned.values() for identity in found]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "account", [("default", "default"), ("kube-system", "default"), ("external-secrets", "default")]
)
def test_an_account_without_a_credential_may_nothing(world: World, account: tuple[str, str]) -> None:
    assert world.allowed(*account) == set()


def test_a_token_of_another_cluster_opens_nothing(world: World) -> None:
    reader = reader_of(world)
    cluster = access.the_cluster(world.cloud)
    kept = dict(cluster.outputs["oidcIssuerProfile"])
    cluster.outputs["oidcIssuerProfile"] = {**kept, "issuerURL": "https://another.example/"}
    try:
        assert world.allowed(*reader) == set()
        assert not world.reads(reader)
    finally:
        cluster.outputs["oidcIssuerProfile"] = kept
    assert world.reads(reader)


def test_kubelets_pull_from_the_registry_and_do_nothing_else(world: World) -> None:
    registry = world.the("containerregistry:Registry").id
    allowed = {
        (action, id_)
        for action in access.ALL_ACTIONS
        for id_ in world.resources()
        if access.kubelet_may(world.cloud, action, id_)
    }
    assert allowed == {(access.PULL_IMAGE, id_) for id_ in world.below(registry)}


def test_the_registrys_account_reads_its_own_two_secrets_and_nothing_else(world: World) -> None:
    principal = world.the("containerregistry:CredentialSet").outputs["identity"]["principalId"]
    vault = world.the("keyvault:Vault").id
    account = world.plan.foundation.registry.account
    assert account is not None
    for secret, _ in account.read:
        assert access.principal_may(world.cloud, principal, access.READ_SECRET, f"{vault}/secrets/{secret}")
    assert not access.principal_may(world.cloud, principal, access.READ_SECRET, vault)
    for _, key in (key for tenant in world.plan.gateway.tenants for key in tenant.keys):
        assert not access.principal_may(world.cloud, principal, access.READ_SECRET, world.secret(key))


def test_the_control_plane_joins_the_subnets_and_hands_out_the_kubelets_identity(world: World) -> None:
    cluster = access.the_cluster(world.cloud)
    kubelet = cluster.outputs["identityProfile"]["kubeletidentity"]["resourceId"]
    api_server = cluster.inputs["apiServerAccessProfile"]["subnetId"]
    nodes = {profile["vnetSubnetID"] for profile in cluster.inputs["agentPoolProfiles"]}
    pools = [pool.inputs["vnetSubnetID"] for pool in world.cloud.azure if pool.token == "containerservice:AgentPool"]
    for subnet in (api_server, *nodes, *pools):
        assert access.control_plane_may(world.cloud, access.JOIN_SUBNET, subnet), subnet
    assert access.control_plane_may(world.cloud, access.ASSIGN_IDENTITY, kubelet)
    for action in (access.READ_SECRET, access.READ_BLOB, access.PULL_IMAGE, access.WRITE_BLOB):
        assert not any(access.control_plane_may(world.cloud, action, id_) for id_ in world.resources())


def test_the_control_plane_writes_the_private_zone_of_a_private_cluster_only(world: World) -> None:
    zones = {zone.id for zone in world.cloud.azure if zone.token == "privatedns:PrivateZone"}
    writable = {zone for zone in zones if access.control_plane_may(world.cloud, access.WRITE_DNS, zone)}
    profile = access.the_cluster(world.cloud).inputs["apiServerAccessProfile"]
    assert writable == ({profile["privateDNSZone"]} if world.plan.foundation.cluster.private else set())


def test_a_resource_that_does_not_exist_can_not_be_read(world: World) -> None:
    reader = reader_of(world)
    vault = world.the("keyvault:Vault").id
    elsewhere = vault.replace(vault.rsplit("/", 1)[1], "another-vault")
    assert not access.may(world.cloud, *reader, access.READ_SECRET, elsewhere)


def test_a_vault_with_access_policies_ignores_roles(world: World) -> None:
    reader = reader_of(world)
    vault = world.the("keyvault:Vault")
    kept = vault.inputs["properties"]
    vault.inputs["properties"] = {**kept, "enableRbacAuthorization": False}
    try:
        assert not world.reads(reader)
    finally:
        vault.inputs["properties"] = kept


def test_an_unknown_role_raises_an_error(world: World) -> None:
    grant = next(
        role for role in world.cloud.azure
        if role.token == "authorization:RoleAssignment"
        and role.inputs["principalType"] == "ServicePrincipal"
        and role.inputs["scope"] == world.readers()[reader_of(world)][0]
    )  # fmt: skip
    kept = grant.inputs["roleDefinitionId"]
    grant.inputs["roleDefinitionId"] = "/providers/Microsoft.Authorization/roleDefinitions/0"
    reader = reader_of(world)
    try:
        with pytest.raises(access.UnknownRoleError):
            world.reads(reader)
    finally:
        grant.inputs["roleDefinitionId"] = kept
