"""Rules about tenants: what they may use is there, limits make sense, and what they are promised can be served."""

from fractions import Fraction

from config.models import ModelSettings
from config.wording import listed, nearest
from planning.resolving.guarantees import shortfalls
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
    """What tenants are guaranteed, their models make at their most replicas, however requests are distributed."""
    usable = {
        tenant.name: frozenset(model.name for model in stack.settings.models if may_use(tenant, model))
        for tenant in stack.settings.tenants
    }
    wanted = {
        tenant.name: tenant.guaranteed_tokens_per_minute
        for tenant in stack.settings.tenants
        if tenant.guaranteed_tokens_per_minute is not None and usable[tenant.name]
    }
    made = {model.name: _made(model) for model in stack.settings.models}
    unstated = sorted({name for tenant in wanted for name in usable[tenant] if made[name] is None})
    if unstated:
        yield Violation(
            "tenants",
            f"nobody knows whether {listed(unstated)} make what tenants are guaranteed: no throughput is stated",
            "write models[].expected: {input_tokens_per_second: …, output_tokens_per_second: …}, as measured",
        )
    stated = {name: tokens for name, tokens in made.items() if tokens is not None}
    for short in shortfalls(wanted, usable, stated):
        yield Violation(
            "tenants",
            f"{listed(short.tenants)} are guaranteed {short.wanted} tokens of answers a minute; "
            f"{listed(short.models)}, all that they may use, make {float(short.made):.0f} at their most replicas",
            "guarantee less, raise replicas.max, or let one of these tenants use another model",
        )


def _made(model: ModelSettings) -> Fraction | None:
    """Tokens of answers that a model makes within a minute, none of embeddings; None where nothing is stated."""
    if model.expected is None:
        return None
    return Fraction(model.expected.output_tokens_per_second or 0) * _MINUTE * model.replicas.max
