"""How clients find the gateway and trust it: its certificate, its name in DNS, and what answers without encryption."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import Flag, Section, StandIn, pattern

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# A name in DNS below some domain, in lower case.
HOSTNAME = pattern(rf"^({_LABEL}\.)+[a-z]{{2,}}$", longest=253)
# Azure takes letters of every script as well, which nobody needs to name a group of zones.
_ResourceGroup = Annotated[str, pattern(r"^[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]$", longest=90), StandIn("recovered")]
_Zone = Annotated[str, HOSTNAME, StandIn("recovered.example")]
Kind = Literal["envoy", "istio", "agc", "nginx", "ingress-nginx"]


class Tls(Section):
    """A certificate that is ordered and renewed by itself: cert-manager proves the name by a record in Azure DNS."""

    issuer: Literal["acme"] = Field(
        description="`acme`: a certificate authority that speaks ACME, Let's Encrypt, signs the certificate"
    )
    email: Annotated[
        str, pattern(r"^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$", longest=254),
        StandIn("recovered@recovered.example"),
    ] = Field(
        description="an address of yours that the authority keeps with its account, such as ops@acme.example"
    )  # fmt: skip
    dns_zone: _Zone = Field(
        description="the public zone in Azure DNS that holds gateway.hostname, such as acme.example; what proves the "
        "name is written there"
    )
    zone_resource_group: _ResourceGroup = Field(
        description="the resource group of that zone, in the subscription of the platform"
    )
    server: Literal["production", "staging"] = Field(
        default="production",
        description="`production`, or `staging`, whose certificates nobody trusts and whose limits are wide: to try it",
    )


class Dns(Section):
    """The gateway's name as a record in Azure DNS; its address is then fixed."""

    zone: _Zone = Field(description="the zone that holds gateway.hostname, such as acme.example")
    zone_resource_group: _ResourceGroup = Field(
        description="the resource group of that zone, in the subscription of the platform"
    )
    private: Flag = Field(
        default=False, description="true: a private zone, which only the networks linked to it can read"
    )
