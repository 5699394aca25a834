"""Security: the key vault, names of the secrets in it (never the secrets themselves), nodes and the cluster."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import Flag, SecretName, Section


class Vault(Section):
    """The platform's Key Vault."""

    purge_protection: Flag = Field(
        default=False,
        description="`true` (no early purge; Azure never lets that be turned off) or `false`",
    )
    soft_delete_days: Annotated[int, Field(ge=7, le=90, strict=True)] = Field(
        default=7, description="the days, 7 to 90, in which a deleted secret can be restored"
    )


class Keys(Section):
    """What is encrypted with keys of your own, in the platform's vault, instead of with Azure's."""

    etcd: Flag | None = Field(
        default=None,
        description="`true` to encrypt the cluster's Secrets in etcd with a key of the vault, `false` to switch that "
        "off again; without it Azure's keys alone",
    )
    disks: Flag = Field(
        default=False,
        description="`true` to encrypt the disks of nodes and volumes with a key of the vault, or `false`; fixed once "
        "the cluster is created",
    )
    store: Flag | None = Field(
        default=None,
        description="`true` to encrypt the store of weights with a key of the vault, `false` to go back to Azure's; "
        "without it Azure's",
    )


class Nodes(Section):
    """How nodes of every pool are hardened; Azure fixes it once a pool exists, so a change makes each pool again."""

    encryption_at_host: Flag = Field(
        default=False,
        description="`true` to encrypt the caches of nodes' disks and their local disks on the machine itself, which "
        "the subscription's feature `Microsoft.Compute/EncryptionAtHost` must allow, or `false`; every pool is made "
        "again",
    )
    trusted_launch: Flag = Field(
        default=False,
        description="`true` for Trusted Launch (a virtual TPM, and Secure Boot on nodes without GPUs) where the VM "
        "size has it, or `false`; every pool is made again",
    )
    ssh: Literal["enabled", "disabled"] = Field(
        default="enabled",
        description="`disabled` for nodes without an SSH server, or `enabled`; every pool is made again",
    )


class Security(Section):
    """Where secrets are kept, and what hardens nodes and cluster beyond what every stack has."""

    vault: Vault = Field(
        default_factory=Vault, description="the key vault: {purge_protection: true, soft_delete_days: 90}"
    )
    hugging_face_token: SecretName | None = Field(
        default=None,
        description="the name (not the value) of the vault's secret with the Hugging Face token: letters, digits and -",
    )
    keys: Keys = Field(
        default_factory=Keys,
        description="what is encrypted with keys of your own: {etcd: true, disks: true, store: true}",
    )
    nodes: Nodes = Field(
        default_factory=Nodes,
        description="how nodes are hardened: {encryption_at_host: true, trusted_launch: true, ssh: disabled}",
    )
    azure_policy: Flag | None = Field(
        default=None,
        description="`true` for AKS's add-on that enforces the policies assigned to the subscription, `false` to "
        "switch it off; without it only `prod` has it",
    )
    image_cleaner: Flag | None = Field(
        default=None,
        description="`true` to remove images with known flaws that no container uses from nodes, every 30 days, "
        "`false` to switch that off; without it only `prod` has it",
    )
    node_resource_group: Literal["read-only", "unrestricted"] | None = Field(
        default=None,
        description="`read-only` so that nobody but AKS changes what it makes (scale sets, load balancers, disks), or "
        "`unrestricted`; without it `prod` is read-only and others are as Azure has them",
    )
