"""The way of a request from client to model: every idle, request, drain, keep-alive, retry and probe figure, once.

Seconds unless the name says otherwise. Rules compare neighbours (planning/rules/request_path.py); components render
these figures and no others.
"""

from msgspec import Struct


class TcpKeepalivePath(Struct, frozen=True, kw_only=True):
    """Empty packets on a connection on which nothing flows, so that nothing on the way forgets it."""

    idle_seconds: int
    """Silence before the first packet."""
    interval_seconds: int
    """Time between packets that are not answered."""
    probes: int
    """Unanswered packets after which the connection is closed."""


class LoadBalancerPath(Struct, frozen=True, kw_only=True):
    """The load balancer in front of the proxies."""

    idle_seconds: int
    """Silence after which it drops a connection."""
    default_idle_seconds: int
    """The same of a load balancer whose limit nobody raised, such as one of a client's own network."""
    unhealthy_seconds: int
    """Time until it sends no new connections to a proxy that is going."""


class ListenerPath(Struct, frozen=True, kw_only=True):
    """The proxies' side towards clients."""

    keepalive: TcpKeepalivePath
    """Keeps load balancers from dropping a connection while a request waits."""
    inspection_seconds: int
    """Time for the first bytes of a connection."""
    handshake_seconds: int
    """Time for the TLS handshake."""
    headers_seconds: int
    """Time for a request's headers."""
    body_seconds: int
    """Time for a whole request, body included."""
    idle_seconds: int
    """Time for which a connection without requests stays open."""
    stream_idle_seconds: int
    """Silence within one request after which it ends."""
    body_mib: int
    """Largest body of a request, MiB; it is held until the answer begins."""
    streams: int
    """Most requests at once on one HTTP/2 connection; how many connections a client opens, Envoy doesn't limit."""
    connections: int
    """Most connections of one proxy."""
    requests_per_connection: int
    """Requests after which a client must connect again, so that proxies that were added get some."""


class ProxyPath(Struct, frozen=True, kw_only=True):
    """One proxy: its memory and how it goes."""

    memory_mib: int
    """Memory limit of its container, MiB."""
    heap_mib: int
    """Heap at which its overload actions are complete, MiB."""
    processor_mib: int
    """Bodies that the AI gateway's processor beside it holds within its memory limit, MiB."""
    processor_soft_mib: int
    """Memory at which the processor's runtime collects garbage, whatever it costs, MiB."""
    bodies_mib: int
    """Bodies that both hold at once, MiB."""
    largest_bodies: int
    """Bodies of the largest size that both hold at once, whoever sends them; one more stops the processor."""
    shorten_share: float
    """Share of the heap from which connections without requests are closed sooner."""
    shorten_all_share: float
    """Share of the heap at which they have the least time."""
    least_idle_seconds: int
    """That time."""
    reset_share: float
    """Share of the heap from which the requests that hold most memory are reset (HTTP/2 only)."""
    reset_all_share: float
    """Share of the heap at which all that can be reset are."""
    stop_share: float
    """Share of the heap at which every new request is refused."""
    min_drain_seconds: int
    """Time for which a proxy that is going still takes connections."""
    drain_seconds: int
    """Time for its requests to finish."""
    grace_seconds: int
    """Time between the decision to stop it and SIGKILL."""


class UpstreamPath(Struct, frozen=True, kw_only=True):
    """The proxies' side towards the pods of one model."""

    connect_seconds: int
    """Time for a connection to a pod."""
    idle_seconds: int
    """Time for which a connection without requests is kept."""
    keepalive: TcpKeepalivePath
    """Keeps a connection alive while a request waits for its answer."""
    dns_refresh_seconds: int
    """How often the pods' addresses are read, where the answer's own time to live is not shorter."""
    dns_ttl_seconds: int
    """How long an answer may be out of date."""
    retries: int
    """How often a request is sent again, to another pod if there is one."""
    retry_on: tuple[str, ...]
    """Failures before the first byte of an answer, the only ones after which a request is sent again."""
    retry_base_milliseconds: int
    """Shortest pause before a request is sent again, milliseconds."""
    retry_max_milliseconds: int
    """Longest pause before a request is sent again, milliseconds."""
    failures: int
    """Failed connections in a row after which a pod gets no requests for a while."""
    failure_check_seconds: int
    """How often that is decided."""
    ejection_seconds: int
    """For how long at first: until DNS no longer names a pod that isn't ready."""
    ejection_percent: int
    """Most pods, in percent, that get no requests at a time; at 50 never the only one."""
    requests: int
    """Most requests at once through one proxy, each with a connection of its own: none waits unseen in the proxy."""
    retrying: int
    """Most requests that are being sent again at once."""
    client_requests_per_minute: int
    """Requests of one client to the model within a minute through one proxy; those beyond are answered 429."""


