"""Memory that was measured: whether it still holds for the GPU, the version and the options of the stack."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from config.measured import Measured as MeasuredSettings
from planning.gpus.devices import Device
from planning.memory.demand import Demand, Measured


class Stale(Struct, frozen=True):
    """One thing that differs from when it was measured: a key of `measured`, its value, and the one in force."""

    key: str
    measured: str
    now: str


def stale(measured: MeasuredSettings, demand: Demand, device: Device, version: str) -> Iterator[Stale]:
    """Everything that decides memory and is not as it was when the figures were measured."""
    drafted = demand.draft.tokens if demand.draft is not None else 0
    pairs = (
        ("gpu", measured.gpu, device.gpu.name),
        ("slice", measured.slice or "whole", device.kind),
        ("version", measured.version, version),
        ("tensor_parallel", measured.tensor_parallel, demand.tensor_parallel),
        ("batched_tokens", measured.batched_tokens, demand.batched_tokens),
        ("sequences", measured.sequences, demand.sequences),
        ("eager", measured.eager, demand.eager),
        ("expert_parallel", measured.expert_parallel, demand.expert_parallel),
        ("drafted_tokens", measured.drafted_tokens, drafted),
        ("max_loras", measured.max_loras, demand.adapters.count if demand.adapters is not None else 0),
        ("max_lora_rank", measured.max_lora_rank, demand.adapters.rank if demand.adapters is not None else 0),
    )
    for key, then, now in pairs:
        if then != now:
            yield Stale(key, _text(then), _text(now))


def with_measured(measured: MeasuredSettings | None, demand: Demand, device: Device, version: str) -> Demand:
    """The demand with the measured figures, where they still hold (rule FIT-MEASURED reports where they don't)."""
    if measured is None or any(stale(measured, demand, device, version)):
        return demand
    figures = Measured(weights_gib=measured.weights_gib, overhead_gib=measured.overhead_gib)
    return replace(demand, measured=figures)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
