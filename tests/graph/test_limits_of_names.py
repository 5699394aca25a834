"""Every name, label, annotation and tag of every object keeps the limits of Kubernetes and of Azure.

Source: k8s.io/apimachinery pkg/util/validation/validation.go and pkg/api/validation/objectmeta.go; Azure's page of
resource name rules (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules) and its
page of tags; AKS's page of node labels (the same limits as Kubernetes).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest

from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure, is_kubernetes

LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
PART_OF_KEY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
DATA_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")
PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
# Kinds whose name is a host name, and charts (helm/helm pkg/chartutil/validate_name.go).
LABEL_KINDS = {"Service", "Namespace"}
HELM_NAME = re.compile(r"(?=.{1,53}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
ANNOTATIONS_BYTES = 256 * 1024
# Mappings of labels, wherever they are: in objects, pod templates, a chart's values, a node pool.
LABELS = {"labels", "matchLabels", "nodeSelector", "nodeLabels", "podLabels", "additionalLabels"}
ANNOTATIONS = {"annotations", "podAnnotations"}
# Each kind's own name, from Azure's page.
AZURE: Mapping[str, tuple[str, str]] = {
    "alertsmanagement:PrometheusRuleGroup": ("ruleGroupName", r"[^:@/#{}%&+*<>?]{1,260}"),
    "apimanagement:Api": ("apiId", r"[^*#&+:<>?]{1,256}"),
    "apimanagement:ApiManagementService": ("serviceName", r"[A-Za-z]([A-Za-z0-9-]{0,48}[A-Za-z0-9])?"),
    "apimanagement:ApiOperation": ("operationId", r"[^*#&+:<>?]{1,80}"),
    "apimanagement:Backend": ("backendId", r"[^*#&+:<>?]{1,80}"),
    "apimanagement:NamedValue": ("namedValueId", r"[A-Za-z0-9._-]{1,256}"),
    "apimanagement:Product": ("productId", r"[^*#&+:<>?]{1,256}"),
    "apimanagement:ProductApi": ("apiId", r"[^*#&+:<>?]{1,256}"),
    "apimanagement:Subscription": ("sid", r"[^*#&+:<>?]{1,256}"),
    "authorization:ManagementLockByScope": ("lockName", r"[^<>%&\\?/]{1,90}"),
    "cognitiveservices:Account": ("accountName", r"[A-Za-z0-9][A-Za-z0-9-]{0,62}[A-Za-z0-9]"),
    "compute:DiskEncryptionSet": ("diskEncryptionSetName", r"[\w-]{1,80}"),
    "containerregistry:CacheRule": ("cacheRuleName", r"[A-Za-z0-9-]{5,50}"),
    "containerregistry:CredentialSet": ("credentialSetName", r"[A-Za-z0-9-]{5,50}"),
    "containerregistry:Registry": ("registryName", r"[A-Za-z0-9]{5,50}"),
    "containerservice:AgentPool": ("agentPoolName", r"[a-z][a-z0-9]{0,11}"),
    "containerservice:ManagedCluster": ("resourceName", r"[A-Za-z0-9]([\w-]{0,61}[A-Za-z0-9])?"),
    "dashboard:Grafana": ("workspaceName", r"[A-Za-z][A-Za-z0-9-]{0,28}[A-Za-z0-9]"),
    "keyvault:Key": ("keyName", r"[A-Za-z0-9-]{1,127}"),
    "keyvault:Secret": ("secretName", r"[A-Za-z0-9-]{1,127}"),
    "keyvault:Vault": ("vaultName", r"(?=.{3,24}$)[A-Za-z](-?[A-Za-z0-9])+"),
    "managedidentity:FederatedIdentityCredential": (
        "federatedIdentityCredentialResourceName", r"[A-Za-z0-9][\w-]{2,119}",
    ),
    "managedidentity:UserAssignedIdentity": ("resourceName", r"[A-Za-z0-9][\w-]{2,127}"),
    "monitor:ActionGroup": ("actionGroupName", r"[^/:<>+%&?\\#*]{0,259}[^/:<>+%&?\\#* .]"),
    "monitor:AzureMonitorWorkspace": ("azureMonitorWorkspaceName", r"[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]"),
    "monitor:DataCollectionEndpoint": ("dataCollectionEndpointName", r"[A-Za-z0-9][A-Za-z0-9-]{1,42}[A-Za-z0-9]"),
    "monitor:DataCollectionRule": ("dataCollectionRuleName", r"[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?"),
    "monitor:DiagnosticSetting": ("name", r"[^*<>%&:\\?+/]{1,260}"),
    "network:NatGateway": ("natGatewayName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "network:NetworkSecurityGroup": ("networkSecurityGroupName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "network:PrivateEndpoint": ("privateEndpointName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "network:PublicIPAddress": ("publicIpAddressName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "network:Subnet": ("subnetName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "network:VirtualNetwork": ("virtualNetworkName", r"[A-Za-z0-9]([\w.-]{0,62}\w)?"),
    "network:VirtualNetworkPeering": ("virtualNetworkPeeringName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "operationalinsights:Workspace": ("workspaceName", r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
    "privatedns:VirtualNetworkLink": ("virtualNetworkLinkName", r"[A-Za-z0-9]([\w.-]{0,78}\w)?"),
    "resources:ResourceGroup": ("resourceGroupName", r"(?=.{1,90}$)[\w.()-]*[\w()-]"),
    "storage:BlobContainer": ("containerName", r"(?=.{3,63}$)[a-z0-9](-?[a-z0-9])*"),
    "storage:StorageAccount": ("accountName", r"[a-z0-9]{3,24}"),
}  # fmt: skip


def refused(entries: Iterable[Entry]) -> list[str]:
    """What Kubernetes or Azure would refuse, each with its object."""
    return [
        f"{entry['type']} {entry['name']}: {found}"
        for entry in entries
        for found in (*_of_azure(entry), *_of_kubernetes(entry), *_pairs(_without_alerts(entry)))
        if is_azure(entry) or is_kubernetes(entry)
    ]


def _without_alerts(entry: Entry) -> Any:
    """An object without the labels of alerts, which are Prometheus's: their values are any text."""
    if entry["type"].endswith(":PrometheusRule"):
        return entry["inputs"]["metadata"]
    if entry["type"].endswith(":PrometheusRuleGroup"):
        return {}
    return entry["inputs"]


