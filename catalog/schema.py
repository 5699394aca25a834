"""The records of the catalog: one frozen type for each kind of fact, with its units in the field names.

Every record has a `source` and `as_of` (an ISO date, the day on which the figure was read). `None` means that the
figure is not known; it is never a guess. Figures that nobody has confirmed are marked `verified=False`.

A field that no rule reads yet is here because a coming capability needs it: local disks and interconnects of a VM
size, slices' multiprocessors, the size of an image when a node pulls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from catalog.decoding import Record
from catalog.supply_schema import ChartSignature

Architecture = Literal["turing", "ampere", "ada", "hopper", "blackwell"]
Interconnect = Literal["none", "pcie", "nvlink-pairs", "nvlink", "nvswitch", "nvl72"]
DriverTrack = Literal["none", "cuda", "grid", "signed"]
CrdPlace = Literal["crds", "templates"]
CrdUpdate = Literal["hook", "job"]


class MpsLimits(Record, frozen=True):
    """How many processes MPS lets share one GPU."""

    clients: int
    earlier_clients: int
    """The same before `capability`."""
    capability: float
    """Compute capability from which `clients` holds."""


class Gpu(Record, frozen=True):
    """One GPU model, under the name that `--gpu` and `vm_sizes.yaml` use."""

    name: str
    vendor: Literal["nvidia"]
    architecture: Architecture
    nominal_gb: int
    """Memory as the vendor states it."""
    memory_gib: float | None
    """Memory that the driver reports to a process; None where it is not published."""
    memory_verified: bool
    unknown_memory_ratio: float
    """Fraction of `nominal_gb`, read as GiB, that may be counted on when `memory_gib` is None or unverified."""
    compute_capability: str
    mps: MpsLimits
    bf16: bool
    fp8: bool
    mig: bool
    """Whether it can be partitioned into MIG slices; the geometry is in `Catalog.mig`."""
    nvlink: bool
    """Whether GPUs of this model may be connected by NVLink; without it they communicate over PCIe."""
    name_contains_a100: bool
    """vLLM looks for "a100" in the device name when it picks its batch defaults."""
    source: str
    as_of: str
    note: str | None = None


class MigProfile(Record, frozen=True):
    """One MIG profile of one GPU: where its instances may start and what a process sees in one."""

    name: str
    starts: tuple[int, ...]
    """Memory slots on which an instance may begin."""
    size: int
    """Memory slots that an instance covers."""
    max: int
    """Instances of this profile that one GPU takes."""
    usable_gib: float | None
    sm: int | None
    """Streaming multiprocessors of an instance."""


class MigGpu(Record, frozen=True):
    """The MIG geometry of one GPU."""

    name: str
    pci_ids: tuple[str, ...]
    slots: int
    """Memory slots of one GPU."""
    max_media_extensions: int
    """Instances with a `+me` attribute that one GPU takes."""
    min_driver: str
    confidence: str
    """Which of the figures were published and which inferred, in words."""
    profiles: Mapping[str, MigProfile]
    aks_profiles: Mapping[str, str]
    """AKS `gpuInstanceProfile` -> MIG profile; empty where AKS does not create slices on this GPU."""
    unknown_usable_ratio: float
    """Fraction of the GB in a profile's name that may be counted on when `usable_gib` is None."""
    source: str
    as_of: str


class VmSize(Record, frozen=True):
    """One Azure VM size."""

    name: str
    vcpu: int
    memory_gib: int
    gpu: str | None
    """Key into `Catalog.gpus`; None for a size without a GPU."""
    gpu_count: int
    temp_disk_gib: int | None
    """The temporary disk; None where there is none."""
    nvme_gib: int | None
    """Local NVMe disks together; None where there is none or its size is not published."""
    quota_family: str | None
    aks_mig: bool
    """Whether AKS accepts `gpuInstanceProfile` for this size."""
    arch: Literal["amd64", "arm64"]
    interconnect: Interconnect
    """Between the GPUs of one VM."""
    infiniband: bool
    """Whether VMs of this size reach each other's GPUs over InfiniBand."""
    driver: DriverTrack
    """Driver track that the size needs; grid is NVIDIA's vGPU driver, signed the one of confidential VMs."""
    verified: bool
    source: str
    as_of: str
    network_mbps: int | None = None
    """Bandwidth of all network cards together, at most; None where it is not published."""
    disk_mb_s: int | None = None
    """Throughput of all remote disks together, at most; None where it is not published."""
    note: str | None = None


class Price(Record, frozen=True):
    """What one VM size costs an hour in one region, Linux, before discounts."""

    region: str
    vm_size: str
    payg_usd_h: float | None
    """Pay as you go; None where not found."""
    spot_low_usd_h: float | None
    spot_high_usd_h: float | None
    """Spot varies: the range that was seen; both None where not found."""
    older: bool
    """The price is from an undated extract; such figures have drifted by up to 30 percent since."""
    spot_older: bool
    """The same for the spot range."""
    verified: bool
    source: str
    as_of: str
    """ISO date on which `payg_usd_h` was retrieved, or "undated"."""
    spot_as_of: str | None = None
    """The same for the spot range where it is of another day."""


