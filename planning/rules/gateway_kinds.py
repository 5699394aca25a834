"""The rule about which gateway answers clients: what of this stack the others can't do, and that none is rendered."""

from collections.abc import Iterator

from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_AKS_ISTIO = "https://learn.microsoft.com/azure/aks/app-routing-gateway-api"
_RETIRED = (
    "ingress-nginx was retired by its maintainers in March 2026, and AKS's managed one gets no patches after "
    "November 2026"
)
_NAMES = {
    "istio": "AKS's `approuting-istio`",
    "agc": "Application Gateway for Containers",
    "nginx": "ingress-nginx",
    "ingress-nginx": "ingress-nginx",
}
_NGINX = {"keys": "no API keys by tenant", "models": "no routing by the body's `model`"}
# What each of them lacks (read in November 2026), by what a stack may ask for.
_LACKS = {
    "istio": {
        "keys": "no API keys",
        "tokens": "no check of tokens",
        "limits": "no limits, and takes no EnvoyFilter that could add them",
        "models": "no routing by the body's `model`",
    },
    "agc": {
        "keys": "no API keys, only JWTs",
        "limits": "no limits of requests or tokens",
        "models": "routing by the body's `model` in its inference gateway alone, a preview",
    },
    "nginx": _NGINX,
    "ingress-nginx": _NGINX,
}


@stack_rule(
    "GATEWAY-KIND",
    "error",
    prevents="Requests are answered without a key or a limit, or by the wrong model; or by nobody, since nothing of "
    "that gateway is installed.",
    source=f"{_AKS_ISTIO}; https://learn.microsoft.com/azure/application-gateway/for-containers/; "
    "https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/",
    reads=("gateway.kind", "gateway.limits", "tenants", "models"),
)
def kind_serves_the_stack(stack: Resolution) -> Violations:
    """The gateway is of the kind that this program renders; of another one, what the stack asks and it can't do."""
    kind = stack.settings.gateway.kind
    if kind == "envoy":
        return
    lacks = [f"{_LACKS[kind][need]} (this stack has {where})" for need, where in _needs(stack) if need in _LACKS[kind]]
    reasons = [_RETIRED] if "nginx" in kind else []
    if lacks:
        reasons.append(f"{_NAMES[kind]} has {'; '.join(lacks)}")
    elif not reasons:
        reasons.append(
            f"{_NAMES[kind]} is known to lack nothing of what this stack asks, but this program doesn't render it yet"
        )
    yield Violation(
        "gateway.kind",
        "; ".join(reasons),
        "write kind: envoy, or leave it out; Azure's API Management or Front Door may stand before it",
        ("gateway.kind",),
    )


def _needs(stack: Resolution) -> Iterator[tuple[str, str]]:
    """What of a gateway's abilities the stack asks for, and where."""
    settings = stack.settings
    keys = sum(tenant.api_keys for tenant in settings.tenants)
    if keys:
        yield "keys", f"{_number(keys, 'tenant')} with API keys"
    tokens = sum(tenant.entra is not None for tenant in settings.tenants)
    if tokens:
        yield "tokens", f"{_number(tokens, 'tenant')} with tokens of Entra"
    limited = sum(tenant.limits.counted for tenant in settings.tenants)
    # Without being written it is what this program adds, and nothing that the stack asks for.
    own = "limits" in settings.gateway.model_fields_set
    if limited or own:
        of = [*(["gateway.limits"] if own else []), *([f"limits of {_number(limited, 'tenant')}"] if limited else [])]
        yield "limits", " and ".join(of)
    if len(settings.models) > 1:
        yield "models", f"{len(settings.models)} models"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
