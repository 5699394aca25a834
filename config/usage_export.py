"""The daily export of usage for charge-back: how long its files are kept, who reads them, and what tokens cost."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, model_validator

from config.base import UNKNOWN_NAME, Guid, Section, SettingRefusedError, StandIn, Text
from config.cost import Price

# No version of this program is older; days that nothing was counted on can't be exported.
_EARLIEST = "2026-01-01"


def _day(value: str) -> str:
    try:
        written = date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise SettingRefusedError(f'"{value}" is no day', 'write one as "2026-12-01", year, month, day') from error
    if written != value:
        raise SettingRefusedError(f'"{value}" is not in the form YYYY-MM-DD', f'write "{written}"')
    if value < _EARLIEST:
        raise SettingRefusedError(
            f'"{value}" is before {_EARLIEST}: no Prometheus of this platform has samples of that time, and the export '
            "fails for every day that it can't count",
            "write the first whole day after the export is switched on",
        )
    return value


class UsagePrice(Section):
    """What tenants are charged for tokens of one model, whichever way they were made."""

    model: Annotated[Text, UNKNOWN_NAME] = Field(
        description="a name that tenants put into `model`: of a model, or of one of its adapters"
    )
    usd_per_million_input_tokens: Annotated[Price, StandIn(0)] = Field(
        description="the price in USD of a million prompt tokens that the model had to compute, from 0"
    )
    usd_per_million_cached_tokens: Price | None = Field(
        default=None,
        description="the price in USD of a million prompt tokens that it had in its cache; left out: as the others",
    )
    usd_per_million_output_tokens: Price = Field(
        default=0, description="the price in USD of a million answer tokens, from 0; left out for embeddings"
    )


class UsageExport(Section):
    """A file a day with what each tenant has used of each model."""

    since: Annotated[str, Strict(), AfterValidator(_day), StandIn("2026-01-01")] = Field(
        description='the first day, in UTC, that has a file, as "2026-12-01": the first whole day after the export is '
        "switched on, or on again; days before it are neither written nor missed"
    )
    # At least as long as it takes to bill a month; at most ten years.
    keep_days: Annotated[int, Field(ge=62, le=3653, strict=True)] = Field(
        default=400,
        description="the days, 62 to 3653, in which nobody can change or delete a file; then it is deleted",
    )
    readers: tuple[Guid, ...] = Field(
        default=(),
        max_length=20,
        description="a list of ids (GUIDs in lower case) of Entra groups whose members may read the files, beside the "
        "administrators",
    )
    prices: tuple[UsagePrice, ...] = Field(
        default=(),
        max_length=1000,
        description="a list of prices, by which files have a charge: [{model: chat, usd_per_million_input_tokens: 0.2, "
        "usd_per_million_output_tokens: 0.8}]; without a price of a model they have none",
    )

    @model_validator(mode="after")
    def _models_differ(self) -> "UsageExport":
        names = [price.model for price in self.prices]
        for name in names:
            if names.count(name) > 1:
                raise SettingRefusedError(f"two of `prices` are for the model `{name}`", "remove one of them")
        return self
