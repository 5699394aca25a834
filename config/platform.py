"""The platform that a stack deploys: its name, region, tenant and subscription."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import NO_GUID, UNKNOWN_NAME, Flag, Guid, Section, StandIn, Text, pattern


class Platform(Section):
    """Identity and location of the platform; the Azure names of all its resources are derived from it."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=16), StandIn("recovered")] = Field(
        description="a short name of lower-case letters, digits and single dashes, 16 at most, such as acme-llm"
    )
    suffix: Annotated[str, pattern(r"^[a-z0-9]{3,5}$"), StandIn("zzz")] = Field(
        description="3 to 5 lower-case letters and digits that make vault and storage names unique in the world"
    )
    environment: Annotated[Literal["dev", "test", "prod"], StandIn("dev")] = Field(
        description="`dev`, `test` or `prod`"
    )
    region: Annotated[Text, UNKNOWN_NAME] = Field(
        description="an Azure region as `az account list-locations` spells it, such as eastus"
    )
    tenant_id: Annotated[Guid, StandIn(NO_GUID)] = Field(
        description="the id of the Microsoft Entra tenant: a GUID in lower case"
    )
    subscription_id: Annotated[Guid, StandIn(NO_GUID)] = Field(
        description="the id of the Azure subscription that pays: a GUID in lower case"
    )
    tags: dict[str, Text] = Field(
        default_factory=dict,
        description='tags for every Azure resource, text each: {team: ml-platform, cost-center: "4711"}',
    )
    protect: Flag | None = Field(
        default=None,
        description="`true` to have `pulumi destroy` refused, `false` not to; without it only `prod` is protected",
    )
    locks: Flag = Field(
        default=True,
        description="`true` for locks of Azure on what a protected stack can't make again, so that nobody deletes it "
        "by portal or command line either, or `false` where the update's identity may make no locks",
    )

    @property
    def is_production(self) -> bool:
        """Whether rules for production hold."""
        return self.environment == "prod"

    @property
    def protected(self) -> bool:
        """Whether the stack refuses to be destroyed."""
        return self.is_production if self.protect is None else self.protect

    @property
    def locked(self) -> bool:
        """Whether Azure itself refuses to delete what can't be made again."""
        return self.protected and self.locks
