"""How far counters went in a day: the exact sum of the differences of their samples, as Prometheus scraped them.

`increase()` is no basis for a bill: it extrapolates to the ends of its window, and loses what a counter had counted
before its first scrape (promql/functions.go, extrapolatedRate). Here a difference belongs to the day of its later
sample, so days add up to what was counted, and nothing is counted twice.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from charge_back.prometheus import Labels, Prometheus, Samples

# Samples of one answer: a window of a few minutes keeps it small with thousands of series.
WINDOW_SECONDS = 1200
# Where a counter's last value of the day before is looked for first; further back only for those without one.
_RECENT_SECONDS = 3600
# Labels of the scrape, not of the counter: the same one goes on where Prometheus gives it others.
_OF_THE_SCRAPE = frozenset({"__name__", "job", "instance", "endpoint", "container", "prometheus", "prometheus_replica"})
# Of a pod that ran already when Prometheus began, the first sample comes within this time.
_FIRST_SCRAPES_SECONDS = 120
_PODS_A_QUERY = 50
Counter = tuple[tuple[str, str], ...]


@dataclass
class Counted:
    """What a day's samples say: how far each counter went, and how many started again."""

    by_counter: dict[Counter, float] = field(default_factory=dict)
    resets: int = 0

    def add(self, counter: Counter, before: float | None, value: float) -> None:
        """A counter now shows `value`; without a value before it began in this day."""
        step = value if before is None or value < before else value - before
        self.resets += int(before is not None and value < before)
        self.by_counter[counter] = self.by_counter.get(counter, 0.0) + step


def counter_of(labels: Labels) -> Counter:
    """What a counter differs by: its labels but for those that the scrape gives it."""
    return tuple(sorted((name, value) for name, value in labels.items() if name not in _OF_THE_SCRAPE))


def windows(start: int, end: int) -> Iterator[tuple[int, int]]:
    """A time in windows, in their order."""
    for since in range(start, end, WINDOW_SECONDS):
        yield since, min(since + WINDOW_SECONDS, end)


def count(server: Prometheus, metric: str, matchers: str, *, start: int, end: int, since: float) -> Counted:
    """Count a metric after `start` until `end`; `since` is when the server's samples begin.

    What a process counted after its last scrape, before it ended, no sample says: at most what it counts in one
    interval between scrapes. A counter that a server finds running at its own beginning counts from there.
    """
    selector = f"{metric}{{{matchers}}}"
    last: dict[Counter, float] = {}
    for opening, closing in windows(start - _RECENT_SECONDS, start):
        last |= {counter: samples[-1][1] for counter, samples in _merged(server, selector, opening, closing)}
    counted = Counted()
    first: dict[Counter, tuple[float, float]] = {}
    for opening, closing in windows(start, end):
        for counter, samples in _merged(server, selector, opening, closing):
            for time, value in samples:
                if counter in last:
                    counted.add(counter, last[counter], value)
                else:
                    first[counter] = time, value
                last[counter] = value
    earlier = _earlier(server, metric, matchers, first, start=start, since=since)
    for counter, (time, value) in first.items():
        found = earlier.get(counter)
        ran_before = found is None and time <= since + _FIRST_SCRAPES_SECONDS
        counted.add(counter, value if ran_before else found, value)
    return counted


def _merged(server: Prometheus, selector: str, start: int, end: int) -> Iterator[tuple[Counter, Samples]]:
    """Samples of each counter; of one with two sets of labels in the order of time."""
    found: dict[Counter, Samples] = {}
    for labels, samples in server.samples(selector, start, end):
        found.setdefault(counter_of(labels), []).extend(samples)
    yield from ((counter, sorted(samples)) for counter, samples in found.items() if samples)


def _earlier(
    server: Prometheus,
    metric: str,
    matchers: str,
    first: Mapping[Counter, object],
    *,
    start: int,
    since: float,
) -> dict[Counter, float]:
    """Last values of counters that showed none in the hour before the day: Prometheus may have been away for longer.

    Only of pods that have such counters: most of them are new, and have no sample at all.
    """
    seconds = int(start - _RECENT_SECONDS - since) + 1
    pods = sorted({dict(counter).get("pod", "") for counter in first})
    found: dict[Counter, float] = {}
    for index in range(0, len(pods) if seconds > 0 else 0, _PODS_A_QUERY):
        some = "|".join(re.escape(pod) for pod in pods[index : index + _PODS_A_QUERY]).replace("\\", "\\\\")
        selector = f'{metric}{{{matchers},pod=~"{some}"}}'
        for labels, value in server.last(selector, seconds, start - _RECENT_SECONDS):
            found[counter_of(labels)] = value
    return found


def longest_gap(server: Prometheus, matchers: str, *, start: int, end: int) -> float:
    """The longest time, in seconds, in which no scrape of the targets succeeded; all of it at most.

    A scrape that fails has a sample too: its `up` is 0 (scrape/scrape.go, `report`).
    """
    longest, before = 0.0, float(start)
    for opening, closing in windows(start, end):
        found = server.samples(f"up{{{matchers}}}", opening, closing)
        for time in sorted({time for _, samples in found for time, up in samples if up == 1}):
            longest, before = max(longest, time - before), time
    return max(longest, end - before)
