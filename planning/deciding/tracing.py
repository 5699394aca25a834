"""Plans what gateway and models send spans to, and with which settings of their own."""

from planning.plan import Pairs
from planning.plan.telemetry import OTLP_PORT, TRACE_COLLECTOR, GatewayTracingPlan
from planning.resolving.resolution import ResolvedStack
from planning.resolving.telemetry import NAMESPACE, recorded_tenants

_HOST = f"{TRACE_COLLECTOR}.{NAMESPACE}.svc.cluster.local"


def gateway_tracing(stack: ResolvedStack) -> GatewayTracingPlan | None:
    """What the proxies send spans to; None where no traces are kept."""
    if stack.settings.observability.traces is None:
        return None
    return GatewayTracingPlan(host=_HOST, namespace=NAMESPACE, captures=bool(recorded_tenants(stack.resolution)))


def tracing_option(stack: ResolvedStack) -> str | None:
    """Where vLLM sends its spans, by gRPC (vllm/tracing/otel.py, get_span_exporter); None where nowhere."""
    return None if stack.settings.observability.traces is None else f"http://{_HOST}:{OTLP_PORT}"


def tracing_variables(stack: ResolvedStack, release: str) -> Pairs:
    """What the OpenTelemetry SDK in vLLM reads: every span goes out, since the collector alone decides."""
    if stack.settings.observability.traces is None:
        return ()
    return (
        ("OTEL_SERVICE_NAME", f"vllm-{release}"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.0"),
        ("OTEL_PROPAGATORS", "tracecontext"),
    )