class Region(Record, frozen=True):
    """One Azure region."""

    name: str
    zones: tuple[str, ...]
    """Availability zones; empty where the region has none. A VM size may be in fewer."""
    verified: bool
    source: str
    as_of: str
    note: str | None = None


class CrdBundle(Record, frozen=True):
    """The CRDs in a chart's `crds` folder, and the version that they say they have."""

    folder: str
    """Folder of the unpacked chart that holds them."""
    crd: str
    """One of them that carries the version."""
    annotation: str
    """Its annotation with the version."""
    version: str
    part: str
    """The part of versions.yaml that this is the version of."""


class Chart(Record, frozen=True):
    """One Helm chart at one version."""

    name: str
    chart: str
    """Chart name in its repository, or the full oci:// reference."""
    repository: str | None
    """Repository address; None for an oci:// chart."""
    version: str
    namespace: str
    crd_groups: tuple[str, ...]
    """API groups whose CRDs only this chart installs."""
    crds_in: CrdPlace | None
    """In a crds directory Helm installs them once and never upgrades them; None without CRDs."""
    images: Mapping[str, str]
    """Value that says where an image comes from → the chart's own default: a registry, or one with a repository."""
    source: str
    as_of: str
    crds_updated_by: CrdUpdate | None = None
    """What updates CRDs of a crds directory: a hook that the chart brings, or a Job of this program; None: nothing."""
    crd_groups_not_updated: tuple[str, ...] = ()
    """Of `crd_groups`, those that its hook leaves as they were first installed: no object here may be of one."""
    crd_bundle: CrdBundle | None = None
    record_bytes: int | None = None
    """Size of Helm's Secret of the chart, of which Kubernetes takes 1,048,576 bytes; None where not measured."""
    metrics: ChartMetrics | None = None
    """Where its controller exports metrics; None where nothing here reads them."""
    signed: ChartSignature | None = None
    """What its publisher signs; None where nothing was found."""
    note: str | None = None


class ChartMetrics(Record, frozen=True):
    """Pods of a chart's controller and their port with metrics."""

    pods: Mapping[str, str]
    """Labels of the pods."""
    port: str | int
    """Name of the container's port; its number where it has no name."""


class Image(Record, frozen=True):
    """One container image at one tag."""

    name: str
    repository: str
    tag: str
    cuda: str | None
    min_driver: str | None
    """Lowest NVIDIA driver branch that the image's CUDA runs on."""
    compressed_gb: float | None
    """Size that a node pulls; None where not known."""
    unpacked_gb: float | None
    """The largest size seen."""
    run_as_user: int | None
    run_as_group: int | None
    verified: bool
    source: str
    as_of: str
    note: str | None = None


class Overheads(Record, frozen=True):
    """Memory and CPU besides weights and KV cache; `estimates` names the fields that nobody has measured."""

    weights_factor: float
    """Loaded weights over the checkpoint's size."""
    unknown_reserve_gib: float
    """Where a model's widths aren't known: the least for activations, CUDA graphs and CUDA's context together."""
    unknown_share_of_weights: float
    """Added to that reserve, as a fraction of the weights on one GPU."""
    mxfp4_share_of_weights: float
    """The least for all of it together with experts in mxfp4, as a fraction of the weights on one GPU."""
    context_gib: float
    """Memory of CUDA and its libraries in one process, whatever the model."""
    communication_gib: float
    """Additional memory of a process where several GPUs with NVLink share each layer."""
    communication_without_nvlink_gib: float
    """The same without NVLink."""
    graph_mib_per_layer: float
    """Memory of a CUDA graph of one batch size, for each layer."""
    experts_graph_mib_per_layer: float
    """The same for a mixture of experts."""
    cc10_graph_mib_per_layer: float
    """The same on GPUs of compute capability 10."""
    vllm_host_memory_base_gib: float
    vllm_host_memory_per_rank_gib: float
    streamer_buffer_gib: int
    """What the streaming loader of a rank reads ahead into host memory, if no tensor is larger."""
    streamer_default_gib: float
    """What it reads ahead unless a limit is set."""
    safetensors_file_gib: float
    """The largest file of a checkpoint that vLLM may read as a whole."""
    engine_start_least_seconds: int
    """The shortest start of an engine that was published, without its weights."""
    engine_start_seconds: int
    """A slow start of an engine, without its weights: compilation, profiling, CUDA graphs."""
    weights_check_mb_s: int
    """Stored weights that one thread compares with their manifest."""
    shm_single_gpu_gib: int
    shm_multi_gpu_gib: int
    """Shared memory volume; it counts against the pod's memory limit."""
    daemonset_cpu_millicores: int
    daemonset_memory_mib: int
    daemonset_pods: int
    """All DaemonSets on one GPU node together."""
    system_disk_reserved_share: float
    """Of the system disk, kept free by kubelet."""
    system_disk_used_gib: int
    """Of the system disk, before models' images and pods."""
    estimates: tuple[str, ...]
    source: str
    as_of: str
