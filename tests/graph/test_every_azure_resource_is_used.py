"""For each Azure resource: who reads it? That another one waits for it, or is made of it, is no answer.

Ids are unknown in a preview, so a use by id is a resource of a kind that takes it and waits for it. What nothing in the
stack uses has its reason in `REASONS`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure, strings
from tests.graph.test_graph import name_of, type_of

STORE = {"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B"}
# Resources that nothing in a stack uses, by the words of a reason in their test.
REASONS = {
    "store without a model": "weights are uploaded before the stack file names them",
    "subnet of a public gateway": "the gateway may become internal, and a range that is in use can't be added later",
    "registry of images from upstream": "images of the organisation; rule REGISTRY-OWN says so",
}


class Azure:
    """One stack's resources."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    def waits(self, entry: Entry, *kinds: str) -> list[Entry]:
        """Resources of these kinds that name the resource in what they wait for."""
        return [
            user
            for user in self.entries
            if is_azure(user) and type_of(user) in kinds and entry["urn"] in (user["options"].get("depends_on") or ())
        ]

    def mentions(self, text: str, *, kind: str = "") -> bool:
        """Whether an object in the cluster, of this kind if one is given, has a text in it."""
        return any(
            text in found
            for user in self.entries
            if not is_azure(user) and kind in ("", user["inputs"].get("kind"))
            for found in strings(user["inputs"])
        )

    def texts(self, kind: str) -> list[str]:
        """All texts of the objects of a kind in the cluster."""
        return [text for user in self.entries if user["inputs"].get("kind") == kind for text in strings(user["inputs"])]

    def named(self, key: str, name: str) -> bool:
        """Whether an Azure resource has a name at a key of its inputs."""
        return any(is_azure(user) and user["inputs"].get(key) == name for user in self.entries)


Answer = Callable[[Entry, Azure], str]
USED = "used"


def by(*kinds: str) -> Answer:
    return lambda entry, azure: USED if azure.waits(entry, *kinds) else ""


def _identity(entry: Entry, azure: Azure) -> str:
    """It has rights, or the cluster is it."""
    return USED if azure.waits(entry, "authorization:RoleAssignment", "containerservice:ManagedCluster") else ""


def _credential(entry: Entry, azure: Azure) -> str:
    """Some service account names the client of the identity, and pods run under it."""
    subject = str(entry["inputs"]["subject"]).rpartition(":")[2]
    # Of a chart's own account it is the values that name the client, and a binding that names the account.
    return USED if any(azure.mentions(subject, kind=kind) for kind in ("ServiceAccount", "ClusterRoleBinding")) else ""


def _account(entry: Entry, azure: Azure) -> str:
    """A cache rule signs in with it."""
    rules = azure.waits(entry, "containerregistry:CacheRule")
    return USED if any(rule["inputs"].get("credentialSetResourceId") for rule in rules) else ""


def _store(entry: Entry, azure: Azure) -> str:
    return USED if azure.mentions(name_of(entry), kind="Deployment") else "store without a model"


def _registry(entry: Entry, azure: Azure) -> str:
    return USED if azure.mentions(f"{name_of(entry)}.azurecr.io") else "registry of images from upstream"


def _cached(entry: Entry, azure: Azure) -> str:
    """Some image is named below it."""
    upstream = str(entry["inputs"]["targetRepository"]).removesuffix("/*")
    return USED if azure.mentions(f".azurecr.io/{upstream}") else ""


def _vault(entry: Entry, azure: Azure) -> str:
    return USED if azure.mentions(f"{name_of(entry)}.vault.azure.net", kind="SecretStore") else ""


def _subnet(entry: Entry, azure: Azure) -> str:
    if azure.waits(
        entry,
        "apimanagement:ApiManagementService",
        "containerservice:AgentPool",
        "containerservice:ManagedCluster",
        "network:PrivateEndpoint",
    ) or azure.mentions(name_of(entry)):
        return USED
    return "subnet of a public gateway" if entry["urn"].endswith("::network-subnet-gateway") else ""


def _group(entry: Entry, azure: Azure) -> str:
    return USED if azure.named("resourceGroupName", name_of(entry)) else ""


def _zone(entry: Entry, azure: Azure) -> str:
    """It is linked to a network, and has an address in it: an endpoint's, or the API server's."""
    linked = azure.waits(entry, "privatedns:VirtualNetworkLink")
    records = azure.waits(entry, "network:PrivateDnsZoneGroup", "containerservice:ManagedCluster")
    return USED if linked and records else ""


def _guard(entry: Entry, azure: Azure) -> str:
    """The processor of content safety has its address."""
    host = f"{entry['inputs']['properties']['customSubDomainName']}.cognitiveservices.azure.com"
    return USED if any(host in text for text in azure.texts("ConfigMap")) else ""


def _itself(_entry: Entry, _azure: Azure) -> str:
    """It acts by being there: nodes, a window, a right, a record, a lock."""
    return USED


