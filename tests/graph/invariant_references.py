"""Invariants between objects: what one names must be another, since Kubernetes and Azure take names of nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import catalog
from tests.graph.invariant import Resource, resources, settings

SYSTEM = {"key": "CriticalAddonsOnly", "operator": "Exists"}
# Which built-in role each grant is of, by the end of its name: the least that is enough, as the catalog lists them.
ROLES: Mapping[str, str] = {
    "identity-grant-kubelet": "managed_identity_operator",
    "identity-grant-private-zone": "private_dns_zone_contributor",
    "identity-grant-subnet-api-server": "network_contributor",
    "identity-grant-subnet-gateway": "network_contributor",
    "identity-grant-subnet-nodes": "network_contributor",
    "identity-grant-vnet": "network_contributor",
    "registry-grant-pull": "acr_pull",
    "registry-grant-docker-hub": "key_vault_secrets_user",
    "secrets-reader-grant": "key_vault_secrets_user",
    "vault-grant-admins": "key_vault_secrets_officer",
    "model-store-grant-admins": "storage_blob_data_contributor",
}
READ_WEIGHTS = "storage_blob_data_reader"
# Azure's names of resources begin with the kind, so that a bill, a log or an alert shows what it is about.
PREFIXES: Mapping[str, tuple[str, str]] = {
    "ManagedCluster": ("resourceName", "aks-"),
    "NatGateway": ("natGatewayName", "ng-"),
    "NetworkSecurityGroup": ("networkSecurityGroupName", "nsg-"),
    "PrivateEndpoint": ("privateEndpointName", "pe-"),
    "PublicIPAddress": ("publicIpAddressName", "pip-"),
    "Registry": ("registryName", "acr"),
    "ResourceGroup": ("resourceGroupName", "rg-"),
    "StorageAccount": ("accountName", "st"),
    "Subnet": ("subnetName", "snet-"),
    "UserAssignedIdentity": ("resourceName", "id-"),
    "FederatedIdentityCredential": ("federatedIdentityCredentialResourceName", "fc-"),
    "Vault": ("vaultName", "kv-"),
    "VirtualNetwork": ("virtualNetworkName", "vnet-"),
    "Workspace": ("workspaceName", "log-"),
    "DataCollectionRule": ("dataCollectionRuleName", "dcr-"),
}


def of(stack: str, *kinds: str) -> list[Resource]:
    """The resources of some kinds."""
    return [resource for resource in resources(stack) if resource["type"].rpartition(":")[2] in kinds]


def named(stack: str, kind: str) -> dict[tuple[str, str], Any]:
    """Objects of a kind by namespace and name."""
    found = (resource["inputs"] for resource in of(stack, kind))
    return {(item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in found}


def pods_run_on_system_nodes(stack: str) -> Iterator[str]:
    """What isn't a model runs on system nodes, with their taint: on a GPU node it would keep it from being removed."""
    for resource in of(stack, "Release", "EnvoyProxy", "Job"):
        for path, holder in _holders(resource["inputs"], resource["name"]):
            selector = holder["nodeSelector"]
            if selector.get("kubernetes.azure.com/mode") != "system":
                yield f"{path}: {selector}"
            if set(selector) - {"kubernetes.azure.com/mode", "llm-platform/pool-revision"}:
                yield f"{path}: {selector}"
            (toleration,) = holder.get("tolerations") or [{}]
            if {key: value for key, value in toleration.items() if key != "effect"} != SYSTEM or toleration.get(
                "effect", "NoSchedule"
            ) != "NoSchedule":
                yield f"{path}: {toleration}"


