"""Rules about traces: that they go where they are meant to, that prompts stay out of them, and that models send any."""

from config.telemetry import Traces
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.telemetry import TEMPO_DAYS, TEMPO_GIB, endpoint_of, recorded_tenants
from planning.rules.disks import USABLE_SHARE, holds_its_days
from planning.rules.platform_options import unsettable
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_TRACES = "observability.traces"
_SOURCE = "docs/traces.md"
_FLAG = "--otlp-traces-endpoint"
# Keys that count with one backend alone.
_OWN_KEYS = {
    "endpoint": "otlp",
    "authorization_secret": "otlp",
    "retention_days": "tempo",
    "storage_gib": "tempo",
    "daily_gib": "tempo",
}
# Five spans of a request and their attributes, as the real collector sent them on, without compression.
_KIB_PER_REQUEST = 3
_KIB_PER_GIB = 1024**2


@stack_rule(
    "TRACE-BACKEND",
    "error",
    prevents="Somebody believes that traces are kept for a month, or go to their own server, and neither is so.",
    source=_SOURCE,
    reads=(_TRACES,),
)
def keys_belong_to_their_backend(stack: Resolution) -> Violations:
    """What only one backend of traces takes is written with that backend alone."""
    traces = stack.settings.observability.traces
    for key, backend in _OWN_KEYS.items() if traces is not None else ():
        if traces is not None and getattr(traces, key) is not None and traces.backend != backend:
            yield Violation(
                f"{_TRACES}.{key}",
                f"`{traces.backend}` has no use for it: {_instead(traces, key)}",
                f"leave it out, or write backend: {backend}",
            )


def _instead(traces: Traces, key: str) -> str:
    if traces.backend == "jaeger" and key in ("retention_days", "storage_gib", "daily_gib"):
        return "it keeps traces in memory, until its pod ends"
    return "its server decides" if traces.backend == "otlp" else "it runs in the cluster"


@stack_rule(
    "TRACE-DISK",
    "error",
    prevents="The disk is full before its days are over: Tempo has no limit by size, and the newest spans are lost.",
    source="grafana/tempo docs/sources/tempo/configuration/_index.md (compactor: block_retention alone)",
    reads=(_TRACES,),
)
def the_disk_holds_its_days(stack: Resolution) -> Violations:
    """Where the stack file says what traces take in a day, the disk holds it for as long as they are kept."""
    traces = stack.settings.observability.traces
    if traces is None or traces.backend != "tempo" or traces.daily_gib is None:
        return
    days, disk = traces.retention_days or TEMPO_DAYS, traces.storage_gib or TEMPO_GIB
    lower = ", or a lower sampling"
    yield from holds_its_days(_TRACES, days=days, daily_gib=traces.daily_gib, disk_gib=disk, besides=lower)


@stack_rule(
    "TRACE-UNMEASURED",
    "warning",
    prevents="The disk is full long before the days that the stack file names, and traces end without a word.",
    source="measured with the real collector: five spans of a request",
    reads=(_TRACES,),
)
def long_times_have_a_measured_day(stack: Resolution) -> Violations:
    """Traces that are kept longer than the disk's usual time come with what they take in a day."""
    traces = stack.settings.observability.traces
    if traces is None or traces.backend != "tempo" or traces.daily_gib is not None:
        return
    days, disk = traces.retention_days or TEMPO_DAYS, traces.storage_gib or TEMPO_GIB
    each_day = disk * USABLE_SHARE / days
    if each_day < TEMPO_GIB * USABLE_SHARE / TEMPO_DAYS:
        requests = each_day * _KIB_PER_GIB / (_KIB_PER_REQUEST * traces.sampling)
        yield Violation(
            f"{_TRACES}.retention_days",
            f"{days} days on {disk} GiB leave {each_day:.2g} GiB a day: before compression that is the traces of "
            f"{requests:,.0f} requests a day, with sampling {traces.sampling:g}",
            "write what they take as daily_gib, fewer days, or a larger storage_gib",
        )


@stack_rule(
    "TRACE-CLEARTEXT",
    "error",
    prevents="Who called which model when, the server's key, and the prompts of tenants who agreed to be recorded, "
    "are read on the way.",
    source="https://opentelemetry.io/docs/security/config-best-practices/",
    reads=(_TRACES,),
)
def traces_leave_encrypted(stack: Resolution) -> Violations:
    """Outside the cluster, traces go by HTTPS."""
    traces = stack.settings.observability.traces
    if traces is None or traces.endpoint is None:
        return
    endpoint = endpoint_of(traces.endpoint)
    if endpoint.scheme == "http" and endpoint.namespace is None:
        yield Violation(
            f"{_TRACES}.endpoint",
            f"`{traces.endpoint}` is outside the cluster, and without encryption",
            "write https://…, or the name of a Service in the cluster: http://NAME.NAMESPACE.svc:PORT",
        )


@stack_rule(
    "TRACE-JAEGER-PROD",
    "error",
    prevents="The traces of an outage are gone with the pod that ran out of memory in it.",
    source="https://www.jaegertracing.io/docs/latest/storage/memory/",
    reads=(_TRACES, "platform.environment"),
)
def production_keeps_traces(stack: Resolution) -> Violations:
    """In production, traces are not kept in memory."""
    traces = stack.settings.observability.traces
    if stack.settings.platform.is_production and traces is not None and traces.backend == "jaeger":
        yield Violation(
            f"{_TRACES}.backend",
            "`jaeger` keeps traces in the memory of one pod, and this is production",
            "write `tempo`, or `otlp` with the address of a server of yours",
        )


