"""MIG geometry: which sets of slices one GPU can hold.

Source of the rule: NVIDIA mig-parted, pkg/mig/config/config.go, which tries every order of creation on the
placements that the driver reports; the placements are in the catalog.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from catalog import MigGpu, MigProfile
from planning import naming
from planning.gpus import capacity
from planning.yaml_text import Inline, Quoted

resource_name, usable_gib = capacity.resource_name, capacity.usable_gib


def packing(gpu: MigGpu, layout: Sequence[str]) -> tuple[tuple[str, int], ...] | None:
    """Start slots for a layout, as (profile, start), or None where no order of creation works.

    `layout` names one profile per slice. An empty layout is the GPU with MIG on and no slices.
    """
    counts = Counter(layout)
    if any(name not in gpu.profiles or count > gpu.profiles[name].max for name, count in counts.items()):
        return None
    media = [name for name in layout if "+me" in name]
    if len(media) > gpu.max_media_extensions:
        return None
    # `+me.all` takes every media engine: siblings must have none (NVIDIA MIG guide, RTX PRO 6000).
    if any(name.endswith("+me.all") for name in media) and any(
        not name.endswith("-me") for name in layout if name not in media
    ):
        return None
    # Largest first, then fewest start slots: dead ends show early.
    order = sorted(layout, key=lambda name: (-gpu.profiles[name].size, len(gpu.profiles[name].starts), name))
    return _place(gpu.profiles, order, 0)


def _place(profiles: Mapping[str, MigProfile], order: Sequence[str], used: int) -> tuple[tuple[str, int], ...] | None:
    if not order:
        return ()
    name, rest = order[0], order[1:]
    profile = profiles[name]
    for start in profile.starts:
        slots = ((1 << profile.size) - 1) << start
        if not used & slots:
            below = _place(profiles, rest, used | slots)
            if below is not None:
                return ((name, start), *below)
    return None


def uniform_full(gpu: MigGpu, layout: Sequence[str]) -> bool:
    """Whether a layout is one profile, as many times as the GPU holds it: what AKS makes of a gpuInstanceProfile."""
    kinds = set(layout)
    return len(kinds) == 1 and len(layout) == gpu.profiles[next(iter(kinds))].max


def layout_name(gpu: MigGpu, layouts: Sequence[Sequence[str]]) -> str:
    """Name of a node's mig-parted configuration; the GPU Operator's own name where its content is the same.

    `layouts` has one layout for each GPU. The name is a label's value: at most 63 characters.
    """
    if len({tuple(sorted(layout)) for layout in layouts}) > 1:
        return f"per-gpu-{naming.content_hash('/'.join(' '.join(sorted(layout)) for layout in layouts))}"
    layout = layouts[0]
    counts = Counter(layout)
    if uniform_full(gpu, layout):
        return f"all-{layout[0].replace('+', '.')}"
    return "-".join(f"{count}x{name.replace('+', '.')}" for name, count in sorted(counts.items(), reverse=True))


def layout_entries(gpu: MigGpu, layouts: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Entries of a mig-parted configuration for nodes with this GPU: the list below the configuration's name.

    Source of the form: NVIDIA mig-parted api/spec/v1. A layout that all GPUs have is written once.
    """
    same = len({tuple(sorted(layout)) for layout in layouts}) == 1
    entries = [("all", layouts[0])] if same else [(Inline([index]), layout) for index, layout in enumerate(layouts)]
    return [
        {
            "device-filter": Inline(Quoted(pci) for pci in gpu.pci_ids),
            "devices": devices,
            "mig-enabled": True,
            "mig-devices": {Quoted(name): count for name, count in sorted(Counter(layout).items())},
        }
        for devices, layout in entries
    ]
