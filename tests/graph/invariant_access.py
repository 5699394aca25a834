"""Invariants of who may read what: secrets of the vault, weights, and roles in Azure; and of closed namespaces."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import catalog
from tests.graph.invariant import settings
from tests.graph.invariant_references import models_of, named, of

# Which built-in role each grant is of, by its name: the least that is enough, as the catalog lists them.
ROLES: Mapping[str, str] = {
    "identity-grant-kubelet": "managed_identity_operator",
    "identity-grant-private-zone": "private_dns_zone_contributor",
    "identity-grant-subnet-api-server": "network_contributor",
    "identity-grant-subnet-gateway": "network_contributor",
    "identity-grant-subnet-nodes": "network_contributor",
    "identity-grant-vnet": "network_contributor",
    "api-management-grant-secret-*": "key_vault_secrets_user",
    # AKS puts the address of another group on its load balancer.
    "gateway-name-grant-address": "network_contributor",
    "certificates-azure-grant-zone-*": "dns_zone_contributor",
    # AKS attaches nodes to the set of disks only with this, on the set alone.
    "keys-grant-disk-set": "contributor",
    "keys-grant-disks": "key_vault_crypto_service_encryption_user",
    "keys-grant-etcd": "key_vault_crypto_user",
    # A private vault is reached by an endpoint that AKS makes and asks the vault to accept.
    "keys-grant-etcd-vault": "key_vault_contributor",
    "keys-grant-store": "key_vault_crypto_service_encryption_user",
    "people-grant-publish-*": "storage_blob_data_contributor",
    "people-grant-sign-in-*": "aks_cluster_user",
    "content-safety-grant-*": "cognitive_services_user",
    "registry-grant-pull": "acr_pull",
    "registry-grant-docker-hub-*": "key_vault_secrets_user",
    "secrets-*-reader-grant-secret-*": "key_vault_secrets_user",
    "vault-grant-admins-*": "key_vault_secrets_officer",
    "model-store-grant-admins-*": "storage_blob_data_contributor",
    "model-*-azure-grant-storage-blob-data-reader-*": "storage_blob_data_reader",
    "grafana-grant-admins-*": "grafana_admin",
    "grafana-grant-read": "monitoring_data_reader",
    "grafana-grant-viewers-*": "grafana_viewer",
    "prometheus-grant-monitoring-metrics-publisher": "monitoring_metrics_publisher",
    "usage-export-grant-storage-blob-data-contributor": "storage_blob_data_contributor",
    "usage-records-grant-readers-*": "storage_blob_data_reader",
}
# What a condition ends with.
FOLDER = "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike '{}/*')"


def secrets_are_where_they_are_read(stack: str) -> Iterator[str]:
    """A Secret that a pod or the gateway reads is one that the secrets' operator writes, from its namespace's store."""
    stores = set(named(stack, "SecretStore"))
    written = set()
    for (space, name), item in named(stack, "ExternalSecret").items():
        written.add((space, item["spec"]["target"]["name"]))
        if (space, item["spec"]["secretStoreRef"]["name"]) not in stores:
            yield f"ExternalSecret {name}: no store {item['spec']['secretStoreRef']['name']} in {space}"
        keys, template = {entry["secretKey"] for entry in item["spec"]["data"]}, item["spec"]["target"]["template"]
        for key, text in template["data"].items():
            if key in keys and text != f'{{{{ index . "{key}" | trim }}}}':
                yield f"ExternalSecret {name}: {key} is {text}"
        if not set(template["data"]) & keys and name != "gateway-certificate":
            yield f"ExternalSecret {name}: {sorted(template['data'])} of {sorted(keys)}"
    spaces = {space for space, _ in written}
    if {space for space, _ in stores} != spaces or len(stores) != len(spaces):
        yield f"stores are {sorted(stores)}, Secrets are in {sorted(spaces)}"
    for (space, name), item in named(stack, "Deployment").items():
        for variable in item["spec"]["template"]["spec"]["containers"][0].get("env", []):
            secret = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            if secret is not None and (space, secret) not in written:
                yield f"Deployment {name}: no Secret {secret}"


def stores_read_what_their_namespace_needs(stack: str) -> Iterator[str]:
    """Whoever may write an ExternalSecret reads all that the store may: so it may read those secrets, one by one."""
    needed = {
        f"secrets-{space}-reader-grant-secret-{entry['remoteRef']['key']}"
        for (space, _), item in named(stack, "ExternalSecret").items()
        for entry in item["spec"]["data"]
    }
    granted = {item["name"] for item in of(stack, "RoleAssignment") if item["name"].startswith("secrets-")}
    yield from (f"{name} is granted and read by nobody" for name in sorted(granted - needed))
    yield from (f"{name} is needed and missing" for name in sorted(needed - granted))
    subjects = {item["inputs"]["subject"] for item in of(stack, "FederatedIdentityCredential")}
    for (space, name), item in named(stack, "SecretStore").items():
        account = item["spec"]["provider"]["azurekv"]["serviceAccountRef"]["name"]
        if f"system:serviceaccount:{space}:{account}" not in subjects:
            yield f"SecretStore {space}/{name}: nobody trusts {account}"
        tokens = named(stack, "RoleBinding").get((space, f"{account}-tokens"))
        if tokens is None or (space, tokens["roleRef"]["name"]) not in named(stack, "Role"):
            yield f"SecretStore {space}/{name}: the operator gets no token of {account}"


def tokens_go_to_gated_models(stack: str) -> Iterator[str]:
    """The token of Hugging Face is where a model's weights need it, and in no pod that fetches without."""
    gated = {model["name"]: model["source"].get("gated") for model in settings(stack)["models"]}
    for item in models_of(stack).values():
        pod = item["spec"]["template"]
        wanted = gated.get(pod["metadata"]["labels"]["llm-platform/model"])
        has = any(variable["name"] == "HF_TOKEN" for variable in pod["spec"]["containers"][0]["env"])
        if wanted is not None and has is not wanted:
            yield f"Deployment {item['metadata']['name']}: gated {wanted}, a token {has}"


