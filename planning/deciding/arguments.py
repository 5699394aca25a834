"""The command line of a release's server: what the platform sets, and what the stack file adds."""

from collections.abc import Mapping
from typing import Any, Final

from planning.naming import WEIGHTS_CONTAINER
from planning.plan.endpoint import HTTP_PORT, TRACES_FOLDER
from planning.resolving.releases import ReleaseView
from planning.resolving.request_path import sse_keep_alive_seconds
from planning.vllm.arguments import CommandLine

# vLLM's profiler (vllm/config/profiler.py): off until somebody starts it, and by itself after so many steps, so that a
# forgotten one fills no disk. Without the front end's, which knows no steps; without stacks, which cost most.
PROFILER: Final[Mapping[str, Any]] = {
    "profiler": "torch",
    "torch_profiler_dir": TRACES_FOLDER,
    "torch_profiler_with_stack": False,
    "ignore_frontend": True,
    "max_iterations": 200,
}


def command_line(release: ReleaseView, traces: str | None = None, *, json_logs: bool = False) -> CommandLine:
    """What the server is started with: the platform's options first, then those of the stack file, sorted.

    `traces` is where its spans go; `json_logs`, whether each of its log's lines is JSON.
    """
    settings, source = release.settings, release.settings.source
    options: dict[str, Any] = {
        "served-model-name": release.name,
        "max-model-len": settings.context,
        "tensor-parallel-size": settings.engine.tensor_parallel,
        "kv-cache-dtype": settings.engine.kv_cache_dtype,
        "gpu-memory-utilization": release.utilization,
        "port": HTTP_PORT,
        "shutdown-timeout": release.drain_seconds,
        "disable-fastapi-docs": True,
    }
    comments = sse_keep_alive_seconds(release)
    if comments is not None:
        # Comments in a silent stream keep proxies of the client's own network from ending it.
        options["sse-keep-alive-interval"] = comments
    if release.batch is not None:
        # Written down, since the memory that vLLM sees of a shared GPU, or of a MIG slice, may mislead its own choice.
        options |= {"max-num-batched-tokens": release.batch.tokens, "max-num-seqs": release.batch.requests}
    if source.revision is not None:
        options["revision"] = source.revision
    if source.blob is not None:
        options["load-format"] = "runai_streamer"
    if release.architecture is not None and release.architecture.task == "embed":
        options["runner"] = "pooling"
    if settings.profiling:
        options["profiler-config"] = dict(PROFILER)
    if traces is not None:
        options["otlp-traces-endpoint"] = traces
    if json_logs:
        options["logging-config"] = {"formatter": "json"}
    options |= release.tenant_options
    given = sorted(release.options.known, key=lambda option: option.spelled)
    options |= dict(option.argument for option in given if option.argument is not None)
    return CommandLine(_source(release), options)


def _source(release: ReleaseView) -> str:
    """What vLLM loads: a Hugging Face id, or a folder of the model store."""
    source = release.settings.source
    return source.huggingface if source.huggingface is not None else f"az://{WEIGHTS_CONTAINER}/{source.blob}"