ANSWERS: dict[str, Answer] = {
    "alertsmanagement:PrometheusRuleGroup": _itself,
    "apimanagement:Api": by("apimanagement:ProductApi"),
    "apimanagement:ApiManagementService": by("apimanagement:Api"),
    "apimanagement:ApiOperation": _itself,
    "apimanagement:ApiPolicy": _itself,
    "apimanagement:Backend": by("apimanagement:ApiPolicy"),
    "apimanagement:NamedValue": by("apimanagement:ApiPolicy"),
    "apimanagement:Product": by("apimanagement:ProductApi"),
    "apimanagement:ProductApi": _itself,
    "apimanagement:Subscription": _itself,
    "authorization:ManagementLockByScope": _itself,
    "authorization:RoleAssignment": _itself,
    "cognitiveservices:Account": _guard,
    "compute:DiskEncryptionSet": by("authorization:RoleAssignment"),
    "containerregistry:CacheRule": _cached,
    "containerregistry:CredentialSet": _account,
    "containerregistry:Registry": _registry,
    "containerservice:AgentPool": _itself,
    "containerservice:MaintenanceConfiguration": _itself,
    "containerservice:ManagedCluster": by("containerservice:AgentPool"),
    "dashboard:Grafana": by("authorization:RoleAssignment"),
    "keyvault:Key": by("authorization:RoleAssignment"),
    "keyvault:Secret": by("authorization:RoleAssignment"),
    "keyvault:Vault": _vault,
    "managedidentity:FederatedIdentityCredential": _credential,
    "managedidentity:UserAssignedIdentity": _identity,
    "monitor:ActionGroup": by("alertsmanagement:PrometheusRuleGroup"),
    "monitor:AzureMonitorWorkspace": by("monitor:DataCollectionRule"),
    "monitor:DataCollectionEndpoint": by("monitor:DataCollectionRule"),
    "monitor:DataCollectionRule": by("monitor:DataCollectionRuleAssociation", "authorization:RoleAssignment"),
    "monitor:DataCollectionRuleAssociation": _itself,
    "monitor:DiagnosticSetting": _itself,
    "network:NatGateway": by("network:Subnet"),
    "network:NetworkSecurityGroup": by("network:Subnet"),
    "network:PrivateDnsZoneGroup": _itself,
    "network:PrivateEndpoint": by("network:PrivateDnsZoneGroup"),
    "network:PublicIPAddress": by("network:NatGateway"),
    "network:Subnet": _subnet,
    "network:VirtualNetwork": by("network:Subnet"),
    "network:VirtualNetworkPeering": _itself,
    "operationalinsights:Workspace": by("monitor:DiagnosticSetting"),
    "privatedns:PrivateZone": _zone,
    "privatedns:VirtualNetworkLink": _itself,
    "resources:ResourceGroup": _group,
    "storage:BlobContainer": _itself,
    "storage:BlobContainerImmutabilityPolicy": _itself,
    "storage:ManagementPolicy": _itself,
    "storage:BlobServiceProperties": _itself,
    "storage:StorageAccount": _store,
}


def answers(entries: Sequence[Entry]) -> dict[str, str]:
    """For each Azure resource, by its name in Pulumi: that it is used, the reason why not, or nothing."""
    azure = Azure(entries)
    ours = [entry for entry in entries if is_azure(entry)]
    return {entry["urn"].split("::")[-1]: ANSWERS[type_of(entry)](entry, azure) for entry in ours}


def unused(entries: Sequence[Entry]) -> dict[str, str]:
    """Resources that nothing uses, with their reason; none where there is no reason."""
    return {name: answer for name, answer in answers(entries).items() if answer != USED}


@pytest.mark.parametrize("stack", ALL)
def test_every_azure_resource_is_used_or_has_a_reason(stack: str) -> None:
    assert answers(entries_of(stack))
    assert set(unused(entries_of(stack)).values()) <= set(REASONS)


def _all_in_store(sections: Sections) -> None:
    sections["models"] = [{**sections["models"][0], "source": STORE}]


def _upstream(sections: Sections) -> None:
    sections["registry"] = {"images": "upstream"}


def _imported(sections: Sections) -> None:
    sections["registry"] = {"imported": ["docker.io"]}


def _internal(sections: Sections) -> None:
    sections["gateway"]["exposure"] = "internal"


_NO_MODEL, _PUBLIC, _UPSTREAM = REASONS
EDITS: dict[str, tuple[Callable[[Sections], Any], dict[str, str]]] = {
    "models in the store": (_all_in_store, {}),
    "images from upstream": (_upstream, {"registry-registry": _UPSTREAM}),
    "imported images": (_imported, {}),
    "internal gateway": (_internal, {}),
}
"""What nothing uses in a changed development stack, beside what nothing uses in the stack itself."""


def test_what_the_development_stack_does_not_use_is_known() -> None:
    found = unused(entries_of("dev"))
    assert {name: why for name, why in found.items() if why != _PUBLIC} == {"model-store-account": _NO_MODEL}


@pytest.mark.parametrize("name", sorted(EDITS))
def test_an_edited_stack_makes_nothing_else_that_nobody_uses(name: str) -> None:
    edit, expected = EDITS[name]
    found = unused(graph_of("dev", edit).to_json())
    before = unused(entries_of("dev"))
    assert {key: why for key, why in found.items() if key not in before} == expected
    assert "" not in found.values()


def test_an_account_that_no_cache_signs_in_with_is_found() -> None:
    entries = [dict(entry) for entry in entries_of("dev") if not entry["urn"].endswith("::registry-cache-docker-io")]
    assert unused(entries)["registry-docker-hub"] == ""


def test_a_vault_that_no_secret_store_reads_is_found() -> None:
    entries = [entry for entry in entries_of("dev") if entry["inputs"].get("kind") != "SecretStore"]
    assert unused(entries)["vault-vault"] == ""
