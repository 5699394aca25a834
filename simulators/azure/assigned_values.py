"""What Azure itself adds to a resource when it is created: ids, addresses and host names.

Source: the read-only properties of each type in Azure/bicep-types-az, at the versions of azure-native 3.29.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.azure.cloud import AzureObject, Cloud

TENANT: Final = "11111111-2222-3333-4444-555555555555"
_NAMESPACE: Final = uuid.UUID("6c1f6f0e-5f0b-5b0e-9d0a-6f6f6f6f6f6f")


def guid(*parts: str) -> str:
    """The same GUID for the same parts, so that two runs create the same world."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts).lower()))


def _identity(resource: AzureObject, cloud: Cloud) -> dict[str, Any]:
    given = resource.inputs.get("identity")
    if not isinstance(given, Mapping):
        return {}
    identity: dict[str, Any] = dict(given)
    if "SystemAssigned" in str(identity.get("type", "")):
        identity |= {"principalId": guid(resource.id, "principal"), "tenantId": TENANT}
    if isinstance(ids := identity.get("userAssignedIdentities"), list):
        identity["userAssignedIdentities"] = {id_: _client_of(cloud, id_) for id_ in ids}
    return {"identity": identity}


def _client_of(cloud: Cloud, id_: str) -> dict[str, Any]:
    found = cloud.find(id_)
    outputs = found.outputs if found is not None else {}
    return {key: outputs[key] for key in ("clientId", "principalId") if key in outputs}


def _user_assigned_identity(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    return {
        "clientId": guid(resource.id, "client"),
        "principalId": guid(resource.id, "principal"),
        "tenantId": TENANT,
    }


def _managed_cluster(resource: AzureObject, cloud: Cloud) -> dict[str, Any]:
    inputs, name = resource.inputs, str(resource.outputs["name"])
    region, number = str(inputs["location"]), guid(resource.id)[:8]
    label = inputs.get("dnsPrefix") or inputs.get("fqdnSubdomain") or name
    node_group = inputs.get("nodeResourceGroup") or f"MC_{inputs['resourceGroupName']}_{name}_{region}"
    subscription = resource.id.split("/")[2]
    kubelet_id = (
        f"/subscriptions/{subscription}/resourcegroups/{node_group}/providers/"
        f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}-agentpool"
    )
    given = (inputs.get("identityProfile") or {}).get("kubeletidentity") or {}
    if "resourceId" in given:
        kubelet_id = str(given["resourceId"])
    own = _client_of(cloud, kubelet_id)
    born: dict[str, Any] = {
        "currentKubernetesVersion": inputs.get("kubernetesVersion"),
        "fqdn": f"{label}-{number}.hcp.{region}.azmk8s.io",
        "identityProfile": {
            "kubeletidentity": {
                "resourceId": kubelet_id,
                "clientId": own.get("clientId", guid(kubelet_id, "client")),
                "objectId": own.get("principalId", guid(kubelet_id, "principal")),
            }
        },
        "nodeResourceGroup": node_group,
        "powerState": {"code": "Running"},
    }
    if (inputs.get("apiServerAccessProfile") or {}).get("enablePrivateCluster"):
        born["privateFQDN"] = f"{label}-{number}.{guid(resource.id, 'zone')}.privatelink.{region}.azmk8s.io"
    if (issuer := inputs.get("oidcIssuerProfile") or {}).get("enabled"):
        url = f"https://{region}.oic.prod-aks.azure.com/{TENANT}/{guid(resource.id, 'issuer')}/"
        born["oidcIssuerProfile"] = {**issuer, "issuerURL": url}
    return born


def _agent_pool(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    version = resource.inputs.get("orchestratorVersion")
    return {"currentOrchestratorVersion": version, "powerState": {"code": "Running"}}


def _vault(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    given = resource.inputs.get("properties") or {}
    return {"properties": {**given, "vaultUri": f"https://{resource.outputs['name']}.vault.azure.net/"}}


def _key(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    uri = f"https://{resource.inputs['vaultName']}.vault.azure.net/keys/{resource.outputs['name']}"
    return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{guid(resource.id).replace('-', '')}"}


def _secret(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    given = {key: value for key, value in (resource.inputs.get("properties") or {}).items() if key != "value"}
    uri = f"https://{resource.inputs['vaultName']}.vault.azure.net/secrets/{resource.outputs['name']}"
    versioned = f"{uri}/{guid(resource.id).replace('-', '')}"
    return {"properties": {**given, "secretUri": uri, "secretUriWithVersion": versioned}}


def _storage_account(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    name = resource.outputs["name"]
    services = ("blob", "dfs", "file", "queue", "table")
    return {"primaryEndpoints": {service: f"https://{name}.{service}.core.windows.net/" for service in services}}


def _registry(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    return {"loginServer": f"{resource.outputs['name']}.azurecr.io"}


def _public_ip(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    # 203.0.113.0/24 is set aside for documentation: RFC 5737.
    return {"ipAddress": f"203.0.113.{int(guid(resource.id)[:2], 16)}"}


def _private_endpoint(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    return {"networkInterfaces": [{"id": f"{resource.id}.nic.{guid(resource.id)}"}]}


def _workspace(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    return {"customerId": guid(resource.id, "customer")}


def _monitor_workspace(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    region, name = str(resource.inputs["location"]), resource.outputs["name"]
    endpoint = f"https://{name}-{guid(resource.id)[:4]}.{region}.prometheus.monitor.azure.com"
    return {"accountId": guid(resource.id, "account"), "metrics": {"prometheusQueryEndpoint": endpoint}}


def _collection_endpoint(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    region, name = str(resource.inputs["location"]), resource.outputs["name"]
    host = f"https://{name}-{guid(resource.id)[:4]}.{region}-1"
    return {
        "logsIngestion": {"endpoint": f"{host}.ingest.monitor.azure.com"},
        "metricsIngestion": {"endpoint": f"{host}.metrics.ingest.monitor.azure.com"},
    }


def _collection_rule(resource: AzureObject, _cloud: Cloud) -> dict[str, Any]:
    return {"immutableId": f"dcr-{guid(resource.id).replace('-', '')}"}


_ASSIGNED: Final[dict[str, Callable[[AzureObject, Cloud], dict[str, Any]]]] = {
    "containerregistry:Registry": _registry,
    "containerservice:AgentPool": _agent_pool,
    "containerservice:ManagedCluster": _managed_cluster,
    "keyvault:Key": _key,
    "keyvault:Secret": _secret,
    "keyvault:Vault": _vault,
    "managedidentity:UserAssignedIdentity": _user_assigned_identity,
    "monitor:AzureMonitorWorkspace": _monitor_workspace,
    "monitor:DataCollectionEndpoint": _collection_endpoint,
    "monitor:DataCollectionRule": _collection_rule,
    "network:PrivateEndpoint": _private_endpoint,
    "network:PublicIPAddress": _public_ip,
    "operationalinsights:Workspace": _workspace,
    "storage:StorageAccount": _storage_account,
}


def born(resource: AzureObject, cloud: Cloud) -> dict[str, Any]:
    """Outputs that exist only once the resource does; `resource.outputs` holds at least its `name`."""
    additions = _ASSIGNED.get(resource.token)
    own = additions(resource, cloud) if additions is not None else {}
    return {"provisioningState": "Succeeded", **_identity(resource, cloud), **own}
