"""Rules about profiling a model's server."""

from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, release_rule

_SOURCE = "vLLM 0.33 vllm/config/profiler.py, vllm/entrypoints/serve/profile/api_router.py"
_OPTION = "profiler-config"


@release_rule(
    "PROFILE-TWICE",
    "error",
    prevents="`llm-platform profile` finds no trace: the option's own settings win, and write elsewhere or not at all.",
    source=_SOURCE,
    model=("profiling", "engine.args"),
)
def the_profiler_is_set_once(_: Resolution, release: ReleaseView) -> Violations:
    """With `profiling`, the platform sets the profiler, and the options of the engine leave it out."""
    if release.settings.profiling and _OPTION in release.options.by_name:
        yield Violation(
            release.options.path_of(_OPTION),
            f"`{release.path}.profiling` sets vLLM's profiler, and `{_OPTION}` would replace that",
            f"leave `{_OPTION}` out, or write profiling: false",
        )


@release_rule(
    "PROFILE-OPEN",
    "warning",
    prevents="Answers get slower whenever who is in the pod, or may forward a port to it, starts the profiler: its "
    "endpoints ask for no key.",
    source=_SOURCE,
    model=("profiling",),
)
def production_is_not_left_open(stack: Resolution, release: ReleaseView) -> Violations:
    """In production, no model's server has the endpoints of the profiler for longer than somebody profiles it."""
    if release.settings.profiling and stack.settings.platform.environment == "prod":
        yield Violation(
            f"{release.path}.profiling",
            f"`{release.name}` can be profiled by whoever reaches its pods, in production",
            "leave it out again once the traces are there",
        )
