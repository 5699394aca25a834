"""Rules about keys of your own: what Azure wants of the vault that holds them."""

from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_KEYS, _PURGE = "security.keys", "security.vault.purge_protection"


@stack_rule(
    "KEYS-PURGE",
    "error",
    prevents="`pulumi up` stops half-way: Azure takes no key of a vault that can be purged. Were it purged, cluster, "
    "disks or weights would be lost with it.",
    source="https://learn.microsoft.com/azure/virtual-machines/disk-encryption; "
    "https://learn.microsoft.com/azure/storage/common/customer-managed-keys-overview; "
    "https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption",
    reads=(_KEYS, _PURGE),
    needs="aks",
)
def vault_keeps_its_keys(stack: Resolution) -> Violations:
    """Where something is encrypted with keys of the vault, the vault can't be purged."""
    security = stack.settings.security
    wanted = [name for name in type(security.keys).model_fields if getattr(security.keys, name)]
    if wanted and not security.vault.purge_protection:
        yield Violation(
            _PURGE,
            f"the vault can be purged, and {' and '.join(f'`{name}`' for name in wanted)} would be encrypted with a "
            "key in it",
            f"write true (Azure never lets that be turned off again), or leave {_KEYS} out",
            (_PURGE, *(f"{_KEYS}.{name}" for name in wanted)),
        )


@stack_rule(
    "KEYS-PRICE",
    "info",
    prevents="The cost of the preview is taken for the whole.",
    source="https://azure.microsoft.com/pricing/details/key-vault/",
    reads=(_KEYS,),
    needs="aks",
)
def the_price_of_keys_is_unknown(stack: Resolution) -> Violations:
    """What keys of the vault cost is in the cost of the preview."""
    keys = stack.settings.security.keys
    wanted = [name for name in type(keys).model_fields if getattr(keys, name)]
    if wanted:
        yield Violation(
            _KEYS,
            f"the catalog has no price of keys and their operations: {' and '.join(f'`{name}`' for name in wanted)} "
            "are not in the cost of this preview",
            "add it from Azure's page of prices",
            tuple(f"{_KEYS}.{name}" for name in wanted),
        )
