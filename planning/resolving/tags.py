"""The tags of every Azure resource, the platform's own and the stack file's, and those that pools have besides."""

from config.platform import Platform
from planning.resolving.pools import PoolView

# kubernetes/autoscaler cloudprovider/azure/azure_util.go, nodeResourcesTagName.
_AUTOSCALER_TAG = "k8s.io_cluster-autoscaler_node-template_resources_"


def own_tags(platform: Platform) -> dict[str, str]:
    """Tags that the platform adds."""
    return {"platform": platform.name, "environment": platform.environment, "managed-by": "pulumi"}


def tags_of(platform: Platform) -> dict[str, str]:
    """All tags; the platform's own win (rule TAG-OWN refuses others under their keys)."""
    return {**platform.tags, **own_tags(platform)}


def autoscaler_tags(view: PoolView) -> tuple[tuple[str, str], ...]:
    """Tags that tell the cluster autoscaler which devices a node will offer; none where these are its whole GPUs.

    Without a ready node of the pool it takes the VM size's number of GPUs for what the next one would offer, and these
    tags on top (kubernetes/autoscaler cloudprovider/azure/azure_template.go, processVMSSTemplate and
    extractAllocatableResourcesFromScaleSet): a node of two slices would count as one GPU.
    """
    if not view.is_mig and not view.settings.gpu.shared:
        return ()
    return tuple(
        (f"{_AUTOSCALER_TAG}{device.resource.replace('/', '_')}", str(device.per_node)) for device in view.devices
    )
