"""One table lists what AKS can't change on a pool: the revision and `replace_on_changes` both follow from it."""

from collections.abc import Mapping
from typing import Any

import pytest
from planning_stacks import plan, pool

from planning.deciding import pools
from planning.plan.immutable import IMMUTABLE_FIELDS, IMMUTABLE_SETTINGS

SPARE = {"pools[1]": pool("spare")}
# Every setting of the table, changed alone as far as the stack file lets it be.
CHANGES = {
    "zones": {"pools[0].zones": ["1"]},
    "gpu_instance_profile": {
        "pools[0].gpu.layout": ["3g.47gb", "4g.47gb"], "models[0].slice": "3g.47gb", "models[1].slice": "4g.47gb",
        "pools[0].nodes": {"min": 3, "max": 3},
    },
    "gpu_driver": {"cluster.gpu_driver": "operator"},
    "encryption_at_host": {"security.nodes": {"encryption_at_host": True}},
    "node_security": {"security.nodes": {"ssh": "disabled"}},
    "max_pods": {"cluster.max_pods": 60},
    "os_disk_gib": {"pools[0].os_disk_gib": 1024},
    # On the pool that no model needs: a model must have a floor elsewhere.
    "spot": {"pools[1]": pool("spare", capacity="spot")},
    "vm_size": {"pools[0].vm_size": "Standard_NC80adis_H100_v5"},
    "subnet": {"network.subnets": {"nodes": "10.20.128.0/18"}},
}  # fmt: skip


def revisions(changes: Mapping[str, Any]) -> list[str]:
    return [made.revision for made in plan({**SPARE, **changes}).pools]


@pytest.mark.parametrize("setting", sorted(IMMUTABLE_SETTINGS))
def test_a_changed_setting_of_the_table_is_another_revision(setting: str) -> None:
    assert revisions(CHANGES[setting]) != revisions({})


@pytest.mark.parametrize("extra", ["local_dns", "host_group"])
def test_a_setting_that_only_the_table_has_is_refused(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    monkeypatch.setattr(pools, "IMMUTABLE_SETTINGS", IMMUTABLE_SETTINGS | {extra})
    with pytest.raises(ValueError, match=extra):
        plan({})


@pytest.mark.parametrize("setting", sorted(IMMUTABLE_SETTINGS))
def test_a_setting_that_only_the_hash_has_is_refused(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setattr(pools, "IMMUTABLE_SETTINGS", IMMUTABLE_SETTINGS - {setting})
    with pytest.raises(ValueError, match=setting):
        plan({})


def test_fields_without_a_setting_are_the_same_on_every_pool() -> None:
    assert {field for field, setting in IMMUTABLE_FIELDS.items() if setting is None} == {"osDiskType", "osType", "type"}


def test_a_stack_without_settings_of_later_versions_keeps_the_pools_that_it_has() -> None:
    """The revision of the recorded stacks' pool (tests/engine/recordings/losses.yaml)."""
    assert plan({"security.nodes": {}}).pools[0].revision == "h100-3y90"
