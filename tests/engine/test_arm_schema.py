"""The check of inputs against ARM's type definitions accepts what Azure accepts and refuses what Azure refuses."""

from pathlib import Path
from typing import Any

import pytest

from simulators.azure.arm_paths import NAME_PARTS, resource_id
from simulators.azure.arm_schema import ArmSchema
from simulators.provider_protocol.wire import UNKNOWN

# Types whose definitions are not among the reference files: docs/not-verified.md.
UNDEFINED = (
    "dns:RecordSet",
    "privatedns:PrivateRecordSet",
    "redisenterprise:Database",
    "redisenterprise:RedisEnterprise",
    "storage:BlobContainerImmutabilityPolicy",
)
POOL: dict[str, Any] = {
    "resourceGroupName": "rg",
    "resourceName": "aks",
    "agentPoolName": "gpu1",
    "count": 1.0,
    "mode": "User",
    "vmSize": "Standard_NC40ads_H100_v5",
    "osDiskSizeGB": 128.0,
    "spotMaxPrice": 0.98,
}


def objections(arm: Path, token: str, inputs: dict[str, Any]) -> dict[str, str]:
    return {problem.path: problem.severity for problem in ArmSchema.load(arm, token).check(inputs)}


def test_a_valid_pool_passes(arm: Path) -> None:
    assert objections(arm, "containerservice:AgentPool", POOL) == {}


@pytest.mark.parametrize(
    ("change", "path", "severity"),
    [
        ({"vmSiz": "x"}, "vmSiz", "error"),
        ({"provisioningState": "Succeeded"}, "provisioningState", "error"),
        ({"count": "one"}, "count", "error"),
        ({"count": 1.5}, "count", "error"),
        ({"enableAutoScaling": "yes"}, "enableAutoScaling", "error"),
        ({"nodeTaints": "a=b:NoSchedule"}, "nodeTaints", "error"),
        ({"nodeTaints": [1.0]}, "nodeTaints[0]", "error"),
        ({"upgradeSettings": {"maxSurg": "1"}}, "upgradeSettings.maxSurg", "error"),
        ({"upgradeSettings": {"drainTimeoutInMinutes": 2000.0}}, "upgradeSettings.drainTimeoutInMinutes", "error"),
        ({"osDiskSizeGB": 4096.0}, "osDiskSizeGB", "error"),
        ({"nodeLabels": {"a": 1.0}}, "nodeLabels.a", "error"),
        ({"mode": "Gpu"}, "mode", "warning"),
        ({"agentPoolName": "GPU_1"}, "agentPoolName", "error"),
        ({"agentPoolName": "thirteenchars"}, "agentPoolName", "error"),
        ({"resourceName": None}, "resourceName", "error"),
    ],
)
def test_what_azure_refuses_in_a_pool(arm: Path, change: dict[str, Any], path: str, severity: str) -> None:
    assert objections(arm, "containerservice:AgentPool", POOL | change) == {path: severity}


def test_unknown_values_pass(arm: Path) -> None:
    inputs = POOL | {"vnetSubnetID": UNKNOWN, "nodeTaints": UNKNOWN, "upgradeSettings": {"maxSurge": UNKNOWN}}
    assert objections(arm, "containerservice:AgentPool", inputs) == {}


def test_dashes_and_identity_lists_are_understood(arm: Path) -> None:
    inputs = {
        "resourceGroupName": "rg",
        "resourceName": "aks",
        "autoScalerProfile": {"scaleDownUnneededTime": "10m"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/subscriptions/s", UNKNOWN]},
    }
    assert objections(arm, "containerservice:ManagedCluster", inputs) == {}
    inputs["autoScalerProfile"] = {"scaleDownUnneeded": "10m"}
    inputs["identity"] = {"type": "Mine", "userAssignedIdentities": [1.0]}
    assert objections(arm, "containerservice:ManagedCluster", inputs) == {
        "autoScalerProfile.scaleDownUnneeded": "error",
        "identity.type": "error",
        "identity.userAssignedIdentities[0]": "error",
    }


def test_nested_properties_are_flattened_and_required_there(arm: Path) -> None:
    rule = {"name": "r", "access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": 100.0}
    inputs = {"resourceGroupName": "rg", "networkSecurityGroupName": "nsg", "securityRules": [rule]}
    assert objections(arm, "network:NetworkSecurityGroup", inputs) == {}
    del rule["priority"]
    assert objections(arm, "network:NetworkSecurityGroup", inputs) == {"securityRules[0].priority": "error"}


def test_a_resource_that_keeps_properties_is_read_there(arm: Path) -> None:
    properties = {"tenantId": UNKNOWN, "sku": {"family": "A", "name": "standard"}}
    inputs = {"resourceGroupName": "rg", "vaultName": "vault-1", "location": "eastus", "properties": properties}
    assert objections(arm, "keyvault:Vault", inputs) == {}
    wrong = inputs | {"vaultName": "1_vault", "properties": {"sku": {"family": "B", "name": "gold"}}}
    assert objections(arm, "keyvault:Vault", wrong) == {
        "properties.sku.family": "warning",
        "properties.sku.name": "error",
        "properties.tenantId": "error",
        "vaultName": "error",
    }


def test_renamed_properties_are_found(arm: Path) -> None:
    inputs = {
        "resourceGroupName": "rg",
        "accountName": "store1",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "enableHttpsTrafficOnly": True,
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "1.2.3.4"}]},
    }
    assert objections(arm, "storage:StorageAccount", inputs) == {}
    wrong = inputs | {"accountName": "a-store", "kind": None}
    assert objections(arm, "storage:StorageAccount", wrong) == {"accountName": "error", "kind": "error"}


def test_a_discriminated_object_takes_the_fields_of_its_kind(arm: Path) -> None:
    inputs: dict[str, Any] = {
        "resourceGroupName": "rg",
        "ruleName": "rule",
        "location": "global",
        "enabled": True,
        "evaluationFrequency": "PT1M",
        "windowSize": "PT5M",
        "severity": 2.0,
        "scopes": ["/subscriptions/s"],
        "criteria": {"odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": []},
    }
    assert objections(arm, "monitor:MetricAlert", inputs) == {}
    inputs["criteria"] = {"odataType": "Microsoft.Azure.Monitor.Nothing"}
    assert objections(arm, "monitor:MetricAlert", inputs) == {"criteria.odataType": "error"}


def test_every_listed_path_is_as_long_as_the_arm_type(arm: Path) -> None:
    """A path table that disagrees with ARM would give ids that Azure never gives."""
    for token in NAME_PARTS:
        if token in UNDEFINED:
            assert not (arm / f"{token.replace(':', '.')}.json").exists()
            continue
        schema = ArmSchema.load(arm, token)
        parts = [part for part in NAME_PARTS[token] if part not in ("scope", "resourceUri")]
        expected = 0 if token == "resources:ResourceGroup" else schema.arm_type.count("/")
        assert len(parts) == expected, token


def test_ids_have_azure_s_form(arm: Path) -> None:
    pool = ArmSchema.load(arm, "containerservice:AgentPool")
    assert resource_id(pool.token, pool.arm_type, "sub", POOL) == (
        "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks/agentPools/gpu1"
    )
    role = ArmSchema.load(arm, "authorization:RoleAssignment")
    inputs: dict[str, Any] = {"scope": "/subscriptions/sub/resourceGroups/rg", "roleAssignmentName": "g"}
    assert resource_id(role.token, role.arm_type, "other", inputs) == (
        "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/g"
    )
