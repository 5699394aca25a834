"""The daily export of usage: what runs in the cluster, and the container that it writes to."""

from msgspec import Struct

from planning.plan.azure_grants import AdminGrantPlan
from planning.plan.base import Pairs


class UsageExportPlan(Struct, frozen=True, kw_only=True):
    """The CronJob that writes a file for each day."""

    name: str
    """Name of its objects, and of its service account."""
    namespace: str
    """Its namespace, that of Prometheus."""
    image: str
    """Image with Python."""
    settings: str
    """Its settings, JSON."""
    pod_labels: Pairs
    """Labels by which its pods get a token of the cloud."""
    storage_addresses: str
    """Address range of the private endpoint of the storage."""
    sign_in_addresses: tuple[str, ...]
    """Address ranges where a token is had; none where a policy names the hosts."""


class UsageRecordsPlan(Struct, frozen=True, kw_only=True):
    """The container with a file for each day, in the account of the store of weights."""

    account: str
    """Name of the storage account."""
    resource_group: str
    """Its resource group."""
    container: str
    """Name of the container."""
    keep_days: int
    """Days in which nobody changes or deletes a file; then it is deleted."""
    readers: tuple[AdminGrantPlan, ...]
    """Groups that may read the files."""
