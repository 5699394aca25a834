"""Rules about the platform as a whole: its region, and names that Azure and Kubernetes accept."""

from config.wording import nearest
from planning import naming
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_NAMING = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"


@stack_rule(
    "REGION-UNKNOWN",
    "error",
    prevents="Azure refuses every resource: `LocationNotAvailableForResourceType`.",
    source="catalog/regions.yaml",
    reads=("platform.region",),
    needs="aks",
)
def region_known(stack: Resolution) -> Violations:
    """The catalog has the region, on which zones and prices depend."""
    if stack.region is None:
        region = stack.settings.platform.region
        yield Violation(
            "platform.region", f"region `{region}` is not in the catalog", nearest(region, stack.catalog.regions)
        )


@stack_rule(
    "NAME-ILLEGAL",
    "error",
    prevents="`pulumi up` stops half-way: Azure refuses the name of a vault, storage account or registry.",
    source=_NAMING,
    reads=("platform.name", "platform.suffix", "platform.environment"),
    needs="aks",
)
def names_legal(stack: Resolution) -> Violations:
    """The names of Azure resources, derived from platform.name and platform.suffix, are within Azure's limits."""
    for name in stack.names.all():
        if not name.legal:
            over = len(name.value) - name.limit.longest
            what = f"is {over} characters too long ({name.limit.longest} allowed)" if over > 0 else "is not legal"
            yield Violation(
                "platform.name",
                f"`{name.value}`, the name of the {name.limit.kind}, {what}",
                f"shorten platform.name by {over}" if over > 0 else "use letters and digits in platform.name",
            )


@stack_rule(
    "NAME-COLLISION",
    "error",
    prevents="Pulumi stops with `Duplicate resource URN`, or one object overwrites the other in the cluster.",
    source=_NAMING,
)
def names_unique(stack: Resolution) -> Violations:
    """No two pools, models (their burst Deployments included), tenants or receivers have the same name."""
    for kind, names in (
        ("pools", [pool.name for pool in stack.settings.pools]),
        ("models", [release.name for release in stack.settings.models]),
        ("tenants", [tenant.name for tenant in stack.settings.tenants]),
        ("observability.receivers", [receiver.name for receiver in stack.settings.observability.receivers]),
    ):
        first_seen: dict[str, int] = {}
        for index, name in enumerate(names):
            first = first_seen.setdefault(name, index)
            if first != index:
                path, earlier = f"{kind}[{index}].name", f"{kind}[{first}]"
                yield Violation(
                    path, f"`{name}` is already the name of {earlier}", "choose another name", (path, f"{earlier}.name")
                )
    models = {release.name: release.index for release in stack.releases}
    for release in stack.releases:
        burst = f"{release.name}-burst"
        if len(release.settings.pools) > 1 and burst in models:
            path = f"models[{models[burst]}].name"
            yield Violation(
                path,
                f"`{burst}` is the name of the burst Deployment of {release.path}",
                "choose another name",
                (path, f"{release.path}.name", f"{release.path}.pool"),
            )


@release_rule(
    "NAME-SERVICE",
    "error",
    prevents="vLLM exits at start: `VLLM_PORT … appears to be a URI`, because Kubernetes sets VLLM_PORT=tcp://… in "
    "every pod beside a Service called `vllm`.",
    source="vLLM 0.33 vllm/envs.py get_vllm_port",
    model=("name",),
)
def service_names(_: Resolution, release: ReleaseView) -> Violations:
    """No model, hence no Service, is called `vllm`, and its name leaves room for that of the burst Deployment."""
    if release.name == "vllm" or not naming.Name(f"{release.name}-burst", naming.KUBERNETES_LABEL).legal:
        yield Violation(
            f"{release.path}.name",
            f"`{release.name}` can't be the name of a Service for vLLM",
            "name the model after what it serves",
        )
