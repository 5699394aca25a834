"""Every name that Azure or Kubernetes limits, built in one place; limits from Azure's resource naming rules.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules and, for AKS,
https://learn.microsoft.com/azure/aks/quotas-skus-regions.
"""

import hashlib
import json
import re
import string
import uuid

from msgspec import Struct

from config.platform import Platform

# A namespace of its own for uuid5, so that a role assignment always keeps its name.
_ROLE_NAMESPACE = uuid.UUID("6a3c9f0e-6a53-5b0e-9d55-6f6c6d2d7c11")
# AKS takes 12 characters of which 4 are left for a revision; 36 digits make 1.7 million of them.
_REVISION_DIGITS = 4
_DIGITS = string.digits + string.ascii_lowercase
# Of a label in Kubernetes, which AKS checks too: k8s.io/apimachinery pkg/util/validation/validation.go.
LABEL_VALUE_LONGEST = 63
# The container of the model store that holds the weights, a folder for each model and revision.
WEIGHTS_CONTAINER = "weights"
# Its container with the usage of each day.
USAGE_CONTAINER = "usage"


class Limit(Struct, frozen=True):
    """The longest length and the pattern of a kind of name."""

    kind: str
    longest: int
    expression: str


RESOURCE_GROUP = Limit("resource group", 90, r"[\w.()-]*[\w()-]")
CLUSTER = Limit("AKS cluster", 63, r"[A-Za-z0-9]([\w-]*[A-Za-z0-9])?")
AGENT_POOL = Limit("AKS node pool", 12, r"[a-z][a-z0-9]*")
VIRTUAL_NETWORK = Limit("virtual network", 64, r"[A-Za-z0-9]([\w.-]*\w)?")
SUBNET = Limit("subnet", 80, r"[A-Za-z0-9]([\w.-]*\w)?")
IDENTITY = Limit("user-assigned identity", 128, r"[A-Za-z0-9][\w-]{2,}")
FEDERATED_CREDENTIAL = Limit("federated credential", 120, r"[A-Za-z0-9][\w-]{2,}")
VAULT = Limit("key vault", 24, r"[A-Za-z](-?[A-Za-z0-9]){2,}")
REGISTRY = Limit("container registry", 50, r"[A-Za-z0-9]{5,}")
STORAGE_ACCOUNT = Limit("storage account", 24, r"[a-z0-9]{3,}")
WORKSPACE = Limit("Log Analytics workspace", 63, r"[A-Za-z0-9][A-Za-z0-9-]{3,}(?<!-)")
DISK_ENCRYPTION_SET = Limit("disk encryption set", 80, r"[\w-]+")
API_MANAGEMENT = Limit("API Management service", 50, r"[A-Za-z](-?[A-Za-z0-9])*")
MONITOR_WORKSPACE = Limit("Azure Monitor workspace", 63, r"[A-Za-z0-9][A-Za-z0-9-]{2,}(?<!-)")
COLLECTION_ENDPOINT = Limit("data collection endpoint", 44, r"[A-Za-z0-9][A-Za-z0-9-]{2,}(?<!-)")
ACTION_GROUP = Limit("action group", 260, r"[^/:<>+%&?\\#*]+(?<![ .])")
GRAFANA = Limit("Managed Grafana", 30, r"[A-Za-z][A-Za-z0-9-]+(?<!-)")
COLLECTION_RULE = Limit("data collection rule", 64, r"[A-Za-z0-9][A-Za-z0-9-]*(?<!-)")
REDIS = Limit("managed Redis", 60, r"[A-Za-z0-9](-?[A-Za-z0-9])*")
CONTENT_SAFETY = Limit("Content Safety account", 64, r"[A-Za-z0-9][A-Za-z0-9-]+(?<!-)")
KUBERNETES_LABEL = Limit("Kubernetes name", 63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


class Name(Struct, frozen=True):
    """A name and the limit that it must keep."""

    value: str
    limit: Limit

    @property
    def legal(self) -> bool:
        """Whether Azure or Kubernetes accepts it."""
        return len(self.value) <= self.limit.longest and re.fullmatch(self.limit.expression, self.value) is not None


class Names:
    """The names of one platform; all of them start from `name`, `environment` and, where global, `suffix`."""

    def __init__(self, platform: Platform) -> None:
        self._base = f"{platform.name}-{platform.environment}"
        flat = self._base.replace("-", "")
        self.resource_group = Name(f"rg-{self._base}", RESOURCE_GROUP)
        self.node_resource_group = Name(f"rg-{self._base}-nodes", Limit("node resource group", 80, r"[\w.()-]*[\w()-]"))
        self.store_resource_group = Name(f"rg-{self._base}-models", RESOURCE_GROUP)
        self.cluster = Name(f"aks-{self._base}", CLUSTER)
        self.dns_prefix = Name(f"{self._base}-{platform.suffix}", Limit("AKS DNS prefix", 54, CLUSTER.expression))
        self.vnet = Name(f"vnet-{self._base}", VIRTUAL_NETWORK)
        self.nat_gateway = Name(f"ng-{self._base}", SUBNET)
        self.nat_address = Name(f"pip-{self._base}-nat", SUBNET)
        self.gateway_resource_group = Name(f"rg-{self._base}-gateway", RESOURCE_GROUP)
        self.gateway_address = Name(f"pip-{self._base}-gateway", SUBNET)
        self.vault = Name(f"kv-{self._base}-{platform.suffix}", VAULT)
        self.registry = Name(f"acr{flat}{platform.suffix}", REGISTRY)
        self.storage_account = Name(f"st{flat}{platform.suffix}", STORAGE_ACCOUNT)
        self.disk_encryption_set = Name(f"des-{self._base}", DISK_ENCRYPTION_SET)
        self.redis = Name(f"redis-{self._base}-{platform.suffix}", REDIS)
        self.api_management = Name(f"apim-{self._base}-{platform.suffix}", API_MANAGEMENT)
        self.content_safety = Name(f"cs-{self._base}-{platform.suffix}", CONTENT_SAFETY)
        self.workspace = Name(f"log-{self._base}", WORKSPACE)
        self.collection_rule = Name(f"dcr-{self._base}-containers", COLLECTION_RULE)
        self.monitor_workspace = Name(f"amw-{self._base}", MONITOR_WORKSPACE)
        self.metrics_endpoint = Name(f"dce-{self._base}-metrics", COLLECTION_ENDPOINT)
        self.metrics_rule = Name(f"dcr-{self._base}-metrics", COLLECTION_RULE)
        self.action_group = Name(f"ag-{self._base}", ACTION_GROUP)
        self.grafana = Name(f"amg-{self._base}-{platform.suffix}", GRAFANA)

    def subnet(self, role: str) -> Name:
        """Name of the subnet with this role."""
        return Name(f"snet-{role.replace('_', '-')}", SUBNET)

    def security_group(self, role: str) -> Name:
        """Name of the network security group of a subnet."""
        return Name(f"nsg-{self._base}-{role.replace('_', '-')}", SUBNET)

    def endpoint(self, service: str) -> Name:
        """Name of a private endpoint."""
        return Name(f"pe-{self._base}-{service}", SUBNET)

    def identity(self, purpose: str) -> Name:
        """Name of a user-assigned identity."""
        return Name(f"id-{self._base}-{purpose}", IDENTITY)

    def credential(self, purpose: str) -> Name:
        """Name of a federated credential."""
        return Name(f"fc-{purpose}", FEDERATED_CREDENTIAL)

    def all(self) -> tuple[Name, ...]:
        """The names that exist once per platform."""
        return tuple(value for value in vars(self).values() if isinstance(value, Name))


def agent_pool_name(name: str, revision: str, *, create_first: bool) -> Name:
    """AKS name of a pool: with its revision where the new pool is created before the old one is deleted."""
    return Name(f"{name}{revision}" if create_first else name, AGENT_POOL)


def revision(fields: dict[str, object]) -> str:
    """Hash of what Azure can't change in place; equal fields give equal revisions in any order."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    number = int.from_bytes(hashlib.blake2s(text.encode(), digest_size=8).digest(), "big")
    digits = ""
    for _ in range(_REVISION_DIGITS):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    return digits


def content_hash(text: str) -> str:
    """Ten hexadecimal digits that change when the text does."""
    return hashlib.blake2s(text.encode(), digest_size=5).hexdigest()


def role_assignment(*parts: str) -> str:
    """Name of a role assignment: the same parts give the same GUID, so creating it again changes nothing."""
    return str(uuid.uuid5(_ROLE_NAMESPACE, "/".join(parts)))