def identities_are_of_service_accounts(stack: str) -> Iterator[str]:
    """Azure exchanges the token of exactly one service account that is there, and its pods ask the webhook for one."""
    accounts = named(stack, "ServiceAccount")
    for resource in of(stack, "FederatedIdentityCredential"):
        _, _, space, account = resource["inputs"]["subject"].split(":")
        item = accounts.get((space, account)) or _of_chart(stack, space, account)
        if item is None:
            yield f"{resource['name']}: no service account {space}/{account}"
        elif "azure.workload.identity/client-id" not in item["metadata"].get("annotations", {}):
            yield f"{resource['name']}: {account} has no client id"
    for (space, name), item in named(stack, "Deployment").items():
        # Without an account of its own a pod has its namespace's, which is nobody in Azure.
        account = item["spec"]["template"]["spec"].get("serviceAccountName")
        marks = accounts[space, account]["metadata"].get("annotations", {}) if account is not None else {}
        signs_in = "azure.workload.identity/client-id" in marks
        label = item["spec"]["template"]["metadata"]["labels"].get("azure.workload.identity/use")
        if (label == "true") is not signs_in:
            yield f"Deployment {name}: azure.workload.identity/use is {label}"


def _of_chart(stack: str, space: str, account: str) -> Mapping[str, Any] | None:
    """The account of Prometheus that its chart makes, where the chart's pods ask the webhook for a token."""
    for release in (found["inputs"] for found in of(stack, "Release")):
        values = release["values"].get("prometheus", {})
        labels = values.get("prometheusSpec", {}).get("podMetadata", {}).get("labels", {})
        made = (release["namespace"], f"{release['name']}-prometheus")
        if made == (space, account) and labels.get("azure.workload.identity/use") == "true":
            return {"metadata": values.get("serviceAccount", {})}
    return None


def roles_are_the_least(stack: str) -> Iterator[str]:
    """The kubelets pull, stores read secrets, models read weights, and nobody may do more."""
    roles = catalog.load().azure.roles
    for resource in of(stack, "RoleAssignment"):
        wanted = [role for pattern, role in ROLES.items() if fnmatchcase(resource["name"], pattern)]
        given = resource["inputs"]["roleDefinitionId"]
        if len(wanted) != 1:
            yield f"{resource['name']}: nobody says which role this is: {given}"
        elif not given.endswith(f"/roleDefinitions/{roles[wanted[0]]}"):
            yield f"{resource['name']} is not {wanted[0]}: {given}"
        if not given.startswith(
            f"/subscriptions/{settings(stack)['platform']['subscription_id']}/providers/Microsoft.Authorization/"
        ):
            yield f"{resource['name']}: {given}"


def models_read_their_own_weights(stack: str) -> Iterator[str]:
    """A model's role counts for the folder of its weights, which its name ends with."""
    for resource in of(stack, "RoleAssignment"):
        condition = resource["inputs"].get("condition")
        _, grant, folder = resource["name"].partition("-azure-grant-storage-blob-data-reader-")
        if bool(grant) is not (condition is not None):
            yield f"{resource['name']}: condition {condition}"
        elif grant and not str(condition).endswith(f" OR {FOLDER.format(folder)})"):
            yield f"{resource['name']}: {condition}"


def namespaces_are_closed(stack: str) -> Iterator[str]:
    """Each namespace refuses what no other policy of it allows, and policies are in namespaces that there are."""
    policies = named(stack, "NetworkPolicy")
    spaces = {name for _, name in named(stack, "Namespace")}
    yield from (f"{space} has no default-deny" for space in sorted(spaces) if (space, "default-deny") not in policies)
    yield from (f"NetworkPolicy {space}/{name}: no such namespace" for space, name in policies if space not in spaces)


def images_are_checked_in_every_namespace(stack: str) -> Iterator[str]:
    """A namespace of the platform that the policy of images leaves out runs any image."""
    (rule,) = (
        item for (_, name), item in named(stack, "ValidatingAdmissionPolicy").items() if name.endswith("-images")
    )
    (selected,) = rule["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    spaces = {name for _, name in named(stack, "Namespace")}
    if set(selected["values"]) != spaces:
        yield f"images are checked in {selected['values']}, namespaces are {sorted(spaces)}"


CHECKS = (
    secrets_are_where_they_are_read,
    stores_read_what_their_namespace_needs,
    tokens_go_to_gated_models,
    identities_are_of_service_accounts,
    roles_are_the_least,
    models_read_their_own_weights,
    namespaces_are_closed,
    images_are_checked_in_every_namespace,
)
