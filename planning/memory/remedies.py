"""What would make a model fit that does not fit: every remedy is computed, none is guessed."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from catalog import Catalog, Gpu, ModelArchitecture, VllmVersion
from planning.gpus.capacity import gpu_memory_gib, usable_gib
from planning.memory import (
    Arithmetic,
    Demand,
    Ledger,
    tensor_parallel_sizes,
)

_LISTED = 3


class Remedies(Struct, frozen=True, kw_only=True):
    """Changes that each make the model fit by themselves; None, False or empty where that change does not."""

    context: int | None = None
    at_once: int | None = None
    sequences: int | None = None
    fp8: bool = False
    fp8_context: int | None = None
    """The longest context together with fp8, where fp8 alone isn't enough."""
    tensor_parallel: int | None = None
    gpus: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()


def suggest_fixes(
    model: ModelArchitecture, ledger: Ledger, catalog: Catalog, gpu: Gpu, demand_on: Callable[[Gpu, float], Demand], *,
    vllm: VllmVersion, compute: Arithmetic, profile: str | None = None, most_gpus: int = 16,
) -> Remedies:  # fmt: skip
    """Look for remedies on this device and on others: larger slices of the GPU for a slice, else larger GPUs.

    `compute` is the arithmetic of `vllm`, by which `ledger` was filled in. `demand_on` returns the demand on another
    GPU with that many GiB, where vLLM's defaults differ. `most_gpus` bounds tensor parallelism, as one node does.
    Smaller requests are proposed where they alone suffice.
    """
    demand, device_gib = ledger.demand, ledger.memory.device_gib

    def fits(**changes: Any) -> bool:
        return compute(model, device_gib, replace(demand, **changes), catalog.overheads).memory.fits

    def fits_on(target: Gpu, gib: float) -> bool:
        return gib > device_gib and compute(model, gib, demand_on(target, gib), catalog.overheads).memory.fits

    longest, most, blocks = ledger.longest_context, ledger.most_at_once, ledger.blocks
    shorter = 0 < longest < demand.context_tokens and demand.available_kv_gib is None
    given = demand.available_kv_gib is not None
    able = float(gpu.compute_capability) >= float(vllm.fp8_cache_min_capability)
    able = able and demand.kv_number_bytes(demand.kv_cache_dtype) > 1
    halved = able and fits(kv_cache_dtype="fp8")
    legal = tensor_parallel_sizes(model) if profile is None else []
    larger = [size for size in legal if demand.tensor_parallel < size <= most_gpus]
    sliced = [] if given or profile is None else _slices(catalog, gpu)
    slices = [name for name, target, gib in sliced if fits_on(target, gib)]
    whole = [] if given or slices else _gpus(catalog)
    gpus = [name for name, target, gib in whole if fits_on(target, gib)]
    return Remedies(
        context=longest if given or (shorter and fits(context_tokens=longest, **_no_longer(ledger, longest))) else None,
        at_once=most if 0 < most < demand.concurrency and fits(concurrency=most) else None,
        sequences=None if ledger.sequences_fit or not blocks else _most_sequences(ledger, fits),
        fp8=halved,
        fp8_context=None if halved or not able else _longer(model, device_gib, ledger, catalog, compute),
        tensor_parallel=None if given else next((size for size in larger if fits(tensor_parallel=size)), None),
        gpus=tuple(gpus[:_LISTED]),
        slices=tuple(slices[:_LISTED]),
    )


def _most_sequences(ledger: Ledger, fits: Callable[..., bool]) -> int | None:
    """The most sequences that leave room for their states: fewer sequences also take less memory for sampling."""
    if not fits(sequences=ledger.blocks):
        return None
    most, fails = ledger.blocks, ledger.demand.sequences
    while fails - most > 1:
        middle = (most + fails) // 2
        most, fails = (middle, fails) if fits(sequences=middle) else (most, middle)
    return most


def _longer(
    model: ModelArchitecture, device_gib: float, ledger: Ledger, catalog: Catalog, compute: Arithmetic
) -> int | None:
    """The longest context with an fp8 cache, if it is longer than without."""
    halved = compute(model, device_gib, replace(ledger.demand, kv_cache_dtype="fp8"), catalog.overheads)
    return halved.longest_context if halved.longest_context > ledger.longest_context else None


def _no_longer(ledger: Ledger, tokens: int) -> dict[str, int]:
    """Requests of full context become shorter with the context."""
    return {"request_tokens": min(ledger.demand.request_tokens, tokens)}


def _by_memory(device: tuple[str, Gpu, float]) -> tuple[float, str]:
    name, _, gib = device
    return gib, name


def _gpus(catalog: Catalog) -> list[tuple[str, Gpu, float]]:
    """Whole GPUs with their GiB, small ones first."""
    found = [(name, gpu, gpu_memory_gib(gpu)) for name, gpu in catalog.gpus.items()]
    return sorted(found, key=_by_memory)


def _slices(catalog: Catalog, gpu: Gpu) -> list[tuple[str, Gpu, float]]:
    """Plain slices of a GPU with their GiB, small ones first; none without MIG."""
    geometry = catalog.mig.get(gpu.name)
    if geometry is None:
        return []
    plain = [profile for profile in geometry.profiles.values() if "+" not in profile.name and "-" not in profile.name]
    found = [(profile.name, gpu, usable_gib(geometry, profile)) for profile in plain]
    return sorted(found, key=_by_memory)