@stack_rule(
    "TRACE-ALL-PROD",
    "warning",
    prevents="The disk of traces is full before their time is over, or another server's bill comes as a surprise.",
    source="measured with the real collector: five spans of a request",
    reads=(_TRACES, "platform.environment"),
)
def production_samples(stack: Resolution) -> Violations:
    """In production, only a part of all traces is kept."""
    traces = stack.settings.observability.traces
    if stack.settings.platform.is_production and traces is not None and traces.sampling == 1:
        yield Violation(
            f"{_TRACES}.sampling",
            f"every request of production is kept: some {_KIB_PER_REQUEST} KiB each before compression, "
            f"{_KIB_PER_REQUEST} GB for a million requests",
            "write 0.1 or less; alerts and metrics see every request without it",
        )


@stack_rule(
    "TRACE-PROMPTS",
    "warning",
    prevents="Somebody believes that prompts are in traces, or that none are, and it is the other way round.",
    source=_SOURCE,
    reads=(_TRACES, "tenants"),
)
def prompts_have_both_words(stack: Resolution) -> Violations:
    """Where the stack lets traces have prompts, a tenant has agreed; where one has, the stack lets them."""
    traces = stack.settings.observability.traces
    agreed = [(index, tenant) for index, tenant in enumerate(stack.settings.tenants) if tenant.record_prompts]
    if traces is not None and traces.capture_prompts and not agreed:
        yield Violation(
            f"{_TRACES}.capture_prompts",
            "no tenant has `record_prompts: true`, so no prompt is kept",
            "write record_prompts: true at a tenant who agrees, or leave this out",
        )
    for index, tenant in agreed:
        if tenant.entra is not None and traces is not None and traces.capture_prompts:
            yield Violation(
                f"tenants[{index}].record_prompts",
                f"requests of `{tenant.name}` with tokens of Entra have no prompts in traces: the AI gateway begins "
                "its span before the gateway knows whose a token is, and prompts of nobody are dropped",
                "have it call with a key for that, or leave record_prompts out",
            )
    for index, tenant in agreed if traces is None or not traces.capture_prompts else ():
        yield Violation(
            f"tenants[{index}].record_prompts",
            f"`{tenant.name}` agrees, and {'no traces are kept' if traces is None else 'traces have no prompts'}",
            "leave it out, or write observability.traces with capture_prompts: true",
        )


@stack_rule(
    "TRACE-PROMPTS-PROD",
    "warning",
    prevents="Personal data of production is read by everyone who may read traces, for as long as these are kept.",
    source="https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#capturing-instructions-inputs-and-outputs",
    reads=(_TRACES, "tenants", "platform.environment"),
)
def production_captures_no_prompts(stack: Resolution) -> Violations:
    """In production, traces have no prompts and no answers."""
    recorded = recorded_tenants(stack)
    if stack.settings.platform.is_production and recorded:
        yield Violation(
            f"{_TRACES}.capture_prompts",
            f"prompts and answers of {', '.join(f'`{name}`' for name in recorded)} are kept, and this is production; "
            "those of all tenants go from the gateway to the collector, which drops the others'",
            "leave it out, and use a stack of its own for looking into prompts",
        )


@stack_rule(
    "TRACE-RESIDENCY",
    "error",
    prevents="Prompts and answers of a tenant whose requests never leave the cluster leave it as traces.",
    source=_SOURCE,
    reads=(_TRACES, "tenants"),
)
def recorded_prompts_stay(stack: Resolution) -> Violations:
    """Prompts of a tenant whose requests stay in the cluster are in no traces that leave it."""
    traces, recorded = stack.settings.observability.traces, recorded_tenants(stack)
    outside = traces is not None and traces.endpoint is not None and endpoint_of(traces.endpoint).namespace is None
    for index, tenant in enumerate(stack.settings.tenants) if outside else ():
        if tenant.name in recorded and tenant.data_residency == "cluster":
            yield Violation(
                f"tenants[{index}].record_prompts",
                f"`{tenant.name}` has data_residency: cluster, and traces go to `{traces.endpoint if traces else ''}`",
                "leave record_prompts out, or keep traces in the cluster: backend: tempo",
            )


@release_rule(
    "TRACE-ENGINE",
    "error",
    prevents="The model's part of every trace is missing: vLLM doesn't start with an option that it doesn't know, or "
    "sends its spans elsewhere.",
    source="vllm-project/vllm vllm/config/observability.py",
    reads=(_TRACES,),
    model=("engine.version", "engine.args"),
)
def servers_send_spans(stack: Resolution, release: ReleaseView) -> Violations:
    """Where traces are kept, each vLLM has the option for them, and the stack file leaves it to the platform."""
    if stack.settings.observability.traces is None:
        return
    for message, fix in unsettable(release, _FLAG, kept="traces", section=_TRACES, without="traces"):
        yield Violation(f"{release.path}.engine", message, fix)
