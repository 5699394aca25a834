"""Reference data made from a stack's own graph, where the published one is not at hand: nothing is refused by it.

The simulators read ARM's type definitions, the charts' values and their CustomResourceDefinitions from files. What is
written here has the same form and accepts whatever the graph has: kinds, chart values and inputs are known, and their
fields are not checked.
"""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import yaml

from simulators.azure.arm_paths import path_inputs
from simulators.helm.chart_values import OVERLAYS, SUBCHARTS
from simulators.helm.installed_charts import catalog_charts

Entry = Mapping[str, Any]

# Types of Azure Resource Manager, as its reference names them: https://learn.microsoft.com/azure/templates/.
ARM_TYPES: Final[Mapping[str, str]] = {
    "alertsmanagement:PrometheusRuleGroup": "Microsoft.AlertsManagement/prometheusRuleGroups",
    "apimanagement:Api": "Microsoft.ApiManagement/service/apis",
    "apimanagement:ApiManagementService": "Microsoft.ApiManagement/service",
    "apimanagement:ApiOperation": "Microsoft.ApiManagement/service/apis/operations",
    "apimanagement:ApiPolicy": "Microsoft.ApiManagement/service/apis/policies",
    "apimanagement:Backend": "Microsoft.ApiManagement/service/backends",
    "apimanagement:NamedValue": "Microsoft.ApiManagement/service/namedValues",
    "apimanagement:Product": "Microsoft.ApiManagement/service/products",
    "apimanagement:ProductApi": "Microsoft.ApiManagement/service/products/apiLinks",
    "apimanagement:Subscription": "Microsoft.ApiManagement/service/subscriptions",
    "authorization:ManagementLockByScope": "Microsoft.Authorization/locks",
    "authorization:RoleAssignment": "Microsoft.Authorization/roleAssignments",
    "cognitiveservices:Account": "Microsoft.CognitiveServices/accounts",
    "compute:DiskEncryptionSet": "Microsoft.Compute/diskEncryptionSets",
    "containerregistry:CacheRule": "Microsoft.ContainerRegistry/registries/cacheRules",
    "containerregistry:CredentialSet": "Microsoft.ContainerRegistry/registries/credentialSets",
    "containerregistry:Registry": "Microsoft.ContainerRegistry/registries",
    "containerservice:AgentPool": "Microsoft.ContainerService/managedClusters/agentPools",
    "containerservice:DeploymentSafeguard": "Microsoft.ContainerService/deploymentSafeguards",
    "containerservice:MaintenanceConfiguration": "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    "containerservice:ManagedCluster": "Microsoft.ContainerService/managedClusters",
    "dashboard:Grafana": "Microsoft.Dashboard/grafana",
    "dns:RecordSet": "Microsoft.Network/dnsZones/A",
    "keyvault:Key": "Microsoft.KeyVault/vaults/keys",
    "keyvault:Secret": "Microsoft.KeyVault/vaults/secrets",
    "keyvault:Vault": "Microsoft.KeyVault/vaults",
    "managedidentity:FederatedIdentityCredential": (
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    ),
    "managedidentity:UserAssignedIdentity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "monitor:ActionGroup": "Microsoft.Insights/actionGroups",
    "monitor:AzureMonitorWorkspace": "Microsoft.Monitor/accounts",
    "monitor:DataCollectionEndpoint": "Microsoft.Insights/dataCollectionEndpoints",
    "monitor:DataCollectionRule": "Microsoft.Insights/dataCollectionRules",
    "monitor:DataCollectionRuleAssociation": "Microsoft.Insights/dataCollectionRuleAssociations",
    "monitor:DiagnosticSetting": "Microsoft.Insights/diagnosticSettings",
    "network:NatGateway": "Microsoft.Network/natGateways",
    "network:NetworkSecurityGroup": "Microsoft.Network/networkSecurityGroups",
    "network:PrivateDnsZoneGroup": "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "network:PrivateEndpoint": "Microsoft.Network/privateEndpoints",
    "network:PublicIPAddress": "Microsoft.Network/publicIPAddresses",
    "network:Subnet": "Microsoft.Network/virtualNetworks/subnets",
    "network:VirtualNetwork": "Microsoft.Network/virtualNetworks",
    "network:VirtualNetworkPeering": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces",
    "privatedns:PrivateRecordSet": "Microsoft.Network/privateDnsZones/A",
    "privatedns:PrivateZone": "Microsoft.Network/privateDnsZones",
    "privatedns:VirtualNetworkLink": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "redisenterprise:Database": "Microsoft.Cache/redisEnterprise/databases",
    "redisenterprise:RedisEnterprise": "Microsoft.Cache/redisEnterprise",
    "resources:ResourceGroup": "Microsoft.Resources/resourceGroups",
    "storage:BlobContainer": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "storage:BlobContainerImmutabilityPolicy": (
        "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies"
    ),
    "storage:BlobServiceProperties": "Microsoft.Storage/storageAccounts/blobServices",
    "storage:ManagementPolicy": "Microsoft.Storage/storageAccounts/managementPolicies",
    "storage:StorageAccount": "Microsoft.Storage/storageAccounts",
}
# What the simulated operators look for beside what a stack declares, by the API group that brings them.
_SOUGHT: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "external-secrets.io": tuple(
        ("external-secrets.io/v1", kind) for kind in ("ClusterSecretStore", "ExternalSecret", "SecretStore")
    ),
    "keda.sh": tuple(
        ("keda.sh/v1alpha1", kind) for kind in ("ClusterTriggerAuthentication", "ScaledObject", "TriggerAuthentication")
    ),
}
_CLUSTER_WIDE: Final = frozenset({"ClusterSecretStore", "ClusterTriggerAuthentication", "GatewayClass"})
_AZURE: Final = re.compile(r"^azure-native:(\w+)(?:/\w+)?:(\w+)$")
_ANNOTATED: Final = re.compile(r"^--for=jsonpath=\{\.metadata\.annotations\.(.+)\}=(.+)$")
_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_JOB: Final = "kubernetes:batch/v1:Job"


