"""MIG packing against an exhaustive search over placements, and against published layouts."""

from collections import Counter
from functools import cache
from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

import catalog
from catalog import MigGpu
from planning.gpus import mig

CATALOG = catalog.load()
GPUS = sorted(CATALOG.mig)
SEVEN_SLICES = [name for name in GPUS if CATALOG.mig[name].slots == 8]
# The kinds of a GPU with seven compute slices; 1d is the slice of one compute unit with twice the memory.
MAXIMAL = """
7g | 4g 3g | 3g 3g
4g 2g 1g | 4g 2g 1d | 4g 1g 1g 1g | 4g 1d 1g 1g | 4g 1d 1d
3g 2g 2g | 3g 2g 1g 1g | 3g 2g 1d | 3g 1g 1g 1g 1g | 3g 1d 1g 1g | 3g 1d 1d
2g 2g 2g 1g | 2g 2g 2g 1d | 2g 2g 1g 1g 1g | 2g 2g 1d 1g 1g | 2g 2g 1d 1d
2g 1g 1g 1g 1g 1g | 2g 1d 1g 1g 1g 1g | 2g 1d 1d 1g 1g | 2g 1d 1d 1d
1g 1g 1g 1g 1g 1g 1g | 1d 1g 1g 1g 1g 1g 1g | 1d 1d 1g 1g 1g 1g | 1d 1d 1d 1g 1g | 1d 1d 1d 1d
"""
INVALID = """
3g 3g 1g | 4g 3g 1g | 4g 4g | 4g 2g 2g | 3g 2g 2g 1g | 3g 1g 1g 1g 1g 1g | 2g 2g 1g 1g 1g 1g | 2g 2g 2g 2g
1d 1d 1d 1d 1d | 7g 1g | 7g 1d | 7g 7g | 1g 1g 1g 1g 1g 1g 1g 1g | 1d 1d 1g 1g 1g 1g 1g | 1d 1d 1d 1d 1g
"""


def layouts(text: str) -> list[tuple[str, ...]]:
    return [tuple(sorted(part.split())) for part in text.replace("\n", "|").split("|") if part.strip()]


def kinds(gpu: MigGpu) -> dict[str, str]:
    """`2g` or `1d` → the GPU's name for it."""
    found = {}
    for name, profile in gpu.profiles.items():
        if "+" not in name:
            width = name.split(".")[0]
            found["1d" if width == "1g" and profile.size == 2 else width] = name
    return found


@cache
def reachable(gpu_name: str) -> frozenset[tuple[str, ...]]:
    """Every layout that can be made by putting slice after slice on free slots: the plain definition."""
    gpu = CATALOG.mig[gpu_name]
    placements = [
        (name, frozenset(range(start, start + profile.size)))
        for name, profile in gpu.profiles.items()
        for start in profile.starts
    ]
    states = {(frozenset(), ())}
    found: set[tuple[str, ...]] = set()
    while states:
        grown = set()
        for used, layout in states:
            found.add(layout)
            for name, slots in placements:
                if not used & slots:
                    grown.add((used | slots, tuple(sorted((*layout, name)))))
        states = grown
    return frozenset(layout for layout in found if _counts_allowed(gpu, layout))


def _counts_allowed(gpu: MigGpu, layout: tuple[str, ...]) -> bool:
    counts = Counter(layout)
    media = [name for name in layout if "+me" in name]
    others = [name for name in layout if "+me" not in name]
    takes_all = any(name.endswith("+me.all") for name in media)
    return (
        all(count <= gpu.profiles[name].max for name, count in counts.items())
        and len(media) <= gpu.max_media_extensions
        and not (takes_all and any(not name.endswith("-me") for name in others))
    )


