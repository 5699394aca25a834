"""One replica of Prometheus: its samples as it scraped them, and since when it has any."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from charge_back.calls import ExportError, call

_OK = 200
Labels = dict[str, str]
Samples = list[tuple[float, float]]
# Its name among the metrics of Prometheus itself (tsdb/db.go).
_LOWEST = "prometheus_tsdb_lowest_timestamp_seconds"


class Prometheus:
    """One server, by its own address: behind a Service each query might reach another replica."""

    def __init__(self, address: str) -> None:
        self.address = address

    def since(self) -> float | None:
        """The time of its oldest sample, in seconds; None while it has none.

        Raises:
            ExportError: it doesn't say.
        """
        answer = call("GET", f"{self.address}/metrics")
        for line in answer.body.decode(errors="replace").splitlines():
            name, _, value = line.partition(" ")
            if name == _LOWEST:
                found = float(value)
                # Without a sample it is the largest number of milliseconds.
                return found if 0 < found < 1e12 else None  # noqa: PLR2004 - far beyond any date in seconds
        raise ExportError(f"{self.address} answered {answer.status} and has no {_LOWEST}")

    def samples(self, selector: str, start: int, end: int) -> Iterator[tuple[Labels, Samples]]:
        """Series with their samples after `start` until `end`, in seconds, in the order of time.

        A range without `rate` or `increase` is what was scraped, without extrapolation; since version 3 its left end
        is not part of it (docs/querying/basics.md, "Range Vector Selectors").
        """
        for series in self._query(f"{selector}[{end - start}s]", end, "matrix"):
            yield series["metric"], [(float(time), float(value)) for time, value in series["values"]]

    def last(self, selector: str, seconds: int, end: int) -> Iterator[tuple[Labels, float]]:
        """Series with their last value within `seconds` before `end`."""
        for series in self._query(f"last_over_time({selector}[{seconds}s])", end, "vector"):
            yield series["metric"], float(series["value"][1])

    def _query(self, expression: str, time: int, kind: str) -> list[Any]:
        answer = call(
            "POST",
            f"{self.address}/api/v1/query",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({"query": expression, "time": str(time)}).encode(),
        )
        try:
            reply = json.loads(answer.body)
        except ValueError as error:
            raise ExportError(f"{self.address} answered {answer.status} without JSON") from error
        if answer.status != _OK or reply.get("status") != "success" or reply["data"]["resultType"] != kind:
            raise ExportError(f"{self.address} answered {answer.status} to {expression}: {reply.get('error')}")
        result: list[Any] = reply["data"]["result"]
        return result