def _of_azure(entry: Entry) -> Iterator[str]:
    if not is_azure(entry):
        return
    key, expression = AZURE.get(entry["type"].removeprefix("azure-native:"), ("", ""))
    if key and not re.fullmatch(expression, entry["inputs"][key], re.ASCII):
        yield f"name {entry['inputs'][key]}"
    tags = entry["inputs"].get("tags") or {}
    yield from (f"tag {key}={value}" for key, value in tags.items() if len(key) > 512 or len(value) > 256)
    if len(tags) > 50:
        yield f"{len(tags)} tags"
    for taint in entry["inputs"].get("nodeTaints") or ():
        key, _, rest = taint.partition("=")
        if not _is_key(key) or not LABEL_VALUE.fullmatch(rest.partition(":")[0]):
            yield f"taint {taint}"


def _of_kubernetes(entry: Entry) -> Iterator[str]:
    if not is_kubernetes(entry):
        return
    inputs = entry["inputs"]
    kind = entry["type"].rpartition(":")[2]
    if kind == "Release":
        name, form = inputs["name"], HELM_NAME
    else:
        name, form = inputs["metadata"]["name"], DNS_LABEL if kind in LABEL_KINDS else DNS_SUBDOMAIN
    if not form.fullmatch(name):
        yield f"name {name}"
    yield from (f"key {key}" for key in inputs.get("data") or () if not DATA_KEY.fullmatch(key))
    for containers in _values(inputs, "containers"):
        if isinstance(containers, list):
            names = [container["name"] for container in containers]
            yield from (f"container {name}" for name in names if not DNS_LABEL.fullmatch(name))
            ports = [port for container in containers for port in container.get("ports") or () if "name" in port]
            yield from (f"port {port['name']}" for port in ports if not PORT_NAME.fullmatch(port["name"]))
    for volumes in _values(inputs, "volumes"):
        yield from (f"volume {volume['name']}" for volume in volumes if not DNS_LABEL.fullmatch(volume["name"]))


