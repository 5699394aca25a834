"""What clients see of the gateway beside the models: what answers without encryption, and headers of every answer."""

from components.cluster.labels import ROUTES_ADMITTED
from planning.plan import GatewayPlan, Json, TokensPlan

_GROUP = "gateway.networking.k8s.io"
HTTPS_LISTENER, _HTTP_LISTENER = "https", "http"
_HTTPS_PORT = 443
# As 301, but a client may not make a GET of a POST.
_MOVED = 308
# Two years, as https://hstspreload.org recommends.
_SECURE_SECONDS = 2 * 365 * 24 * 3600
# Those that the AI gateway serves below its prefix for OpenAI's API (agent-router cmd/extproc/mainlib/main.go,
# `server.Register`). vLLM itself requires no key on /invocations, /metrics, /tokenize and others.
_OPEN = (
    "chat/completions", "completions", "embeddings", "responses", "models", "audio/speech", "audio/transcriptions",
    "audio/translations", "images/generations",
)  # fmt: skip
# The host that answered, as Envoy knows it by its Backend; nothing where Envoy answered by itself.
ANSWERED_BY = "%UPSTREAM_HOST_NAME%"
_ANSWERED_HEADER = "x-llm-answered-by"


def redirect_listeners(plan: GatewayPlan) -> list[Json]:
    """The listener of port 80, which admits no route of another namespace: a model's would answer in plain text.

    A route that names the Gateway alone, as models' do, attaches to every listener that admits it.
    """
    if not plan.surface.http_redirect:
        return []
    return [
        {
            "name": _HTTP_LISTENER,
            "port": 80,
            "protocol": "HTTP",
            "hostname": plan.hostname,
            "allowedRoutes": {"kinds": [{"group": _GROUP, "kind": "HTTPRoute"}], "namespaces": {"from": "Same"}},
        }
    ]


def key_section(plan: GatewayPlan) -> dict[str, Json]:
    """Which listener requires a key: the only one, or that of HTTPS, so that nobody has to send it in plain text."""
    return {"sectionName": HTTPS_LISTENER} if plan.surface.http_redirect or plan.tokens is not None else {}


def sections(plan: GatewayPlan) -> list[dict[str, Json]]:
    """All listeners that serve models."""
    apart: list[dict[str, Json]] = [{"sectionName": tokens.listener} for tokens in _apart(plan)]
    return [key_section(plan), *apart]


def https_listeners(plan: GatewayPlan, secret: str) -> list[Json]:
    """The listeners that serve models: HTTPS for one host name, open to HTTPRoutes of admitted namespaces.

    That of tokens is another one where some tenants have keys.
    """
    return [
        {
            "name": name,
            "port": port,
            "protocol": "HTTPS",
            "hostname": plan.hostname,
            "tls": {"mode": "Terminate", "certificateRefs": [{"name": secret}]},
            "allowedRoutes": {
                "kinds": [{"group": _GROUP, "kind": "HTTPRoute"}],
                "namespaces": {"from": "Selector", "selector": {"matchLabels": dict(ROUTES_ADMITTED)}},
            },
        }
        for name, port in ((HTTPS_LISTENER, _HTTPS_PORT), *((tokens.listener, tokens.port) for tokens in _apart(plan)))
    ]


def _apart(plan: GatewayPlan) -> list[TokensPlan]:
    """The listener of tokens, where it is not that of HTTPS."""
    return [plan.tokens] if plan.tokens is not None and plan.tokens.listener != HTTPS_LISTENER else []


def late_headers(plan: GatewayPlan) -> dict[str, Json]:
    """Headers of every answer, whoever gives it: HTTPS from now on, and which host answered, where it may be another.

    Without `includeSubDomains`: other names below this one are not ours to decide about.
    """
    answered: list[Json] = [{"name": _ANSWERED_HEADER, "value": ANSWERED_BY}] if plan.fallback_hosts else []
    secure: Json = {"name": "strict-transport-security", "value": f"max-age={_SECURE_SECONDS}"}
    return {"lateResponseHeaders": {"set": [secure, *answered]}}


def path_settings() -> dict[str, Json]:
    """A path means one thing to everybody: nothing is unescaped or merged on the way to whoever compares it next.

    By default Envoy Gateway merges slashes, and answers an escaped one with a redirect.
    """
    return {"escapedSlashesAction": "RejectRequest", "disableMergeSlashes": True}


def open_paths() -> dict[str, Json]:
    """The paths that lead to a model, with or without a query; the expression is matched as a whole."""
    return {"type": "RegularExpression", "value": rf"/v1/({'|'.join(_OPEN)})(\?.*)?"}


def redirect_route(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the HTTPRoute that answers on port 80: the same address with HTTPS, for every path."""
    return {
        "parentRefs": [{"group": _GROUP, "kind": "Gateway", "name": plan.gateway, "sectionName": _HTTP_LISTENER}],
        "hostnames": [plan.hostname],
        "rules": [
            {
                "filters": [
                    {
                        "type": "RequestRedirect",
                        "requestRedirect": {"scheme": "https", "port": 443, "statusCode": _MOVED},
                    }
                ]
            }
        ],
    }
