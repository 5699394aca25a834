"""The configuration of the OpenTelemetry collector for traces: what it takes, what of it is kept, and where it goes.

Spans say when, how long, how much and by whom; of everything else only what is on a list passes. A list of what is
forbidden would let through what the next version of a server calls its prompts.

Which traces are kept is decided here alone, by a hash of the trace's id: all spans of a trace, of every proxy and every
model, get the same verdict in each of the collector's pods. Two programs that decide by themselves tear traces apart:
Envoy's ratio counts other bytes of the id than that of the OpenTelemetry SDKs.
"""

from collections.abc import Iterable, Mapping

from planning import yaml_text
from planning.deciding.collectors import EVERYWHERE, health_check, memory_limiter, own_telemetry
from planning.plan import Json
from planning.plan.telemetry import GATEWAY_SERVICE, OTLP_PORT

# Names of attributes whose values are no text of a client's: of Envoy's spans (source/common/tracing/
# http_tracer_impl.cc; without its client's address and user agent), of Agent Router's (internal/tracing/otelgenai/
# otelgenai.go) and of vLLM's (vllm/tracing/utils.py, SpanAttributes). `tenant` is ours.
_KEPT = (
    r"tenant",
    r"error([.]type)?",
    r"component|node_id|zone|guid:x-request-id|upstream_cluster([.]name)?|request_size|response_size|response_flags",
    r"http[.](method|protocol|status_code|url)",
    r"gen_ai[.](operation[.]name|provider[.]name|system)",
    r"gen_ai[.]request[.](id|model|max_tokens|temperature|top_p|top_k|n|stream|choice[.]count|seed)",
    r"gen_ai[.]request[.](frequency|presence)_penalty",
    r"gen_ai[.]response[.](id|model|finish_reasons|time_to_first_chunk)",
    r"gen_ai[.](usage|latency)[.][a-z0-9_.]+",
    r"gen_ai[.]embeddings[.]dimension[.]count",
    r"server[.](address|port)",
)
_KEPT_OF_RESOURCES = (
    r"service[.](name|version|instance[.]id)",
    r"telemetry[.]sdk[.](name|language|version)",
    r"vllm[.](instrumenting_module_name|process_kind|process_name)",
)
# What Agent Router's spans hold of a request where it captures it (internal/tracing/otelgenai/otelgenai.go).
_CONTENT = (r"gen_ai[.](input[.]messages|output[.]messages|system_instructions|tool[.]definitions)",)
# A trace waits for its backend for so long, then it is lost: memory is bounded.
_QUEUE, _RETRY_SECONDS = 1000, 300
# Two pods hash alike with the same number.
_HASH_SEED = 22
# Of a whole conversation where prompts are captured; gRPC's own limit is 4.
_MESSAGE_MIB = 16
AUTHORIZATION_VARIABLE = "BACKEND_AUTHORIZATION"
_PER_HUNDRED = 100
_NO_PARENT = "SpanID(0x0000000000000000)"
_GATEWAYS_FIRST = f'resource.attributes["service.name"] == "{GATEWAY_SERVICE}" and span.kind == SPAN_KIND_SERVER'


