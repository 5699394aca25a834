"""Names of the recorded series of objectives: `model` and `slo` (availability, ttft, itl) are their only labels."""

# Windows of the alerts, as the SRE workbook pairs them (https://sre.google/workbook/alerting-on-slos/).
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SHORTEST = WINDOWS[0]

BUDGET = "slo:budget:ratio"
"""Share that may be bad, a constant of each objective."""
SOURCES = "slo:sources:count"
"""Series that an objective is counted by; there as long as something exports them, with requests or without."""
REPLICAS = "slo:replicas:sum"
"""Replicas of a model that are available."""
LEFT = "slo:budget_left:ratio30d"
"""Share of the budget of 30 days that is left, below 0 where more was used; none without requests."""


def events(window: str) -> str:
    """Requests of a model that were answered or failed, or its tokens."""
    return f"slo:events:increase{window}"


def failures(window: str) -> str:
    """Requests of a model that its route failed to answer, or whose answer broke off."""
    return f"slo:route_failures:increase{window}"


def gateway_requests(window: str) -> str:
    """Requests that the gateway answered, whatever they were for."""
    return f"slo:gateway_requests:increase{window}"


def gateway_failures(window: str) -> str:
    """Requests that failed in the gateway itself, before any model or after it."""
    return f"slo:gateway_failures:increase{window}"


def bad(window: str) -> str:
    """What of an objective's events was bad; for availability with what failed in the gateway."""
    return f"slo:bad_events:increase{window}"


def ratio(window: str) -> str:
    """Share that was bad; none where there were no events."""
    return f"slo:error_ratio:increase{window}"
