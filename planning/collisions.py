"""Names that AKS or Pulumi would see twice once they are derived: what can only be checked on a finished Plan."""

from collections.abc import Iterator

from config import Finding
from planning.plan import Plan

_RULE = "NAME-COLLISION"


def collisions(plan: Plan) -> tuple[Finding, ...]:
    """An error for each pool whose name in AKS or in Pulumi is another's: a revision can complete a name to it."""
    return tuple(_pools(plan))


def _pools(plan: Plan) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    paths = {pool.name: f"pools[{index}].name" for index, pool in enumerate(plan.pools)}
    for made in (plan.foundation.system_pool, *plan.foundation.agent_pools):
        for name in (made.aks_name, made.logical_name):
            first = seen.setdefault(name, made.pool.name)
            if first != made.pool.name:
                path = paths.get(made.pool.name, "pools")
                message = f"`{name}` is the name of this pool and, with its revision, of pool `{first}`"
                yield Finding("error", _RULE, path, message, "choose another name for one of the two pools")
