"""Cost: the managed APIs that self-hosting is compared with; a model's section has its expected load."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from config.base import Section, SettingRefusedError, StandIn, pattern

ApiName = Annotated[str, pattern(r"^[A-Za-z0-9][A-Za-z0-9_./ -]*$", longest=63)]
# Bounds are far from any real figure: beyond them sums and quotients are infinite.
_SMALLEST = 1e-6


def _price(value: float) -> float:
    if 0 < value < _SMALLEST:
        raise SettingRefusedError(
            f"{value} is below {_SMALLEST:.6f}", "write the price in USD of a million tokens, or 0"
        )
    return value


Price = Annotated[float, Field(ge=0, le=1e9, strict=True, allow_inf_nan=False), AfterValidator(_price)]
Rate = Annotated[float, Field(ge=1e-3, le=1e9, strict=True, allow_inf_nan=False)]


class ManagedApi(Section):
    """What a provider charges for tokens of a comparable model."""

    name: Annotated[ApiName, StandIn("zz{index}")] = Field(
        description="a name for it, such as gpt-5-mini: letters, digits, spaces and . / - _"
    )
    usd_per_million_input_tokens: Annotated[Price, StandIn(0)] = Field(
        description="the price in USD of a million prompt tokens, from 0"
    )
    usd_per_million_output_tokens: Price = Field(
        default=0, description="the price in USD of a million answer tokens, from 0; left out for embeddings"
    )


class Cost(Section):
    """What the monthly cost is compared with."""

    managed_apis: tuple[ManagedApi, ...] = Field(
        default=(),
        max_length=100,
        description="a list of managed APIs: [{name: …, usd_per_million_input_tokens: 0.25, "
        "usd_per_million_output_tokens: 2.0}]",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "Cost":
        names = [api.name for api in self.managed_apis]
        for name in names:
            if names.count(name) > 1:
                raise SettingRefusedError(
                    f"two of `managed_apis` are called `{name}`", "choose another name for one of them"
                )
        return self


class Expected(Section):
    """The measured throughput of one busy replica, for the operator's own mix of prompts and answers."""

    input_tokens_per_second: Annotated[Rate, StandIn(1)] = Field(
        description="the prompt tokens that one busy replica reads per second"
    )
    output_tokens_per_second: Rate | None = Field(
        default=None,
        description="the answer tokens that it writes per second at the same time; left out for embeddings",
    )
    instead_of: ApiName | None = Field(
        default=None, description="the name of one of cost.managed_apis, for the break-even"
    )
