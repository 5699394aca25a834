"""Rules about loading weights: which options the loader takes, and whether it ends before the replica is restarted."""

import math
from collections.abc import Mapping
from typing import Any

from catalog import VllmVersion
from config.wording import nearest
from planning.memory import embedding_bytes
from planning.placement.loading import given_limit, loader_options
from planning.placement.release_on_pool import ReleaseOnPool
from planning.placement.start import Start, start
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import DEVICES, SOURCE
from planning.rules.register import Violation, Violations, placement_rule, release_rule

_OPTION = "model-loader-extra-config"
# What vLLM takes for the streaming loader's keys; anything else is dropped without a word.
_WHOLE = ("concurrency", "memory_limit")


@release_rule(
    "ENGINE-LOADER",
    "error",
    prevents="vLLM exits at start: `Unexpected extra config keys for load format`, or `Memory limit supplied: … cannot "
    "be smaller than` the largest tensor; a limit that isn't a whole number is ignored.",
    source="vLLM 0.33 vllm/model_executor/model_loader; run-ai/runai-model-streamer file_streamer/requests_iterator.py",
    model=(*SOURCE, "engine.version", "engine.args"),
)
def loader_understands(_: Resolution, release: ReleaseView) -> Violations:
    """The loader of the weights has the keys that it is given, and a limit of memory that the largest tensor fits."""
    vllm, given = release.vllm, loader_options(release)
    if vllm is not None and given:
        yield from _keys(release, vllm, given)
        yield from _limit(release)


def _keys(release: ReleaseView, vllm: VllmVersion, given: Mapping[str, Any]) -> Violations:
    streams = release.settings.source.blob is not None
    known = vllm.runai_streamer_config_keys if streams else vllm.default_loader_config_keys
    what = "weights from the model store" if streams else "downloaded weights"
    for key, value in given.items():
        path = f"{release.options.path_of(_OPTION)}.{key}"
        if key not in known:
            yield Violation(path, f"`{key}` is not a key of the loader of {what}", nearest(str(key), known))
        elif key in _WHOLE and (isinstance(value, bool) or not isinstance(value, int)):
            yield Violation(path, f"{value}: `{key}` takes a whole number", "write a whole number without quotes")
        elif key == "concurrency" and value < 1:
            yield Violation(path, f"{value} threads read nothing", "write 1 or more, or leave it out")


def _limit(release: ReleaseView) -> Violations:
    limit = given_limit(release)
    path = f"{release.options.path_of(_OPTION)}.memory_limit"
    if limit is None or release.settings.source.blob is None:
        return
    tensor = embedding_bytes(release.architecture) if release.architecture is not None else None
    if limit < -1:
        yield Violation(path, f"{limit} bytes", "write -1 for no limit, 0 for one tensor, or a number of bytes")
    elif tensor is not None and 0 < limit < tensor:
        yield Violation(
            path,
            f"{limit} bytes, less than the embedding of `{release.settings.source.model_id}`, which takes {tensor}",
            f"write {tensor} or more, or leave it out: the platform sets a limit",
        )


_START = "catalog/azure.yaml (system_disks), catalog/vm_sizes.yaml, catalog/overheads.yaml"
_MODEL = ("start_minutes", "replicas.max", "pool", "slice", *SOURCE, "engine.tensor_parallel", "engine.args")
_POOL = ("name", *DEVICES, "os_disk_gib")
# What `start_minutes` takes.
_MOST_MINUTES = 120


@placement_rule(
    "START-BUDGET",
    "error",
    prevents="The startup probe restarts the container while it still reads its weights, again and again "
    "(CrashLoopBackOff), and the rollout fails.",
    source=_START,
    model=_MODEL,
    pool=_POOL,
)
def weights_are_read_in_time(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """`start_minutes` is at least the time in which disk and network can deliver the weights."""
    found, budget = start(stack, place), place.release.settings.start_minutes
    if found is not None and found.least > budget * 60:
        yield Violation(
            f"{place.release.path}.start_minutes",
            f"{budget}, but {_read(place, found)} takes at least {math.ceil(found.least / 60)} minutes",
            _enough(place, found),
        )


@placement_rule(
    "START-SLOW",
    "warning",
    prevents="Where a node is slow, or its replicas start together, the startup probe restarts them before they have "
    "read their weights.",
    source=_START,
    model=_MODEL,
    pool=_POOL,
)
def starts_without_luck(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """`start_minutes` holds the start of a node full of replicas, without bursts of its disk, compilation included."""
    found, budget = start(stack, place), place.release.settings.start_minutes
    if found is not None and found.least <= budget * 60 < found.likely:
        yield Violation(
            f"{place.release.path}.start_minutes",
            f"{budget}, but {_read(place, found)} and starting the engine may take {math.ceil(found.likely / 60)} "
            "minutes",
            _enough(place, found),
        )


def _read(place: ReleaseOnPool, found: Start) -> str:
    return f"reading {found.read:.0f} GiB over {found.by} of `{place.pool.name}`"


def _enough(place: ReleaseOnPool, found: Start) -> str:
    minutes = math.ceil(found.likely / 60)
    faster = (
        ""
        if place.release.settings.source.blob is not None
        else f"raise {place.pool.path}.os_disk_gib for a faster disk, or put the weights into the model store "
        f"({place.release.path}.source.blob)"
    )
    if minutes > _MOST_MINUTES:
        return faster or f"write start_minutes: {_MOST_MINUTES}, and a smaller model or larger machines"
    return f"write start_minutes: {minutes}" + (f", {faster}" if faster else " or more")
