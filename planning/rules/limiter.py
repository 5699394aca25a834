"""Rules about limits that all proxies count together: what they rest on, and what they don't count."""

from config.limiter import Limiter
from planning.resolving.limiter import limits_are_counted
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_REDIS, _AWAY, _TIMEOUT = "limiter.redis", "limiter.when_away", "limiter.timeout_milliseconds"
_USUAL_MILLISECONDS: int = Limiter.model_fields["timeout_milliseconds"].default


@stack_rule(
    "LIMIT-IDLE",
    "warning",
    prevents="Somebody believes that tenants are limited, and nothing is counted: no rate-limit service is there.",
    source="this program: the service runs where a tenant has `limits`",
    reads=("limiter", "tenants"),
)
def limiter_has_limits(stack: Resolution) -> Violations:
    """Where the rate-limit service is set up, a tenant has limits."""
    if stack.settings.limiter.model_fields_set and not limits_are_counted(stack):
        yield Violation(
            "limiter",
            "no tenant has limits, so nothing is counted and this has no effect",
            "give a tenant limits, such as {requests_per_minute: 600}, or leave `limiter` out",
        )


@stack_rule(
    "LIMIT-CUT-STREAMS",
    "warning",
    prevents="A tenant streams answers and leaves before their end: no token of them is counted, as often as it likes.",
    source="envoyproxy/ai-gateway internal/extproc/processor_impl.go, ProcessResponseBody: tokens are handed to the "
    "rate limits with the end of the answer; tried with the real rate-limit service",
    reads=("tenants",),
)
def cut_streams_are_bounded(stack: Resolution) -> Violations:
    """A tenant whose tokens are limited has a limit of requests too, which counts what is cut off."""
    for index, tenant in enumerate(stack.settings.tenants):
        limits = tenant.limits
        if (limits.tokens_per_minute or limits.tokens_per_month) and limits.requests_per_minute is None:
            path = f"tenants[{index}].limits"
            yield Violation(
                path,
                f"`{tenant.name}` has limits of tokens alone: a stream that it cuts off counts as none",
                f"write {path}.requests_per_minute as well",
            )


@stack_rule(
    "PROD-LIMITS",
    "warning",
    prevents="A node, a disk or a zone takes with it what tenants' budgets rest on: nobody is limited until Redis is "
    "back, or everybody is refused.",
    source="this program: Redis in the cluster is one pod with a disk in one zone",
    reads=("platform.environment", _REDIS, _AWAY),
)
def production_counts_safely(stack: Resolution) -> Violations:
    """In production what tenants take is counted where one zone may be lost."""
    if stack.settings.platform.is_production and limits_are_counted(stack) and stack.settings.limiter.redis != "azure":
        passes = "pass uncounted" if stack.settings.limiter.when_away == "allow" else "are refused"
        yield Violation(
            _REDIS,
            f"this is production: while the one pod of Redis is away, all tenants' requests {passes}",
            "write `azure`",
            (_REDIS, _AWAY, "platform.environment"),
        )


@stack_rule(
    "LIMIT-HURRY",
    "warning",
    prevents="Requests are counted too late to matter: they pass without limits or are refused, and nothing is broken.",
    source="this program's default; how long Azure's Redis takes to answer over TLS, no page says",
    reads=(_TIMEOUT, _REDIS, _AWAY, "tenants"),
)
def counting_has_its_time(stack: Resolution) -> Violations:
    """Where Redis is Azure's, behind TLS and perhaps in another zone, requests wait as long as by default."""
    limiter = stack.settings.limiter
    if limits_are_counted(stack) and limiter.redis == "azure" and limiter.timeout_milliseconds < _USUAL_MILLISECONDS:
        passes = "passes uncounted" if limiter.when_away == "allow" else "is refused"
        yield Violation(
            _TIMEOUT,
            f"{limiter.timeout_milliseconds} ms, less than the default ({_USUAL_MILLISECONDS}), for the way to the "
            f"rate-limit service and from there to Azure's Redis: what takes longer {passes}",
            f"leave it out, or measure that way before you write less than {_USUAL_MILLISECONDS}",
            (_TIMEOUT, _REDIS, _AWAY),
        )
