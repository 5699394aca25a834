"""The gateway: the address at which tenants reach every model, and what one of them may take of a proxy."""

from typing import Annotated, Literal

from pydantic import Field

from config.api_management import ApiManagement
from config.base import Range, Requests, SecretName, Section, StandIn, pattern

# A proxy holds few larger ones.
LARGEST_BODY_MIB = 50


class Limits(Section):
    """What one tenant may take of one proxy."""

    requests_per_minute: Requests = Field(
        default=3000,
        description="requests of one tenant to one model within a minute through one proxy, 1 to 1000000; those beyond "
        "are answered 429",
    )


class Gateway(Section):
    """Envoy Gateway with Envoy AI Gateway."""

    hostname: Annotated[
        str, pattern(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$", longest=253), StandIn("recovered.example")
    ] = Field(description="the gateway's DNS name in lower case, such as llm.acme.example")
    certificate: Annotated[SecretName, StandIn("recovered")] = Field(
        description="the name of the vault's secret with the certificate and its key in PEM: letters, digits, dashes"
    )
    exposure: Literal["internal", "public"] = Field(
        default="internal", description="`internal` (an address of the gateway subnet) or `public`"
    )
    request_timeout_seconds: Annotated[int, Field(ge=30, le=7200, strict=True)] = Field(
        default=600, description="the longest request in seconds, 30 to 7200; it covers a whole streamed answer"
    )
    request_body_mib: Annotated[int, Field(ge=1, le=LARGEST_BODY_MIB, strict=True)] | None = Field(
        default=None,
        description=f"the largest request body in MiB, 1 to {LARGEST_BODY_MIB}; without it 8, or more for a context "
        "above 1 million tokens; raise it for images, which are not counted in tokens",
    )
    limits: Limits = Field(
        default_factory=Limits, description="what one tenant may take of one proxy, such as {requests_per_minute: 600}"
    )
    prefix_cache: Literal["per-client", "shared"] | None = Field(
        default=None,
        description="whether a tenant's requests reuse what other tenants' prompts left in a model's cache: `shared`, "
        "which shows by the time of an answer what others have sent, or `per-client`, for 15 tenants at most",
    )
    api_management: ApiManagement | None = Field(
        default=None,
        description="a service of Azure API Management in front: {sku: StandardV2, exposure: public, subnet: …}",
    )
    replicas: Range = Field(
        default_factory=lambda: Range(min=2, max=4),
        description="the fewest and the most Envoy proxies, such as {min: 2, max: 4}",
    )
