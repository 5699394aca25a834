"""Buckets of a server's histograms that an option replaces."""

from collections.abc import Mapping, Sequence
from typing import Any

from planning.vllm.options import Options, mapping

OPTION = "custom-histogram-buckets"
# Families that objectives and alerts are counted by (vLLM 0.33 vllm/v1/metrics/loggers.py).
FIRST_TOKEN, INTER_TOKEN, REQUEST = "time_to_first_token", "inter_token_latency", "request_latency"


def replacing(options: Options) -> Mapping[str, Any]:
    """What the option says, by family, right or wrong; empty without it, or where it is not a mapping."""
    return mapping(options.values.get(OPTION)) or {}


def rising(bounds: Any) -> bool:
    """Whether vLLM takes these bounds: positive numbers, each above the one before, at least one."""
    if not isinstance(bounds, Sequence) or isinstance(bounds, str) or not bounds:
        return False
    numbers = [bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)]
    return len(numbers) == len(bounds) and all(low < high for low, high in zip((0, *numbers), numbers, strict=False))


def replaced_buckets(options: Options) -> Mapping[str, tuple[float, ...]]:
    """Upper bounds in force by family, without those that vLLM refuses."""
    return {
        str(family): tuple(float(bound) for bound in bounds)
        for family, bounds in replacing(options).items()
        if rising(bounds)
    }
