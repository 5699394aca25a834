"""Invariants between objects: what one names must be another, since Kubernetes and Azure take names of nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from planning.plan.labels import MODEL
from tests.graph.invariant import Resource, resources, settings

SYSTEM = {"key": "CriticalAddonsOnly", "operator": "Exists"}
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
    "AzureMonitorWorkspace": ("azureMonitorWorkspaceName", "amw-"),
    "DataCollectionEndpoint": ("dataCollectionEndpointName", "dce-"),
    "Grafana": ("workspaceName", "amg-"),
    "DataCollectionRule": ("dataCollectionRuleName", "dcr-"),
}


def of(stack: str, *kinds: str) -> list[Resource]:
    """The resources of some kinds."""
    return [resource for resource in resources(stack) if resource["type"].rpartition(":")[2] in kinds]


def named(stack: str, kind: str) -> dict[tuple[str, str], Any]:
    """Objects of a kind by namespace and name."""
    found = (item["inputs"] for item in of(stack, kind) if item["type"].startswith("kubernetes:"))
    return {(item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in found}


def models_of(stack: str) -> dict[tuple[str, str], Any]:
    """Deployments of models by namespace and name."""
    found = named(stack, "Deployment").items()
    return {key: item for key, item in found if MODEL in item["spec"]["template"]["metadata"]["labels"]}


def pods_run_on_system_nodes(stack: str) -> Iterator[str]:
    """What isn't a model runs on system nodes, with their taint: on a GPU node it would keep it from being removed."""
    for resource in [*of(stack, "Release", "EnvoyProxy", "Job", "StatefulSet"), *_services(stack)]:
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


def _services(stack: str) -> list[Resource]:
    """Deployments that are no model's."""
    models = models_of(stack).values()
    return [item for item in of(stack, "Deployment") if item["inputs"] not in models]


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
        for resource in [*of(stack, "Release", "EnvoyProxy", "StatefulSet"), *_services(stack)]
        for _, holder in _holders(resource["inputs"], resource["name"])
        if "llm-platform/pool-revision" in (selector := holder["nodeSelector"])
    }
    if found != {revision}:
        yield f"{found}, not {revision}"


def objects_name_each_other(stack: str) -> Iterator[str]:
    """Each name in a Deployment or a scaler is of another object in its namespace: else pods wait for ever."""
    maps, accounts, models = named(stack, "ConfigMap"), named(stack, "ServiceAccount"), models_of(stack)
    deployments = named(stack, "Deployment")
    for (space, name), item in deployments.items():
        pod = item["spec"]["template"]
        files = {volume["configMap"]["name"] for volume in pod["spec"]["volumes"] if "configMap" in volume}
        yield from (f"Deployment {name}: no ConfigMap {file}" for file in files if (space, file) not in maps)
        account = pod["spec"].get("serviceAccountName")
        if account is not None and (space, account) not in accounts:
            yield f"Deployment {name}: no service account {account}"
        if not item["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items():
            yield f"Deployment {name} does not select its pods"
        if (space, name) in models and item["spec"]["selector"]["matchLabels"]["llm-platform/deployment"] != name:
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
    deployments = {**named(stack, "Deployment"), **named(stack, "StatefulSet")}
    for kind in ("Service", "PodDisruptionBudget"):
        for (space, name), item in named(stack, kind).items():
            wanted = item["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted)
            pods = [pod for (where, _), pod in deployments.items() if where == space]
            if not any(wanted.items() <= pod["spec"]["template"]["metadata"]["labels"].items() for pod in pods):
                yield f"{kind} {name} selects no pod: {wanted}"


def routes_lead_to_pods(stack: str) -> Iterator[str]:
    """Every rule of a route leads by its backend and its address to the Service of the model of its name."""
    services = named(stack, "Service")
    models = {model["name"] for model in settings(stack)["models"]}
    backends, addresses = named(stack, "AIServiceBackend"), named(stack, "Backend")
    for (space, name), item in named(stack, "AIGatewayRoute").items():
        for rule in item["spec"]["rules"]:
            served = {match["headers"][0]["value"] for match in rule["matches"]}
            if name not in served or name not in models:
                yield f"AIGatewayRoute {name} is for {served}"
            reference, *_ = rule["backendRefs"]
            backend = backends.get((space, reference["name"]))
            address = addresses.get((space, backend["spec"]["backendRef"]["name"])) if backend else None
            if address is None:
                yield f"AIGatewayRoute {name} leads nowhere"
                continue
            host = address["spec"]["endpoints"][0]["fqdn"]["hostname"]
            service = services.get((space, host.removesuffix(f".{space}.svc.cluster.local")))
            if service is None or service["spec"]["selector"]["llm-platform/model"] != name:
                yield f"AIGatewayRoute {name} leads to {host}"


def rules_are_of_all_clients_or_of_each(stack: str) -> Iterator[str]:
    """A client without a rule reaches no model, and one with another's salt learns what that one sends."""
    (keys,) = (item for (_, name), item in named(stack, "ExternalSecret").items() if name == "gateway-api-keys")
    tenants = settings(stack)["tenants"]
    clients, keyless = (
        {tenant["name"] for tenant in tenants if tenant.get("api_keys", True) is has} for has in (True, False)
    )
    held = set(keys["spec"]["target"]["template"]["data"])
    if not clients <= held or keyless & held:
        yield f"keys of {sorted(held)}, clients {sorted(clients)}, without keys {sorted(keyless)}"
    clients |= keyless
    for (_, name), item in named(stack, "AIGatewayRoute").items():
        rules = item["spec"]["rules"]
        if len(rules) == 1 and rules[0]["name"] == name:
            if any(len(match["headers"]) != 1 for match in rules[0]["matches"]) or set(rules[0]["backendRefs"][0]) != {
                "name"
            }:
                yield f"AIGatewayRoute {name}: one rule for all is for {rules[0]}"
            continue
        if sorted(rule["name"] for rule in rules) != sorted(f"{name}-for-{client}" for client in clients):
            yield f"AIGatewayRoute {name} has rules {[rule['name'] for rule in rules]}"
        for rule in rules:
            client = rule["name"].removeprefix(f"{name}-for-")
            # With the client's second key, whose name has a number: whoever still has the old one keeps the model.
            if {match["headers"][-1]["value"] for match in rule["matches"]} != {rf"{client}(\.[0-9]+)?"}:
                yield f"AIGatewayRoute {name}: {rule['name']} is for {rule['matches']}"
            if rule["backendRefs"][0]["bodyMutation"]["set"][0]["value"] != f'"{client}"':
                yield f"AIGatewayRoute {name}: {rule['name']} has the salt of another: {rule['backendRefs']}"


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
        given = ("rg-runners", settings(stack)["gateway"].get("dns", {}).get("zone_resource_group", "rg-runners"))
        if group is not None and not group.startswith((f"rg-{platform['name']}", *given)):
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
    rules_are_of_all_clients_or_of_each,
    azure_names_show_their_kind,
)