class ProbePath(Struct, frozen=True, kw_only=True):
    """One of kubelet's probes."""

    period_seconds: int
    """Time between two probes."""
    timeout_seconds: int
    """Time for an answer."""
    failures: int
    """Failures in a row that count."""

    @property
    def patience_seconds(self) -> int:
        """Time for which a pod may fail."""
        return self.period_seconds * self.failures


class ServerPath(Struct, frozen=True, kw_only=True):
    """The pods of one model."""

    keep_alive_seconds: int
    """Time for which the server keeps a connection without requests."""
    sse_keep_alive_seconds: int | None
    """Silence after which a streamed answer gets a comment; None where this vLLM has no such option."""
    readiness: ProbePath
    """Whether a pod gets requests."""
    liveness: ProbePath
    """Whether its engine makes progress; else it is restarted."""
    liveness_grace_seconds: int
    """Time between that decision and SIGKILL: nobody waits for the answers of an engine that stands still."""
    pre_stop_seconds: int
    """Time between the decision to stop a pod and SIGTERM, in which the proxies learn that it goes."""
    drain_seconds: int
    """Time for running requests after SIGTERM."""
    teardown_seconds: int
    """Time for which the server waits for its workers after the last request, before it kills them."""
    grace_seconds: int
    """Time between the decision to stop a pod and SIGKILL."""
    step_seconds: int
    """Time for one step of an engine with several GPUs; then the server ends and the pod is restarted."""
    recovery_seconds: int | None
    """Time for which an engine that failed waits for instructions; None without `enable-fault-tolerance`."""
    watchdog_seconds: int | None
    """Silence of a process after which its stacks are written to a file, nothing else; None without a folder for it."""
    most_requests: int | None
    """Requests at once, running and waiting, above which the server answers 503; None: all wait."""
    most_prompt_tokens: int | None
    """Tokens of prompts not yet read at which the server answers 503; None: all wait."""


class ModelPath(Struct, frozen=True, kw_only=True):
    """The way from the proxies to one model."""

    model: str
    """Name of the model."""
    request_seconds: int
    """Longest time for a request, waiting, retries and the whole answer included."""
    stream_idle_seconds: int
    """Silence within one request after which it ends."""
    upstream: UpstreamPath
    """The proxies' side."""
    server: ServerPath
    """The pods' side."""


class NodePath(Struct, frozen=True, kw_only=True):
    """Nodes that go, with pods that still answer."""

    scale_down_seconds: int
    """Longest grace that the cluster autoscaler gives the pods of a node that it removes."""
    longest_drain_minutes: int
    """Longest drain of a node that AKS takes, minutes; each pool has its own, by replicas of a node and their start."""
    system_drain_minutes: int
    """Longest drain of a system node, where the proxies run, minutes."""


class RequestPathPlan(Struct, frozen=True, kw_only=True):
    """The whole way, from outside in."""

    request_seconds: int
    """Longest time for a request, waiting, retries and the whole answer included."""
    load_balancer: LoadBalancerPath
    """In front of the proxies."""
    listener: ListenerPath
    """The proxies towards clients."""
    proxy: ProxyPath
    """The proxies themselves."""
    models: tuple[ModelPath, ...]
    """From the proxies to each model, in the order of the stack file."""
    nodes: NodePath
    """Nodes that go."""
