"""Mistakes in what models promise their clients."""

from typing import Any

from broken.change import Broken, Change, put

_PLACE = "models[0].slo"


def _slo(days: int = 31, **promised: Any) -> tuple[Change, ...]:
    return (put(_PLACE, promised), put("observability.retention_days", days))


TABLE = (
    Broken("an empty promise", _slo(), {("CFG-VALUE", _PLACE): ("nothing is promised", "availability: 0.999")}),
    Broken(
        "an expectation without a promise",
        _slo(requests_per_day=1000),
        {("CFG-VALUE", _PLACE): ("nothing is promised", "leave `slo` out")},
    ),
    Broken(
        "an availability in percent",
        _slo(availability=99.9),
        {("CFG-VALUE", f"{_PLACE}.availability"): ("99.9 is a percentage", "write 0.999")},
    ),
    Broken(
        "an availability of everything",
        _slo(availability=1.0),
        {("CFG-VALUE", f"{_PLACE}.availability"): ("leaves no budget", "0.9 to 0.9999")},
    ),
    Broken(
        "six nines",
        _slo(availability=0.999999),
        {("CFG-VALUE", f"{_PLACE}.availability"): ("0.0 minutes in 30 days", "0.9 to 0.9999")},
    ),
    Broken(
        "an availability of half",
        _slo(availability=0.5),
        {("CFG-VALUE", f"{_PLACE}.availability"): ("0.5 is not between", "such as 0.999")},
    ),
    Broken(
        "an availability in words",
        _slo(availability="three nines"),
        {("CFG-VALUE", f"{_PLACE}.availability"): ("0.9 to 0.9999",)},
    ),
    Broken(
        "a time to the first token of nothing",
        _slo(ttft_p95_seconds=0),
        {("CFG-VALUE", f"{_PLACE}.ttft_p95_seconds"): ("up to 7200",)},
    ),
    Broken(
        "a key of another tool",
        _slo(availability=0.999, ttft_p99_seconds=2.5),
        {("CFG-UNKNOWN-KEY", f"{_PLACE}.ttft_p99_seconds"): ("ttft_p95_seconds",)},
    ),
    Broken(
        "a time between two buckets",
        _slo(ttft_p95_seconds=3.0),
        {("SLO-BUCKET", f"{_PLACE}.ttft_p95_seconds"): ("lower one is 2.5", "higher one 5", "write 2.5 or 5")},
    ),
    Broken(
        "a time below every bucket, and one above",
        _slo(ttft_p95_seconds=7000, itl_p95_ms=5),
        {
            ("SLO-BUCKET", f"{_PLACE}.ttft_p95_seconds"): ("next one is 2560",),
            ("SLO-TIMEOUT", f"{_PLACE}.ttft_p95_seconds"): ("write less than 600",),
            ("SLO-BUCKET", f"{_PLACE}.itl_p95_ms"): ("write 10",),
        },
    ),
    Broken(
        "milliseconds in seconds",
        _slo(itl_p95_ms=0.08),
        {("SLO-BUCKET", f"{_PLACE}.itl_p95_ms"): ("0.08 is no bucket", "write 10")},
    ),
    *(
        Broken(
            f"a time next to a bucket: {milliseconds}",
            _slo(itl_p95_ms=milliseconds),
            {("SLO-BUCKET", f"{_PLACE}.itl_p95_ms"): (f"{milliseconds} is no bucket", "75")},
        )
        for milliseconds in (75.0000001, 74.9999999)
    ),
    Broken(
        "a time that is a bucket no more",
        (
            put("models[0].engine.args.custom-histogram-buckets", {"time_to_first_token": [0.5, 3, 9]}),
            *_slo(ttft_p95_seconds=2.5),
        ),
        {("SLO-BUCKET", f"{_PLACE}.ttft_p95_seconds"): ("`custom-histogram-buckets`", "write 0.5 or 3")},
    ),
    Broken(
        "a budget of a month on two weeks of metrics",
        _slo(15, availability=0.999),
        {("SLO-RETENTION", "observability.retention_days"): ("kept for 15 days", "`chat`", "write 31 or more")},
    ),
    Broken(
        "tokens of an embedding model",
        (put("models[1].slo", {"itl_p95_ms": 75}), put("observability.retention_days", 31)),
        {("SLO-TOKENS", "models[1].slo.itl_p95_ms"): ("makes embeddings", "leave it out")},
    ),
    Broken(
        "no requests a day",
        _slo(availability=0.999, requests_per_day=0),
        {("CFG-VALUE", f"{_PLACE}.requests_per_day"): ("1 to 10^12",)},
    ),
)
