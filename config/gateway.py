"""The gateway: the address at which tenants reach every model, and what one of them may take of a proxy."""

from typing import Annotated, Literal

from pydantic import Field

from config.api_management import ApiManagement
from config.base import Flag, Range, Requests, SecretName, Section, StandIn
from config.entra import Entra
from config.surface import HOSTNAME, Dns, Kind, Tls

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

    kind: Kind = Field(
        default="envoy",
        description="who answers clients: `envoy`, the only one that has what this platform needs; of `istio` and "
        "`agc` (Azure's own) the findings say what they lack",
    )
    hostname: Annotated[str, HOSTNAME, StandIn("recovered.example")] = Field(
        description="the gateway's DNS name in lower case, such as llm.acme.example"
    )
    certificate: SecretName | None = Field(
        default=None,
        description="the name of the vault's secret with the certificate and its key in PEM: letters, digits, dashes",
    )
    tls: Tls | None = Field(
        default=None,
        description="in place of certificate: {issuer: acme, email: …, dns_zone: …, zone_resource_group: …}, a "
        "certificate that is renewed by itself",
    )
    dns: Dns | None = Field(
        default=None,
        description="a record of Azure DNS for the hostname: {zone: …, zone_resource_group: …, private: true}; it "
        "fixes the gateway's address",
    )
    http_redirect: Flag = Field(
        default=False,
        description="true: port 80 sends clients to HTTPS; a client that is set to http:// by mistake has sent its key "
        "in plain text by then, and goes on doing so unnoticed",
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
    entra: Entra | None = Field(
        default=None,
        description="tokens of Microsoft Entra in place of API keys, on a port of their own: {audience: GUID}",
    )
    replicas: Range = Field(
        default_factory=lambda: Range(min=2, max=4),
        description="the fewest and the most Envoy proxies, such as {min: 2, max: 4}",
    )
