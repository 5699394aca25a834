"""Rules about limits, guarantees and priorities that another setting takes away again."""

from planning.resolving.resolution import Resolution
from planning.resolving.tenants import may_use, prioritised
from planning.rules.register import Violation, Violations, stack_rule

_PER_PROXY = "gateway.limits.requests_per_minute"


@stack_rule(
    "TENANT-PROXIES",
    "warning",
    prevents="A tenant is answered 429 long before its own limit, by a limit that its own line doesn't have.",
    source="this program: each proxy counts the requests of each client to each model by itself",
    reads=("tenants", "models", _PER_PROXY, "gateway.replicas"),
)
def a_tenant_s_limit_can_be_reached(stack: Resolution) -> Violations:
    """A tenant's requests of a minute pass through the most proxies, to all of its models."""
    each, proxies = stack.settings.gateway.limits.requests_per_minute, stack.settings.gateway.replicas.max
    for index, tenant in enumerate(stack.settings.tenants):
        wanted = tenant.limits.requests_per_minute
        models = sum(may_use(tenant, model) for model in stack.settings.models)
        passing = each * proxies * models
        if wanted is not None and models and wanted > passing:
            yield Violation(
                f"tenants[{index}].limits.requests_per_minute",
                f"{wanted}, but {passing} pass at most: {_PER_PROXY} is {each} for each model ({models}) and proxy "
                f"({proxies} at most)",
                f"write {passing} or less, or {_PER_PROXY}: {-(-wanted // (proxies * models))} or more",
            )


@stack_rule(
    "TENANT-PROMISE",
    "error",
    prevents="A tenant is guaranteed tokens that its own limit refuses it.",
    source="this program: both count tokens of answers",
    reads=("tenants",),
)
def a_guarantee_is_within_the_limits(stack: Resolution) -> Violations:
    """What a tenant is guaranteed, its own limits let it have."""
    for index, tenant in enumerate(stack.settings.tenants):
        promised = tenant.guaranteed_tokens_per_minute
        for window in ("tokens_per_minute", "tokens_per_month"):
            limit = getattr(tenant.limits, window)
            most = None if limit is None else limit.output
            if promised is not None and most is not None and promised > most:
                path = f"tenants[{index}].guaranteed_tokens_per_minute"
                yield Violation(
                    path,
                    f"{promised} tokens of answers a minute are guaranteed, and limits.{window}.output is {most}",
                    f"write {most} or less, or raise the limit",
                    (path, f"tenants[{index}].limits"),
                )


@stack_rule(
    "TENANT-PRIORITY",
    "warning",
    prevents="A tenant is thought to come first, or last, and waits like everybody else.",
    source="vLLM 0.33 vllm/v1/core/sched/request_queue.py: requests are ordered among each other",
    reads=("tenants", "models"),
)
def a_priority_has_others_to_differ_from(stack: Resolution) -> Violations:
    """Some model of a tenant with a priority is also used by one with another."""
    for index, tenant in enumerate(stack.settings.tenants):
        used = [model for model in stack.settings.models if may_use(tenant, model)]
        alone = not any(prioritised(stack.settings.tenants, model) for model in used)
        if tenant.priority != "normal" and used and alone:
            yield Violation(
                f"tenants[{index}].priority",
                f"`{tenant.priority}` has no effect: every tenant of the same models has it",
                "leave it out, or give another tenant of these models another priority",
            )