def configuration(
    *, sampling: float, recorded_tenants: Iterable[str], exporter: Mapping[str, Json], memory_limit_mib: int
) -> str:
    """YAML of the whole configuration; `exporter` is one entry of `exporters`."""
    grpc: Json = {"endpoint": f"{EVERYWHERE}:{OTLP_PORT}", "max_recv_msg_size_mib": _MESSAGE_MIB}
    settings: dict[str, Json] = {
        "extensions": {"health_check": health_check()},
        "receivers": {"otlp": {"protocols": {"grpc": grpc}}},
        "processors": {
            "memory_limiter": memory_limiter(memory_limit_mib),
            "filter/probes": {
                "error_mode": "ignore",
                "traces": {"span": [_is_probe(name) for name in ("http.url", "http.target", "url.path")]},
            },
            "probabilistic_sampler": {
                "mode": "hash_seed",
                "hash_seed": _HASH_SEED,
                "sampling_percentage": round(sampling * _PER_HUNDRED, 4),
                "fail_closed": True,
            },
            # A statement that fails drops what it was about.
            "transform/private": {"error_mode": "propagate", "trace_statements": _private(recorded_tenants)},
            "batch": {"timeout": "5s", "send_batch_size": 512, "send_batch_max_size": 1024},
        },
        "exporters": dict(exporter),
        "service": {
            "extensions": ["health_check"],
            "telemetry": own_telemetry(),
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": [
                        "memory_limiter",
                        "filter/probes",
                        "probabilistic_sampler",
                        "transform/private",
                        "batch",
                    ],
                    "exporters": list(exporter),
                }
            },
        },
    }
    return yaml_text.dump(settings)


def in_cluster_exporter(host: str, port: int) -> dict[str, Json]:
    """The exporter to a store of this namespace: without TLS, between pods that network policies name."""
    return {"otlp_grpc": {"endpoint": f"{host}:{port}", "tls": {"insecure": True}, **_patience()}}


def http_exporter(endpoint: str, *, authorized: bool) -> dict[str, Json]:
    """The exporter to another server, by its address; the header comes from the pod's environment."""
    headers: dict[str, Json] = (
        {"headers": {"authorization": f"${{env:{AUTHORIZATION_VARIABLE}}}"}} if authorized else {}
    )
    tls: dict[str, Json] = {"tls": {"min_version": "1.2"}} if endpoint.startswith("https:") else {}
    return {"otlp_http": {"endpoint": endpoint.rstrip("/"), "compression": "gzip", **headers, **tls, **_patience()}}


def _patience() -> dict[str, Json]:
    return {
        "sending_queue": {"enabled": True, "num_consumers": 4, "queue_size": _QUEUE},
        "retry_on_failure": {"enabled": True, "max_elapsed_time": f"{_RETRY_SECONDS}s"},
    }


def _is_probe(attribute: str) -> str:
    return f'IsMatch(span.attributes["{attribute}"], "/(metrics|health|healthz|readyz)([?].*)?$")'


def _private(recorded: Iterable[str]) -> list[Json]:
    """Statements of OTTL, in order: what isn't on a list goes, then what the rest may still hold."""
    names = "|".join(sorted(recorded))
    kept, whole = _any_of(_KEPT), _any_of((*_KEPT, *_CONTENT))
    # A caller's name has a number after a dot while it has two keys.
    agreed = f'span.attributes["tenant"] != nil and IsMatch(span.attributes["tenant"], "^({names})([.][0-9]+)?$")'
    spans = (
        [
            f'keep_matching_keys(span.attributes, "{kept}") where not ({agreed})',
            f'keep_matching_keys(span.attributes, "{whole}") where {agreed}',
        ]
        if names
        else [f'keep_matching_keys(span.attributes, "{kept}")']
    )
    return [
        {"statements": [f'keep_matching_keys(resource.attributes, "{_any_of(_KEPT_OF_RESOURCES)}")']},
        {
            "statements": [
                *spans,
                'replace_pattern(span.attributes["http.url"], "[?].*$", "")',
                'replace_all_patterns(span.attributes, "value", "(?i)bearer +[^ ]+", "[redacted]")',
                # Messages of errors quote the prompt.
                'set(span.status.message, "")',
                'set(span.trace_state, "")',
                # The gateway makes up the parent of the first span (components/cluster/gateway_tracing.py).
                f"set(span.parent_span_id, {_NO_PARENT}) where {_GATEWAYS_FIRST}",
            ]
        },
        {"statements": ['keep_matching_keys(spanevent.attributes, "^exception[.]type$")']},
    ]


def _any_of(patterns: Iterable[str]) -> str:
    return f"^({'|'.join(patterns)})$"
