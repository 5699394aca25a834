"""Who cuts a pool's GPUs into slices: one of AKS and the GPU Operator's MIG manager, never both."""

from planning.gpus import mig
from planning.resolving.resolution import PoolView, Resolution


def mig_owner(stack: Resolution, view: PoolView) -> tuple[str | None, str | None]:
    """Who makes the slices: AKS (gpuInstanceProfile) where it can, else the operator's MIG manager; never both.

    AKS cuts every GPU of a pool at provisioning, before any pod can hold it, but only into one full profile, and
    only with a driver of its own.
    """
    geometry = stack.catalog.mig.get(view.gpu.name) if view.gpu else None
    if geometry is None or view.vm is None or not view.is_mig:
        return None, None
    layouts = view.layouts
    by_profile = {profile: name for name, profile in geometry.aks_profiles.items()}
    full = len(set(layouts)) == 1 and mig.uniform_full(geometry, layouts[0])
    if view.vm.aks_mig and stack.settings.cluster.gpu_driver == "aks" and full and layouts[0][0] in by_profile:
        return by_profile[layouts[0][0]], None
    return None, mig.config_name(geometry, layouts)
