"""Access tokens at the gateway: what checks them, and where their keys are.

Of one policy with API keys and tokens Envoy Gateway makes a filter each, and a request needs both: so tokens have a
listener of their own. It has the name and the certificate of the other and another port: with a name of its own it
would need a certificate of its own, since of two listeners of one port whose certificates overlap Envoy Gateway takes
HTTP/2 away (internal/gatewayapi/listener.go, checkOverlappingTLSConfig).
"""

from planning.plan import GatewayPlan, Json, TokensPlan
from planning.plan.endpoint import SIGNED_IN_HEADER

_GATEWAYS, _ENVOY = "gateway.networking.k8s.io", "gateway.envoyproxy.io"
_HTTPS = 443
# Name of the claims in the metadata that the script reads.
PROVIDER = "tokens"
# Envoy keeps the keys that it has, and asks for new ones before this has passed: a directory publishes a new key long
# before it signs with it. A proxy that could not fetch any asks again after the second time.
_KEYS_REFRESH, _KEYS_RETRY = "300s", "10s"


def object_name(plan: GatewayPlan) -> str:
    """Name of the objects that belong to tokens alone."""
    return f"{plan.gateway}-tokens"


def has_keys(plan: GatewayPlan) -> bool:
    """Whether any tenant has an API key; else all have tokens."""
    return any(tenant.keys for tenant in plan.tenants)


def keys_address(tokens: TokensPlan) -> dict[str, Json]:
    """Spec of the Backend with the directory's public keys.

    Of an address alone Envoy Gateway makes TLS that takes the certificate of any name (internal/xds/translator/jwt.go,
    buildXdsUpstreamTLSSocket): whoever answered in its place could sign in as everybody.
    """
    return {
        "endpoints": [{"fqdn": {"hostname": tokens.host, "port": _HTTPS}}],
        "tls": {"wellKnownCACertificates": "System", "sni": tokens.host},
    }


def token_policy(plan: GatewayPlan, tokens: TokensPlan, paths: Json) -> dict[str, Json]:
    """Spec of the SecurityPolicy of that listener: a good token, and no path but those of OpenAI's API.

    What the script writes is required as well: without the script nobody gets in.
    """
    return {
        "targetRefs": [{"group": _GATEWAYS, "kind": "Gateway", "name": plan.gateway, "sectionName": tokens.listener}],
        "jwt": {
            "providers": [
                {
                    "name": PROVIDER,
                    "issuer": tokens.issuer,
                    "audiences": [tokens.audience],
                    "remoteJWKS": {
                        "uri": tokens.keys,
                        "backendRefs": [
                            {"group": _ENVOY, "kind": "Backend", "name": object_name(plan), "port": _HTTPS}
                        ],
                        "cacheDuration": _KEYS_REFRESH,
                        "failedRefetchDuration": _KEYS_RETRY,
                    },
                    # By default a token in the address (`access_token`) would do, and addresses are logged on the way.
                    "extractFrom": {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]},
                }
            ]
        },
        "authorization": {
            "defaultAction": "Deny",
            "rules": [
                {
                    "name": "openai-paths",
                    "action": "Allow",
                    "operation": {"path": paths, "methods": ["GET", "POST"]},
                    "principal": {"headers": [{"name": SIGNED_IN_HEADER, "values": [PROVIDER]}]},
                }
            ],
        },
    }


def identity_data(plan: GatewayPlan) -> dict[str, Json]:
    """What the script knows of tokens: the tenant of each claim's value, and its place among all tenants."""
    return {
        f"{identity.claim}:{identity.value}": {"tenant": tenant.name, "place": place}
        for place, tenant in enumerate(plan.tenants)
        for identity in tenant.identities
    }
