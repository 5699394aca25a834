"""Keys of the vault for etcd, disks and weights: who may use each, what waits for whom, and what is never lost."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure
from tests.graph.test_graph import type_of

KEY, SET, GRANT = "keyvault:Key", "compute:DiskEncryptionSet", "authorization:RoleAssignment"
CLUSTER, STORE = "containerservice:ManagedCluster", "storage:StorageAccount"
EVERY = {"etcd": True, "disks": True, "store": True}


@cache
def _with(stack: str, keys: tuple[tuple[str, bool], ...]) -> tuple[Entry, ...]:
    def edit(sections: Sections) -> None:
        security = sections.setdefault("security", {})
        security["keys"] = dict(keys)
        security["vault"] = {**security.get("vault", {}), "purge_protection": True}

    return tuple(graph_of(stack, edit).to_json())


def with_keys(stack: str, **keys: bool) -> tuple[Entry, ...]:
    return _with(stack, tuple(sorted(keys.items())))


def named(entries: Sequence[Entry], name: str) -> Entry:
    (found,) = [entry for entry in entries if entry["urn"].split("::")[-1] == name]
    return found


def the(entries: Sequence[Entry], type_: str) -> Any:
    (found,) = [entry for entry in entries if is_azure(entry) and type_of(entry) == type_]
    return found["inputs"]


@pytest.mark.parametrize("stack", ALL)
def test_without_them_nothing_is_named(stack: str) -> None:
    """What exists stays as it is: no key, and no word about one to cluster or store."""
    entries = entries_of(stack)
    assert {type_of(entry) for entry in entries if is_azure(entry)}.isdisjoint({KEY, SET})
    assert "azureKeyVaultKms" not in the(entries, CLUSTER)["securityProfile"]
    assert "diskEncryptionSetID" not in the(entries, CLUSTER)
    assert {"encryption", "identity"}.isdisjoint(the(entries, STORE))


@pytest.mark.parametrize("stack", ALL)
def test_each_is_used_by_what_it_is_for(stack: str) -> None:
    entries = with_keys(stack, **EVERY)
    cluster, store, disks = the(entries, CLUSTER), the(entries, STORE), the(entries, SET)
    kms = cluster["securityProfile"]["azureKeyVaultKms"]
    # The vault has no public address, and the API server is in the platform's network.
    assert (kms["enabled"], kms["keyVaultNetworkAccess"]) == (True, "Private")
    assert {"keyId", "keyVaultResourceId"} <= kms.keys()
    assert cluster["apiServerAccessProfile"]["enableVnetIntegration"] is True
    assert "diskEncryptionSetID" in cluster
    assert disks["rotationToLatestKeyVersionEnabled"] is True
    assert store["encryption"]["keySource"] == "Microsoft.Keyvault"
    # Without a version, so that the store goes over to a new one by itself.
    assert set(store["encryption"]["keyVaultProperties"]) == {"keyName", "keyVaultUri"}
    assert store["identity"]["type"] == "UserAssigned"


@pytest.mark.parametrize("name", sorted(EVERY))
def test_one_alone_makes_one_key(name: str) -> None:
    entries = with_keys("prod", **{name: True})
    keys = [entry for entry in entries if is_azure(entry) and type_of(entry) == KEY]
    assert [entry["urn"].split("::")[-1] for entry in keys] == [f"keys-{name}"]


def test_a_key_outlives_the_stack_and_is_never_changed() -> None:
    entries = with_keys("prod", **EVERY)
    for name in EVERY:
        options = named(entries, f"keys-{name}")["options"]
        assert options["retain_on_delete"] is True
        assert options["protect"] is True
        # Azure's control plane makes keys and never updates one.
        assert set(options["ignore_changes"]) == {"properties", "tags"}


def test_keys_are_rotated_by_the_vault_but_for_the_one_whose_version_the_cluster_names() -> None:
    entries = with_keys("prod", **EVERY)
    rotated = {name: "rotationPolicy" in named(entries, f"keys-{name}")["inputs"]["properties"] for name in EVERY}
    assert rotated == {"etcd": False, "disks": True, "store": True}
    # A version that expires takes what is encrypted with it along.
    for name in EVERY:
        assert "expiryTime" not in str(named(entries, f"keys-{name}")["inputs"])


def test_whatever_is_encrypted_waits_until_it_may_use_its_key() -> None:
    entries = with_keys("prod", **EVERY)
    cluster = set(named(entries, "cluster-aks")["options"]["depends_on"])
    for grant in ("etcd", "etcd-vault", "disks", "disk-set"):
        assert named(entries, f"keys-grant-{grant}")["urn"] in cluster
    assert named(entries, "keys-grant-store")["urn"] in named(entries, "model-store-account")["options"]["depends_on"]


def test_each_identity_may_use_its_own_key_alone() -> None:
    """The role on the whole vault is for its connection with AKS, and opens nothing in it."""
    entries = with_keys("prod", **EVERY)
    for name in EVERY:
        waits = named(entries, f"keys-grant-{name}")["options"]["depends_on"]
        assert {urn for urn in waits if f"azure-native:{KEY}::" in urn} == {named(entries, f"keys-{name}")["urn"]}
    contributor = named(entries, "keys-grant-etcd-vault")["inputs"]["roleDefinitionId"]
    assert contributor.endswith("f25e0fa2-a7c8-4377-a976-54943a77a395")


def test_what_is_given_up_is_named_since_azure_keeps_what_is_left_out() -> None:
    entries = with_keys("prod", etcd=False, store=False)
    assert the(entries, CLUSTER)["securityProfile"]["azureKeyVaultKms"] == {"enabled": False}
    assert the(entries, STORE)["encryption"]["keySource"] == "Microsoft.Storage"
    assert the(entries, STORE)["identity"] == {"type": "None"}


def test_another_key_for_disks_is_another_cluster_to_the_kubernetes_provider() -> None:
    def identifier(entries: Sequence[Entry]) -> str:
        return str(named(entries, "cluster-kubernetes")["inputs"]["clusterIdentifier"])

    assert identifier(with_keys("prod", disks=True)) != identifier(entries_of("prod"))
    assert identifier(with_keys("prod", etcd=True, store=True)) == identifier(entries_of("prod"))
