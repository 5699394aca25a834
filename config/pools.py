"""Node pools: which machines run models, how their GPUs are shared and how many there may be."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import Range, Section, Text, Zone, pattern

# AKS takes key=value:Effect; the autoscaler doesn't model a taint without a value on a pool of zero nodes.
TAINT = r"^[a-z0-9]([a-z0-9./-]{0,61}[a-z0-9])?=[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?:(NoSchedule|NoExecute)$"


class GpuSharing(Section):
    """How the GPUs of a pool are offered to pods."""

    sharing: Literal["none", "mig"] = Field(default="none", description="`none`: whole GPUs. `mig`: hardware slices.")
    layout: tuple[Text, ...] = Field(default=(), description="MIG profiles on each GPU, such as [3g.47gb, 3g.47gb].")
    driver: Literal["aks", "operator"] | None = Field(
        default=None, description="Owner of the driver; must equal cluster.gpu_driver, which is the default."
    )

    @model_validator(mode="after")
    def _layout_matches_sharing(self) -> "GpuSharing":
        if self.sharing == "mig" and not self.layout:
            message = "sharing `mig` needs a layout, such as [3g.47gb, 3g.47gb]"
            raise ValueError(message)
        if self.sharing == "none" and self.layout:
            message = "a layout needs sharing `mig`"
            raise ValueError(message)
        return self


class Pool(Section):
    """One node pool; its name plus a hash of what Azure can't change in place names it in AKS."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]{0,7}$")] = Field(
        description="8 characters at most: AKS takes 12 and the pool's revision takes 4."
    )
    workload: Literal["inference", "fine-tuning", "background"] = Field(
        alias="class", description="What runs there: GPU pools are tainted, background pools are not."
    )
    vm_size: Text = Field(description="Azure VM size.")
    nodes: Range = Field(description="Autoscaling bounds.")
    gpu: GpuSharing = Field(default_factory=GpuSharing)
    capacity: Literal["on-demand", "spot"] = Field(default="on-demand", description="Spot nodes can be evicted.")
    rotation: Literal["create-first", "delete-first"] = Field(
        default="create-first",
        description="Order of replacing the pool; delete-first for a quota that holds one pool only.",
    )
    zones: tuple[Zone, ...] | None = Field(
        default=None, description="Availability zones. Default: none; GPU sizes often exist in one zone of a region."
    )
    taints: tuple[Annotated[str, pattern(TAINT)], ...] = Field(
        default=(), description="More taints, as key=value:Effect, to keep models off that don't tolerate them."
    )
    os_disk_gib: Annotated[int, Field(ge=128, le=2048, strict=True)] = Field(
        default=512, description="System disk: vLLM's image unpacks to about 29 GB, caches come on top."
    )
