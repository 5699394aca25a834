"""Whether a GPU can be partitioned into some slices: by trying, as mig-parted does.

Source: NVIDIA/mig-parted pkg/mig/config/config.go (`SetMigConfig` tries the instances in every order) on the
placements that the driver reports, which are in the catalog; for media engines the NVIDIA MIG user guide.
"""

from collections import Counter
from collections.abc import Sequence

from catalog import MigGpu

_ALL_MEDIA = "+me.all"
_MEDIA = "+me"
_NO_MEDIA = "-me"


def fits(gpu: MigGpu, slices: Sequence[str]) -> bool:
    """Whether one GPU takes all these profiles at once."""
    if any(name not in gpu.profiles for name in slices):
        return False
    if any(count > gpu.profiles[name].max for name, count in Counter(slices).items()):
        return False
    return _has_media_engines(gpu, slices) and _is_placed(gpu, tuple(sorted(slices)), frozenset())


def _has_media_engines(gpu: MigGpu, slices: Sequence[str]) -> bool:
    """An instance with all media engines leaves none to the others, which have to do without by their profile."""
    with_media = [name for name in slices if _MEDIA in name]
    if len(with_media) > gpu.max_media_extensions:
        return False
    without = [name for name in slices if _MEDIA not in name]
    takes_all = any(name.endswith(_ALL_MEDIA) for name in with_media)
    return not takes_all or all(name.endswith(_NO_MEDIA) for name in without)


def _is_placed(gpu: MigGpu, left: tuple[str, ...], taken: frozenset[int]) -> bool:
    """Whether every instance that is left finds memory slots that no other has."""
    if not left:
        return True
    profile = gpu.profiles[left[0]]
    places = (frozenset(range(start, start + profile.size)) for start in profile.starts)
    return any(_is_placed(gpu, left[1:], taken | place) for place in places if not taken & place)
