"""Node pools: VM size, GPU sharing, and the number of nodes."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import (
    REPEATABLE,
    UNKNOWN_NAME,
    Range,
    Section,
    SettingRefusedError,
    StandIn,
    Taint,
    Text,
    Zone,
    pattern,
)


class GpuSharing(Section):
    """How the GPUs of a pool are shared between pods: the same for the whole pool."""

    sharing: Literal["none", "mig", "time-slicing", "mps"] = Field(
        default="none",
        description="`none` (whole GPUs), `mig` (hardware slices), `time-slicing` (by turns, no isolation) or "
        "`mps` (side by side, memory limited, faults shared)",
    )
    layout: Annotated[tuple[Text, ...], REPEATABLE] = Field(
        default=(), max_length=100, description="a list of the MIG profiles on each GPU, such as [3g.47gb, 3g.47gb]"
    )
    layouts: Annotated[tuple[Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)], ...], REPEATABLE] = (
        Field(
            default=(),
            max_length=100,
            description="instead of `layout`, MIG profiles for each GPU of a node: [[7g.94gb], [3g.47gb, 3g.47gb]]",
        )
    )
    replicas: Annotated[int, Field(ge=2, le=250, strict=True)] | None = Field(
        default=None,
        description="with `time-slicing` and `mps`: the number of pods, 2 to 250, that share one GPU or one slice",
    )
    driver: Literal["aks", "operator"] | None = Field(
        default=None,
        description="the owner of the driver, `aks` or `operator`: that of cluster.gpu_driver, or left out",
    )

    @model_validator(mode="after")
    def _slices_match_sharing(self) -> "GpuSharing":
        if self.layout and self.layouts:
            message = "`layout` (the same for every GPU) and `layouts` (one for each GPU) are both given"
            raise SettingRefusedError(message, "leave one of them out")
        if self.sharing == "mig" and not self.sliced:
            message = "sharing `mig` needs a `layout`"
            raise SettingRefusedError(message, "add layout, such as [3g.47gb, 3g.47gb], or write sharing: none")
        if self.sharing == "mps" and self.sliced:
            message = "NVIDIA's device plugin offers no MPS on MIG slices"
            raise SettingRefusedError(message, "leave the layout out, or write sharing: time-slicing")
        if self.sharing == "none" and self.sliced:
            name = "layout" if self.layout else "layouts"
            message = f"`{name}` is only valid with sharing `mig`"
            raise SettingRefusedError(message, f"write sharing: mig, or leave `{name}` out")
        return self

    @model_validator(mode="after")
    def _replicas_match_sharing(self) -> "GpuSharing":
        if self.shared and self.replicas is None:
            message = f"sharing `{self.sharing}` needs `replicas`"
            raise SettingRefusedError(message, "add replicas, the number of pods on one GPU, such as 2")
        if not self.shared and self.replicas is not None:
            message = "`replicas` is only valid with sharing `time-slicing` or `mps`"
            raise SettingRefusedError(message, "write one of them, or leave `replicas` out")
        return self

    @property
    def sliced(self) -> bool:
        """Whether GPUs are partitioned into MIG slices, which several pods may share."""
        return bool(self.layout or self.layouts)

    @property
    def shared(self) -> bool:
        """Whether several pods get the same GPU or slice."""
        return self.sharing in ("time-slicing", "mps")

    def layouts_of(self, gpus: int) -> tuple[tuple[str, ...], ...]:
        """The layout of each of a node's GPUs; empty where they are whole."""
        return self.layouts or ((self.layout,) * gpus if self.layout else ())


class Pool(Section):
    """One node pool; its name plus a hash of what Azure can't change in place names it in AKS."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]{0,7}$"), StandIn("zz{index}")] = Field(
        description="lower-case letters and digits, a letter first, 8 at most (AKS allows 12, the revision takes 4)"
    )
    pool_class: Annotated[Literal["inference", "fine-tuning", "background"], StandIn("inference")] = Field(
        alias="class", description="what runs there: `inference`, `fine-tuning` or `background` (no GPUs, no taint)"
    )
    vm_size: Annotated[Text, UNKNOWN_NAME] = Field(description="an Azure VM size, such as Standard_NC40ads_H100_v5")
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
    taints: tuple[Taint, ...] = Field(
        default=(),
        max_length=100,
        description="a list of more taints, each key=value:NoSchedule or key=value:NoExecute",
    )
    os_disk_gib: Annotated[int, Field(ge=128, le=2048, strict=True)] = Field(
        default=512,
        description="the system disk in GiB, 128 to 2048 (vLLM's image unpacks to about 29 GB, caches come on top)",
    )
    generation: Annotated[int, Field(ge=0, le=9999, strict=True)] = Field(
        default=0,
        description="another number, 0 to 9999, replaces the pool by an equal one: new nodes, then the models, then "
        "the end of the old ones (`llm-platform rotate-pool` counts it up)",
    )
