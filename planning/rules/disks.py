"""Disks that are too small for the days that something is kept on them, and what to write then."""

from config.base import LARGEST_DISK_GIB
from planning.rules.register import Violation, Violations

# What may be full of a store's disk: its log of writes and its index are on it too.
USABLE_SHARE = 0.8


def holds_its_days(section: str, *, days: int, daily_gib: float, disk_gib: int, besides: str = "") -> Violations:
    """The disk of a section holds what comes on a day, for days; `besides` is what else may be changed."""
    needed = days * daily_gib
    if needed > disk_gib * USABLE_SHARE:
        yield Violation(
            f"{section}.storage_gib",
            f"{disk_gib} GiB for {days} days of {daily_gib:g} GiB: {needed:g} GiB, and {USABLE_SHARE:.0%} of the disk "
            "may be full",
            f"{_larger_or_shorter(needed=needed, daily_gib=daily_gib, disk_gib=disk_gib)}{besides}",
        )


def _larger_or_shorter(*, needed: float, daily_gib: float, disk_gib: int) -> str:
    """Advice: a larger disk, if Azure has one, or fewer days, if one fits; all in GiB."""
    least, days = int(needed / USABLE_SHARE) + 1, int(disk_gib * USABLE_SHARE / daily_gib)
    most_days = int(LARGEST_DISK_GIB * USABLE_SHARE / daily_gib)
    larger = [f"storage_gib: {least}"] if least <= LARGEST_DISK_GIB else []
    shorter = [f"retention_days: {days} or less"] if days >= 1 else []
    if larger or shorter:
        return f"write {', or '.join((*larger, *shorter))}"
    # The largest disk holds two days or more of the most that a stack file may name for one.
    return f"write storage_gib: {LARGEST_DISK_GIB}, Azure's largest, and retention_days: {most_days} or less"
