"""Helm values and specs of the gateway's charts and objects, from the Plan alone."""

from components.cluster import gateway_tracing as traces
from components.cluster.access_log import access_log
from components.cluster.durations import in_seconds
from components.cluster.gateway_limits import overload, tcp_keepalive
from components.cluster.gateway_surface import (
    https_listeners,
    key_section,
    late_headers,
    open_paths,
    path_settings,
    redirect_listeners,
)
from components.cluster.limiter_specs import rate_limit, rate_limit_pods
from planning.plan import GatewayPlan, Json, NodeSelection
from planning.plan.endpoint import CLIENT_HEADER, HEADERS, MODEL_HEADER
from planning.plan.system_pods import ENVOY, EXTERNAL_PROCESSOR

CERTIFICATE_SECRET = "gateway-certificate"  # noqa: S105 - names of Secrets, not secrets
_SIGNED_SECRET = "gateway-signed-certificate"  # noqa: S105
KEYS_SECRET = "gateway-api-keys"  # noqa: S105
WEBHOOK_SECRET = "ai-gateway-webhook-certificate"  # noqa: S105 - the name of a Secret, not a secret
# Deployment, Service and service account of the AI gateway's controller.
AI_CONTROLLER = "ai-gateway-controller"
# The AI gateway's server for Envoy Gateway; it has no encryption and asks for no credentials.
EXTENSION_PORT = 1063
# What may pass there at once. Each route holds the keys of all clients, some 100 bytes each: 1,000 clients and 20
# models are more than gRPC's 4 MiB, beyond which Envoy Gateway would program nothing any more.
_EXTENSION_MIB = 64
# By this annotation of a Gateway the AI gateway finds its GatewayConfig (internal/controller/gateway.go).
GATEWAY_CONFIG = "aigateway.envoyproxy.io/gateway-config"

_EVERYONE: list[Json] = ["0.0.0.0/0", "::/0"]
_TARGET_GROUP = "gateway.networking.k8s.io"
# Internal headers of the AI gateway (internal/internalapi/internalapi.go), which its filters set after a client's have
# been removed: the choice of an endpoint picker, and prefixes of all others.
_PICKED_ENDPOINT = "x-gateway-destination-endpoint"
_INTERNAL_PREFIXES = ("x-ai-eg-", "x-aigw-", HEADERS)


def envoy_gateway_values(plan: GatewayPlan, nodes: NodeSelection) -> dict[str, Json]:
    """Values of `gateway-helm` as the AI gateway needs them; this chart alone owns the Gateway API's CRDs.

    Source: theagentrouter/agent-router v1.2.0, manifests/envoy-gateway-values.yaml, as in v1.1.0.
    """
    return {
        "crds": {"enabled": True},
        "deployment": {"pod": nodes.helm_values()},
        "podDisruptionBudget": {"minAvailable": 1},
        "certgen": {"job": nodes.helm_values()},
        "config": {
            "envoyGateway": {
                # No object or Secret of another namespace is read: the chart then makes Roles in these alone. Its own
                # must be on the list, or it couldn't read its own Secrets and the proxies' pods.
                "provider": {
                    "kubernetes": {
                        "watch": {"type": "Namespaces", "namespaces": list(plan.served_namespaces)},
                        **(rate_limit_pods(plan.limiter, nodes) if plan.limiter is not None else {}),
                    }
                },
                **({"rateLimit": rate_limit(plan.limiter)} if plan.limiter is not None else {}),
                # Lua runs the tenants' script; who may write another, an admission policy says (gateway_admission.py).
                "extensionApis": {"enableBackend": True, "enableLua": True},
                "extensionManager": {
                    "maxMessageSize": f"{_EXTENSION_MIB}Mi",
                    "hooks": {
                        "xdsTranslator": {
                            # The certificate's private key stays here: the AI gateway hands Secrets back unread
                            # (internal/extensionserver/post_translate_modify.go), and left out they are not replaced.
                            "translation": {
                                **{kind: {"includeAll": True} for kind in ("listener", "route", "cluster")},
                                "secret": {"includeAll": False},
                            },
                            "post": ["Translation", "Cluster", "Route"],
                        }
                    },
                    "service": {"fqdn": {"hostname": _extension_host(plan), "port": EXTENSION_PORT}},
                },
            }
        },
    }


