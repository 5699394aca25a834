"""Cores compared with Azure's quotas: per family, on-demand total, spot total, and the surge node of an upgrade."""

import json
from typing import Any

import pytest
from planning_stacks import planned, pool

from catalog import quota
from config import Finding

H100, SYSTEM = "StandardNCadsH100v5Family", "standardDDSv5Family"
# Three nodes of 40 cores; system pool and first pool have five of 4, of a family of their own.
H100_CORES, SYSTEM_CORES = 120, 20
SPOT_POOL = {"pools[1]": pool("burst", capacity="spot", nodes={"min": 0, "max": 2})}  # 160 cores


def findings_of(changes: dict[str, Any], rule: str) -> list[Finding]:
    return [finding for finding in planned(changes).findings if finding.rule == rule]


def test_a_family_that_is_too_small_is_named_with_its_summands() -> None:
    (found,) = findings_of({"quota": {H100: 100}}, "QUOTA-CORES")
    assert found.path == f"quota.{H100}"
    for word in (H100, "120 cores", "h100 3 × 40", "without any surge node", "the quota is 100"):
        assert word in found.message
    assert "120 cores" in found.fix


def test_no_quota_at_all_is_a_quota() -> None:
    """New subscriptions have 0 cores of every GPU family."""
    assert findings_of({"quota": {H100: 0}}, "QUOTA-CORES")


@pytest.mark.parametrize("name", ["cores", "Total Regional vCPUs"])
def test_all_on_demand_cores_count_together(name: str) -> None:
    (found,) = findings_of({**SPOT_POOL, "quota": {name: H100_CORES + SYSTEM_CORES - 1}}, "QUOTA-CORES")
    assert found.path == f"quota.{name}"
    assert "h100 3 × 40 + system 4 × 4" in found.message
    assert "burst" not in found.message
    assert not findings_of({**SPOT_POOL, "quota": {name: H100_CORES + SYSTEM_CORES}}, "QUOTA-CORES")


def test_the_smaller_of_two_limits_counts() -> None:
    (found,) = findings_of({"quota": {"cores": 500, "Total Regional vCPUs": 100}}, "QUOTA-CORES")
    assert found.path == "quota.Total Regional vCPUs"


@pytest.mark.parametrize("name", ["lowPriorityCores", "Total Regional Spot vCPUs"])
def test_spot_cores_have_a_quota_of_their_own(name: str) -> None:
    (found,) = findings_of({**SPOT_POOL, "quota": {name: 159}}, "QUOTA-CORES")
    assert "burst 2 × 80" in found.message
    assert not findings_of({**SPOT_POOL, "quota": {name: 160}}, "QUOTA-CORES")
    # Spot nodes don't count against their family's quota.
    assert not findings_of({**SPOT_POOL, "quota": {H100: H100_CORES}}, "QUOTA-CORES")


@pytest.mark.parametrize(("limit", "surge"), [(159, ("0", "1")), (160, ("1", None))])
def test_whether_only_the_surge_node_is_too_much(limit: int, surge: tuple[str, str | None]) -> None:
    outcome = planned({"quota": {H100: limit}})
    assert outcome.plan is not None
    (made, *_) = outcome.plan.foundation.agent_pools
    assert (made.max_surge, made.max_unavailable) == surge
    found = [finding for finding in outcome.findings if finding.rule == "QUOTA-SURGE"]
    assert bool(found) == (surge[0] == "0")
    for finding in found:
        assert "120 of 159 cores" in finding.message
        assert "`h100`, 160 cores in total" in finding.message
        assert "upgraded without one" in finding.message


def test_the_regional_total_holds_a_surge_node_back_too() -> None:
    outcome = planned({"quota": {H100: 400, "cores": 150}})
    assert outcome.plan is not None
    assert outcome.plan.foundation.agent_pools[0].max_surge == "0"
    assert [finding.path for finding in outcome.findings if finding.rule == "QUOTA-SURGE"] == ["quota.cores"]


def test_a_pool_without_gpus_surges_with_any_quota() -> None:
    (found,) = findings_of({"quota": {SYSTEM: SYSTEM_CORES}}, "QUOTA-SURGE")
    assert "`system`, `first`, 24 cores in total" in found.message
    assert "not be upgraded" in found.message
    assert not findings_of({"quota": {SYSTEM: SYSTEM_CORES + 4}}, "QUOTA-SURGE")


def test_one_pool_does_not_break_two_rules() -> None:
    assert not findings_of({"quota": {H100: 100}}, "QUOTA-SURGE")


# What `az vm list-usage --output json` prints: numbers as text, Azure's own spelling.
USAGE = json.dumps(
    [
        {
            "currentValue": "40", "limit": "350", "localName": "Total Regional vCPUs",
            "name": {"localizedValue": "Total Regional vCPUs", "value": "cores"}, "unit": "Count",
        },
        {
            "currentValue": "0", "limit": "100", "localName": "Total Regional Spot vCPUs",
            "name": {"localizedValue": "Total Regional Spot vCPUs", "value": "lowPriorityCores"}, "unit": "Count",
        },
        {
            "currentValue": "40", "limit": "80", "localName": "Standard NCadsH100v5 Family vCPUs",
            "name": {"localizedValue": "Standard NCadsH100v5 Family vCPUs", "value": "standardNCadsH100v5Family"},
        },
        {
            "currentValue": "0", "limit": "-1", "localName": "Standard DDSv5 Family vCPUs",
            "name": {"localizedValue": "Standard DDSv5 Family vCPUs", "value": SYSTEM},
        },
        {"currentValue": "3", "limit": "25000", "name": {"localizedValue": "VMs", "value": "virtualMachines"}},
    ]
)  # fmt: skip


def test_usage_becomes_the_section_of_a_stack_file() -> None:
    found = quota.usages(USAGE, {H100, SYSTEM})
    assert quota.section(found) == (
        "  llm-platform:quota:\n"
        f"    {H100}: 80  # 40 in use\n"
        "    cores: 350  # 40 in use\n"
        "    lowPriorityCores: 100  # 0 in use\n"
    )
    assert not findings_of({"quota": {item.name: item.limit for item in found}}, "QUOTA-FAMILY")


@pytest.mark.parametrize("text", ["", "{}", "[{}]", '[{"name": {"value": "cores"}, "limit": "x", "currentValue": 1}]'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(quota.NoUsageError):
        quota.usages(text, {H100})
