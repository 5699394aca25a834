"""What AKS refuses to change on an existing agent pool: one table for the revision and for replacements.

The provider replaces a pool by itself only for `vmSize` and `gpuInstanceProfile`; a change of the rest would pass the
preview and fail with PropertyChangeNotAllowed. So every setting that such a field follows from is in the hash that
makes a pool's revision, and every such field is in `replace_on_changes` of the pools that keep their name.
"""

from collections.abc import Mapping

# Field of an AgentPool on the wire -> the setting that it follows from, as the revision's hash names it; None where
# the field is the same on every pool.
IMMUTABLE_FIELDS: Mapping[str, str | None] = {
    "availabilityZones": "zones",
    "gpuInstanceProfile": "gpu_instance_profile",
    "gpuProfile": "gpu_driver",
    "maxPods": "max_pods",
    "osDiskSizeGB": "os_disk_gib",
    "osDiskType": None,
    "osType": None,
    "scaleSetEvictionPolicy": "spot",
    "scaleSetPriority": "spot",
    "spotMaxPrice": "spot",
    "type": None,
    "vmSize": "vm_size",
    "vnetSubnetID": "subnet",
}
IMMUTABLE_SETTINGS: frozenset[str] = frozenset(setting for setting in IMMUTABLE_FIELDS.values() if setting is not None)
