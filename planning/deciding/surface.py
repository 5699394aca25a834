"""Plans how clients find the gateway and trust it: the authority of its certificate, its address, its name in DNS."""

from ipaddress import IPv4Network

from planning.deciding.azure_objects import POD_LABELS
from planning.deciding.roles import grant
from planning.plan.surface import DnsNamePlan, IssuerPlan, PublicAddressPlan, SurfacePlan
from planning.resolving.resolution import ResolvedStack

ISSUER = "llm-gateway"
# cert-manager's own account has this name without `-dns`: another one, so that Helm doesn't delete ours.
ISSUER_ACCOUNT = "cert-manager-dns"
_ACCOUNT_KEY = "llm-gateway-acme-account"
# https://letsencrypt.org/docs/acme-protocol-updates and /docs/staging-environment
_SERVERS = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
# A resolver of the internet: a private zone of the same name, which this network resolves, would hide the record.
_RESOLVER = "https://8.8.8.8/dns-query"
_RECORD_SECONDS = 300


def surface(stack: ResolvedStack) -> SurfacePlan:
    """Plan what clients see of the gateway."""
    settings = stack.settings.gateway
    return SurfacePlan(issuer=None if settings.tls is None else ISSUER, http_redirect=settings.http_redirect)


def issuer(stack: ResolvedStack) -> IssuerPlan | None:
    """Plan who signs the gateway's certificate."""
    settings = stack.settings.gateway
    if settings.tls is None:
        return None
    return IssuerPlan(
        name=ISSUER,
        server=_SERVERS[settings.tls.server],
        email=settings.tls.email,
        account_secret=_ACCOUNT_KEY,
        hostname=settings.hostname,
        # Without a client id cert-manager signs in as its pod's service account (pkg/issuer/acme/dns/azuredns).
        solver={
            "azureDNS": {
                "subscriptionID": stack.settings.platform.subscription_id,
                "resourceGroupName": settings.tls.zone_resource_group,
                "hostedZoneName": settings.tls.dns_zone,
                "environment": "AzurePublicCloud",
            }
        },
        resolver=_RESOLVER,
        service_account=ISSUER_ACCOUNT,
        pod_labels=dict(POD_LABELS),
    )


def zone_id(stack: ResolvedStack, group: str, zone: str) -> str:
    """Resource id of a public zone of Azure DNS in the platform's subscription."""
    subscription = stack.settings.platform.subscription_id
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/dnsZones/{zone}"


def dns_name(stack: ResolvedStack) -> DnsNamePlan | None:
    """Plan the gateway's fixed address and its record; None where the stack file asks for no record."""
    settings = stack.settings.gateway
    if settings.dns is None:
        return None
    public = settings.exposure == "public"
    return DnsNamePlan(
        zone=settings.dns.zone,
        zone_resource_group=settings.dns.zone_resource_group,
        private_zone=settings.dns.private,
        record=settings.hostname.removesuffix(settings.dns.zone).rstrip(".") or "@",
        seconds=_RECORD_SECONDS,
        private_address=None if public else private_address(stack),
        public_address=_public_address(stack) if public else None,
    )


def private_address(stack: ResolvedStack) -> str:
    """The last usable address of the gateway's subnet: Azure hands out addresses from the first on."""
    return str(IPv4Network(stack.settings.network.subnets.gateway)[-2])


def _public_address(stack: ResolvedStack) -> PublicAddressPlan:
    return PublicAddressPlan(
        name=stack.names.gateway_address.value,
        resource_group=stack.names.gateway_resource_group.value,
        use=grant(stack, "control-plane", "network_contributor", "gateway-address"),
    )
