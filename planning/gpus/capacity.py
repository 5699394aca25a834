"""How much memory a process sees on a whole GPU or on a MIG slice, and what a slice is called."""

from catalog import Gpu, MigGpu, MigProfile


def gpu_memory_gib(gpu: Gpu) -> float:
    """Memory of a whole GPU; a conservative fraction of the nominal capacity where the driver's isn't published."""
    return gpu.memory_gib if gpu.memory_gib is not None else gpu.nominal_gb * gpu.unknown_memory_ratio


def usable_gib(gpu: MigGpu, profile: MigProfile) -> float:
    """Memory that a process sees in a slice; a conservative fraction of the nominal one where unpublished."""
    if profile.usable_gib is not None:
        return profile.usable_gib
    named = float(profile.name.split(".")[1].split("gb")[0])
    return round(named * gpu.unknown_usable_ratio, 2)


def resource_name(profile: str) -> str:
    """Extended resource under strategy `mixed` (k8s-device-plugin internal/rm/device_map.go): `+` becomes `.`."""
    return f"nvidia.com/mig-{profile.replace('+', '.')}"
