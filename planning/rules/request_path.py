"""Rules about a request's way: of two neighbours, the one that must wait for the other waits longer."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from planning.placement.release_on_pool import ReleaseOnPool
from planning.plan import ModelPath, RequestPathPlan
from planning.resolving.releases import ReleaseView
from planning.resolving.request_path import CONNECTIONS_OF_LARGEST, request_path, tokens_of
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, placement_rule, release_rule, stack_rule

_ENVOY = "https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts"
_TIMEOUT = "gateway.request_timeout_seconds"
_MINUTE = 60
# What decides a pair, where it is not a field of catalog/request_path.yaml.
_CONTEXT, _OURS = "models[].context", ""


class Pair(NamedTuple):
    """Two neighbours of a request's way: `shorter` must be below `longer`, or at most equal where `may_equal`."""

    shorter_name: str
    shorter: float
    longer_name: str
    longer: float
    breaks: str
    """What happens otherwise."""
    may_equal: bool = False
    decided_by: str = _OURS
    """The field of catalog/request_path.yaml, or the setting, that puts them in order; empty: this program alone."""

    @property
    def holds(self) -> bool:
        """Whether the two are in order."""
        return self.shorter <= self.longer if self.may_equal else self.shorter < self.longer


def pairs(path: RequestPathPlan) -> Iterator[Pair]:
    """Every pair of neighbours, from client to node; docs/request-path.md lists them."""
    balancer, listener, proxy, nodes = path.load_balancer, path.listener, path.proxy, path.nodes
    keepalive = listener.keepalive
    noticed = keepalive.idle_seconds + keepalive.interval_seconds * keepalive.probes
    yield Pair(
        "TCP keep-alive towards clients, all probes lost", noticed,
        "silence that any load balancer bears", min(balancer.default_idle_seconds, balancer.idle_seconds),
        "a load balancer drops a request that waits in silence", decided_by="load_balancer_idle_minutes",
    )  # fmt: skip
    yield Pair(
        "idle time of the proxies' listener", listener.idle_seconds, "silence that the load balancer bears",
        balancer.idle_seconds, "clients send into connections that the load balancer has forgotten",
        decided_by="load_balancer_longest_idle_minutes",
    )  # fmt: skip
    yield Pair(
        "time for headers", listener.headers_seconds, "time for a whole request", listener.body_seconds,
        "no body is ever complete",
    )  # fmt: skip
    yield Pair(
        "time until the load balancer sends no new connections", balancer.unhealthy_seconds,
        "time for which a proxy that goes still takes them", proxy.min_drain_seconds,
        "connections to a proxy that goes are refused", decided_by="load_balancer_probe_seconds",
    )  # fmt: skip
    yield Pair(
        "longest request, body included", path.request_seconds + listener.body_seconds, "drain of a proxy",
        proxy.drain_seconds, "requests are cut when a proxy goes", may_equal=True,
    )  # fmt: skip
    yield Pair(
        "drain of a proxy", proxy.drain_seconds, "grace period of a proxy", proxy.grace_seconds,
        "the proxy is killed in its drain", decided_by="proxy_grace_extra_seconds",
    )  # fmt: skip
    yield Pair(
        "grace period of a proxy", proxy.grace_seconds, "drain of a system node", nodes.system_drain_minutes * _MINUTE,
        "an upgrade of the system nodes stops, or cuts requests",
    )  # fmt: skip
    yield Pair(
        "grace period of a proxy", proxy.grace_seconds, "grace that the autoscaler gives", nodes.scale_down_seconds,
        "requests are cut when a system node is removed", may_equal=True,
    )  # fmt: skip
    yield Pair(
        f"bodies of {CONNECTIONS_OF_LARGEST} HTTP/2 connections, MiB",
        CONNECTIONS_OF_LARGEST * listener.streams * listener.body_mib,
        "bodies that a proxy and its processor hold, MiB", proxy.bodies_mib, "a few requests stop a proxy",
        may_equal=True, decided_by=_CONTEXT,
    )  # fmt: skip
    yield Pair(
        "heap share at which idle connections have the least time", proxy.shorten_all_share,
        "heap share from which the largest requests are reset", proxy.reset_share,
        "requests end for connections that nobody uses",
    )  # fmt: skip
    yield Pair(
        "heap share from which the largest requests are reset", proxy.reset_share,
        "heap share at which every new request is refused", proxy.stop_share, "large bodies stop everyone",
        decided_by="proxy_stop_share",
    )  # fmt: skip
    for model in path.models:
        yield from _model_pairs(path, model)


