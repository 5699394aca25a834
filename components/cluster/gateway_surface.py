"""What the gateway answers without encryption: nothing, or a way to HTTPS."""

from planning.plan import GatewayPlan, Json

_GROUP = "gateway.networking.k8s.io"
HTTPS_LISTENER, _HTTP_LISTENER = "https", "http"
# As 301, but a client may not make a GET of a POST.
_MOVED = 308


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
    return {"sectionName": HTTPS_LISTENER} if plan.surface.http_redirect else {}


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