def _values(value: Any, wanted: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == wanted:
                yield item
            yield from _values(item, wanted)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, wanted)


def _pairs(inputs: Any) -> Iterator[str]:
    for kind in LABELS:
        for pairs in _values(inputs, kind):
            if isinstance(pairs, Mapping):
                yield from (
                    f"{kind} {key}={value}"
                    for key, value in pairs.items()
                    if not _is_key(key) or not LABEL_VALUE.fullmatch(str(value))
                )
    for kind in ANNOTATIONS:
        for pairs in _values(inputs, kind):
            if isinstance(pairs, Mapping):
                yield from (f"{kind} {key}" for key in pairs if not _is_key(key.lower()))
                if sum(len(key) + len(str(value)) for key, value in pairs.items()) > ANNOTATIONS_BYTES:
                    yield f"{kind} of more than 256 KiB"


def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return bool(PART_OF_KEY.fullmatch(name)) and (not slash or bool(DNS_SUBDOMAIN.fullmatch(prefix)))


def longest_names(sections: Sections) -> None:
    """A pool and a model with the longest names that are accepted, the pool of a shared floor and a burst."""
    pool = {"class": "inference", "vm_size": "Standard_NC40ads_H100_v5"}
    sections["pools"] += [
        {"name": "floorsss", **pool, "nodes": {"min": 1, "max": 1}},
        {"name": "burstsss", **pool, "nodes": {"min": 0, "max": 1}, "capacity": "spot"},
    ]
    sections["models"].append(
        {**sections["models"][0], "name": "m" * 40, "pool": ["floorsss", "burstsss"], "replicas": {"min": 1, "max": 2}}
    )
    sections["models"][-1].pop("slice")


def six_profiles(sharing: str) -> Callable[[Sections], None]:
    """GPUs of one node in layouts that have six profiles together."""

    def change(sections: Sections) -> None:
        whole = ["7g.141gb"]
        layouts = [whole, ["4g.71gb", "3g.71gb"], ["3g.71gb", "2g.35gb", "1g.35gb"], ["4g.71gb", "2g.35gb", "1g.18gb"]]
        gpu = {"sharing": sharing, "layouts": [*layouts, *[whole] * 4]}
        if sharing != "mig":
            gpu["replicas"] = 2
        sections["pools"].append(
            {
                "name": "nd",
                "class": "inference",
                "vm_size": "Standard_ND96isr_H200_v5",
                "nodes": {"min": 1, "max": 1},
                "gpu": gpu,
            }
        )
        sections["models"].append({**sections["models"][0], "name": "more", "pool": "nd", "slice": "7g.141gb"})
        sections["models"][-1]["replicas"] = {"min": 1, "max": 1}

    return change


CHANGED: Mapping[str, Callable[[Sections], None]] = {
    "longest names": longest_names,
    "six profiles": six_profiles("mig"),
    "six profiles by turns": six_profiles("time-slicing"),
}


@pytest.mark.parametrize("stack", ALL)
def test_every_name_is_accepted(stack: str) -> None:
    assert refused(entries_of(stack)) == []


@pytest.mark.parametrize("case", CHANGED)
def test_so_are_the_longest_ones(case: str) -> None:
    assert refused(graph_of("dev", CHANGED[case]).to_json()) == []


def test_each_kind_with_a_name_of_its_own_is_known() -> None:
    """What has no name of its own: fixed ones of Azure, and GUIDs."""
    kinds = {
        entry["type"].removeprefix("azure-native:") for stack in ALL for entry in entries_of(stack) if is_azure(entry)
    }
    assert kinds - AZURE.keys() == {
        "apimanagement:ApiPolicy", "authorization:RoleAssignment", "containerservice:MaintenanceConfiguration",
        "monitor:DataCollectionRuleAssociation", "network:PrivateDnsZoneGroup", "privatedns:PrivateZone",
        "storage:BlobServiceProperties",
    }  # fmt: skip


def test_what_is_too_long_is_found() -> None:
    pool = {"agentPoolName": "a" * 13, "nodeLabels": {"a": "b" * 64}, "tags": {"k" * 513: ""}}
    entry = {"type": "azure-native:containerservice:AgentPool", "name": "p", "inputs": pool}
    assert len(refused([entry])) == 3
