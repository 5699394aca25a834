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
    "enableEncryptionAtHost": "encryption_at_host",
    "gpuInstanceProfile": "gpu_instance_profile",
    "gpuProfile": "gpu_driver",
    "maxPods": "max_pods",
    "osDiskSizeGB": "os_disk_gib",
    "osDiskType": None,
    "osType": None,
    "scaleSetEvictionPolicy": "spot",
    "scaleSetPriority": "spot",
    # The virtual TPM and Secure Boot can't be given to nodes that were made without (AKS' page about Trusted Launch),
    # and another access by SSH images nodes again, from Kubernetes 1.37 on at once, under running models.
    "securityProfile": "node_security",
    "spotMaxPrice": "spot",
    "type": None,
    "vmSize": "vm_size",
    "vnetSubnetID": "subnet",
}
# Settings that versions up to 0.1.0 didn't have. Where one is off, the pool is what it was: its revision too.
LATER_SETTINGS: frozenset[str] = frozenset({"encryption_at_host", "node_security"})
IMMUTABLE_SETTINGS: frozenset[str] = frozenset(setting for setting in IMMUTABLE_FIELDS.values() if setting is not None)
