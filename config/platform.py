"""Which platform this stack is: its name, where it lives and who pays for it."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import Flag, Guid, Section, Text, pattern


class Platform(Section):
    """Identity and place of the platform; the Azure names of all its resources derive from here."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=16)] = Field(
        description="Short name, first part of every Azure name: lower case letters, digits and single dashes."
    )
    suffix: Annotated[str, pattern(r"^[a-z0-9]{3,5}$")] = Field(
        description="Makes the names unique that Azure wants unique in the world (vault, storage, registry)."
    )
    environment: Literal["dev", "test", "prod"] = Field(description="Kind of environment.")
    region: Text = Field(description="Azure region, as in `az account list-locations`.")
    tenant_id: Guid = Field(description="Microsoft Entra tenant.")
    subscription_id: Guid = Field(description="Azure subscription that pays.")
    tags: dict[str, Text] = Field(default_factory=dict, description="Tags for every Azure resource that takes some.")
    protect: Flag | None = Field(
        default=None,
        description="Whether `pulumi destroy` is refused. Default: only where environment is prod.",
    )

    @property
    def protected(self) -> bool:
        """Whether the stack refuses to be destroyed."""
        return self.environment == "prod" if self.protect is None else self.protect
