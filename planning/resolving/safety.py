"""Content safety as the stack file has it: which policy is whose, who judges, and how much of a text at a time."""

from collections.abc import Mapping

from msgspec import Struct

from catalog.safety_schema import GuardModelFacts
from config.safety import SafetyPolicy
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution, derived

NAMESPACE = "llm-safety"
# Characters before a window that are judged with it again, so that what lies across its border is seen.
OVERLAP_CHARACTERS = 200


class GuardModel(Struct, frozen=True):
    """The guard model of a policy."""

    release: ReleaseView
    facts: GuardModelFacts


class PolicyView(Struct, frozen=True):
    """One policy with its place in the stack file, and the settings that name it."""

    index: int
    settings: SafetyPolicy
    users: tuple[str, ...]
    """Paths such as models[0].safety."""

    @property
    def path(self) -> str:
        """Its place in the stack file."""
        return f"safety.policies[{self.index}]"

    @property
    def blocks_answers(self) -> bool:
        """Whether answers are held back."""
        return self.settings.stages.output == "block"


def safety_namespaces(stack: Resolution) -> tuple[str, ...]:
    """The namespace of the processor, if there is one."""
    return () if stack.settings.safety is None else (NAMESPACE,)


def named_policies(stack: Resolution) -> Mapping[str, str]:
    """The policy that each model and tenant names, by the path of the setting."""
    models = [(f"models[{index}].safety", model.safety) for index, model in enumerate(stack.settings.models)]
    tenants = [(f"tenants[{index}].safety", tenant.safety) for index, tenant in enumerate(stack.settings.tenants)]
    return {path: name for path, name in (*models, *tenants) if name is not None}


@derived
def policies(stack: Resolution) -> tuple[PolicyView, ...]:
    """The policies in the order of the stack file."""
    safety, named = stack.settings.safety, named_policies(stack)
    if safety is None:
        return ()
    return tuple(
        PolicyView(index, policy, tuple(path for path, name in named.items() if name == policy.name))
        for index, policy in enumerate(safety.policies)
    )


def uses_azure(stack: Resolution) -> bool:
    """Whether a policy has Azure's service judge."""
    return any(view.settings.guard.azure is not None for view in policies(stack))


def guard_model(stack: Resolution, view: PolicyView) -> GuardModel | None:
    """The guard model of a policy; None where it has none, or it is not known as one (rule SAFETY-GUARD)."""
    for release in stack.releases:
        if release.settings.name == view.settings.guard.model:
            facts = stack.catalog.safety.models.get(release.settings.source.model_id)
            return GuardModel(release, facts) if facts is not None else None
    return None


def guard_models(stack: Resolution) -> frozenset[str]:
    """Names of the models that judge others."""
    return frozenset(view.settings.guard.model for view in policies(stack) if view.settings.guard.model is not None)


def largest_text(stack: Resolution, view: PolicyView) -> int | None:
    """Characters that the guard takes in one call; None where there is no such guard, at most 0 if it has no room."""
    facts = stack.catalog.safety
    if view.settings.guard.azure is not None:
        return facts.azure.largest_text
    guard = guard_model(stack, view)
    if guard is None:
        return None
    return (guard.release.settings.context - facts.template_tokens) * facts.least_characters_per_token
