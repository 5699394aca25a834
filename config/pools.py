"""Node pools: which machines run models, how their GPUs are shared and how many there may be."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import Range, RefusedError, Section, Text, Zone, pattern

# AKS takes key=value:Effect; the autoscaler doesn't model a taint without a value on a pool of zero nodes.
TAINT = r"^[a-z0-9]([a-z0-9./-]{0,61}[a-z0-9])?=[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?:(NoSchedule|NoExecute)$"


class GpuSharing(Section):
    """How the GPUs of a pool are offered to pods."""

    sharing: Literal["none", "mig"] = Field(
        default="none", description="`none` (whole GPUs) or `mig` (hardware slices)"
    )
    layout: tuple[Text, ...] = Field(
        default=(), description="a list of the MIG profiles on each GPU, such as [3g.47gb, 3g.47gb]"
    )
    driver: Literal["aks", "operator"] | None = Field(
        default=None,
        description="the owner of the driver, `aks` or `operator`: that of cluster.gpu_driver, or left out",
    )

    @model_validator(mode="after")
    def _layout_matches_sharing(self) -> "GpuSharing":
        if self.sharing == "mig" and not self.layout:
            message = "sharing `mig` needs a `layout`"
            raise RefusedError(message, "add layout, such as [3g.47gb, 3g.47gb], or write sharing: none")
        if self.sharing == "none" and self.layout:
            message = "a `layout` has a meaning with sharing `mig` only"
            raise RefusedError(message, "write sharing: mig, or leave `layout` out")
        return self


class Pool(Section):
    """One node pool; its name plus a hash of what Azure can't change in place names it in AKS."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]{0,7}$")] = Field(
        description="lower-case letters and digits, a letter first, 8 at most (AKS takes 12, the revision 4 of them)"
    )
    workload: Literal["inference", "fine-tuning", "background"] = Field(
        alias="class", description="what runs there: `inference`, `fine-tuning` or `background` (no GPUs, no taint)"
    )
    vm_size: Text = Field(description="an Azure VM size, such as Standard_NC40ads_H100_v5")
    nodes: Range = Field(description="the fewest and the most nodes, such as {min: 1, max: 2}")
    gpu: GpuSharing = Field(
        default_factory=GpuSharing, description="how GPUs are shared: {sharing: mig, layout: [3g.47gb, 3g.47gb]}"
    )
    capacity: Literal["on-demand", "spot"] = Field(
        default="on-demand", description="`on-demand` or `spot` (nodes that Azure may take back)"
    )
    rotation: Literal["create-first", "delete-first"] = Field(
        default="create-first",
        description="the order of replacing the pool; `delete-first` for a quota that holds one pool only",
    )
    zones: tuple[Zone, ...] | None = Field(
        default=None,
        description='a list of availability zones in quotes, such as ["1"]; without it Azure places the nodes',
    )
    taints: tuple[Annotated[str, pattern(TAINT)], ...] = Field(
        default=(),
        description="a list of more taints, each key=value:NoSchedule or key=value:NoExecute",
    )
    os_disk_gib: Annotated[int, Field(ge=128, le=2048, strict=True)] = Field(
        default=512,
        description="the system disk in GiB, 128 to 2048 (vLLM's image unpacks to about 29 GB, caches come on top)",
    )
