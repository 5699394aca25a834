"""Whether tenants share the prompts in a model's cache."""

from planning.resolving.releases import ModelView, caches_prompts
from planning.resolving.resolution import Resolution
from planning.resolving.tenants import users


def cached_apart(stack: Resolution, view: ModelView) -> bool:
    """Whether each tenant of a model has a salt of its own: where the stack file says so, and several use a cache."""
    several = len(users(stack.settings.tenants, view.settings)) > 1
    return stack.settings.gateway.prefix_cache == "per-client" and several and any(map(caches_prompts, view.releases))
