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
        ),
        Alert(
            name="RedisFails",
            expression=f'sum(increase({metrics.LIMITER_ERRORS}{{err_type="redis_error"}}[5m])) > 0',
            wait="5m",
            severity="critical",
            summary="the rate-limit service has no answer from Redis: it is away, full, or refuses the password",
        ),
    ]
