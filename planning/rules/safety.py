"""Rules about content safety: policies and guards that exist, texts that fit them, and what is held back."""

from collections import Counter
from collections.abc import Iterator

from config.wording import listed, nearest
from planning.resolving.resolution import Resolution
from planning.resolving.safety import (
    OVERLAP_CHARACTERS,
    PolicyView,
    guard_model,
    guard_models,
    largest_text,
    named_policies,
    policies,
)
from planning.resolving.tenants import may_use
from planning.rules.register import Violation, Violations, stack_rule

_SOURCE = "guardrails/, docs/content-safety.md"
_READS = ("safety", "models", "tenants")


@stack_rule(
    "SAFETY-POLICY",
    "error",
    prevents="A model that its owner believes to be protected is not: no policy of that name judges anything.",
    source=_SOURCE,
    reads=_READS,
)
def policies_exist(stack: Resolution) -> Violations:
    """What models and tenants name as `safety` is one policy of `safety.policies`, and each policy has another name."""
    known = [view.settings.name for view in policies(stack)]
    for path, name in named_policies(stack).items():
        if name not in known:
            fix = nearest(name, known) if known else f"add safety.policies: [{{name: {name}, guard: …}}]"
            yield Violation(path, f"there is no policy `{name}`", fix)
    for name, count in Counter(known).items():
        if count > 1:
            second = [view for view in policies(stack) if view.settings.name == name][1]
            yield Violation(f"{second.path}.name", f"`{name}` is another policy already", "give it a name of its own")


@stack_rule(
    "SAFETY-GUARD",
    "error",
    prevents="Every check fails: the model that judges is not there, or answers prompts in place of judging them.",
    source="catalog/safety.yaml",
    reads=_READS,
)
def guards_are_guards(stack: Resolution) -> Violations:
    """A policy's guard model is a model of this stack, and one whose verdicts are known; its categories are its own."""
    names = [model.name for model in stack.settings.models]
    for view in policies(stack):
        wanted, guard = view.settings.guard.model, guard_model(stack, view)
        path = f"{view.path}.guard"
        if wanted is not None and wanted not in names:
            yield Violation(f"{path}.model", f"there is no model `{wanted}`", nearest(wanted, names))
        elif wanted is not None and guard is None:
            yield Violation(
                f"{path}.model",
                f"`{wanted}` is not known as a guard: how it is called, and what its verdicts look like",
                f"name a model whose weights are {listed(sorted(stack.catalog.safety.models))}",
            )
        for index, category in enumerate(view.settings.guard.categories if guard is not None else ()):
            known = guard.facts.categories if guard is not None else ()
            if category not in known:
                yield Violation(
                    f"{path}.categories[{index}]", f"`{wanted}` has no category `{category}`", nearest(category, known)
                )


@stack_rule(
    "SAFETY-WINDOW",
    "error",
    prevents="Every window is an error of the guard: it is longer than what the guard reads.",
    source="catalog/safety.yaml",
    reads=_READS,
)
def windows_fit_guards(stack: Resolution) -> Violations:
    """A window, with what is judged again before it, fits into one call of the guard."""
    for view in policies(stack):
        largest, window = largest_text(stack, view), view.settings.window.characters
        if largest is None or window + OVERLAP_CHARACTERS <= largest:
            continue
        room = largest - OVERLAP_CHARACTERS
        guard = guard_model(stack, view)
        longer = f"raise {guard.release.path}.context" if guard is not None else "choose another guard"
        yield Violation(
            f"{view.path}.window.characters",
            f"{window} characters and {OVERLAP_CHARACTERS} before them; the guard reads {max(0, largest)} at a time",
            f"write {room} or less, or {longer}" if room >= 50 else longer,  # noqa: PLR2004  # the least window
        )


@stack_rule(
    "SAFETY-OPEN",
    "warning",
    prevents="Whoever overloads the guard, or sends what it can't read, such as an image, gets past it.",
    source=_SOURCE,
    reads=("safety", "platform.environment"),
)
def production_fails_closed(stack: Resolution) -> Violations:
    """In production a text that could not be judged is withheld."""
    for view in policies(stack) if stack.settings.platform.is_production else ():
        if view.settings.on_failure == "open" and "block" in (view.settings.stages.input, view.settings.stages.output):
            yield Violation(
                f"{view.path}.on_failure",
                "a text without a verdict passes: while the guard is away or slow, and where it can't read it",
                "write `closed`",
            )


@stack_rule(
    "SAFETY-UNUSED",
    "warning",
    prevents="A processor, an account or a GPU is paid for, and nothing is judged.",
    source=_SOURCE,
    reads=_READS,
)
def policies_have_a_use(stack: Resolution) -> Violations:
    """Each policy is that of a model or a tenant."""
    for view in policies(stack):
        if not view.users:
            yield Violation(
                f"{view.path}.name",
                f"no model and no tenant has `safety: {view.settings.name}`",
                f"write safety: {view.settings.name} at a model or a tenant, or leave the policy out",
            )