def _extension_host(plan: GatewayPlan) -> str:
    return f"{AI_CONTROLLER}.{plan.ai.namespace}.svc.cluster.local"


def ai_gateway_values(plan: GatewayPlan, nodes: NodeSelection) -> dict[str, Json]:
    """Values of `ai-gateway-helm`; cert-manager makes its webhook's certificate and renews it."""
    return {
        "envoyGateway": {"namespace": plan.envoy.namespace},
        "extProc": {"logFormat": "json", "enableRedaction": True},
        "controller": {
            # Part of the address in Envoy Gateway's values.
            "fullnameOverride": AI_CONTROLLER,
            "logFormat": "json",
            # Tokens by tenant; the metrics' other labels are the AI gateway's own.
            "metricsRequestHeaderAttributes": f"{CLIENT_HEADER}:tenant",
            **traces.span_headers(plan),
            # Text: Helm writes a large number with an exponent.
            "maxRecvMsgSize": str(_EXTENSION_MIB * 2**20),
            # Routes of other namespaces would else add their models to the list of this Gateway.
            "watch": {"namespaces": list(plan.served_namespaces)},
            "podDisruptionBudget": {"enabled": True},
            # A Secret of another name than the chart's own, which Helm deletes as soon as the chart no longer makes it.
            "mutatingWebhook": {"certManager": {"enable": True}, "tlsCertSecretName": WEBHOOK_SECRET},
            **nodes.helm_values(),
        },
    }


def envoy_proxy(plan: GatewayPlan, nodes: NodeSelection) -> dict[str, Json]:
    """Spec of the EnvoyProxy: how the proxies run, are reached, drained and logged."""
    return {
        # A proxy that is removed waits for the longest request.
        "shutdown": {
            "drainTimeout": in_seconds(plan.proxy.drain_seconds),
            "minDrainDuration": in_seconds(plan.proxy.min_drain_seconds),
        },
        "bootstrap": {"type": "Merge", "value": overload(plan.proxy)},
        "telemetry": {
            "metrics": {"prometheus": {}},
            "accessLog": access_log(plan),
            **traces.tracing(plan),
        },
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyHpa": {
                    "minReplicas": plan.min_replicas,
                    "maxReplicas": plan.max_replicas,
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                        }
                    ],
                },
                "envoyPDB": {"maxUnavailable": 1},
                "envoyDeployment": {
                    "container": {
                        # Named here, since this object replaces what the chart says of the proxies.
                        "image": plan.proxy_image,
                        "resources": ENVOY.resources(),
                    },
                    "pod": {
                        **nodes.helm_values(),
                        "labels": dict(nodes.revision),
                        # Constraints of its own switch the scheduler's default spread off, also that by host.
                        "topologySpreadConstraints": [
                            {
                                "maxSkew": 1,
                                "topologyKey": topology,
                                "whenUnsatisfiable": "ScheduleAnyway",
                                "labelSelector": {"matchLabels": {"app.kubernetes.io/component": "proxy"}},
                            }
                            for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
                        ],
                    },
                },
                "envoyService": {"externalTrafficPolicy": "Local", "annotations": dict(plan.service_annotations)},
            },
        },
    }


