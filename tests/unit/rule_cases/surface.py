"""What breaks and what keeps each rule of planning/rules/surface.py."""

from typing import Any

from rule_cases.case import Case, Changes


def tls(**differences: Any) -> Changes:
    """A certificate signed by an authority in place of the vault's."""
    settings = {
        "issuer": "acme",
        "email": "ops@acme.example",
        "dns_zone": "acme.example",
        "zone_resource_group": "rg-dns",
        **differences,
    }
    return {"gateway.certificate": None, "gateway.hostname": "llm.acme.example", "gateway.tls": settings}


def dns(exposure: str = "internal", **differences: Any) -> Changes:
    """A record for the gateway's name."""
    settings = {"zone": "acme.example", "zone_resource_group": "rg-dns", "private": True, **differences}
    return {"gateway.hostname": "llm.acme.example", "gateway.exposure": exposure, "gateway.dns": settings}


CASES: dict[str, Case] = {
    "TLS-SOURCE": Case({**tls(), "gateway.certificate": "gateway-certificate"}, tls()),
    "TLS-ZONE": Case(tls(dns_zone="cme.example"), tls(dns_zone="llm.acme.example")),
    "TLS-PRIVATE": Case(
        {**tls(dns_zone="acme.internal"), "gateway.hostname": "llm.acme.internal"},
        # The vault's certificate may be of an authority of one's own.
        {"gateway.hostname": "llm.acme.internal"},
    ),
    "TLS-STAGING": Case(tls(server="staging"), tls(server="production")),
    "DNS-ZONE": Case(dns(zone="acme.test"), dns(zone="acme.example")),
    "DNS-HIDDEN": Case(dns("public", private=True), dns("public", private=False)),
    "DNS-SHOWN": Case(dns(private=False), dns(private=True)),
    "HTTP-REDIRECT": Case({"gateway.http_redirect": True}, {"gateway.http_redirect": False}),
}
