"""Rules about figures of content safety: prompts that are too long to be judged, checks that have no time."""

from collections.abc import Iterator

from config.models import ModelSettings
from config.safety import SafetyPolicy
from planning.resolving.repositories import upstream_repositories
from planning.resolving.resolution import Resolution
from planning.resolving.safety import PolicyView, policies
from planning.resolving.tenants import may_use
from planning.rules.register import Violation, Violations, stack_rule

_SOURCE = "guardrails/, docs/content-safety.md"
_USUAL_MS: int = SafetyPolicy.model_fields["timeout_ms"].default
_NO_DIGEST = "sha256:" + "0" * 64
_IMAGE = "safety.processor_image"


@stack_rule(
    "SAFETY-PROMPT",
    "warning",
    prevents="A prompt that the model has room for is refused as too long to be judged, or passes unjudged.",
    source=f"{_SOURCE}; catalog/safety.yaml, typical_characters_per_token",
    reads=("safety", "models", "tenants"),
)
def judged_prompts_fill_the_context(stack: Resolution) -> Violations:
    """Prompts are judged up to the characters that the contexts of a policy's models usually hold."""
    usual = stack.catalog.safety.typical_characters_per_token
    for view in policies(stack):
        models = list(_judged(stack, view)) if view.settings.stages.input != "off" else []
        if not models:
            continue
        model = max(models, key=lambda model: model.context)
        room, longest = model.context * usual, view.settings.prompt_characters
        if longest < room:
            follows = "are refused" if view.settings.stages.input == "block" else "pass unjudged"
            certain = " (even at one character a token it holds more)" if longest < model.context else ""
            yield Violation(
                f"{view.path}.prompt_characters",
                f"{longest} characters, and the context of `{model.name}` holds {model.context} tokens, about {room} "
                f"characters of English{certain}: longer prompts {follows}",
                f"write {room}, or lower the model's context",
                (f"{view.path}.prompt_characters", "models", "tenants"),
            )


def _judged(stack: Resolution, view: PolicyView) -> Iterator[ModelSettings]:
    """The models whose prompts a policy judges: its own, and all of a tenant that has it."""
    for path in view.users:
        kind, _, rest = path.partition("[")
        index = int(rest.partition("]")[0])
        if kind == "models":
            yield stack.settings.models[index]
        else:
            tenant = stack.settings.tenants[index]
            yield from (model for model in stack.settings.models if may_use(tenant, model))


@stack_rule(
    "SAFETY-HURRY",
    "warning",
    prevents="Every check is late: with `closed` nobody is answered, with `open` nothing is judged.",
    source="this program's default; nobody publishes how long a check takes (catalog/safety.yaml)",
    reads=("safety",),
)
def checks_have_their_time(stack: Resolution) -> Violations:
    """A check has the time that it has by default, unless somebody has measured it."""
    for view in policies(stack):
        milliseconds = view.settings.timeout_ms
        if milliseconds < _USUAL_MS:
            late = "is withheld" if view.settings.on_failure == "closed" else "passes unjudged"
            yield Violation(
                f"{view.path}.timeout_ms",
                f"{milliseconds} ms, less than the default ({_USUAL_MS}), for a call over TLS and a verdict: a text "
                f"whose check takes longer {late}",
                f"leave it out, or measure `llm_safety_guard_seconds` before you write less than {_USUAL_MS}",
            )


@stack_rule(
    "SAFETY-IMAGE",
    "error",
    prevents="No processor starts, and every request is answered 503: the image is none of this program's.",
    source="guardrails/Containerfile; the OCI image specification (a digest is the hash of the content)",
    reads=(_IMAGE,),
)
def the_image_is_a_processor(stack: Resolution) -> Violations:
    """The processor's image is one that somebody built, and none that the platform runs for something else."""
    safety = stack.settings.safety
    if safety is None:
        return
    image = safety.processor_image
    if image.digest == _NO_DIGEST:
        zeros = "it is all zeros, and no content has that hash"
        yield Violation(f"{_IMAGE}.digest", zeros, "write what `docker push` prints")
    if any(image.repository in (known, known.partition("/")[2]) for known in upstream_repositories(stack)):
        yield Violation(
            f"{_IMAGE}.repository",
            f"`{image.repository}` is an image that the platform runs for something else",
            "write the repository to which you push guardrails/Containerfile, such as platform/guardrails",
        )