def gateway_config(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the GatewayConfig: requests of the processor that the AI gateway puts into every proxy's pod.

    Without them the autoscaler of the proxies stops at the first container that requests no CPU, and never scales.
    """
    env: list[Json] = [{"name": "GOMEMLIMIT", "value": f"{plan.proxy.processor_soft_mib}MiB"}]
    if plan.usage_exported:
        # Beyond 2,000 sets of labels the rest would be one, of no tenant (opentelemetry-go sdk/metric/config.go).
        env.append({"name": "OTEL_GO_X_CARDINALITY_LIMIT", "value": "0"})
    env += traces.processor_variables(plan)
    return {"extProc": {"kubernetes": {"resources": EXTERNAL_PROCESSOR.resources(), "env": env}}}


def gateway(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the Gateway: HTTPS for one host name, and the way to it."""
    return {
        "gatewayClassName": plan.gateway,
        "listeners": [
            *https_listeners(plan, certificate_secret(plan)),
            *redirect_listeners(plan),
        ],
    }


def client_traffic(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the ClientTrafficPolicy: the gateway's own headers are dropped, and no client holds what others need.

    Envoy removes headers early, before routing and every filter (internal/xds/translator/listener.go).
    """
    path = plan.listener
    return {
        "targetRefs": [_target(plan)],
        "tcpKeepalive": tcp_keepalive(path.keepalive),
        "connection": {
            # Envoy's default, 32 KiB, is less than a long prompt.
            "bufferLimit": f"{path.body_mib}Mi",
            "connectionLimit": {
                "value": path.connections,
                # Never a longest duration: Envoy would cut what still runs on the connection.
                "maxRequestsPerConnection": path.requests_per_connection,
            },
        },
        "http2": {"maxConcurrentStreams": path.streams},
        "path": path_settings(),
        "timeout": {
            "tcp": {
                "connectionInspectionTimeout": in_seconds(path.inspection_seconds),
                "tlsHandshakeTimeout": in_seconds(path.handshake_seconds),
            },
            "http": {
                "requestHeadersReceivedTimeout": in_seconds(path.headers_seconds),
                "requestReceivedTimeout": in_seconds(path.body_seconds),
                "idleTimeout": in_seconds(path.idle_seconds),
                # Envoy's default, 5 minutes, aborts a longer answer that is not streamed.
                "streamIdleTimeout": in_seconds(path.stream_idle_seconds),
            },
        },
        "headers": {
            "earlyRequestHeaders": {
                **traces.early_headers(plan),
                "remove": [CLIENT_HEADER, MODEL_HEADER, _PICKED_ENDPOINT, *traces.foreign_headers(plan)],
                "removeOnMatch": [{"type": "Prefix", "value": prefix} for prefix in _INTERNAL_PREFIXES],
            },
            **late_headers(plan),
        },
        "tls": {"minVersion": "1.2"},
    }


def security(plan: GatewayPlan) -> dict[str, Json]:
    """Spec of the SecurityPolicy: an API key on every request, and no path but those of OpenAI's API."""
    return {
        "targetRefs": [{**_target(plan), **key_section(plan)}],
        "apiKeyAuth": {
            "credentialRefs": [{"group": "", "kind": "Secret", "name": KEYS_SECRET}],
            "extractFrom": [{"headers": ["Authorization"]}],
            "forwardClientIDHeader": CLIENT_HEADER,
            # The key is not forwarded beyond the gateway.
            "sanitize": True,
        },
        # The AI gateway serves only paths of the OpenAI API and answers 404 to others; this rule doesn't rely on that.
        "authorization": {
            "defaultAction": "Deny",
            "rules": [
                {
                    "name": "openai-paths",
                    "action": "Allow",
                    "operation": {"path": open_paths(), "methods": ["GET", "POST"]},
                    # A rule needs a principal; the key has already authenticated it.
                    "principal": {"clientCIDRs": _EVERYONE},
                }
            ],
        },
    }


def certificate_secret(plan: GatewayPlan) -> str:
    """Name of the Secret with the listener's certificate."""
    return CERTIFICATE_SECRET if plan.surface.issuer is None else _SIGNED_SECRET


def certificate_template() -> dict[str, Json]:
    """Template of the TLS Secret: certificate and key from the vault's single PEM text (`pem`), key in PKCS #8.

    Without one of the two, `filterPEM` alone would write an empty one over that of the certificate in use, and the
    listener would be gone: so the template fails, the Secret stays as it is and `SecretNotSynced` fires.
    """
    return {
        "type": "kubernetes.io/tls",
        "engineVersion": "v2",
        "data": {"tls.crt": _pem("CERTIFICATE"), "tls.key": _pem("PRIVATE KEY")},
    }


def _pem(kind: str) -> str:
    missing = f"no {kind} in PEM"
    return f'{{{{ with .pem | filterPEM "{kind}" }}}}{{{{ . }}}}{{{{ else }}}}{{{{ fail "{missing}" }}}}{{{{ end }}}}'


def _target(plan: GatewayPlan) -> dict[str, Json]:
    return {"group": _TARGET_GROUP, "kind": "Gateway", "name": plan.gateway}