@stack_rule(
    "SAFETY-PUBLIC",
    "info",
    prevents="Tenants call the guard as a model: they learn what passes it, and take its time from the checks.",
    source=_SOURCE,
    reads=_READS,
)
def guards_are_not_for_tenants(stack: Resolution) -> Violations:
    """No tenant may call a guard model: each has a list of models without it."""
    guards = guard_models(stack)
    for index, tenant in enumerate(stack.settings.tenants):
        reached = [model.name for model in stack.settings.models if model.name in guards and may_use(tenant, model)]
        if reached:
            yield Violation(
                f"tenants[{index}]",
                f"it may call {listed(reached)}, which judges prompts and answers",
                "name under `models` those that it may call, without the guard",
            )


@stack_rule(
    "SAFETY-BOTH",
    "info",
    prevents="A tenant's policy is taken for one more check, and the model's own is gone without a word.",
    source=_SOURCE,
    reads=_READS,
)
def one_policy_at_a_time(stack: Resolution) -> Violations:
    """A tenant's policy is in place of a model's."""
    own = sorted({model.safety for model in stack.settings.models if model.safety is not None})
    for index, tenant in enumerate(stack.settings.tenants):
        replaced = [name for name in own if name != tenant.safety]
        if tenant.safety is not None and replaced:
            yield Violation(
                f"tenants[{index}].safety",
                f"its requests are judged by `{tenant.safety}` alone, not by a model's own {listed(replaced)}",
                "leave it out where the model's own should hold",
            )


@stack_rule(
    "SAFETY-STREAM",
    "info",
    prevents="Streams that stutter surprise: what is held back is not known before.",
    source="guardrails/windows.py; Microsoft publishes no time of a call of Content Safety",
    reads=_READS,
)
def delays_are_known(stack: Resolution) -> Violations:
    """What is held back of answers, and how much later their first words come."""
    for view in policies(stack):
        if view.blocks_answers:
            window = view.settings.window.characters
            yield Violation(
                f"{view.path}.window",
                f"streamed answers come in pieces of {window} characters, each after its check; whole answers after "
                f"theirs. The first piece comes later by {'; '.join(_delays(stack, view)) or 'a window and a check'}",
                "write fewer characters for earlier words and more checks; `annotate` or `shadow` hold nothing back",
            )


def _delays(stack: Resolution, view: PolicyView) -> Iterator[str]:
    """How long a window takes to come, by model, and how long to be judged."""
    window, characters = view.settings.window.characters, stack.catalog.safety.typical_characters_per_token
    for path in view.users:
        if not path.startswith("models["):
            continue
        model = next(model for index, model in enumerate(stack.settings.models) if path == f"models[{index}].safety")
        throughput = model.expected.output_tokens_per_second if model.expected is not None else None
        if throughput is None:
            yield f"`{model.name}`: a time that is unknown without its `expected.output_tokens_per_second`"
            continue
        # All requests of a replica share its tokens: one alone is faster.
        seconds = window / characters / (throughput / model.concurrency)
        yield f"`{model.name}`: about {seconds:.1f} s for the window at {model.concurrency} requests at once"
    judged = "unknown, since nobody publishes it" if view.settings.guard.azure is not None else "unknown, not measured"
    yield f"the check itself: {judged}; {view.settings.timeout_ms} ms at most"


@stack_rule(
    "SAFETY-AWAY",
    "info",
    prevents="Models without a policy stop too, or models with one go on unjudged, and nobody knows why.",
    source="Envoy 1.39 creates filters for the route of a request before its model is known: FilterChainOptions",
    reads=("safety",),
)
def outages_are_known(stack: Resolution) -> Violations:
    """What happens while no processor can be reached; it is in the way of every request."""
    safety = stack.settings.safety
    if safety is None:
        return
    closed = any(view.settings.on_failure == "closed" for view in policies(stack))
    yield Violation(
        "safety.replicas",
        "while none of the processors can be reached, "
        + (
            "every request is answered 503, those of models without a policy too"
            if closed
            else "every request passes unjudged"
        ),
        "more replicas, on nodes of several zones, make that rarer",
    )


@stack_rule(
    "SAFETY-RESIDENCY",
    "error",
    prevents="Prompts and answers of a tenant whose requests never leave the cluster go to Azure's service.",
    source=_SOURCE,
    reads=_READS,
)
def judged_inside(stack: Resolution) -> Violations:
    """Where a tenant's requests stay in the cluster, a guard model judges them, and not Azure's service."""
    outside = {view.settings.name for view in policies(stack) if view.settings.guard.azure is not None}
    for index, tenant in enumerate(stack.settings.tenants):
        if tenant.data_residency != "cluster":
            continue
        of_models = {model.safety for model in stack.settings.models if may_use(tenant, model)}
        applied = {tenant.safety} if tenant.safety is not None else of_models
        for policy in sorted(applied & outside, key=str):
            yield Violation(
                f"tenants[{index}].data_residency",
                f"`cluster`, but policy `{policy}` has what `{tenant.name}` sends and gets judged by Azure's service",
                "give the tenant a policy with a guard model of this stack, or write data_residency: any",
            )