def _model_pairs(path: RequestPathPlan, model: ModelPath) -> Iterator[Pair]:
    upstream, server, nodes = model.upstream, model.server, path.nodes
    yield Pair(
        "longest request", model.request_seconds, "silence that a stream bears",
        min(model.stream_idle_seconds, path.listener.stream_idle_seconds),
        "a request that waits in the queue is cut before its time", may_equal=True,
    )  # fmt: skip
    if server.sse_keep_alive_seconds is not None:
        yield Pair(
            "comments in a silent stream", server.sse_keep_alive_seconds, "silence that any load balancer bears",
            path.load_balancer.default_idle_seconds, "proxies of a client's network cut a silent stream",
            decided_by="load_balancer_idle_minutes",
        )  # fmt: skip
    yield Pair(
        "connection attempts, all retries included", upstream.connect_seconds * (upstream.retries + 1),
        "longest request", model.request_seconds, "a request ends before its retries do",
    )  # fmt: skip
    yield Pair(
        "idle time of the proxies towards the server", upstream.idle_seconds, "keep-alive of the server",
        server.keep_alive_seconds, "requests are sent into connections that the server closes",
    )  # fmt: skip
    yield Pair(
        "stale addresses of pods", upstream.dns_ttl_seconds + upstream.dns_refresh_seconds,
        "pause before SIGTERM", server.pre_stop_seconds, "requests are sent to pods that refuse them",
    )  # fmt: skip
    yield Pair(
        "three times the patience of readiness", 3 * server.readiness.patience_seconds, "patience of liveness",
        server.liveness.patience_seconds, "a busy replica is restarted and loses its requests",
    )  # fmt: skip
    yield Pair(
        "longest request", model.request_seconds, "patience of liveness", server.liveness.patience_seconds,
        "a restart loses answers that somebody waits for", may_equal=True,
    )  # fmt: skip
    yield Pair(
        "pause before SIGTERM and drain", server.pre_stop_seconds + server.drain_seconds, "grace period of a pod",
        server.grace_seconds, "a pod is killed in its drain",
    )  # fmt: skip
    yield Pair(
        "pause before SIGTERM", server.pre_stop_seconds, "grace after a failed liveness probe",
        server.liveness_grace_seconds, "the server never gets its signal",
    )  # fmt: skip
    yield Pair(
        "grace period of a pod", server.grace_seconds, "grace that the autoscaler gives", nodes.scale_down_seconds,
        "requests are cut when a GPU node is removed", may_equal=True,
    )  # fmt: skip
    yield Pair(
        "grace period of a pod", server.grace_seconds, "longest drain of a node that AKS takes",
        nodes.longest_drain_minutes * _MINUTE,
        "an upgrade of the nodes stops, or cuts requests", may_equal=True,
    )  # fmt: skip


@stack_rule(
    "PATH-ORDER",
    "error",
    prevents="Requests are cut, refused or kept waiting by the neighbour that gives up first: 503, 504, or an answer "
    "that ends in the middle.",
    source="this program's table, docs/request-path.md",
    reads=("gateway", "models"),
)
def neighbours_in_order(stack: Resolution) -> Violations:
    """Of every two neighbours on a request's way the one that must outlast the other does, by the catalog's figures."""
    for pair in dict.fromkeys(pairs(request_path(stack))):
        if not pair.holds:
            relation = "above" if pair.may_equal else "not below"
            place, fix = _remedy(stack, pair)
            yield Violation(
                place,
                f"{pair.shorter_name} ({pair.shorter:g}) is {relation} {pair.longer_name} ({pair.longer:g}): "
                f"{pair.breaks}",
                fix,
            )


