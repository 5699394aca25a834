"""The command line of one vLLM server: what the platform sets, what the operator adds, as arguments and as a file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalog import VllmVersion
from planning import yaml_text
from planning.plan.endpoint import HTTP_PORT
from planning.resolving.releases import ReleaseView
from planning.vllm.batch import batch
from planning.vllm.flags import find_flag, is_switch


def source_argument(model: ReleaseView, container: str) -> str:
    """What vLLM is told to load: a Hugging Face id, or a folder of the model store."""
    source = model.settings.source
    if source.huggingface is not None:
        return source.huggingface
    return f"az://{container}/{source.blob}"


def options(model: ReleaseView, vllm: VllmVersion) -> dict[str, Any]:
    """All options of the server by name without dashes: the platform's first, then the operator's, sorted."""
    engine, source = model.settings.engine, model.settings.source
    own: dict[str, Any] = {
        "served-model-name": model.name,
        "max-model-len": model.settings.context,
        "tensor-parallel-size": engine.tensor_parallel,
        "kv-cache-dtype": engine.kv_cache_dtype,
        "gpu-memory-utilization": model.utilization,
        "port": HTTP_PORT,
        "shutdown-timeout": model.settings.drain_seconds,
        "disable-fastapi-docs": True,
    }
    own |= _batch(model, vllm)
    if source.revision is not None:
        own["revision"] = source.revision
    if source.blob is not None:
        own["load-format"] = "runai_streamer"
    if model.architecture is not None and model.architecture.task == "embed":
        own["runner"] = "pooling"
    added = {key: value for name in sorted(engine.args) for key, value in _spelled(vllm, name, engine.args[name])}
    return {**own, **added}


def _batch(model: ReleaseView, vllm: VllmVersion) -> dict[str, int]:
    """Batch sizes for the smallest of the model's devices, said out loud: what vLLM sees there may mislead it."""
    device = model.tightest_device
    if device is None:
        return {}
    device = min((device for _, device in model.placed), key=lambda one: one.share_gib)
    sizes = batch(vllm, device, model.architecture, model.settings.context, model.asked)
    return {"max-num-batched-tokens": sizes.tokens, "max-num-seqs": sizes.requests}


def _spelled(vllm: VllmVersion, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    flag = find_flag(vllm, name)
    if flag is None:
        return
    if not is_switch(flag):
        yield name.replace("_", "-"), value
        return
    on = name.replace("_", "-")
    if value is True:
        yield on, True
    else:
        # One without an opposite is off when it isn't there.
        others = [spelling for spelling in flag.opts if spelling.startswith("--") and spelling != f"--{on}"]
        yield from ((other.removeprefix("--"), True) for other in others[:1])


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
    return yaml_text.dump_lines({name: _styled(value) for name, value in named.items()})


def _styled(value: Any) -> Any:
    """Text in quotes, since vLLM's reader would take `on` or `1e5` for something else; mappings as JSON."""
    if isinstance(value, list):
        return yaml_text.Inline(_styled(item) for item in value)
    if isinstance(value, dict):
        return yaml_text.Quoted(json.dumps(value, sort_keys=True))
    return yaml_text.Quoted(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
