"""How clients find the gateway and trust it: who signs its certificate, its fixed address, its name in DNS."""

from msgspec import Struct

from planning.plan.azure_grants import GrantPlan
from planning.plan.base import Json


class IssuerPlan(Struct, frozen=True, kw_only=True):
    """The authority that signs the gateway's certificate, and how cert-manager proves the host name to it."""

    name: str
    """Name of the ClusterIssuer."""
    server: str
    """Address of the authority's ACME directory."""
    email: str
    """Address that it keeps with the account."""
    account_secret: str
    """Secret with the account's private key, in cert-manager's namespace; cert-manager makes it."""
    hostname: str
    """The only name that may be proved."""
    solver: dict[str, Json]
    """Where the record that proves it is written, as cert-manager's `dns01` spells it."""
    resolver: str
    """DNS over HTTPS by which cert-manager sees the record as the authority will."""
    service_account: str
    """Service account of cert-manager's controller, whose identity may write that record."""
    pod_labels: dict[str, str]
    """Labels of the controller's pods, by which they get that identity."""


class SurfacePlan(Struct, frozen=True, kw_only=True):
    """What clients see of the gateway beside its host name."""

    issuer: str | None
    """ClusterIssuer of its certificate; None where the certificate comes from the store of secrets."""
    http_redirect: bool
    """Whether port 80 sends clients to HTTPS; else nothing listens there."""


class PublicAddressPlan(Struct, frozen=True, kw_only=True):
    """A public address of our own, which the load balancer takes."""

    name: str
    """Azure's name for it."""
    resource_group: str
    """Its resource group: nothing else is in it, since the cluster may do there what it needs for addresses."""
    use: GrantPlan
    """Lets the control plane give it to the load balancer."""


class DnsNamePlan(Struct, frozen=True, kw_only=True):
    """The gateway's fixed address, and the record that leads to it."""

    zone: str
    """Name of the zone."""
    zone_resource_group: str
    """Resource group of the zone."""
    private_zone: bool
    """Whether only linked networks can read the zone."""
    record: str
    """Name of the record within the zone; `@` is the zone's own."""
    seconds: int
    """How long others remember it."""
    private_address: str | None
    """Address in the gateway's subnet; None where it is public."""
    public_address: PublicAddressPlan | None
    """The public address; None where it is private."""
