"""Storage: how redundant model weights and container images are kept."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import Section


class Storage(Section):
    """Model store and registry."""

    redundancy: Literal["local", "zone"] = Field(
        default="local",
        description="`local`, or `zone` to survive the loss of a zone (weights ZRS, registry zone-redundant)",
    )
    soft_delete_days: Annotated[int, Field(ge=1, le=365, strict=True)] = Field(
        default=7, description="the days, 1 to 365, in which deleted weights can be restored"
    )
    # The longest interval of Azure's policies, 400 years:
    # https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview
    immutable_days: Annotated[int, Field(ge=1, le=146_000, strict=True)] | None = Field(
        default=None,
        description="the days, 1 to 146000, in which nobody can change or delete weights after they were written; "
        "without it whoever may write to the store can",
    )
