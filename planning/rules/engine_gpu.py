"""Rules about number formats and kernels: what this version of vLLM has, the checkpoint is in, and the GPU computes."""

from collections.abc import Iterator

from catalog import Model, VllmVersion
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine import options
from planning.rules.register import Problem, rule
from planning.rules.words import nearest
from planning.vllm.options import mapping

_PLAIN = ("bf16", "bfloat16", "fp16", "float16")


def _native(model: Model | None, vllm: VllmVersion) -> str | None:
    """Which kind of quantization a checkpoint is in; None where it is in none, or in one that isn't told apart."""
    loaders = vllm.checkpoint_loaders
    return next((kind for kind in loaders if model is not None and model.native_dtype.startswith(kind)), None)


@rule(
    "ENGINE-QUANTIZATION",
    "error",
    prevents="a server that stops because it, its GPU or its checkpoint doesn't know the number format",
    source="catalog/vllm; vLLM 0.33 vllm/config/model.py _verify_quantization, vllm/config/vllm.py",
)
def quantization_runs(stack: Resolution) -> Iterator[Problem]:
    """The quantization exists in this version, is the checkpoint's, and the GPU is new enough for it."""
    for model in stack.releases:
        vllm = model.vllm
        if vllm is None:
            continue
        asked = model.options.values.get("quantization")
        path = model.options.path_of("quantization") if asked is not None else f"{model.path}.source"
        if asked is not None and asked not in vllm.quantizations:
            known = vllm.quantizations
            yield path, f"`{asked}` is not a quantization of vLLM {vllm.version}", nearest(str(asked), known)
            continue
        native = _native(model.architecture, vllm)
        if asked is not None and native is not None and asked not in vllm.checkpoint_loaders[native]:
            yield path, f"`{asked}`, but the checkpoint is in `{native}`", "leave it out: vLLM reads the checkpoint's"
            continue
        plain = model.architecture is not None and model.architecture.native_dtype in _PLAIN
        if asked in vllm.checkpoint_quantizations and plain:
            yield path, f"`{asked}`, but the checkpoint isn't quantized", "leave it out, or write `fp8` to quantize it"
            continue
        yield from _too_old(model, str(asked or (vllm.checkpoint_loaders[native][0] if native else "")), path)


def _too_old(model: ReleaseView, method: str, path: str) -> Iterator[Problem]:
    needed = model.vllm.quantization_min_capability.get(method) if model.vllm is not None else None
    for pool, device in model.placed:
        if needed is not None and float(device.gpu.compute_capability) < float(needed):
            yield (
                path,
                (
                    f"`{method}` needs compute capability {needed}; `{pool.name}`'s {device.gpu.name} has "
                    f"{device.gpu.compute_capability}"
                ),
                "choose another quantization, or a newer GPU",
            )


@rule(
    "ENGINE-DTYPE",
    "error",
    prevents="a server that stops because its GPU has no bfloat16",
    source="vLLM 0.33 vllm/platforms/cuda.py",
)
def dtype_runs(stack: Resolution) -> Iterator[Problem]:
    """bfloat16 weights need a GPU that computes in it, or `dtype: half`."""
    for model in stack.releases:
        dtype = model.options.values.get("dtype", "auto")
        native = model.architecture.native_dtype if model.architecture is not None else None
        wants = dtype == "bfloat16" or (dtype == "auto" and native in ("bf16", "bfloat16"))
        for pool, device in model.placed:
            if wants and not device.gpu.bf16:
                yield (
                    f"{model.path}.engine.args",
                    f"`{model.name}` is in bfloat16, which {device.gpu.name} on `{pool.name}` doesn't compute",
                    "add dtype: half, or choose a newer GPU",
                )


@rule(
    "ENGINE-KV-FORMAT",
    "error",
    prevents="a server that stops because no attention kernel keeps its cache in fp8",
    source=(
        "vLLM 0.33 vllm/v1/attention/backends/{flashinfer,triton_attn,flash_attn}.py, "
        "vllm/model_executor/layers/attention/attention.py"
    ),
)
def cache_format_runs(stack: Resolution) -> Iterator[Problem]:
    """A KV cache in fp8 needs a GPU with a kernel for it; fp8_e5m2 goes with no fp8 checkpoint."""
    for model in stack.releases:
        wanted = model.settings.engine.kv_cache_dtype
        path, vllm = f"{model.path}.engine.kv_cache_dtype", model.vllm
        if vllm is None:
            continue
        if wanted == "fp8_e5m2" and _native(model.architecture, vllm) == "fp8":
            yield path, "`fp8_e5m2`, which vLLM refuses for checkpoints in fp8", "write `fp8`"
        needed = vllm.fp8_cache_min_capability
        for pool, device in model.placed:
            if wanted.startswith("fp8") and float(device.gpu.compute_capability) < float(needed):
                yield (
                    path,
                    (
                        f"`{wanted}` needs compute capability {needed}; `{pool.name}`'s "
                        f"{device.gpu.name} has {device.gpu.compute_capability}"
                    ),
                    "write `auto`, or choose a newer GPU",
                )


@rule(
    "ENGINE-ATTENTION",
    "error",
    prevents="a server that stops with `Unknown attention backend`",
    source="vLLM 0.33 vllm/v1/attention/backends/registry.py, catalog/vllm (python -m catalog vllm)",
)
def attention_known(stack: Resolution) -> Iterator[Problem]:
    """The attention backend is one that this version has, for NVIDIA's GPUs."""
    for _, vllm, option in options(stack):
        match option.name:
            case "attention-backend":
                place, wanted = option.path, option.value
            case "attention-config":
                place, wanted = f"{option.path}.backend", (mapping(option.value) or {}).get("backend")
            case _:
                continue
        able = [one for one in vllm.attention_backends if not one.startswith(vllm.other_vendor_backends)]
        if wanted is not None and str(wanted).upper() not in able:
            other = str(wanted).upper() in vllm.attention_backends
            why = "not for NVIDIA GPUs" if other else f"not an attention backend of vLLM {vllm.version}"
            yield place, f"`{wanted}` is {why}", nearest(str(wanted), able)


@rule(
    "ENGINE-PARSER",
    "error",
    prevents="a server that stops at start because a parser's name is unknown to it",
    source="catalog/vllm",
)
def parsers_known(stack: Resolution) -> Iterator[Problem]:
    """Tool and reasoning parsers are looked up by name at start only; here they are looked up before."""
    for release, vllm, option in options(stack):
        value = option.value
        known = {"tool-call-parser": vllm.tool_parsers, "reasoning-parser": vllm.reasoning_parsers}.get(option.name)
        if known is not None and value not in known:
            yield option.path, f"`{value}` is not a parser of vLLM {vllm.version}", nearest(str(value), known)
        chooses = option.name == "enable-auto-tool-choice" and value is True
        if chooses and "tool-call-parser" not in release.options.by_name:
            message = "`enable-auto-tool-choice` needs `tool-call-parser`"
            yield option.path, message, "add tool-call-parser, or leave it out"
