"""Plans keys of the vault that encrypt etcd, disks and the store of weights."""

from planning.deciding.cluster import CONTROL_PLANE
from planning.deciding.roles import grant
from planning.plan import DiskKeyPlan, EtcdKeyPlan, KeysPlan, StoreKeyPlan
from planning.resolving.resolution import ResolvedStack

_ETCD, _DISKS, _STORE = "platform-etcd", "platform-disks", "platform-store"
# Wraps and unwraps keys, and reads their public half: what Azure's own services need.
_WRAP = "key_vault_crypto_service_encryption_user"


def keys(stack: ResolvedStack) -> KeysPlan | None:
    """Plan the keys; None where the stack file asks for none."""
    wanted = stack.settings.security.keys
    if not (wanted.etcd or wanted.disks or wanted.store):
        return None
    return KeysPlan(
        etcd=EtcdKeyPlan(
            key=_ETCD,
            use=grant(stack, CONTROL_PLANE, "key_vault_crypto_user", f"key-{_ETCD}"),
            # AKS makes a private endpoint of its own to a closed vault.
            connect=grant(stack, CONTROL_PLANE, "key_vault_contributor", "vault"),
        )
        if wanted.etcd
        else None,
        disks=DiskKeyPlan(
            key=_DISKS,
            encryption_set=stack.names.disk_encryption_set.value,
            use=grant(stack, "disk-encryption-set", _WRAP, f"key-{_DISKS}"),
            use_set=grant(stack, CONTROL_PLANE, "contributor", "disk-encryption-set"),
        )
        if wanted.disks
        else None,
        store=StoreKeyPlan(
            key=_STORE,
            identity=stack.names.identity("model-store").value,
            use=grant(stack, "model-store", _WRAP, f"key-{_STORE}"),
        )
        if wanted.store
        else None,
    )
