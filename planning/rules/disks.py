"""What to write where a disk is too small for the days that something is kept on it."""

from config.base import LARGEST_DISK_GIB

# What may be full of a store's disk: its log of writes and its index are on it too.
USABLE_SHARE = 0.8


def larger_or_shorter(*, needed: float, daily_gib: float, disk_gib: int) -> str:
    """Advice: a larger disk, if Azure has one, or fewer days, if one fits; all in GiB."""
    least, days = int(needed / USABLE_SHARE) + 1, int(disk_gib * USABLE_SHARE / daily_gib)
    most_days = int(LARGEST_DISK_GIB * USABLE_SHARE / daily_gib)
    larger = [f"storage_gib: {least}"] if least <= LARGEST_DISK_GIB else []
    shorter = [f"retention_days: {days} or less"] if days >= 1 else []
    if larger or shorter:
        return f"write {', or '.join((*larger, *shorter))}"
    if most_days >= 1:
        return f"write storage_gib: {LARGEST_DISK_GIB}, Azure's largest, and retention_days: {most_days} or less"
    most = int(LARGEST_DISK_GIB * USABLE_SHARE)
    return f"write daily_gib: {most} or less: {LARGEST_DISK_GIB} GiB is Azure's largest disk"