def _remedy(stack: Resolution, pair: Pair) -> tuple[str, str]:
    """Where a pair that is out of order is decided, and what to write there."""
    if pair.decided_by == _CONTEXT:
        longest = max(stack.releases, key=lambda release: release.settings.context)
        largest = 1 << int(math.log2(request_path(stack).proxy.bodies_mib / CONNECTIONS_OF_LARGEST))
        return f"{longest.path}.context", f"write {tokens_of(stack, largest)} or less"
    if pair.decided_by == _OURS:
        return "gateway", "correct planning/resolving/request_path.py: both figures are this program's own"
    return "gateway", f"correct {pair.decided_by} in catalog/request_path.yaml"


@release_rule(
    "PATH-DRAIN",
    "warning",
    prevents="Every rollout, scale-down and upgrade cuts answers in the middle: the pod is killed while the gateway "
    "still waits for it.",
    source="vLLM docs, `--shutdown-timeout`; https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/",
    model=("drain_seconds",),
    reads=(_TIMEOUT,),
)
def drain_outlasts_request(stack: Resolution, release: ReleaseView) -> Violations:
    """A replica that stops has as long for its running requests as a request may take."""
    longest, drain = stack.settings.gateway.request_timeout_seconds, release.settings.drain_seconds
    if drain is not None and drain < longest:
        yield Violation(
            f"{release.path}.drain_seconds",
            f"{drain} s, but a request may take {longest} s ({_TIMEOUT}): it is cut when its replica stops",
            f"leave it out or write {longest}, or set {_TIMEOUT} to {drain} or less"
            if drain >= _LEAST_TIMEOUT
            else f"leave it out or write {longest}",
        )


# As config/gateway.py allows.
_LEAST_TIMEOUT = 30


@stack_rule(
    "PATH-SILENCE",
    "info",
    prevents="A request that waits in silence ends after four minutes, though it may take longer: a firewall, proxy or "
    "load balancer of the client's network forgets its connection.",
    source="https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-reset",
    reads=(_TIMEOUT,),
)
def silence_within_every_limit(stack: Resolution) -> Violations:
    """No request may take longer than a load balancer with its default limit bears silence."""
    path = request_path(stack)
    limit = path.load_balancer.default_idle_seconds
    if path.request_seconds > limit:
        yield Violation(
            _TIMEOUT,
            f"{path.request_seconds} s: this platform keeps silent connections open by TCP keep-alive, but a client's "
            f"own proxy or firewall may end one after {limit} s in which no data comes",
            f"set {limit} or less, or have clients stream answers, which get a comment every few seconds",
        )


@stack_rule(
    "PATH-SINGLE",
    "warning",
    prevents="The whole platform answers nothing while the only proxy is replaced: a drained node, a failed zone, or a "
    "proxy that was killed for its memory.",
    source="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
    reads=("gateway.replicas", "platform.environment"),
)
def production_has_two_proxies(stack: Resolution) -> Violations:
    """In production, there are always two proxies or more."""
    fewest = stack.settings.gateway.replicas.min
    if stack.settings.platform.is_production and fewest < _TWO:
        yield Violation(
            "gateway.replicas.min",
            f"{fewest}, and this is production: every request goes through this one proxy",
            f"write {_TWO} or more",
        )


_TWO = 2


@placement_rule(
    "SPOT-DRAIN",
    "info",
    prevents="Answers break off: a spot node is gone before its requests have finished, whatever time they are given.",
    source="https://learn.microsoft.com/azure/virtual-machines/spot-vms",
    model=("pool",),
    pool=("name", "capacity"),
    reads=(_TIMEOUT,),
    needs="aks",
)
def requests_fit_notice(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """No request on a spot node may take longer than the notice that Azure gives before it evicts the node."""
    notice, longest = stack.catalog.request_path.spot_notice_seconds, request_path(stack).request_seconds
    if place.pool.spot and longest > notice:
        yield Violation(
            f"{place.release.path}.pool",
            f"a request may take {longest} s, but a node of `{place.pool.name}` is gone about {notice} s after its "
            "notice: what runs on it then is cut",
            f"have clients repeat a request that was cut off, or set {_TIMEOUT} to {notice}",
        )
