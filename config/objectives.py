"""Objectives of a model: what clients are promised over 30 days, in shares of requests and in times."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from config.base import Section, SettingRefusedError

_LOWEST, _HIGHEST = 0.9, 0.9999


def _share(value: float) -> float:
    """A share of requests that leaves a budget of failures that requests can show."""
    if _LOWEST <= value <= _HIGHEST:
        return value
    if 100 * _LOWEST <= value <= 100 * _HIGHEST:
        raise SettingRefusedError(f"{value:g} is a percentage", f"write {value / 100:.10g}")
    allowed = f"write {_LOWEST} to {_HIGHEST}, such as 0.999"
    if value == 1:
        raise SettingRefusedError("1 leaves no budget: the first request that fails breaks it for 30 days", allowed)
    if _HIGHEST < value < 1:
        raise SettingRefusedError(
            f"{value:.10g} leaves {(1 - value) * 43_200:.1f} minutes in 30 days: gone before anybody has read an alert",
            allowed,
        )
    raise SettingRefusedError(f"{value:.10g} is not between 0.9 and 0.9999", allowed)


class Objectives(Section):
    """What one model promises over 30 days; each part is optional, one at least is there."""

    availability: Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(_share)] | None = Field(
        default=None,
        description="the share of requests that clients get an answer to, 0.9 to 0.9999, such as 0.999; what a client "
        "did wrong (400 to 499) doesn't count",
    )
    ttft_p95_seconds: Annotated[float, Field(gt=0, le=7200, strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        description="the seconds, up to 7200, in which 95 % of requests have their first token; a bucket of vLLM's "
        "histogram, such as 2.5",
    )
    itl_p95_ms: Annotated[float, Field(gt=0, le=600_000, strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        description="the milliseconds, up to 600000, in which 95 % of tokens follow the one before; a bucket of vLLM's "
        "histogram, such as 75",
    )
    requests_per_day: Annotated[int, Field(ge=1, le=10**12, strict=True)] | None = Field(
        default=None,
        description="the requests expected on a day, 1 to 10^12; with it the preview says how many may fail, and a "
        "rule whether so few can show what is promised",
    )

    @model_validator(mode="after")
    def _promises_something(self) -> "Objectives":
        if self.availability is None and self.ttft_p95_seconds is None and self.itl_p95_ms is None:
            raise SettingRefusedError(
                "nothing is promised",
                "write one of availability: 0.999, ttft_p95_seconds: 2.5 and itl_p95_ms: 75, or leave `slo` out",
            )
        return self
