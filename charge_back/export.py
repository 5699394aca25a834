"""Which days are missing, and the file of each: written once, from the replica of Prometheus that saw most of it."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from charge_back.blobs import Container
from charge_back.calls import ExportError
from charge_back.counting import Counted, count, longest_gap
from charge_back.prometheus import Prometheus
from charge_back.records import as_csv, by_tenant
from charge_back.settings import Settings

_TOKENS = "gen_ai_client_token_usage_sum"
_REQUESTS = "gen_ai_server_request_duration_seconds_count"
_KINDS = 'gen_ai_token_type=~"input|cached_input|output"'
# What a process counts beyond the sets of labels that it may have, in one of no tenant and no kind
# (opentelemetry.io/docs/specs/otel/metrics/sdk, "Overflow attribute").
_OVERFLOW = 'otel_metric_overflow="true"'
# Proxies are scraped twice a minute: a gap of this length is nothing but a scrape or two that failed.
_USUAL_GAP_SECONDS = 90
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Source:
    """A replica that answers, and when its samples begin."""

    server: Prometheus
    since: float


def name_of(day: date) -> str:
    """Name of a day's file."""
    return f"{day:%Y/%m/%d}.csv"


def export(settings: Settings, container: Container, *, now: datetime) -> Iterator[str]:
    """Write every file that is missing from `since` until yesterday; yields a line for each, and what went wrong.

    Raises:
        ExportError: a day could not be written, when all others are; or nothing could be done at all.
    """
    written = set(container.names())
    sources = list(_sources(settings.servers))
    failed = [text for text in sources if isinstance(text, str)]
    yield from failed
    answering = [source for source in sources if isinstance(source, Source)]
    if not answering:
        raise ExportError("no replica of Prometheus has samples")
    yesterday = now.astimezone(UTC).date() - _DAY
    oldest = yesterday - timedelta(days=settings.keep_days - 1)
    wrong = []
    first = max(settings.since, oldest)
    if first > yesterday:
        # Nothing is missing, so this run has succeeded: a day that lies ahead may also be a slip of the finger.
        yield f"nothing to export yet: {settings.since} is the first day (`since`), {yesterday} the last whole one"
    for offset in range((yesterday - first).days + 1):
        day = first + offset * _DAY
        if name_of(day) not in written:
            try:
                yield _write(settings, container, answering, day, written)
            except ExportError as error:
                wrong.append(f"{day}: {error}")
                yield wrong[-1]
    if wrong:
        raise ExportError(f"not exported: {'; '.join(wrong)}")


def _sources(addresses: Iterable[str]) -> Iterator[Source | str]:
    """Replicas that have samples, and a line for each that has none or doesn't answer."""
    for address in addresses:
        server = Prometheus(address)
        try:
            since = server.since()
        except ExportError as error:
            yield str(error)
        else:
            yield f"{address} has no samples" if since is None else Source(server, since)


def _write(
    settings: Settings, container: Container, sources: Iterable[Source], day: date, written: AbstractSet[str]
) -> str:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    end = start + int(_DAY.total_seconds())
    able = [source for source in sources if source.since < end]
    if not able:
        raise ExportError(f"Prometheus keeps no samples of it any more: {_cures(day)}")
    whole = [source for source in able if source.since <= start]
    # The job has a target of Envoy itself in the same pods.
    targets = f'job="{settings.job}",endpoint="{settings.endpoint}"'
    gaps = [(longest_gap(source.server, targets, start=start, end=end), source) for source in whole or able]
    # The same replica as on other days, unless it was away: each has scraped at moments of its own.
    gap, source = next(
        (found for found in gaps if found[0] <= _USUAL_GAP_SECONDS), min(gaps, key=lambda found: found[0])
    )
    job = f'job="{settings.job}"'
    tokens = count(source.server, _TOKENS, f"{job},{_KINDS}", start=start, end=end, since=source.since)
    requests = count(source.server, _REQUESTS, job, start=start, end=end, since=source.since)
    merged = count(source.server, _TOKENS, f"{job},{_OVERFLOW}", start=start, end=end, since=source.since)
    content = as_csv(day.isoformat(), by_tenant(tokens, requests), settings.prices)
    notes = _notes(source, gap, tokens, requests, merged)
    if not whole:
        partial = name_of(day).replace(".csv", ".partial.csv")
        # What is left gets less every day: the first file has most.
        if partial not in written:
            container.create(partial, content, notes)
        raise ExportError(f"Prometheus keeps no samples of its beginning, the rest is in {partial}: {_cures(day)}")
    fresh = container.create(name_of(day), content, notes)
    lines = len(content.splitlines()) - 1
    state = "written" if fresh else "was there already"
    return f"{day}: {state}, {lines} lines, " + ", ".join(f"{key} {value}" for key, value in notes.items())


def _cures(day: date) -> str:
    return f"write {name_of(day)} yourself, or set `since` to a later day"


def _notes(source: Source, gap: float, tokens: Counted, requests: Counted, merged: Counted) -> dict[str, str]:
    """How the day was counted, kept with its file."""
    return {
        "source": source.server.address,
        "longest_gap_seconds": f"{gap:.0f}",
        "resets": str(tokens.resets + requests.resets),
        "tokens_of_nobody": f"{sum(merged.by_counter.values()):.0f}",
    }
