"""Computes the way of a request once: rules compare its figures, the Plan holds them, components render them.

The figures that nobody outside decides were tried with Envoy Gateway 1.9.1, Envoy 1.39.1 and slow clients.
"""

import math

from catalog.request_path_schema import RequestPathFacts
from config.gateway import Gateway
from planning.plan.request_path import (
    ListenerPath,
    LoadBalancerPath,
    ModelPath,
    NodePath,
    ProbePath,
    ProxyPath,
    RequestPathPlan,
    ServerPath,
    TcpKeepalivePath,
    UpstreamPath,
)
from planning.plan.system_pods import ENVOY, EXTERNAL_PROCESSOR
from planning.resolving.entra import has_keys
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution, derived
from planning.vllm.options import mapping, whole_number

# Below the shortest limit of a load balancer, twice over: every probe of a minute is lost before one drops anything.
_KEEPALIVE = TcpKeepalivePath(idle_seconds=60, interval_seconds=30, probes=3)
_MINUTE, _KIB_PER_MIB, _BYTES_PER_MIB = 60, 1024, 1024 * 1024
# Room for lists of texts to embed, and for a screenshot; see `gateway.request_body_mib` for larger images.
LEAST_BODY_MIB = 8
# As many HTTP/2 connections, each with as many of the largest bodies as it may have, fit into what a proxy holds.
CONNECTIONS_OF_LARGEST = 4
# What open connections may take of a proxy's heap: there those without requests have the least time, and from half of
# it on less than usual. Clients open a connection again within a second.
_HEAP_OF_CONNECTIONS, _LEAST_IDLE_SECONDS = 0.5, 10
# The Go runtime of the processor collects garbage before it reaches its limit; else half of it would be garbage.
_SOFT_SHARE = 0.9
# The slowest client that may send the largest body, bytes a second: 7 Mbit/s.
_SLOWEST_CLIENT, _LEAST_BODY_SECONDS = 7_000_000 / 8, 60
# Beyond the teardown of vLLM: Kubernetes must wait strictly longer.
_AFTER_TEARDOWN_SECONDS = 15
# After the addresses of a pod that goes have left every answer: the time in which a proxy reads them and closes.
_LEARN_SECONDS = 10
_DNS_REFRESH_SECONDS = 5
_READINESS = ProbePath(period_seconds=10, timeout_seconds=5, failures=3)
_LIVENESS_PERIOD, _LIVENESS_TIMEOUT, _LEAST_LIVENESS = 60, 15, 600
# What the cluster autoscaler and AKS wait for at least, whatever the models need.
_LEAST_SCALE_DOWN_SECONDS, _LEAST_DRAIN_MINUTES = 3600, 60
_LEAST_REQUESTS = 1024
# Options of vLLM that decide when it refuses or ends requests by itself.
QUEUED_REQUESTS, QUEUED_TOKENS, WATCHDOG = "max-num-queued-reqs", "max-num-queued-tokens", "watchdog-config"
FAULT_TOLERANCE, RECOVERY = "enable-fault-tolerance", "fault-tolerance-config"
_SSE_KEEP_ALIVE, _SSE_KEEP_ALIVE_SECONDS = "--sse-keep-alive-interval", 30


@derived
def request_path(stack: Resolution) -> RequestPathPlan:
    """Compute every figure of a request's way through this stack."""
    facts, request = stack.catalog.request_path, stack.settings.gateway.request_timeout_seconds
    listener = _listener(stack, facts)
    proxy = _proxy(listener, facts, request)
    models = tuple(_model(release, facts, stack.settings.gateway) for release in stack.releases)
    return RequestPathPlan(
        request_seconds=request,
        load_balancer=LoadBalancerPath(
            idle_seconds=facts.load_balancer_longest_idle_minutes * _MINUTE,
            default_idle_seconds=facts.load_balancer_idle_minutes * _MINUTE,
            unhealthy_seconds=facts.load_balancer_probe_seconds * facts.load_balancer_probe_failures,
        ),
        listener=listener,
        proxy=proxy,
        models=models,
        nodes=_nodes(stack, models, proxy),
    )


