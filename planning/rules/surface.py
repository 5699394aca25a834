"""Rules about how clients find the gateway and trust it: its certificate, its name in DNS, port 80."""

from planning.resolving.domains import private_domain
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_ACME = "https://cert-manager.io/docs/configuration/acme/dns01/azuredns/"
_HOSTNAME = "gateway.hostname"


@stack_rule(
    "TLS-SOURCE",
    "error",
    prevents="The listener has no certificate, and the gateway answers nobody.",
    source="config/surface.py",
    reads=("gateway.certificate", "gateway.tls"),
)
def one_certificate(stack: Resolution) -> Violations:
    """The certificate comes from the vault or from an authority, and from one of them alone."""
    settings = stack.settings.gateway
    if settings.certificate is None and settings.tls is None:
        yield Violation(
            "gateway.certificate",
            "there is neither `certificate` nor `tls`",
            "add certificate: the name of the vault's secret with certificate and key in PEM; or tls: {issuer: acme, "
            "email: …, dns_zone: …, zone_resource_group: …}",
        )
    elif settings.certificate is not None and settings.tls is not None:
        yield Violation(
            "gateway.tls",
            f"`certificate` names the vault's secret `{settings.certificate}` as well",
            "leave one of them out: with tls the certificate is renewed by itself",
        )


@stack_rule(
    "TLS-ZONE",
    "error",
    prevents="No certificate is ever signed: the record that proves the name is written into a zone that nobody asks.",
    source=_ACME,
    reads=(_HOSTNAME, "gateway.tls"),
)
def name_in_the_zone_of_the_proof(stack: Resolution) -> Violations:
    """The host name is in the zone in which it is proved."""
    settings = stack.settings.gateway
    if settings.tls is not None and not _within(settings.hostname, settings.tls.dns_zone):
        yield Violation(
            "gateway.tls.dns_zone",
            f"`{settings.hostname}` is not in the zone `{settings.tls.dns_zone}`",
            "write the public zone whose name the hostname ends with",
        )


@stack_rule(
    "TLS-PRIVATE",
    "error",
    prevents="No certificate is ever signed, and the gateway answers nobody: no public authority signs such a name.",
    source="RFC 6761, RFC 6762, RFC 8375; CA/Browser Forum, Baseline Requirements, 4.2.2 (Internal Names)",
    reads=(_HOSTNAME, "gateway.tls"),
)
def name_that_an_authority_signs(stack: Resolution) -> Violations:
    """A name that a public authority is to sign is under a domain of the internet."""
    settings = stack.settings.gateway
    domain = private_domain(settings.hostname)
    if settings.tls is not None and domain is not None:
        yield Violation(
            _HOSTNAME,
            f"no public authority signs names under `{domain}`, and `tls.issuer: {settings.tls.issuer}` asks one",
            "write a name under a domain of yours, also for an internal gateway; or certificate: a secret of the vault "
            "with a certificate of your own authority, in place of tls",
        )


@stack_rule(
    "TLS-STAGING",
    "warning",
    prevents="Every client refuses the certificate: `unable to get local issuer certificate`.",
    source="https://letsencrypt.org/docs/staging-environment/",
    reads=("gateway.tls",),
)
def trusted_authority(stack: Resolution) -> Violations:
    """The certificate is signed by an authority that clients trust."""
    tls = stack.settings.gateway.tls
    if tls is not None and tls.server == "staging":
        yield Violation(
            "gateway.tls.server",
            "certificates of `staging` are for trying it out: no client trusts them",
            "write server: production once a certificate of staging was signed",
        )


@stack_rule(
    "DNS-ZONE",
    "error",
    prevents="The record has a name that nobody asks for, and clients don't find the gateway.",
    source="https://learn.microsoft.com/azure/dns/dns-zones-records",
    reads=(_HOSTNAME, "gateway.dns"),
    needs="aks",
)
def name_in_the_zone_of_the_record(stack: Resolution) -> Violations:
    """The host name is in the zone of its record."""
    settings = stack.settings.gateway
    if settings.dns is not None and not _within(settings.hostname, settings.dns.zone):
        yield Violation(
            "gateway.dns.zone",
            f"`{settings.hostname}` is not in the zone `{settings.dns.zone}`",
            "write the zone whose name the hostname ends with",
        )


@stack_rule(
    "DNS-HIDDEN",
    "error",
    prevents="A public gateway has no name on the internet: only networks linked to the private zone find it.",
    source="https://learn.microsoft.com/azure/dns/private-dns-overview",
    reads=("gateway.exposure", "gateway.dns"),
    needs="aks",
)
def public_name_is_public(stack: Resolution) -> Violations:
    """The name of a public gateway is in a public zone."""
    settings = stack.settings.gateway
    if settings.dns is not None and settings.dns.private and settings.exposure == "public":
        yield Violation(
            "gateway.dns.private",
            "the gateway is public and its name is in a private zone",
            "write private: false and a public zone, or exposure: internal",
        )


@stack_rule(
    "DNS-SHOWN",
    "warning",
    prevents="Everyone can look up an address inside the network, and resolvers that prevent rebinding refuse it.",
    source="https://learn.microsoft.com/azure/dns/private-dns-overview",
    reads=("gateway.exposure", "gateway.dns"),
    needs="aks",
)
def private_address_is_not_shown(stack: Resolution) -> Violations:
    """The address of an internal gateway is in a private zone."""
    settings = stack.settings.gateway
    if settings.dns is not None and not settings.dns.private and settings.exposure == "internal":
        yield Violation(
            "gateway.dns.private",
            "the gateway is internal and its name is in a public zone, where everyone reads its private address",
            "write private: true and a private zone that is linked to the clients' networks",
        )


@stack_rule(
    "HTTP-REDIRECT",
    "warning",
    prevents="A client that is set to http:// sends its key in plain text with every request, and nobody notices.",
    source="RFC 9110, 15.4.9; the official OpenAI clients follow redirects",
    reads=("gateway.http_redirect",),
)
def nothing_in_plain_text(stack: Resolution) -> Violations:
    """Port 80 is closed, so that a client with a wrong address fails at once."""
    if stack.settings.gateway.http_redirect:
        yield Violation(
            "gateway.http_redirect",
            "port 80 answers with a redirect: whoever reads the network sees the request's key or token",
            "leave it out unless people type the address into a browser",
        )


def _within(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")
