"""Rules about the platform as a whole: its region, and names that Azure and Kubernetes take."""

from collections.abc import Iterator

from planning import naming
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import nearest

_NAMING = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"


@rule(
    "REGION-UNKNOWN",
    "error",
    prevents="resources declared for a region that doesn't exist",
    source="catalog/regions.yaml",
)
def region_known(stack: Resolution) -> Iterator[Problem]:
    """The region must be on file, because zones and prices depend on it."""
    if stack.region is None:
        region = stack.settings.platform.region
        yield "platform.region", f"region `{region}` is not on file", nearest(region, stack.catalog.regions)


@rule("NAME-ILLEGAL", "error", prevents="a name refused by Azure after half the platform stands", source=_NAMING)
def names_legal(stack: Resolution) -> Iterator[Problem]:
    """Derived names must keep Azure's limits."""
    for name in stack.names.all():
        if not name.legal:
            over = len(name.value) - name.limit.longest
            what = f"is {over} characters too long ({name.limit.longest} allowed)" if over > 0 else "is not legal"
            yield (
                "platform.name",
                f"`{name.value}`, the name of the {name.limit.kind}, {what}",
                f"shorten platform.name by {over}" if over > 0 else "use letters and digits in platform.name",
            )


@rule("NAME-COLLISION", "error", prevents="two things with one name, of which one overwrites the other", source=_NAMING)
def names_unique(stack: Resolution) -> Iterator[Problem]:
    """Pools, models (with their burst Deployments) and clients need names of their own."""
    for kind, names in (
        ("pools", [pool.name for pool in stack.settings.pools]),
        ("models", [model.name for model in stack.settings.models]),
        ("gateway.clients", [client.name for client in stack.settings.gateway.clients]),
    ):
        first_seen: dict[str, int] = {}
        for index, name in enumerate(names):
            first = first_seen.setdefault(name, index)
            if first != index:
                yield f"{kind}[{index}].name", f"`{name}` is already the name of {kind}[{first}]", "choose another name"
    models = {model.name: model.index for model in stack.releases}
    for model in stack.releases:
        burst = f"{model.name}-burst"
        if len(model.settings.pools) > 1 and burst in models:
            yield (
                f"models[{models[burst]}].name",
                f"`{burst}` is the name of the burst Deployment of {model.path}",
                "choose another name",
            )


@rule(
    "NAME-SERVICE",
    "error",
    prevents="Kubernetes injecting VLLM_PORT=tcp://… into every pod, on which vLLM stops",
    source="vLLM 0.33 vllm/envs.py get_vllm_port",
)
def service_names(stack: Resolution) -> Iterator[Problem]:
    """A Service must not be called vllm."""
    for model in stack.releases:
        if model.name == "vllm" or not naming.Name(f"{model.name}-burst", naming.KUBERNETES_LABEL).legal:
            yield f"{model.path}.name", f"`{model.name}` can't be the name of a Service for vLLM", "name what is served"
