"""Recorded expositions at any moment of a week: the same series, under a load that comes and goes.

How much load there is, is made up; names, labels, types and what does not depend on it are those of the recordings.
"""

import math
import re
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from tests.alerts.expositions import Series
from tests.oracles.dashboards.replay import Platform

_DAY: Final = 86_400
REQUESTS_PER_SECOND: Final = 4.0
# Seconds or tokens that half of the requests stay below, by the histogram's name.
_MEDIANS: Final[Mapping[str, float]] = {
    "time_to_first_token_seconds": 0.35,
    "inter_token_latency_seconds": 0.02,
    "e2e_request_latency_seconds": 5.5,
    "request_duration_seconds": 5.5,
    "request_queue_time_seconds": 0.2,
    "request_prompt_tokens": 900,
    "request_generation_tokens": 240,
    "iteration_tokens_total": 60,
}
_SPREAD: Final = 0.7
# What one request adds to a counter, where that is not 1: by the series' text.
_PER_REQUEST: Final = (
    (r"xx\{.*class=\"1\"|xx\{.*class=\"3\"|_prefix=\"admin", 0.0),
    (r"xx\{.*class=\"5\"", 0.0004),
    (r"xx\{.*class=\"4\"", 0.015),
    (r"tx_reset|destroy_remote", 0.0004),
    (r"over_limit|near_limit", 0.006),
    (r"admission_rejections", 0.0005),
    (r"num_preemptions", 0.003),
    (r"error_type=", 0.0004),
    (r"finished_reason=\"(abort|error|repetition)\"", 0.0015),
    (r"finished_reason=\"length\"", 0.08),
    (r"prompt_tokens_total|prefix_cache_queries|token_type=\"input\"", 900),
    (r"prefix_cache_hits|token_type=\"cached_input\"", 380),
    (r"generation_tokens_total|token_type=\"output\"", 240),
    (r"prefill_time_seconds_sum", 0.3),
    (r"decode_time_seconds_sum", 5.0),
    (r"queue_time_seconds_sum", 0.25),
    (r"spec_decode_num_draft_tokens", 300),
    (r"spec_decode_num_accepted_tokens", 190),
    (r"spec_decode_num_drafts", 100),
    (r"REMAPPED_ROWS|REPLAY_COUNTER", 0.0),
)
# What one request adds with more load, or less.
_WITH_LOAD: Final = ((r"queue_time_seconds_sum", 1.6), (r"time_seconds_sum", 0.7), (r"hits|cached_input", -0.8))
# Gauges that follow the load: value without any, and what full load adds.
_FOLLOWS: Final[Mapping[str, tuple[float, float]]] = {
    "vllm:kv_cache_usage_perc": (0.08, 0.7),
    "vllm:num_requests_running": (0.5, 5),
    "vllm:num_requests_waiting": (-6, 8),
    "vllm:num_requests_waiting_by_reason": (-6, 8),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": (0.05, 0.85),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": (0.02, 0.4),
    "DCGM_FI_PROF_DRAM_ACTIVE": (0.05, 0.6),
    "DCGM_FI_PROF_SM_ACTIVE": (0.05, 0.75),
    "DCGM_FI_PROF_SM_OCCUPANCY": (0.03, 0.35),
    "DCGM_FI_DEV_POWER_USAGE": (95, 270),
    "DCGM_FI_DEV_GPU_TEMP": (34, 32),
    "DCGM_FI_DEV_MEMORY_TEMP": (38, 36),
}  # fmt: skip
_ENDS_AFTER_DAYS: Final = 64


def demand(seconds: float, phase: float) -> float:
    """Load at a moment as a share of the most: that of an office's day, with a wobble of minutes and hours."""
    turn = 2 * math.pi * seconds
    wave = 0.24 * math.sin(turn / _DAY - 1.9 + phase / 6) + 0.06 * math.sin(turn / 5400 + phase)
    return 0.5 + wave + 0.05 * math.sin(turn / 1740 + 2 * phase) + 0.03 * math.sin(turn / 547 + 3 * phase)