def _holders(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if "nodeSelector" in value:
            yield path, value
        for key, item in value.items():
            yield from _holders(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _holders(item, path)


def charts_move_with_the_system_pool(stack: str) -> Iterator[str]:
    """Pods that stay are on the present revision of the system pool: an earlier one is deleted, and not drained."""
    (system,) = (resource["inputs"] for resource in of(stack, "AgentPool") if resource["inputs"]["mode"] == "System")
    revision = system["nodeLabels"]["llm-platform/pool-revision"]
    found = {
        selector["llm-platform/pool-revision"]
        for resource in of(stack, "Release", "EnvoyProxy")
        for _, holder in _holders(resource["inputs"], resource["name"])
        if "llm-platform/pool-revision" in (selector := holder["nodeSelector"])
    }
    if found != {revision}:
        yield f"{found}, not {revision}"


def objects_name_each_other(stack: str) -> Iterator[str]:
    """Each name in a Deployment or a scaler is of another object in its namespace: else pods wait for ever."""
    maps, accounts = named(stack, "ConfigMap"), named(stack, "ServiceAccount")
    deployments = named(stack, "Deployment")
    for (space, name), item in deployments.items():
        pod = item["spec"]["template"]
        files = {volume["configMap"]["name"] for volume in pod["spec"]["volumes"] if "configMap" in volume}
        yield from (f"Deployment {name}: no ConfigMap {file}" for file in files if (space, file) not in maps)
        if (space, pod["spec"]["serviceAccountName"]) not in accounts:
            yield f"Deployment {name}: no service account {pod['spec']['serviceAccountName']}"
        if not item["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items():
            yield f"Deployment {name} does not select its pods"
        if item["spec"]["selector"]["matchLabels"]["llm-platform/deployment"] != name:
            yield f"Deployment {name} selects {item['spec']['selector']}"
    for (space, name), item in named(stack, "ScaledObject").items():
        if (space, item["spec"]["scaleTargetRef"]["name"]) not in deployments:
            yield f"ScaledObject {name}: {item['spec']['scaleTargetRef']}"


def replicas_have_one_owner(stack: str) -> Iterator[str]:
    """Where KEDA decides, an update that sets the replicas back takes them away under load; else it must set them."""
    deployments = {resource["inputs"]["metadata"]["name"]: resource for resource in of(stack, "Deployment")}
    for (_, name), item in named(stack, "ScaledObject").items():
        fixed = item["spec"]["minReplicaCount"] == item["spec"]["maxReplicaCount"]
        ignored = deployments[item["spec"]["scaleTargetRef"]["name"]]["options"]["ignore_changes"]
        if ignored != ([] if fixed else ["spec.replicas"]):
            yield f"{name}: {ignored}"


def selectors_find_pods(stack: str) -> Iterator[str]:
    """A Service without pods answers nobody, a budget without pods protects none."""
    deployments = named(stack, "Deployment")
    for kind in ("Service", "PodDisruptionBudget"):
        for (space, name), item in named(stack, kind).items():
            wanted = item["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted)
            pods = [pod for (where, _), pod in deployments.items() if where == space]
            if not any(wanted.items() <= pod["spec"]["template"]["metadata"]["labels"].items() for pod in pods):
                yield f"{kind} {name} selects no pod: {wanted}"


def routes_lead_to_pods(stack: str) -> Iterator[str]:
    """A route leads by its backend and its address to the Service of the model of its name."""
    services = named(stack, "Service")
    models = {model["name"] for model in settings(stack)["models"]}
    backends, addresses = named(stack, "AIServiceBackend"), named(stack, "Backend")
    for (space, name), item in named(stack, "AIGatewayRoute").items():
        (rule,) = item["spec"]["rules"]
        served = {match["headers"][0]["value"] for match in rule["matches"]}
        if name not in served or name not in models:
            yield f"AIGatewayRoute {name} is for {served}"
        (reference,) = rule["backendRefs"]
        backend = backends.get((space, reference["name"]))
        address = addresses.get((space, backend["spec"]["backendRef"]["name"])) if backend else None
        if address is None:
            yield f"AIGatewayRoute {name} leads nowhere"
            continue
        host = address["spec"]["endpoints"][0]["fqdn"]["hostname"]
        service = services.get((space, host.removesuffix(f".{space}.svc.cluster.local")))
        if service is None or service["spec"]["selector"]["llm-platform/model"] != name:
            yield f"AIGatewayRoute {name} leads to {host}"
        if rule["name"] != name:
            yield f"AIGatewayRoute {name} has a rule {rule['name']}"


def secrets_are_where_they_are_read(stack: str) -> Iterator[str]:
    """A Secret that a pod or the gateway reads is one that the vault's operator writes, from the one store."""
    stores = {name for _, name in named(stack, "ClusterSecretStore")}
    written = set()
    for (space, name), item in named(stack, "ExternalSecret").items():
        written.add((space, item["spec"]["target"]["name"]))
        if item["spec"]["secretStoreRef"]["name"] not in stores:
            yield f"ExternalSecret {name}: no store {item['spec']['secretStoreRef']['name']}"
        keys, template = {entry["secretKey"] for entry in item["spec"]["data"]}, item["spec"]["target"]["template"]
        for key, text in template["data"].items():
            if key in keys and text != f'{{{{ index . "{key}" | trim }}}}':
                yield f"ExternalSecret {name}: {key} is {text}"
        if not set(template["data"]) & keys and name != "gateway-certificate":
            yield f"ExternalSecret {name}: {sorted(template['data'])} of {sorted(keys)}"
    spaces = {space for space, _ in written}
    (allowed,) = (item["spec"]["conditions"] for item in named(stack, "ClusterSecretStore").values())
    if set(allowed[0]["namespaces"]) != spaces:
        yield f"the store serves {allowed}, Secrets are in {spaces}"
    for (space, name), item in named(stack, "Deployment").items():
        for variable in item["spec"]["template"]["spec"]["containers"][0]["env"]:
            secret = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            if secret is not None and (space, secret) not in written:
                yield f"Deployment {name}: no Secret {secret}"


def identities_are_of_service_accounts(stack: str) -> Iterator[str]:
    """Azure exchanges the token of exactly one service account that is there, and its pods ask the webhook for one."""
    accounts = named(stack, "ServiceAccount")
    for resource in of(stack, "FederatedIdentityCredential"):
        _, _, space, account = resource["inputs"]["subject"].split(":")
        item = accounts.get((space, account))
        if item is None:
            yield f"{resource['name']}: no service account {space}/{account}"
        elif "azure.workload.identity/client-id" not in item["metadata"].get("annotations", {}):
            yield f"{resource['name']}: {account} has no client id"
    for (space, name), item in named(stack, "Deployment").items():
        account = accounts[space, item["spec"]["template"]["spec"]["serviceAccountName"]]
        signs_in = "azure.workload.identity/client-id" in account["metadata"].get("annotations", {})
        label = item["spec"]["template"]["metadata"]["labels"].get("azure.workload.identity/use")
        if (label == "true") is not signs_in:
            yield f"Deployment {name}: azure.workload.identity/use is {label}"


def roles_are_the_least(stack: str) -> Iterator[str]:
    """The kubelets pull, the secrets' operator reads secrets, models read weights, and nobody may do more."""
    roles = catalog.load().azure.roles
    for resource in of(stack, "RoleAssignment"):
        wanted = next((role for start, role in ROLES.items() if resource["name"].startswith(start)), READ_WEIGHTS)
        if not resource["inputs"]["roleDefinitionId"].endswith(f"/roleDefinitions/{roles[wanted]}"):
            yield f"{resource['name']} is not {wanted}: {resource['inputs']['roleDefinitionId']}"
        if not resource["inputs"]["roleDefinitionId"].startswith(
            f"/subscriptions/{settings(stack)['platform']['subscription_id']}/providers/Microsoft.Authorization/"
        ):
            yield f"{resource['name']}: {resource['inputs']['roleDefinitionId']}"


def azure_names_show_their_kind(stack: str) -> Iterator[str]:
    """Another name is another resource in Azure, and the vault's or the registry's old one stays taken."""
    platform = settings(stack)["platform"]
    for resource in resources(stack):
        kind = resource["type"].rpartition(":")[2]
        if resource["type"].startswith("azure-native:") and kind in PREFIXES:
            key, prefix = PREFIXES[kind]
            if not str(resource["inputs"].get(key)).startswith(prefix):
                yield f"{resource['name']}: {key} is {resource['inputs'].get(key)}"
        group = resource["inputs"].get("resourceGroupName") if isinstance(resource["inputs"], Mapping) else None
        if group is not None and not group.startswith((f"rg-{platform['name']}", "rg-runners")):
            yield f"{resource['name']} is in {group}"
        location = resource["inputs"].get("location") if isinstance(resource["inputs"], Mapping) else None
        if location is not None and location not in {platform["region"], "global"}:
            yield f"{resource['name']} is in {location}"


CHECKS = (
    pods_run_on_system_nodes,
    charts_move_with_the_system_pool,
    objects_name_each_other,
    replicas_have_one_owner,
    selectors_find_pods,
    routes_lead_to_pods,
    secrets_are_where_they_are_read,
    identities_are_of_service_accounts,
    roles_are_the_least,
    azure_names_show_their_kind,
)
