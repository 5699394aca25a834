"""Rules about limits of vLLM's own, among its arguments, that work against the rest of a request's way."""

from planning.plan import ModelPath
from planning.resolving.releases import ReleaseView
from planning.resolving.request_path import QUEUED_REQUESTS, QUEUED_TOKENS, RECOVERY, WATCHDOG, request_path
from planning.resolving.resolution import Resolution, derived
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.options import mapping, whole_number

_ARGUMENTS = ("engine.args",)
_GROUPS = ("distributed-timeout-seconds", "cpu-distributed-timeout-seconds")


@derived
def _paths(stack: Resolution) -> dict[str, ModelPath]:
    """The way to each model; of two with one name the first (rule NAME-COLLISION refuses them)."""
    return {model.model: model for model in reversed(request_path(stack).models)}


@release_rule(
    "PATH-SHED",
    "warning",
    prevents="Clients get 503 while replicas could be added: what vLLM refuses waits nowhere, so scaling doesn't see "
    "it, and the gateway doesn't send a request again after an answer.",
    source="vLLM 0.33 vllm/v1/engine/async_llm.py check_admission",
    model=_ARGUMENTS,
    reads=("gateway.replicas",),
)
def requests_wait_in_the_server(stack: Resolution, release: ReleaseView) -> Violations:
    """VLLM takes every request that the proxies may send: none is refused because others wait."""
    path = _paths(stack)[release.name]
    sent = path.upstream.requests * stack.settings.gateway.replicas.max
    if path.server.most_requests is not None and path.server.most_requests < sent:
        yield Violation(
            release.options.path_of(QUEUED_REQUESTS),
            f"503 for every request beyond {path.server.most_requests} at once, running and waiting; the "
            f"proxies send up to {sent}",
            "leave it out, or have clients repeat a request after 503",
        )
    if path.server.most_prompt_tokens is not None:
        yield Violation(
            release.options.path_of(QUEUED_TOKENS),
            f"503 for every request while prompts of {path.server.most_prompt_tokens} tokens wait to be read",
            "leave it out, or have clients repeat a request after 503",
        )


@release_rule(
    "PATH-RECOVERY",
    "warning",
    prevents="An engine that waits for its recovery is restarted by the liveness probe before the wait is over.",
    source="vLLM 0.33 vllm/config/fault_tolerance.py",
    model=_ARGUMENTS,
    reads=("gateway.request_timeout_seconds",),
)
def recovery_ends_before_a_restart(stack: Resolution, release: ReleaseView) -> Violations:
    """An engine that failed waits for instructions for less time than the liveness probe bears."""
    path = _paths(stack)[release.name]
    wait, patience = path.server.recovery_seconds, path.server.liveness.patience_seconds
    if wait is not None and wait >= patience:
        yield Violation(
            release.options.path_of(RECOVERY),
            f"engine_recovery_timeout_sec: {wait}, but the liveness probe restarts the replica after {patience} s "
            "without progress",
            f"write less than {patience}",
        )


@release_rule(
    "PATH-GROUP",
    "warning",
    prevents="A long step, or a rank that loads its weights more slowly than the others, ends the whole server.",
    source="vLLM 0.33 vllm/config/parallel.py; vllm/envs.py VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS",
    model=_ARGUMENTS,
)
def ranks_wait_as_long_as_a_step(stack: Resolution, release: ReleaseView) -> Violations:
    """Ranks wait for each other for at least as long as vLLM gives one step of the engine."""
    step = stack.catalog.request_path.server_step_seconds
    for option in _GROUPS:
        seconds = whole_number(release.options.values.get(option))
        if seconds is not None and seconds < step:
            yield Violation(
                release.options.path_of(option),
                f"{seconds} s: ranks give each other up before vLLM gives up a step ({step} s)",
                f"leave it out, or write {step} or more",
            )


@release_rule(
    "PATH-WATCHDOG",
    "info",
    prevents="A stuck engine leaves no trace although a watchdog was set up: without a folder it doesn't start.",
    source="vLLM 0.33 vllm/utils/watch_dog.py start_watch_dog",
    model=_ARGUMENTS,
)
def watchdog_has_a_folder(_: Resolution, release: ReleaseView) -> Violations:
    """A watchdog has a folder (`dump_dir`): it writes stacks there, and does nothing without it."""
    watchdog = mapping(release.options.values.get(WATCHDOG))
    if watchdog is not None and not watchdog.get("dump_dir"):
        yield Violation(
            release.options.path_of(WATCHDOG),
            "without dump_dir the watchdog doesn't start, whatever its other values are; with it, it writes the stacks "
            "of a process that stands still and restarts nothing: the liveness probe does",
            "add dump_dir: /tmp/stacks, or leave it out",
        )
