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
