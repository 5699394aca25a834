"""Rules about tenants: what they may use is there, limits make sense, and what they are promised can be served."""

from collections.abc import Iterator

from config.tenants import Tenant
from config.wording import listed, nearest
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.safety import guard_models
from planning.resolving.tenants import may_use, tenant_options, users
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_MINUTE = 60


@stack_rule(
    "TENANT-MODEL",
    "error",
    prevents="A tenant may use less than its line says: requests get 404, and nothing says why.",
    source="this program: a tenant may use the models that its line names",
    reads=("tenants", "models"),
)
def named_models_are_there(stack: Resolution) -> Violations:
    """A tenant names models of the stack, and tags that some of them have."""
    names = [model.name for model in stack.settings.models]
    tags = sorted({tag for model in stack.settings.models for tag in model.tags})
    for index, tenant in enumerate(stack.settings.tenants):
        for kind, wanted, known, what in (
            ("models", tenant.models, names, "no model of this stack"),
            ("tags", tenant.tags, tags, "a tag of no model"),
        ):
            for place, name in enumerate(wanted):
                if name not in known:
                    fix = nearest(name, known) if known else "write the tag under models[].tags too, or remove it"
                    yield Violation(f"tenants[{index}].{kind}[{place}]", f"`{name}` is {what}", fix)


@stack_rule(
    "TENANT-NONE",
    "warning",
    prevents="GPUs are paid for that nobody can send a request to.",
    source="this program: a tenant may use the models that its line names",
    reads=("tenants", "models", "safety"),
)
def every_model_has_a_user(stack: Resolution) -> Violations:
    """Some tenant may use each model, but for those that judge others' prompts and answers."""
    guards = guard_models(stack)
    for index, model in enumerate(stack.settings.models):
        if model.name not in guards and not users(stack.settings.tenants, model):
            yield Violation(
                f"models[{index}]",
                f"no tenant may use `{model.name}`: each names other models or tags",
                f"write `{model.name}` under tenants[].models of one, or remove the model",
            )


@stack_rule(
    "TENANT-MONTH",
    "error",
    prevents="A tenant is refused for the rest of 30 days after less than a minute of what its minute allows.",
    source="this program: both limits count the same tokens",
    reads=("tenants",),
)
def a_month_holds_a_minute(stack: Resolution) -> Violations:
    """A tenant's tokens of a month are not fewer than those of a minute."""
    for index, tenant in enumerate(stack.settings.tenants):
        minute, month = tenant.limits.tokens_per_minute, tenant.limits.tokens_per_month
        if minute is None or month is None:
            continue
        for kind in ("input", "cached", "output"):
            short, whole = getattr(minute, kind), getattr(month, kind)
            if short is not None and whole is not None and whole < short:
                path = f"tenants[{index}].limits.tokens_per_month.{kind}"
                fix = f"write {short} or more, or lower tokens_per_minute.{kind}"
                yield Violation(path, f"{whole} is less than one minute may take ({short})", fix)


@stack_rule(
    "TENANT-CACHE",
    "warning",
    prevents="One limit of a prompt's tokens says nothing: what the other kind takes is not limited.",
    source="this program: tokens that a model's cache had, and others, are counted apart",
    reads=("tenants",),
)
def both_kinds_of_prompt_are_limited(stack: Resolution) -> Violations:
    """Where tokens from the cache are limited, the others are too: a tenant only has to change its prompts."""
    for index, tenant in enumerate(stack.settings.tenants):
        for window in ("tokens_per_minute", "tokens_per_month"):
            limit = getattr(tenant.limits, window)
            if limit is not None and limit.cached is not None and limit.input is None:
                yield Violation(
                    f"tenants[{index}].limits.{window}",
                    f"`{tenant.name}` may take {limit.cached} tokens from a model's cache, and any number besides",
                    "write `input` too",
                )


@release_rule(
    "TENANT-OPTION",
    "error",
    prevents="The model answers 400 to requests with a priority, or says nothing of its cache, and tokens that it had "
    "count as others.",
    source="vLLM 0.33 vllm/v1/engine/processor.py (priority without the priority scheduler), "
    "vllm/entrypoints/openai/cli_args.py (`--enable-prompt-tokens-details`)",
    model=("engine", "name", "tags"),
    reads=("tenants", "observability.usage_export"),
)
def engine_does_what_tenants_need(stack: Resolution, release: ReleaseView) -> Violations:
    """A model's own options leave what the priorities, limits and exported usage of its tenants need."""
    for option, needed in tenant_options(stack.settings, release.settings).items():
        given = release.options.values.get(option)
        if given is not None and given != needed:
            shown = str(needed).lower()
            yield Violation(
                f"{release.path}.engine.args.{option}",
                f"`{str(given).lower()}`, but its tenants' {_REASONS[option]} need `{shown}`",
                f"leave it out: the platform sets `{shown}`",
            )


_REASONS = {"scheduling-policy": "priorities", "enable-prompt-tokens-details": "limits or exported usage"}


@stack_rule(
    "TENANT-GUARANTEE",
    "warning",
    prevents="Tenants are promised tokens that the GPUs can't make: when all want theirs, they wait or get 503.",
    source="this program: models[].expected states what one busy replica makes, replicas.max how many there may be",
    reads=("tenants", "models"),
)
def guarantees_are_carried(stack: Resolution) -> Violations:
    """What tenants are guaranteed, their models make at their most replicas, by the stated throughput."""
    promised = [tenant for tenant in stack.settings.tenants if tenant.guaranteed_tokens_per_minute is not None]
    unstated = sorted(
        {
            model.name
            for tenant in promised
            for model in stack.settings.models
            if may_use(tenant, model) and _made(model.name, stack) is None
        }
    )
    if unstated:
        yield Violation(
            "tenants",
            f"nobody knows whether {listed(unstated)} make what tenants are guaranteed: no throughput is stated",
            "write models[].expected: {input_tokens_per_second: …, output_tokens_per_second: …}, as measured",
        )
        return
    for names in _sets(promised, stack):
        who = [tenant for tenant in promised if _models(tenant, stack) <= names]
        wanted = sum(tenant.guaranteed_tokens_per_minute or 0 for tenant in who)
        made = sum(_made(name, stack) or 0 for name in names)
        if wanted > made:
            yield Violation(
                "tenants",
                f"{listed(tenant.name for tenant in who)} are guaranteed {wanted} tokens of answers a minute; "
                f"{listed(sorted(names))} make {made:.0f} at their most replicas",
                "guarantee less, or raise replicas.max",
            )


def _sets(promised: list[Tenant], stack: Resolution) -> Iterator[frozenset[str]]:
    """Each tenant's models, and all of them together: where one of these is too small, a guarantee can't be kept."""
    own = {_models(tenant, stack) for tenant in promised}
    together = frozenset(name for names in own for name in names)
    yield from sorted({*own, *([together] if own else [])}, key=sorted)


def _models(tenant: Tenant, stack: Resolution) -> frozenset[str]:
    return frozenset(model.name for model in stack.settings.models if may_use(tenant, model))


def _made(name: str, stack: Resolution) -> float | None:
    """Tokens of answers that a model makes within a minute; None where no throughput is stated."""
    model = next(model for model in stack.settings.models if model.name == name)
    rate = None if model.expected is None else model.expected.output_tokens_per_second
    return None if rate is None else rate * _MINUTE * model.replicas.max
