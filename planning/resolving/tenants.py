"""What each tenant may use, and which tenants a model treats alike."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from config.models import ModelSettings
from config.settings import Settings
from config.tenants import Tenant, TenantLimits

# Of vLLM's priority scheduling: the lower, the earlier (vllm/v1/core/sched/request_queue.py, PriorityRequestQueue).
PRIORITIES = {"high": -1, "normal": 0, "low": 1}


def may_use(tenant: Tenant, model: ModelSettings) -> bool:
    """Whether a tenant may call a model: by its name or one of its tags, or since it names neither."""
    if not tenant.models and not tenant.tags:
        return True
    return model.name in tenant.models or not set(tenant.tags).isdisjoint(model.tags)


def users(tenants: Sequence[Tenant], model: ModelSettings) -> tuple[Tenant, ...]:
    """The tenants that may call a model, in the order of the stack file."""
    return tuple(tenant for tenant in tenants if may_use(tenant, model))


def prioritised(tenants: Sequence[Tenant], model: ModelSettings) -> bool:
    """Whether the requests of some tenants to a model come before those of others."""
    return len({tenant.priority for tenant in users(tenants, model)}) > 1


def grouped(
    tenants: Sequence[Tenant], model: ModelSettings, *, apart: bool
) -> tuple[tuple[tuple[str, int, bool], tuple[str, ...]], ...]:
    """Tenants of a model that one rule of its route can serve: by salt, priority, and whether requests stay inside.

    `apart` is whether each has a salt of its own; the salt is empty where it has none.
    """
    ranked = prioritised(tenants, model)

    def alike(tenant: Tenant) -> tuple[str, int, bool]:
        stays = model.fallback is not None and tenant.data_residency == "cluster"
        return tenant.name if apart else "", PRIORITIES[tenant.priority] if ranked else 0, stays

    allowed = sorted(users(tenants, model), key=alike)
    return tuple((key, tuple(tenant.name for tenant in of)) for key, of in groupby(allowed, key=alike))


def tenant_options(settings: Settings, model: ModelSettings) -> dict[str, Any]:
    """The options of vLLM that the priorities, the limits and the exported usage of a model's tenants need."""
    options: dict[str, Any] = {}
    if prioritised(settings.tenants, model):
        options["scheduling-policy"] = "priority"
    exported = settings.observability.usage_export is not None
    if any(exported or _needs_cached(tenant.limits) for tenant in users(settings.tenants, model)):
        options["enable-prompt-tokens-details"] = True
    return options


def _needs_cached(limits: TenantLimits) -> bool:
    """Whether a limit depends on which tokens of a prompt the model had in its cache."""
    both = (limits.tokens_per_minute, limits.tokens_per_month)
    return any(limit is not None and (limit.input is not None or limit.cached is not None) for limit in both)
