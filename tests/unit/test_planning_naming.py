"""Names keep the limits of Azure and Kubernetes, and a pool's revision changes exactly when its nodes must."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import plan, settings

from config.platform import Platform
from planning import naming
from planning.naming import Name, Names

BASE = settings({}).platform
platforms = st.builds(
    lambda name, suffix, environment: BASE.model_copy(
        update={"name": name, "suffix": suffix, "environment": environment}
    ),
    st.from_regex(r"[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,4}){0,2}", fullmatch=True),
    st.from_regex(r"[a-z0-9]{3,5}", fullmatch=True),
    st.sampled_from(["dev", "test", "prod"]),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
)
fields = st.dictionaries(st.text(min_size=1, max_size=6), values, max_size=5)


@given(platforms)
def test_only_the_vault_and_the_storage_account_can_be_too_long(platform: Platform) -> None:
    """Settings that are accepted give legal names, except for the two limits of 24 that a finding reports."""
    for name in Names(platform).all():
        if name.limit in (naming.VAULT, naming.STORAGE_ACCOUNT):
            assert name.legal == (len(name.value) <= 24)
        else:
            assert name.legal, name
    names = Names(platform)
    assert "-" not in names.registry.value
    assert "-" not in names.storage_account.value
    assert platform.suffix in names.vault.value


def test_names_that_are_global_hold_the_suffix() -> None:
    names, other_names = (Names(BASE.model_copy(update={"suffix": suffix})) for suffix in ("x7f", "x7g"))
    for name in ("vault", "registry", "storage_account", "dns_prefix"):
        assert getattr(names, name) != getattr(other_names, name)


@pytest.mark.parametrize(
    ("value", "limit", "legal"),
    [
        ("a" * 24, naming.STORAGE_ACCOUNT, True),
        ("a" * 25, naming.STORAGE_ACCOUNT, False),
        ("ab", naming.STORAGE_ACCOUNT, False),
        ("Upper", naming.STORAGE_ACCOUNT, False),
        ("kv-a-b", naming.VAULT, True),
        ("kv--a", naming.VAULT, False),
        ("kv-a-", naming.VAULT, False),
        ("1kv", naming.VAULT, False),
        ("k" * 12, naming.AGENT_POOL, True),
        ("k" * 13, naming.AGENT_POOL, False),
        ("a-b", naming.AGENT_POOL, False),
        ("9a", naming.AGENT_POOL, False),
        ("rg-ends-with.", naming.RESOURCE_GROUP, False),
        ("rg-(1)", naming.RESOURCE_GROUP, True),
        ("chat-1", naming.KUBERNETES_LABEL, True),
        ("chat-", naming.KUBERNETES_LABEL, False),
        ("c" * 64, naming.KUBERNETES_LABEL, False),
        ("acr1", naming.REGISTRY, False),
        ("acr-12345", naming.REGISTRY, False),
    ],
)
def test_limits(value: str, limit: naming.Limit, legal: bool) -> None:
    assert Name(value, limit).legal is legal


@given(st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True), fields, st.booleans())
def test_every_pool_name_and_revision_fit_aks(name: str, hashed: dict[str, Any], create_first: bool) -> None:
    assert naming.agent_pool_name(name, naming.revision(hashed), create_first=create_first).legal


@given(fields, st.randoms())
def test_equal_fields_have_equal_revisions_in_any_order(hashed: dict[str, Any], random: Any) -> None:
    shuffled = list(hashed.items())
    random.shuffle(shuffled)
    assert naming.revision(dict(shuffled)) == naming.revision(hashed)


IMMUTABLE = [
    {"pools[0].vm_size": "Standard_NC80adis_H100_v5"},
    {"pools[0].zones": ["1"]},
    {"pools[0].os_disk_gib": 1024},
    {"pools[0].gpu.layout": ["3g.47gb", "3g.47gb"], "cluster.max_pods": 60},
    {"cluster.gpu_driver": "operator"},
    {"network.subnets": {"nodes": "10.20.128.0/18"}},
]
MUTABLE = [
    {"pools[0].nodes": {"min": 2, "max": 5}},
    {"pools[0].taints": ["team=a:NoSchedule"], "models[0].tolerates": ["team"], "models[1].tolerates": ["team"]},
    {"models[0].engine.args.seed": 1},
    {"platform.tags": {"team": "other"}},
    {"cluster.kubernetes": "1.35"},
    {"cluster.tier": "Standard"},
]


@pytest.mark.parametrize("changes", IMMUTABLE, ids=lambda changes: next(iter(changes)))
def test_what_azure_cannot_change_in_place_changes_the_revision(changes: dict[str, Any]) -> None:
    before, after = plan({}).foundation.agent_pools[0], plan(changes).foundation.agent_pools[0]
    assert after.pool.revision != before.pool.revision
    assert after.aks_name != before.aks_name
    assert after.logical_name != before.logical_name


@pytest.mark.parametrize("changes", MUTABLE, ids=lambda changes: next(iter(changes)))
def test_what_azure_can_change_keeps_the_revision(changes: dict[str, Any]) -> None:
    assert plan(changes).pools[0].revision == plan({}).pools[0].revision


def test_another_layout_is_another_revision_and_its_order_is_not() -> None:
    mixed = {"models[0].slice": "3g.47gb", "models[1].slice": "4g.47gb", "models[0].replicas": {"min": 1, "max": 1}}
    mixed["pools[0].nodes"] = {"min": 1, "max": 1}
    mixed_pool = plan({**mixed, "pools[0].gpu.layout": ["4g.47gb", "3g.47gb"]}).pools[0]
    reordered_pool = plan({**mixed, "pools[0].gpu.layout": ["3g.47gb", "4g.47gb"]}).pools[0]
    assert mixed_pool.revision == reordered_pool.revision
    assert mixed_pool.revision != plan({}).pools[0].revision


def test_a_pool_that_is_deleted_first_keeps_its_name_in_azure() -> None:
    before = plan({"pools[0].rotation": "delete-first"}).foundation.agent_pools[0]
    after = plan({"pools[0].rotation": "delete-first", "pools[0].os_disk_gib": 1024}).foundation.agent_pools[0]
    assert (before.aks_name, before.logical_name) == (after.aks_name, after.logical_name) == ("h100", "pool-h100")
    assert before.pool.revision != after.pool.revision


def test_a_pool_that_takes_another_name_in_azure_is_another_revision() -> None:
    """With an equal revision, pods would stay on the nodes that are deleted."""
    before, after = (plan(changes).foundation.agent_pools[0] for changes in ({}, {"pools[0].rotation": "delete-first"}))
    assert before.aks_name != after.aks_name
    assert before.pool.revision != after.pool.revision


def test_role_assignments_are_named_by_what_they_grant() -> None:
    granted = naming.role_assignment("subscription", "group", "who", "what", "where")
    assert granted == naming.role_assignment("subscription", "group", "who", "what", "where")
    assert granted != naming.role_assignment("subscription", "group", "who", "what", "elsewhere")
    assert uuid.UUID(granted).version == 5


def test_names_within_a_plan_are_legal_and_unique() -> None:
    whole = plan({})
    azure = whole.foundation
    names = [azure.identity.control_plane, azure.identity.kubelet, *(pod.name for pod in azure.pod_identities)]
    assert len(names) == 2 + len(whole.secrets.stores) + sum(model.has_identity for model in whole.models)
    assert len(set(names)) == len(names)
    for name in names:
        assert Name(name, naming.IDENTITY).legal
    for subnet in azure.network.subnets:
        assert Name(subnet.name, naming.SUBNET).legal
