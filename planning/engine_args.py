"""The command line of one vLLM server: what the platform sets, what the operator adds, as arguments and as a file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalog import VllmFlag, VllmRelease
from planning.situation import ModelView

# Options that have a place of their own in the stack file, or that the platform decides: flag → where.
OWNED: Mapping[str, str] = {
    "--model": "models[].source",
    "--config": "the platform",
    "--served-model-name": "models[].name",
    "--revision": "models[].source.revision",
    "--tokenizer-revision": "models[].source.revision",
    "--code-revision": "models[].source.revision",
    "--max-model-len": "models[].context",
    "--tensor-parallel-size": "models[].engine.tensor_parallel",
    "--pipeline-parallel-size": "the platform: one node per replica",
    "--data-parallel-size": "models[].replicas",
    "--kv-cache-dtype": "models[].engine.kv_cache_dtype",
    "--gpu-memory-utilization": "models[].engine.gpu_memory_utilization",
    "--kv-cache-memory-bytes": "models[].engine.gpu_memory_utilization",
    "--load-format": "models[].source",
    "--shutdown-timeout": "models[].drain_seconds",
    "--runner": "the model's kind in the catalog",
    "--host": "the platform",
    "--port": "the platform",
    "--uds": "the platform",
    "--download-dir": "the platform",
    "--root-path": "the platform",
    "--nnodes": "the platform: one node per replica",
    "--disable-fastapi-docs": "the platform",
}
_SWITCHES = {"EnableDisableAction", "StoreTrueAction"}


def find_flag(release: VllmRelease, name: str) -> VllmFlag | None:
    """The option that `name` spells in full, without dashes; abbreviations aren't options."""
    spelled = f"--{name.replace('_', '-')}"
    flag = release.flags.get(spelled)
    return flag if flag is not None else spellings(release).get(spelled)


def spellings(release: VllmRelease) -> Mapping[str, VllmFlag]:
    """Every long spelling of every option."""
    return {spelling: flag for flag in release.flags.values() for spelling in flag.opts if spelling.startswith("--")}


def is_switch(flag: VllmFlag) -> bool:
    """Whether the option takes no value."""
    return flag.action in _SWITCHES


def source_argument(model: ModelView, container: str) -> str:
    """What vLLM is told to load: a Hugging Face id, or a folder of the model store."""
    source = model.settings.source
    if source.huggingface is not None:
        return source.huggingface
    return f"az://{container}/{source.blob}"


def options(model: ModelView, release: VllmRelease) -> dict[str, Any]:
    """All options of the server by name without dashes: the platform's first, then the operator's, sorted."""
    engine, source = model.settings.engine, model.settings.source
    own: dict[str, Any] = {
        "served-model-name": model.name,
        "max-model-len": model.settings.context,
        "tensor-parallel-size": engine.tensor_parallel,
        "kv-cache-dtype": engine.kv_cache_dtype,
        "gpu-memory-utilization": (
            engine.gpu_memory_utilization
            if engine.gpu_memory_utilization is not None
            else release.gpu_memory_utilization
        ),
        "port": 8000,
        "shutdown-timeout": model.settings.drain_seconds,
        "disable-fastapi-docs": True,
    }
    own |= _batch(model, release)
    if source.revision is not None:
        own["revision"] = source.revision
    if source.blob is not None:
        own["load-format"] = "runai_streamer"
    if model.known is not None and model.known.task == "embed":
        own["runner"] = "pooling"
    added = {key: value for name in sorted(engine.args) for key, value in _spelled(release, name, engine.args[name])}
    return {**own, **added}


def _batch(model: ModelView, release: VllmRelease) -> dict[str, int]:
    """Batch sizes that vLLM would choose for a device of this memory, said out loud.

    On a MIG slice vLLM may see the memory of the whole GPU and choose sizes whose activations don't fit the slice.
    """
    if not model.placed:
        return {}
    device = min((device for _, device in model.placed), key=lambda one: one.memory_gib)
    name = "a100" if device.gpu.name_contains_a100 else device.gpu.name.lower()
    row = next(
        row
        for row in release.batch_defaults
        if device.memory_gib >= row.min_memory_gib and not any(part in name for part in row.excluded_name_parts)
    )
    return {"max-num-batched-tokens": row.max_num_batched_tokens, "max-num-seqs": row.max_num_seqs}


def _spelled(release: VllmRelease, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    flag = find_flag(release, name)
    if flag is None:
        return
    if not is_switch(flag):
        yield name.replace("_", "-"), value
        return
    on = name.replace("_", "-")
    if value is True:
        yield on, True
    else:
        other = next(spelling for spelling in flag.opts if spelling.startswith("--") and spelling != f"--{on}")
        yield other.removeprefix("--"), True


def argument_list(source: str, named: Mapping[str, Any]) -> tuple[str, ...]:
    """The same as a command line for `vllm serve`."""
    words = [source]
    for name, value in named.items():
        words.append(f"--{name}")
        if value is True:
            continue
        words += [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
    return tuple(words)


def argument_file(named: Mapping[str, Any]) -> str:
    """The same as the YAML file that `vllm serve --config` reads, one option a line; JSON values are quoted text."""
    lines = [
        f"{name}: {json.dumps(json.dumps(value, sort_keys=True) if isinstance(value, dict) else value)}"
        for name, value in named.items()
    ]
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
