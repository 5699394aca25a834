"""Keys of the platform's vault that encrypt other resources, and who may use each."""

from msgspec import Struct

from planning.plan.azure_grants import GrantPlan


class EtcdKeyPlan(Struct, frozen=True, kw_only=True):
    """The key for Secrets in etcd; the cluster uses it as the identity of its control plane."""

    key: str
    """Name of the key."""
    use: GrantPlan
    """Lets the control plane encrypt and decrypt with it."""
    connect: GrantPlan
    """Lets the control plane connect AKS' own network with the vault."""


class DiskKeyPlan(Struct, frozen=True, kw_only=True):
    """The key for disks of nodes and volumes; disks name the set of encryption, and the set the key."""

    key: str
    """Name of the key."""
    encryption_set: str
    """Azure's name for the set, which has an identity of its own."""
    use: GrantPlan
    """Lets the set wrap keys of disks with it."""
    use_set: GrantPlan
    """Lets the control plane make disks with the set."""


class StoreKeyPlan(Struct, frozen=True, kw_only=True):
    """The key for the store of weights; the store uses it as an identity of its own."""

    key: str
    """Name of the key."""
    identity: str
    """Azure's name for the identity."""
    use: GrantPlan
    """Lets the store wrap its key with it."""


class KeysPlan(Struct, frozen=True, kw_only=True):
    """What is encrypted with keys of the vault; None where Azure's keys are used."""

    etcd: EtcdKeyPlan | None
    """Secrets of the cluster."""
    disks: DiskKeyPlan | None
    """Disks of nodes and volumes."""
    store: StoreKeyPlan | None
    """Weights."""
