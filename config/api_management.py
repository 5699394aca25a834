"""Azure API Management in front of the gateway: its service, its network, and whom it lets in."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import NO_GUID, Guid, Network, Section, SettingRefusedError, StandIn, Text, pattern

Tokens = Annotated[int, Field(ge=1, le=2_147_483_647, strict=True)]


class EntraApplications(Section):
    """The applications of one tenant, whose callers must send a token."""

    tenant: Annotated[Text, Field(max_length=63), StandIn("?")] = Field(
        description="the name of the tenant whose callers must send a token, such as team-a"
    )
    client_ids: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=50), StandIn([NO_GUID])] = Field(
        description="a list of client ids (GUIDs) of the applications whose tokens are taken"
    )


class EntraTokens(Section):
    """Tokens of Entra that callers send beside the key of their subscription."""

    audience: Annotated[Text, Field(max_length=255), StandIn("api://recovered")] = Field(
        description="what the tokens are made out to, such as api://acme-llm"
    )
    applications: Annotated[tuple[EntraApplications, ...], Field(min_length=1, max_length=1000)] = Field(
        description="a list of tenants and their applications: [{tenant: team-a, client_ids: [6f0c…]}]"
    )

    @model_validator(mode="after")
    def _each_tenant_once(self) -> "EntraTokens":
        named = [item.tenant for item in self.applications]
        for name in named:
            if named.count(name) > 1:
                raise SettingRefusedError(
                    f"two of `applications` are for the tenant `{name}`", "write all of its client_ids in one of them"
                )
        return self


class SubscriptionLimit(Section):
    """What API Management lets one tenant take: a limit of its own, beside those that the gateway keeps."""

    tenant: Annotated[Text, Field(max_length=63), StandIn("?")] = Field(
        description="the name of the tenant that is limited, such as team-a"
    )
    tokens_per_minute: Tokens | None = Field(
        default=None, description="tokens of all kinds together within a minute, 1 to 2147483647; beyond it 429"
    )
    tokens_per_month: Tokens | None = Field(
        default=None,
        description="tokens of all kinds together within a calendar month (UTC), 1 to 2147483647; beyond it 403",
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "SubscriptionLimit":
        if self.tokens_per_minute is None and self.tokens_per_month is None:
            raise SettingRefusedError("nothing is limited", "write tokens_per_minute or tokens_per_month, or remove it")
        return self


class ApiManagement(Section):
    """One service of API Management; every tenant is a product with a subscription of its own."""

    sku: Annotated[
        Literal["Consumption", "Developer", "Basic", "BasicV2", "Standard", "StandardV2", "Premium"],
        StandIn("Premium"),
    ] = Field(
        description="`StandardV2` (a public name), `Premium` (in the network, public or private) or `Developer` (as "
        "Premium, without an uptime agreement); the others can't reach a private gateway"
    )
    units: Annotated[int, Field(ge=1, le=31, strict=True)] = Field(
        default=1, description="units of the service, 1 to 31; each has a throughput and a price of its own"
    )
    publisher_name: Annotated[Text, Field(max_length=100), StandIn("recovered")] = Field(
        description="the organisation that offers the models, as callers see it"
    )
    publisher_email: Annotated[
        str, pattern(r"^[^@ :/]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", longest=100), StandIn("nobody@recovered.example")
    ] = Field(description="where Azure sends notices about the service, such as platform@acme.example")
    subnet: Annotated[Network, StandIn("0.0.0.0/32")] = Field(
        description="an IPv4 range of the virtual network for the service alone, /27 or larger, such as 10.20.67.0/27"
    )
    exposure: Literal["internal", "public"] = Field(
        default="internal",
        description="`internal` (an address of the subnet; Premium and Developer) or `public` (a public name)",
    )
    entra: EntraTokens | None = Field(
        default=None,
        description="tokens of Entra that callers send too: {audience: api://acme-llm, applications: […]}",
    )
    token_limits: Annotated[tuple[SubscriptionLimit, ...], Field(max_length=1000)] = Field(
        default=(),
        description="what API Management itself refuses, beside the gateway's limits: [{tenant: team-a, "
        "tokens_per_month: 50000000}]",
    )

    @model_validator(mode="after")
    def _limits_each_tenant_once(self) -> "ApiManagement":
        named = [item.tenant for item in self.token_limits]
        for name in named:
            if named.count(name) > 1:
                raise SettingRefusedError(
                    f"two of `token_limits` are for the tenant `{name}`", "write both numbers in one of them"
                )
        return self
