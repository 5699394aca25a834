"""Mistakes in how clients find the gateway and trust it: two certificates or none, wrong zones, another gateway."""

from typing import Any

from broken.change import Broken, Change, drop, put

_TLS = {"issuer": "acme", "email": "ops@acme.example", "dns_zone": "acme.example", "zone_resource_group": "rg-dns"}
_DNS = {"zone": "acme.example", "zone_resource_group": "rg-dns"}


def _tls(**differences: Any) -> tuple[Change, ...]:
    return (drop("gateway.certificate"), put("gateway.tls", {**_TLS, **differences}))


TABLE = (
    Broken(
        "certificate of the vault and of an authority",
        (put("gateway.tls", _TLS),),
        {("TLS-SOURCE", "gateway.tls"): ("`gateway-certificate`", "leave one of them out")},
    ),
    *(
        Broken(
            f"public certificate for a name under {domain}",
            (*_tls(dns_zone=f"acme.{domain}"), put("gateway.hostname", f"llm.acme.{domain}")),
            {("TLS-PRIVATE", "gateway.hostname"): (f"`{domain}`", "certificate:")},
        )
        for domain in ("internal", "local", "home.arpa", "test")
    ),
    Broken(
        "no certificate at all",
        (drop("gateway.certificate"),),
        {("TLS-SOURCE", "gateway.certificate"): ("neither", "issuer: acme")},
    ),
    Broken(
        "an authority that the program doesn't know",
        _tls(issuer="venafi"),
        {("CFG-VALUE", "gateway.tls.issuer"): ('"venafi"', "acme")},
    ),
    Broken(
        "no address for the authority's account",
        (drop("gateway.certificate"), put("gateway.tls", {key: _TLS[key] for key in _TLS if key != "email"})),
        {("CFG-MISSING", "gateway.tls.email"): ("add email", "ops@acme.example")},
    ),
    Broken(
        "an address without a domain",
        _tls(email="ops"),
        {("CFG-VALUE", "gateway.tls.email"): ('"ops"', "ops@acme.example")},
    ),
    Broken(
        "a name that is proved in another zone",
        _tls(dns_zone="other.example"),
        {("TLS-ZONE", "gateway.tls.dns_zone"): ("not in the zone `other.example`", "ends with")},
    ),
    Broken(
        "an unknown server of the authority",
        _tls(server="test"),
        {("CFG-VALUE", "gateway.tls.server"): ('"test"', "staging")},
    ),
    Broken(
        "a record in another zone",
        (put("gateway.dns", {**_DNS, "zone": "other.example", "private": True}),),
        {("DNS-ZONE", "gateway.dns.zone"): ("not in the zone `other.example`", "ends with")},
    ),
    Broken(
        "a public gateway with a private name",
        (put("gateway.exposure", "public"), put("gateway.dns", {**_DNS, "private": True})),
        {("DNS-HIDDEN", "gateway.dns.private"): ("private zone", "private: false")},
    ),
    Broken(
        "a record without the group of its zone",
        (put("gateway.dns", {"zone": "acme.example"}),),
        {("CFG-MISSING", "gateway.dns.zone_resource_group"): ("resource group",)},
    ),
    Broken(
        "the name of a zone in capital letters",
        (put("gateway.dns", {**_DNS, "zone": "Acme.example"}),),
        {("CFG-VALUE", "gateway.dns.zone"): ('"Acme.example"',)},
    ),
    *(
        Broken(
            f"{kind} as the gateway",
            (put("gateway.kind", kind),),
            {("GATEWAY-KIND", "gateway.kind"): (*words, "kind: envoy")},
        )
        for kind, words in (
            ("istio", ("no API keys", "`model`")),
            ("agc", ("no API keys", "preview")),
            ("nginx", ("March 2026", "November 2026")),
            ("ingress-nginx", ("retired", "March 2026")),
        )
    ),
    Broken(
        "a gateway that nobody knows",
        (put("gateway.kind", "kong"),),
        {("CFG-VALUE", "gateway.kind"): ('"kong"', "envoy")},
    ),
)
