"""Alerts on what counts the limits of tenants: while it is away they pass uncounted, or are all refused."""

from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics
from planning.plan.limiter import RATE_LIMITS


def limit_alerts(plan: MonitoringPlan) -> list[Alert]:
    """None where nothing is counted; that no pod of the service answers, `ControllerDown` says."""
    if all(controller.name != RATE_LIMITS for controller in plan.controllers):
        return []
    return [
        Alert(
            # Whatever the reason: no pod of the service, no answer in time, or no Redis behind it.
            name="LimitsNotCounted",
            expression=f"sum(increase({metrics.LIMIT_ERRORS}[5m])) > 0",
            wait="5m",
            severity="critical",
            summary='proxies could not have {{ $value | printf "%.0f" }} requests of 5 minutes counted: tenants\' '
            "limits don't hold, or everybody is refused (`limiter.when_away`)",
            impact="tenants spend without limit, or every request of theirs is refused",
            owner="platform",
        ),
        Alert(
            name="RedisFails",
            expression=f'sum(increase({metrics.LIMITER_ERRORS}{{err_type="redis_error"}}[5m])) > 0',
            wait="5m",
            severity="critical",
            summary="the rate-limit service has no answer from Redis: it is away, full, or refuses the password",
            impact="tenants spend without limit, or every request of theirs is refused",
            owner="platform",
        ),
        Alert(
            name="LimitsRefuse",
            expression=f"sum(rate({metrics.LIMIT_REFUSALS}[15m])) "
            f"/ (sum(rate({metrics.LIMIT_REFUSALS}[15m])) + sum(rate({metrics.LIMIT_PASSES}[15m]))) > 0.2",
            wait="30m",
            severity="info",
            summary="{{ $value | humanizePercentage }} of the requests that are counted are over a tenant's limit",
            impact="clients of some tenants get 429: a limit too low, or a client that asks too much",
            owner="platform",
        ),
    ]
