"""How the gateway takes part in traces: Envoy's spans, those of the AI gateway's processor, and one id for both.

Envoy writes `traceparent` into a request when it sends it on, after every filter has run (source/common/router/
upstream_request.cc): the AI gateway's processor, which reads the header of the request alone (agent-router
internal/tracing/tracer.go, StartSpanAndInjectHeaders), would begin a trace of its own. So each request has the header
before Envoy begins its span. A client's own is taken off, also for another reason: Envoy obeys its verdict on sampling,
and whoever sends `-01` would be traced always.
"""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import GatewayPlan, Json
from planning.plan.endpoint import CLIENT_HEADER, HEADERS
from planning.plan.telemetry import GATEWAY_SERVICE, OTLP_PORT, TRACE_COLLECTOR

# The caller's name on spans, with a number after a dot while it has two keys.
TENANT_ATTRIBUTE = "tenant"
# Random hexadecimal digits: the first 8 of a UUID (version 4), as many as `REQ(…):8` takes. A header of this platform's
# own, so that no client can set it and none gets further: they are removed after all have been written.
_RANDOM = f"{HEADERS}random-"
_TRACE_PARTS, _PARTS = 4, 6
# Of others who trace: a client can't join its own trace, nor hand values on in it.
_FOREIGN = ("tracestate", "baggage", "b3", "x-client-trace-id", "x-envoy-force-trace")


def collector_backend(
    name: str,
    plan: GatewayPlan,
    *,
    parent: pulumi.Resource,
    cluster: KubernetesCluster,
    after: Sequence[pulumi.Resource],
) -> list[pulumi.Resource]:
    """The collector as the proxies name it, where traces are kept."""
    if plan.tracing is None:
        return []
    return [
        CustomResource(
            f"{name}-traces",
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="Backend",
            metadata=metadata(TRACE_COLLECTOR, plan.namespace),
            spec={"endpoints": [{"fqdn": {"hostname": plan.tracing.host, "port": OTLP_PORT}}]},
            opts=in_cluster(parent, cluster, *after),
        )
    ]


def tracing(plan: GatewayPlan) -> dict[str, Json]:
    """`tracing` of the EnvoyProxy: all requests, since the collector decides which traces are kept."""
    if plan.tracing is None:
        return {}
    reference: Json = {
        "group": "gateway.envoyproxy.io",
        "kind": "Backend",
        "name": TRACE_COLLECTOR,
        "port": OTLP_PORT,
    }
    settings: dict[str, Json] = {
        "samplingFraction": {"numerator": 100, "denominator": 100},
        "provider": {"type": "OpenTelemetry", "serviceName": GATEWAY_SERVICE, "backendRefs": [reference]},
        "tags": {TENANT_ATTRIBUTE: f"%REQ({CLIENT_HEADER.upper()})%"},
    }
    return {"tracing": settings}


def early_headers(plan: GatewayPlan) -> dict[str, Json]:
    """What `earlyRequestHeaders` sets: the id of a new trace, in the order in which Envoy works it off."""
    if plan.tracing is None:
        return {}
    random = [f"{_RANDOM}{number}" for number in range(1, _PARTS + 1)]
    digits = [f"%REQ({name.upper()}):8%" for name in random]
    trace, span = "".join(digits[:_TRACE_PARTS]), "".join(digits[_TRACE_PARTS:])
    seeds: list[Json] = [{"name": name, "value": "%UNIQUE_ID%"} for name in random]
    return {"set": [*seeds, {"name": "traceparent", "value": f"00-{trace}-{span}-01"}]}


def foreign_headers(plan: GatewayPlan) -> tuple[str, ...]:
    """What `earlyRequestHeaders` removes of a client's."""
    return () if plan.tracing is None else _FOREIGN


def processor_variables(plan: GatewayPlan) -> list[Json]:
    """What the OpenTelemetry SDK in the AI gateway's processor reads, and what its spans are made of."""
    if plan.tracing is None:
        return []
    variables = {
        "OTEL_SERVICE_NAME": "ai-gateway",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://{plan.tracing.host}:{OTLP_PORT}",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "1.0",
        "OTEL_PROPAGATORS": "tracecontext",
        "AI_GATEWAY_TRACING_SEMCONV": "gen_ai",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true" if plan.tracing.captures else "false",
    }
    return [{"name": name, "value": value} for name, value in variables.items()]


def span_headers(plan: GatewayPlan) -> dict[str, Json]:
    """Values of `ai-gateway-helm`'s controller: the caller's name on the processor's spans."""
    return {} if plan.tracing is None else {"spanRequestHeaderAttributes": f"{CLIENT_HEADER}:{TENANT_ATTRIBUTE}"}
