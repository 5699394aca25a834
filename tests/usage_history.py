"""What proxies count and Prometheus scrapes, as a story: the samples of every replica, and what was really used.

Names and labels are those of Agent Router (internal/metrics/metrics_impl.go): a counter begins with the first request
that has its labels, a prompt's tokens include those that came from a cache, and only a failure has an `error_type`.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

Labels = tuple[tuple[str, str], ...]
JOB: Final = "monitoring/envoy"
ENDPOINT: Final = "aigw-admin"
INTERVAL: Final = 30
DAY: Final = 86_400
TOKENS: Final = "gen_ai_client_token_usage_sum"
REQUESTS: Final = "gen_ai_server_request_duration_seconds_count"


def at(day: date, hours: float = 0) -> float:
    """Seconds of a time of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hours * 3600


@dataclass
class Proxy:
    """One pod's processor, and its counters since it started."""

    pod: str
    counters: Tally[Labels] = field(default_factory=Tally)

    def use(
        self, tenant: str | None, model: str, *, read: int = 0, cached: int | None = None, written: int = 0,
        backend: str = "llm/chat", answered_as: str | None = None,
    ) -> None:  # fmt: skip
        """Answer a request; `answered_as` is the name of a managed model that took it."""
        own = self._labels(tenant, model, backend, answered_as)
        self.counters[("__name__", REQUESTS), *own] += 1
        for kind, tokens in (("input", read), ("cached_input", cached), ("output", written)):
            if tokens is not None:
                self.counters[("__name__", TOKENS), *own, ("gen_ai_token_type", kind)] += tokens

    def fail(self, tenant: str, model: str) -> None:
        """Answer a request with an error."""
        self.counters[
            ("__name__", REQUESTS), *self._labels(tenant, model, "llm/chat", None), ("error_type", "_OTHER")
        ] += 1

    def overflow(self, tokens: int) -> None:
        """Answer a request whose labels are too many for the process: all of its tokens in one counter."""
        self.counters[("__name__", REQUESTS), ("otel_metric_overflow", "true")] += 1
        self.counters[("__name__", TOKENS), ("otel_metric_overflow", "true")] += tokens

    def restart(self) -> None:
        """The process begins again, in the same pod."""
        self.counters.clear()

    def _labels(self, tenant: str | None, model: str, backend: str, answered_as: str | None) -> Labels:
        named = (("tenant", tenant),) if tenant is not None else ()
        return (
            ("gen_ai_operation_name", "chat"),
            ("gen_ai_backend", backend),
            ("gen_ai_original_model", model),
            ("gen_ai_request_model", answered_as or model),
            *named,
        )


@dataclass
class Replica:
    """One replica of Prometheus: its samples, by series."""

    samples: dict[Labels, list[tuple[float, float]]] = field(default_factory=dict)
    instance: str = "10.0.0.1:1064"
    fails: bool = False
    """Whether its scrapes of processors fail, as with a port that is closed to it; those of Envoy itself go on."""

    @classmethod
    def running(cls, day: date) -> "Replica":
        """One that began an hour before a day, when there were no proxies yet: it scraped itself."""
        replica = cls()
        replica._add((("__name__", "up"), ("job", "kube-prometheus-stack-prometheus")), at(day, -1), 1)
        return replica

    def scrape(self, time: float, proxies: Iterable[Proxy]) -> None:
        """Take every counter as it stands; of a scrape that fails there is `up` alone, 0 (scrape/scrape.go, report)."""
        for proxy in proxies:
            pod = ("job", JOB), ("namespace", "envoy-gateway-system"), ("pod", proxy.pod)
            envoy = ("container", "envoy"), ("endpoint", "metrics"), ("instance", "10.0.0.1:19001"), *pod
            self._add((("__name__", "up"), *envoy), time, 1)
            target = (
                ("container", "ai-gateway-extproc"), ("endpoint", ENDPOINT), ("instance", self.instance), *pod,
            )  # fmt: skip
            self._add((("__name__", "up"), *target), time, 0 if self.fails else 1)
            for labels, value in () if self.fails else proxy.counters.items():
                self._add((*labels, *target), time, value)

    def forget(self, before: float) -> None:
        """What is older is deleted."""
        self.samples = {
            labels: kept
            for labels, samples in self.samples.items()
            if (kept := [sample for sample in samples if sample[0] >= before])
        }

    def _add(self, labels: Labels, time: float, value: float) -> None:
        self.samples.setdefault(tuple(sorted(labels)), []).append((time, float(value)))


def run(start: float, end: float, replicas: Sequence[Replica], proxies: Sequence[Proxy], *, offset: float = 7) -> None:
    """Scrape from `start` until `end`, each replica at moments of its own."""
    time = start
    while time < end:
        for index, replica in enumerate(replicas):
            replica.scrape(time + offset + 11 * index, proxies)
        time += INTERVAL


def run_hours(start: float, *, replicas: Sequence[Replica], proxies: Sequence[Proxy], hours: float = 24) -> None:
    """Scrape for some hours, a day by default."""
    run(start, start + hours * 3600, replicas, proxies)