def arm_token(type_: str) -> str:
    """`module:Type` of a type of the Azure provider; empty for any other type."""
    match = _AZURE.match(type_)
    return f"{match[1]}:{match[2]}" if match and match[2] != "Provider" else ""


def write(directory: Path, entries: Iterable[Entry]) -> None:
    """Write the folders `arm`, `charts` and `crds` for resources, which are as a preview's JSON lists them.

    Raises:
        KeyError: a resource is of a type of Azure that no simulator knows.

    """
    every = list(entries)
    for name in ("arm", "charts", "crds"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for token in {token for entry in every if (token := arm_token(entry["type"]))}:
        text = json.dumps(_arm_definition(token))
        (directory / "arm" / f"{token.replace(':', '.')}.json").write_text(text, encoding="utf-8")
    for chart, values in _chart_values(every).items():
        text = yaml.safe_dump(values, sort_keys=True)
        (directory / "charts" / f"{chart}.values.yaml").write_text(text, encoding="utf-8")
    definitions = "---\n".join(yaml.safe_dump(crd, sort_keys=False) for crd in _definitions(every))
    (directory / "crds" / "of-the-stack.yaml").write_text(definitions, encoding="utf-8")


def _arm_definition(token: str) -> dict[str, Any]:
    """A definition in the form of Azure/bicep-types-az that takes any input."""
    module, _, name = token.partition(":")
    resource = getattr(import_module(f"pulumi_azure_native.{module}"), name)
    anything: dict[str, Any] = {"type": {"$ref": "#/2"}, "flags": 0}
    taken = inspect.signature(resource._internal_init).parameters  # noqa: SLF001 - the only list of inputs that it has
    fields = {key: anything for key in ("name", "location") if key == "name" or key in taken}
    version = "2000-01-01"
    return {
        "types": [
            {"$type": "ResourceType", "name": f"{ARM_TYPES[token]}@{version}", "body": {"$ref": "#/1"}},
            {"$type": "ObjectType", "properties": fields, "additionalProperties": {"$ref": "#/2"}},
            {"$type": "AnyType"},
        ]
    }


def _chart_values(entries: Iterable[Entry]) -> dict[str, dict[str, Any]]:
    """Values of every chart, as far as the stack sets them."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["type"] == _RELEASE:
            chart = str(entry["inputs"]["chart"]).rpartition("/")[2]
            found.setdefault(chart, {}).update(entry["inputs"].get("values") or {})
    for overlay in OVERLAYS.values():
        found[overlay] = {}
    for (chart, path), inner in SUBCHARTS.items():
        found[inner] = dict(found.get(chart, {}).get(path) or {})
    return found


def _definitions(entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    groups = {group for facts in catalog_charts().values() for group in facts.crd_groups}
    every = list(entries)
    kinds: dict[tuple[str, str], set[str]] = {}
    wide: set[str] = set(_CLUSTER_WIDE)
    for version, kind, namespace in [*_declared(every), *_sought(groups)]:
        group, _, number = version.partition("/")
        if group in groups:
            kinds.setdefault((group, kind), set()).add(number)
            if not namespace:
                wide.add(kind)
    annotations = dict(_annotations(every))
    for (group, kind), versions in sorted(kinds.items()):
        yield _definition(group, kind, sorted(versions), is_wide=kind in wide, annotations=annotations)
    made = {f"{plural(kind)}.{group}" for group, kind in kinds}
    for name in sorted(annotations.keys() - made):
        names, _, group = name.partition(".")
        # Nothing of the kind is made: any word will do for it.
        yield _definition(group, names.removesuffix("s").title(), ["v1"], is_wide=False, annotations=annotations)


def _declared(entries: Iterable[Entry]) -> Iterator[tuple[str, str, str]]:
    for entry in entries:
        if entry["type"].startswith("kubernetes:") and (version := entry["inputs"].get("apiVersion")):
            metadata = entry["inputs"].get("metadata") or {}
            yield str(version), str(entry["inputs"]["kind"]), str(metadata.get("namespace") or "")


def _sought(groups: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for group in groups:
        for version, kind in _SOUGHT.get(group, ()):
            yield version, kind, "" if kind in _CLUSTER_WIDE else "any"


def _annotations(entries: Iterable[Entry]) -> Iterator[tuple[str, dict[str, str]]]:
    """Annotations that Jobs expect of definitions, by the definition's name."""
    for entry in entries:
        if entry["type"] != _JOB:
            continue
        spec = entry["inputs"]["spec"]["template"]["spec"]
        for container in (*(spec.get("initContainers") or []), *spec["containers"]):
            command = [*(container.get("command") or []), *(container.get("args") or [])]
            for match in filter(None, map(_ANNOTATED.match, map(str, command))):
                yield str(command[2]).partition("/")[2], {match[1].replace("\\.", "."): match[2]}


def plural(kind: str) -> str:
    """The plural of a kind in addresses, by the rules of Kubernetes' code generators (k8s.io/gengo/namer)."""
    word = kind.lower()
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def _definition(
    group: str, kind: str, versions: Iterable[str], *, is_wide: bool, annotations: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    name = f"{plural(kind)}.{group}"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": name,
            # Groups of Kubernetes itself are not taken without a word that somebody has approved them.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in", **annotations.get(name, {})},
        },
        "spec": {
            "group": group,
            "scope": "Cluster" if is_wide else "Namespaced",
            "names": {"kind": kind, "plural": plural(kind), "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": number == 0,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
                for number, version in enumerate(versions)
            ],
        },
    }


def unknown_types(entries: Iterable[Entry]) -> list[str]:
    """Types of Azure's resources that no simulator knows: their paths, or what they are in ARM."""
    return sorted({entry["type"] for entry in entries if (token := arm_token(entry["type"])) and not _is_known(token)})


def _is_known(token: str) -> bool:
    try:
        path_inputs(token)
    except KeyError:
        return False
    return token in ARM_TYPES