@dataclass
class Load:
    """Values of all series at the moments `times`, in seconds and rising."""

    platform: Platform
    times: Sequence[float]
    counted: AbstractSet[str]
    """Counters of requests; all others, which count what goes wrong, stay as they are recorded."""
    _totals: dict[tuple[float, float | None, float, float], list[float]] = field(default_factory=dict)

    def values(self, series: Series, since: float) -> list[tuple[float, float]]:
        """Time and value of a series from a moment on."""
        first = bisect(self.times, since)
        if self._grows(series):
            totals, amount = self._total(series), self._amount(series)
            return [(self.times[at], totals[at] * amount) for at in range(first, len(self.times))]
        gauge = self._gauge(series)
        return [(time, gauge(time)) for time in self.times[first:]]

    def _grows(self, series: Series) -> bool:
        return series.metric in self.platform.growing and series.metric in self.counted

    def _amount(self, series: Series) -> float:
        text = str(series)
        found = next((amount for pattern, amount in _PER_REQUEST if re.search(pattern, text)), 1.0)
        return found * REQUESTS_PER_SECOND * _share(_model(series)) * _share(series.labels.get("tenant", ""))

    def _total(self, series: Series) -> list[float]:
        """Requests, or those within a bucket, that came by each moment; one a second at full load."""
        bound = float(series.labels["le"]) if "le" in series.labels else None
        median = next((median for name, median in _MEDIANS.items() if name in series.metric), 1.0)
        more = next((more for pattern, more in _WITH_LOAD if re.search(pattern, str(series))), 0.0)
        key = (_phase(series), bound, median, more)
        if key not in self._totals:
            self._totals[key] = self._added_up(*key)
        return self._totals[key]

    def _added_up(self, phase: float, bound: float | None, median: float, more: float) -> list[float]:
        total, found = 0.0, [0.0]
        for before, time in zip(self.times, self.times[1:], strict=False):
            load = demand(time, phase)
            share = 1 + more * (load - 0.5) if bound is None else _within(bound, median, load)
            total += (time - before) * load * share
            found.append(total)
        return found

    def _gauge(self, series: Series) -> Callable[[float], float]:
        if series.metric in _FOLLOWS:
            least, more = _FOLLOWS[series.metric]
            phase = _phase(series)
            whole = series.metric.startswith("vllm:num")
            return lambda time: max(0.0, round(least + more * demand(time, phase), 0 if whole else 4))
        if series.metric.endswith("_expiration_timestamp_seconds"):
            return lambda _: self.times[-1] + _ENDS_AFTER_DAYS * _DAY
        if series.metric.endswith("_last_successful_time"):
            return lambda time: time - 600
        return lambda _: float(series.value)


def _within(bound: float, median: float, load: float) -> float:
    """Share of a histogram's values up to a bound: normal in their logarithms, larger with more load."""
    if math.isinf(bound):
        return 1
    distance = (math.log(max(bound, 1e-9)) - math.log(median) - 0.9 * (load - 0.5)) / _SPREAD
    return 0.5 * (1 + math.erf(distance / math.sqrt(2)))


_ROUTE: Final = re.compile(r"httproute/[^/]+/([^/]+)/")


def _phase(series: Series) -> float:
    """Models and GPUs have their own times of load: a part of a turn in radians."""
    parts = _model(series), series.labels.get("gpu", ""), series.labels.get("GPU_I_ID", "")
    return crc32("/".join(parts).encode()) % 628 / 100


def _model(series: Series) -> str:
    labels = series.labels
    route = _ROUTE.match(labels.get("envoy_cluster_name", ""))
    return route[1] if route else labels.get("gen_ai_original_model", labels.get("model_name", ""))


def _share(name: str) -> float:
    """Models and tenants are used by more or less; all of what has no name."""
    return 0.3 + crc32(name.encode()) % 70 / 100 if name else 1
