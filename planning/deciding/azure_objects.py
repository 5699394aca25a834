"""The Azure-specific parts of objects in the cluster; everything else about them is the same on any cloud."""

from planning.placement.loading import streamer_limit_bytes
from planning.plan import DnsNamePlan, Json, Pairs
from planning.resolving.releases import ResolvedRelease
from planning.resolving.request_path import request_path
from planning.resolving.resolution import ResolvedStack

# In each namespace that needs secrets: the store that reads Key Vault, and the service account that it signs in with.
SECRET_STORE = "key-vault"  # noqa: S105 - the name of a store, not a secret
SECRETS_ACCOUNT = "key-vault-reader"
# Azure's webhook gives pods with this label a token of their service account.
POD_LABELS: Pairs = (("azure.workload.identity/use", "true"),)
# AKS labels nodes of GPU sizes by itself, whether or not a driver or device plugin works there:
# https://learn.microsoft.com/azure/aks/use-labels
GPU_NODES = ("kubernetes.azure.com/accelerator", "nvidia")
# Azure's platform address in every virtual network: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
PLATFORM_ADDRESS = "168.63.129.16/32"


def secret_provider(stack: ResolvedStack) -> dict[str, Json]:
    """The `provider` of a store: the vault, and the service account of its own namespace that it signs in with."""
    return {
        "azurekv": {
            "authType": "WorkloadIdentity",
            "vaultUrl": f"https://{stack.names.vault.value}.vault.azure.net/",
            # Without a namespace: a store may name accounts of its own alone, and External Secrets' webhook refuses it
            # with another (runtime/esutils/utils.go, ValidateReferentServiceAccountSelector).
            "serviceAccountRef": {"name": SECRETS_ACCOUNT},
        }
    }


def load_balancer_annotations(stack: ResolvedStack, name: DnsNamePlan | None) -> Pairs:
    """Annotations of the gateway's Service: the longest silence it bears, and an address in the gateway's subnet.

    With a `name` in DNS it is always the same address.
    """
    idle_minutes = request_path(stack.resolution).load_balancer.idle_seconds // 60
    silence = (("service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout", str(idle_minutes)),)
    if stack.settings.gateway.exposure == "public":
        return (*silence, *_fixed_address(name))
    return (
        *silence,
        ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
        ("service.beta.kubernetes.io/azure-load-balancer-internal-subnet", stack.names.subnet("gateway").value),
        *_fixed_address(name),
    )


def _fixed_address(name: DnsNamePlan | None) -> Pairs:
    """Annotations by which the load balancer takes one address: https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer."""
    if name is None:
        return ()
    if name.public_address is not None:
        return (
            ("service.beta.kubernetes.io/azure-load-balancer-resource-group", name.public_address.resource_group),
            ("service.beta.kubernetes.io/azure-pip-name", name.public_address.name),
        )
    return (("service.beta.kubernetes.io/azure-load-balancer-ipv4", str(name.private_address)),)


def registry_host(stack: ResolvedStack) -> str:
    """Host name of the platform's registry."""
    return f"{stack.names.registry.value}.azurecr.io"


def store_host(stack: ResolvedStack) -> str:
    """Host name of the store of weights, the same everywhere; inside the network it has a private address."""
    return f"{stack.names.storage_account.value}.blob.core.windows.net"


def redis_host(stack: ResolvedStack) -> str:
    """Host name of Azure Managed Redis; inside the network it has a private address."""
    return f"{stack.names.redis.value}.{stack.settings.platform.region}.redis.azure.net"


def weights_variables(stack: ResolvedStack, view: ResolvedRelease) -> Pairs:
    """Variables by which vLLM's streamer finds the store of weights, doesn't query Hugging Face, and bounds its buffer.

    None where the weights don't come from the store.
    """
    limit = streamer_limit_bytes(view, stack.catalog.overheads)
    if limit is None:
        return ()
    return (
        ("HF_HUB_OFFLINE", "1"),
        ("AZURE_STORAGE_ACCOUNT_NAME", stack.names.storage_account.value),
        ("RUNAI_STREAMER_MEMORY_LIMIT", str(limit)),
    )