@pytest.mark.parametrize("gpu_name", GPUS)
def test_packing_agrees_with_an_exhaustive_search(gpu_name: str) -> None:
    gpu = CATALOG.mig[gpu_name]
    smallest = min(profile.size for profile in gpu.profiles.values())
    for length in range(gpu.slots // smallest + 1):
        for layout in combinations_with_replacement(sorted(gpu.profiles), length):
            assert (mig.packing(gpu, layout) is not None) == (layout in reachable(gpu_name)), layout


@pytest.mark.parametrize("gpu_name", SEVEN_SLICES)
def test_a_gpu_of_seven_slices_takes_77_layouts_of_which_28_are_maximal(gpu_name: str) -> None:
    gpu, named = CATALOG.mig[gpu_name], kinds(CATALOG.mig[gpu_name])
    assert sorted(named) == ["1d", "1g", "2g", "3g", "4g", "7g"]
    valid = {
        layout
        for length in range(1, 8)
        for layout in combinations_with_replacement(sorted(named), length)
        if mig.packing(gpu, [named[kind] for kind in layout]) is not None
    }
    larger = {tuple(sorted(set_minus(layout, kind))) for layout in valid for kind in set(layout)}
    maximal = {layout for layout in valid if layout not in larger}
    assert len(valid) == 77
    assert maximal == set(layouts(MAXIMAL))
    assert len(maximal) == 28


def set_minus(layout: tuple[str, ...], kind: str) -> list[str]:
    rest = list(layout)
    rest.remove(kind)
    return rest


@pytest.mark.parametrize("gpu_name", SEVEN_SLICES)
@pytest.mark.parametrize("layout", layouts(INVALID), ids=" ".join)
def test_layouts_known_to_fail_are_refused(gpu_name: str, layout: tuple[str, ...]) -> None:
    named = kinds(CATALOG.mig[gpu_name])
    assert mig.packing(CATALOG.mig[gpu_name], [named[kind] for kind in layout]) is None


@pytest.mark.parametrize(
    ("gpu_name", "maximal"),
    [
        ("A30-24", ["4g.24gb", "2g.12gb 2g.12gb", "2g.12gb 1g.6gb 1g.6gb", "1g.6gb 1g.6gb 1g.6gb 1g.6gb"]),
        (
            "RTX-PRO-6000-96",
            ["4g.96gb", "2g.48gb 2g.48gb", "2g.48gb 1g.24gb 1g.24gb", "1g.24gb 1g.24gb 1g.24gb 1g.24gb"],
        ),
    ],
)
def test_gpus_of_four_slices(gpu_name: str, maximal: list[str]) -> None:
    gpu = CATALOG.mig[gpu_name]
    smallest = maximal[-1].split()[0]
    for layout in maximal:
        assert mig.packing(gpu, layout.split()) is not None
        assert mig.packing(gpu, [*layout.split(), smallest]) is None


@pytest.mark.parametrize("gpu_name", GPUS)
def test_one_media_extension_at_most(gpu_name: str) -> None:
    gpu = CATALOG.mig[gpu_name]
    extended = [name for name in gpu.profiles if name.endswith("+me")]
    for name in extended:
        assert mig.packing(gpu, [name]) is not None
        assert mig.packing(gpu, [name, name]) is None


def test_an_instance_with_all_media_engines_leaves_none_for_its_siblings() -> None:
    gpu = CATALOG.mig["RTX-PRO-6000-96"]
    assert mig.packing(gpu, ["1g.24gb+me.all", "1g.24gb-me"]) is not None
    assert mig.packing(gpu, ["1g.24gb+me.all", "1g.24gb"]) is None


@given(st.sampled_from(GPUS), st.data())
def test_a_valid_layout_is_placed_without_overlap_and_packs_in_any_order(gpu_name: str, data: st.DataObject) -> None:
    gpu = CATALOG.mig[gpu_name]
    layout = data.draw(st.lists(st.sampled_from(sorted(gpu.profiles)), max_size=7))
    placed = mig.packing(gpu, layout)
    shuffled = data.draw(st.permutations(layout))
    assert (mig.packing(gpu, shuffled) is None) == (placed is None)
    if placed is None:
        return
    assert Counter(name for name, _ in placed) == Counter(layout)
    used: set[int] = set()
    for name, start in placed:
        slots = set(range(start, start + gpu.profiles[name].size))
        assert start in gpu.profiles[name].starts
        assert not used & slots
        used |= slots
    for index in range(len(layout)):
        assert mig.packing(gpu, layout[:index] + layout[index + 1 :]) is not None


@pytest.mark.parametrize("gpu_name", GPUS)
def test_memory_of_a_slice_is_never_more_than_its_name_says(gpu_name: str) -> None:
    gpu = CATALOG.mig[gpu_name]
    for name, profile in gpu.profiles.items():
        assert 0 < mig.usable_gib(gpu, profile) < float(name.split(".")[1].split("gb")[0])


def test_names_of_resources_and_configurations() -> None:
    h100 = CATALOG.mig["H100-NVL-94"]
    assert mig.resource_name("3g.47gb") == "nvidia.com/mig-3g.47gb"
    assert mig.resource_name("1g.12gb+me") == "nvidia.com/mig-1g.12gb.me"
    pair, mixed = ["3g.47gb", "3g.47gb"], ["1g.12gb", "3g.47gb", "1g.12gb"]
    assert mig.layout_name(h100, [pair]) == mig.layout_name(h100, [pair, pair]) == "all-3g.47gb"
    assert mig.layout_name(h100, [mixed]) == mig.layout_name(h100, [sorted(mixed)])
    assert mig.layout_name(h100, [["3g.47gb"]]) != mig.layout_name(h100, [pair])
    assert mig.layout_name(h100, [pair, mixed]) == mig.layout_name(h100, [pair, sorted(mixed)])
    assert mig.layout_name(h100, [pair, mixed]) != mig.layout_name(h100, [mixed, pair])
    assert mig.uniform_full(h100, ["3g.47gb", "3g.47gb"])
    assert not mig.uniform_full(h100, ["3g.47gb"])
    assert not mig.uniform_full(h100, ["4g.47gb", "3g.47gb"])