def sse_keep_alive_seconds(release: ReleaseView) -> int | None:
    """Seconds of silence after which a streamed answer gets a comment; None where this vLLM has no such option."""
    known = release.vllm is not None and _SSE_KEEP_ALIVE in release.vllm.flags
    return _SSE_KEEP_ALIVE_SECONDS if known else None


def text_mib(stack: Resolution, tokens: int) -> float:
    """MiB of JSON text that so many tokens take."""
    return tokens * stack.catalog.request_path.bytes_per_token / _BYTES_PER_MIB


def body_mib(stack: Resolution, context: int) -> int:
    """MiB that a body with the text of a context (tokens) may have, rounded up to a power of two."""
    return 1 << math.ceil(math.log2(max(1.0, text_mib(stack, context))))


def tokens_of(stack: Resolution, mib: int) -> int:
    """Tokens whose JSON text takes so many MiB."""
    return mib * _BYTES_PER_MIB // stack.catalog.request_path.bytes_per_token


def _listener(stack: Resolution, facts: RequestPathFacts) -> ListenerPath:
    settings = stack.settings.gateway
    body = settings.request_body_mib
    if body is None:
        body = max(LEAST_BODY_MIB, *(body_mib(stack, model.context) for model in stack.settings.models))
    heap, bodies = _heap_mib(facts), min(_heap_mib(facts), _processor_mib(facts))
    # Each listener counts its own connections, and both share the memory.
    connections = int(heap * _HEAP_OF_CONNECTIONS) * _KIB_PER_MIB // facts.proxy_connection_kib
    listeners = 2 if settings.entra is not None and has_keys(stack.settings) else 1
    return ListenerPath(
        keepalive=_KEEPALIVE,
        inspection_seconds=5,
        handshake_seconds=10,
        headers_seconds=10,
        body_seconds=max(_LEAST_BODY_SECONDS, math.ceil(body * _BYTES_PER_MIB / _SLOWEST_CLIENT)),
        idle_seconds=300,
        # A request may wait in vLLM's queue for as long as its whole timeout.
        stream_idle_seconds=settings.request_timeout_seconds,
        body_mib=body,
        streams=max(1, min(facts.proxy_streams, bodies // CONNECTIONS_OF_LARGEST // body)),
        requests_per_connection=1000,
        connections=connections // listeners // 1000 * 1000,
    )


def _heap_mib(facts: RequestPathFacts) -> int:
    return int(ENVOY.memory_limit_mib * facts.proxy_heap_share)


def _processor_mib(facts: RequestPathFacts) -> int:
    return int(EXTERNAL_PROCESSOR.memory_limit_mib * facts.processor_body_share) // facts.processor_copies


def _proxy(listener: ListenerPath, facts: RequestPathFacts, request: int) -> ProxyPath:
    heap, bodies = _heap_mib(facts), min(_heap_mib(facts), _processor_mib(facts))
    # The longest request begins with its first byte, the route's limit with its last one.
    drain = request + listener.body_seconds
    return ProxyPath(
        memory_mib=ENVOY.memory_limit_mib,
        heap_mib=heap,
        processor_mib=_processor_mib(facts),
        processor_soft_mib=int(EXTERNAL_PROCESSOR.memory_limit_mib * _SOFT_SHARE),
        bodies_mib=bodies,
        largest_bodies=bodies // listener.body_mib,
        shorten_share=_HEAP_OF_CONNECTIONS / 2,
        shorten_all_share=_HEAP_OF_CONNECTIONS,
        least_idle_seconds=_LEAST_IDLE_SECONDS,
        reset_share=0.85,
        reset_all_share=0.95,
        stop_share=facts.proxy_stop_share,
        min_drain_seconds=15,
        drain_seconds=drain,
        grace_seconds=drain + facts.proxy_grace_extra_seconds,
    )


def _model(release: ReleaseView, facts: RequestPathFacts, gateway: Gateway) -> ModelPath:
    request = gateway.request_timeout_seconds
    return ModelPath(
        model=release.name,
        request_seconds=request,
        stream_idle_seconds=request,
        upstream=UpstreamPath(
            connect_seconds=3,
            idle_seconds=60,
            keepalive=_KEEPALIVE,
            dns_refresh_seconds=_DNS_REFRESH_SECONDS,
            dns_ttl_seconds=facts.dns_ttl_seconds,
            # A request that kills its server is tried once more than this.
            retries=2,
            # Not `reset-before-request`, which covers only requests that were not sent yet.
            retry_on=("connect-failure", "reset", "refused-stream"),
            retry_base_milliseconds=25,
            retry_max_milliseconds=250,
            failures=2,
            failure_check_seconds=1,
            # Until DNS no longer names a pod that isn't ready: let back before, it would cost requests again.
            ejection_seconds=_READINESS.patience_seconds + facts.dns_ttl_seconds + _DNS_REFRESH_SECONDS,
            ejection_percent=50,
            requests=_requests(release),
            retrying=64,
            client_requests_per_minute=gateway.limits.requests_per_minute,
        ),
        server=_server(release, facts, request),
    )


def _requests(release: ReleaseView) -> int:
    """Twice what all replicas run at once: what waits beyond that waits in vLLM, where scaling sees it."""
    at_once = release.batch.requests if release.batch is not None else 0
    wanted = max(_LEAST_REQUESTS, 2 * release.settings.replicas.max * at_once)
    return 1 << math.ceil(math.log2(wanted))


def _server(release: ReleaseView, facts: RequestPathFacts, request: int) -> ServerPath:
    pre_stop = facts.dns_ttl_seconds + _DNS_REFRESH_SECONDS + _LEARN_SECONDS
    drain, teardown = release.drain_seconds, facts.server_teardown_seconds + _AFTER_TEARDOWN_SECONDS
    # An engine that made no progress for the longest request has no answer left that somebody waits for.
    patience = max(_LEAST_LIVENESS, request)
    return ServerPath(
        keep_alive_seconds=75,
        sse_keep_alive_seconds=sse_keep_alive_seconds(release),
        readiness=_READINESS,
        liveness=ProbePath(
            period_seconds=_LIVENESS_PERIOD,
            timeout_seconds=_LIVENESS_TIMEOUT,
            failures=math.ceil(patience / _LIVENESS_PERIOD),
        ),
        liveness_grace_seconds=pre_stop + teardown,
        pre_stop_seconds=pre_stop,
        drain_seconds=drain,
        teardown_seconds=facts.server_teardown_seconds,
        grace_seconds=pre_stop + drain + teardown,
        step_seconds=facts.server_step_seconds,
        recovery_seconds=_recovery_seconds(release, facts),
        watchdog_seconds=_watchdog_seconds(release, facts),
        most_requests=whole_number(release.options.values.get(QUEUED_REQUESTS)),
        most_prompt_tokens=whole_number(release.options.values.get(QUEUED_TOKENS)),
    )


def _recovery_seconds(release: ReleaseView, facts: RequestPathFacts) -> int | None:
    options = release.options.values
    if options.get(FAULT_TOLERANCE) is not True:
        return None
    given = whole_number((mapping(options.get(RECOVERY)) or {}).get("engine_recovery_timeout_sec"))
    return facts.server_recovery_seconds if given is None else given


def _watchdog_seconds(release: ReleaseView, facts: RequestPathFacts) -> int | None:
    """The watchdog starts only with a folder (vLLM 0.33 vllm/utils/watch_dog.py start_watch_dog)."""
    watchdog = mapping(release.options.values.get(WATCHDOG)) or {}
    given = whole_number(watchdog.get("timeout"))
    return (facts.watchdog_seconds if given is None else given) if watchdog.get("dump_dir") else None


def _nodes(stack: Resolution, models: tuple[ModelPath, ...], proxy: ProxyPath) -> NodePath:
    grace = max((model.server.grace_seconds for model in models), default=0)
    system = math.ceil(proxy.grace_seconds / _MINUTE) + 5
    return NodePath(
        scale_down_seconds=max(_LEAST_SCALE_DOWN_SECONDS, grace, proxy.grace_seconds),
        longest_drain_minutes=stack.catalog.request_path.longest_drain_minutes,
        system_drain_minutes=max(_LEAST_DRAIN_MINUTES, system),
    )
