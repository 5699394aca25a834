"""The record of what others decide about a request's path."""

from __future__ import annotations

from catalog.decoding import Record


class RequestPathFacts(Record, frozen=True):
    """Times and shares that others set on a request's path; `estimates` names the fields that nobody has measured."""

    load_balancer_idle_minutes: int
    """Silence after which the load balancer drops a connection, where no annotation says otherwise."""
    load_balancer_longest_idle_minutes: int
    """The most that the annotation may say."""
    load_balancer_probe_seconds: int
    load_balancer_probe_failures: int
    """Failed probes after which a node gets no new connections."""
    dns_ttl_seconds: int
    """How long a resolver may answer with the addresses of pods that are gone."""
    proxy_heap_share: float
    """Of a proxy's memory limit, the heap at which its overload actions begin."""
    proxy_stop_share: float
    """Of that heap, where every new request is refused."""
    proxy_grace_extra_seconds: int
    """What the gateway's controller adds to the drain for the grace period of a proxy's pod."""
    proxy_connection_kib: int
    """What an open connection may hold before anything reads it."""
    proxy_streams: int
    """Streams of one HTTP/2 connection where no policy says otherwise."""
    longest_drain_minutes: int
    """The longest drain timeout of a node pool that AKS takes."""
    spot_notice_seconds: int
    """Between the notice and the end of a spot VM."""
    bytes_per_token: int
    """JSON text of one token in a request; images are not text."""
    processor_copies: int
    """How often the AI gateway's processor beside each proxy holds a request's body."""
    processor_body_share: float
    """Of the processor's memory limit, what bodies may take."""
    server_teardown_seconds: int
    """What the server takes for its own end after its last request, up to the signal that kills its workers."""
    server_step_seconds: int
    """Time for one step of the engine's workers, after which the server ends; only where it has several."""
    server_recovery_seconds: int
    """Time for which an engine that failed waits for instructions, with fault tolerance and no option that says it."""
    watchdog_seconds: int
    """Silence of a process after which the server's watchdog writes its stacks, where no option says it."""
    estimates: tuple[str, ...]
    source: str
    as_of: str
