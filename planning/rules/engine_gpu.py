"""Rules about number formats and kernels: what this version of vLLM has, the checkpoint is in, and the GPU computes."""

from collections.abc import Mapping

from catalog import Model
from planning.placement.model_on_pool import ModelOnPool
from planning.resolving.resolution import ModelView, Resolution
from planning.rules.engine import arguments, mapping
from planning.rules.reads import DEVICES, ENGINE, SOURCE
from planning.rules.register import Violation, Violations, model_rule, placement_rule
from planning.rules.words import nearest

# How a checkpoint is quantized, by how its figure in the catalog begins → the methods of vLLM that load it.
_LOADERS: Mapping[str, tuple[str, ...]] = {
    "fp8": ("fp8",),
    "mxfp4": ("mxfp4", "gpt_oss_mxfp4"),
    "gptq": ("gptq", "gptq_marlin", "auto_gptq", "moe_wna16"),
    "awq": ("awq", "awq_marlin", "auto_awq", "moe_wna16"),
}
_PLAIN = ("bf16", "bfloat16", "fp16", "float16")
# Methods that read how the checkpoint was quantized and stop where it wasn't.
_NEED_CHECKPOINT = (
    "awq",
    "awq_marlin",
    "auto_awq",
    "gptq",
    "gptq_marlin",
    "auto_gptq",
    "moe_wna16",
    "compressed-tensors",
)
# Lowest capability of a backend that keeps keys and values in fp8: FlashInfer; Triton takes 8.9, FlashAttention 9.0.
_FP8_CACHE_CAPABILITY = 8.0
_OTHER_MAKERS = ("ROCM", "CPU", "XPU", "AMX")


def _native(model: Model | None) -> str | None:
    """Which kind of quantization a checkpoint is in; None where it is in none, or in one that isn't told apart."""
    return next((kind for kind in _LOADERS if model is not None and model.native_dtype.startswith(kind)), None)


@placement_rule(
    "ENGINE-QUANTIZATION",
    "error",
    prevents="vLLM exits at start: the quantization method is unknown, isn't that of the checkpoint (`Quantization "
    "method specified in the model config (…) does not match`), or isn't supported for the GPU.",
    source="catalog/vllm; vLLM 0.33 vllm/config/model.py _verify_quantization, vllm/config/vllm.py",
    model=(*SOURCE, "pool", "slice", *ENGINE),
    pool=("name", *DEVICES),
)
def quantization_runs(_: Resolution, place: ModelOnPool) -> Violations:
    """The quantization method exists in this version of vLLM, is the checkpoint's own, and runs on the GPU."""
    model = place.model
    vllm, asked = model.vllm, model.asked.get("quantization")
    if vllm is None:
        return
    path = f"{model.path}.engine.args.quantization" if asked is not None else f"{model.path}.source"
    native = _native(model.known)
    plain = model.known is not None and model.known.native_dtype in _PLAIN
    if asked is not None and asked not in vllm.quantizations:
        message = f"`{asked}` is not a quantization of vLLM {vllm.version}"
        yield Violation(path, message, nearest(str(asked), vllm.quantizations))
    elif asked is not None and native is not None and asked not in _LOADERS[native]:
        message = f"`{asked}`, but the checkpoint is in `{native}`"
        yield Violation(path, message, "leave it out: vLLM reads the checkpoint's")
    elif asked in _NEED_CHECKPOINT and plain:
        message = f"`{asked}`, but the checkpoint isn't quantized"
        yield Violation(path, message, "leave it out, or write `fp8` to quantize it")
    else:
        yield from _too_old(place, str(asked or (_LOADERS[native][0] if native else "")), path)


def _too_old(place: ModelOnPool, method: str, path: str) -> Violations:
    needed = place.model.vllm.quantization_min_capability.get(method) if place.model.vllm is not None else None
    device = place.device
    if needed is not None and device is not None and float(device.gpu.compute_capability) < float(needed):
        yield Violation(
            path,
            (
                f"`{method}` needs compute capability {needed}; `{place.pool.name}`'s {device.gpu.name} has "
                f"{device.gpu.compute_capability}"
            ),
            "choose another quantization, or a newer GPU",
        )


@placement_rule(
    "ENGINE-DTYPE",
    "error",
    prevents="vLLM exits at start: `Bfloat16 is only supported on GPUs with compute capability of at least 8.0`.",
    source="vLLM 0.33 vllm/platforms/cuda.py",
    model=("name", *SOURCE, "pool", "slice", *ENGINE),
    pool=("name", *DEVICES),
)
def dtype_runs(_: Resolution, place: ModelOnPool) -> Violations:
    """A model in bfloat16 runs on GPUs that support it, or with `dtype: half`."""
    model, device = place.model, place.device
    dtype = model.settings.engine.args.get("dtype", "auto")
    native = model.known.native_dtype if model.known is not None else None
    wants = dtype == "bfloat16" or (dtype == "auto" and native in ("bf16", "bfloat16"))
    if wants and device is not None and not device.gpu.bf16:
        yield Violation(
            f"{model.path}.engine.args",
            f"`{model.name}` is in bfloat16, which {device.gpu.name} on `{place.pool.name}` doesn't compute",
            "add dtype: half, or choose a newer GPU",
        )


@placement_rule(
    "ENGINE-KV-FORMAT",
    "error",
    prevents="vLLM exits at start: no attention backend of this GPU keeps an fp8 KV cache.",
    source=(
        "vLLM 0.33 vllm/v1/attention/backends/{flashinfer,triton_attn,flash_attn}.py, "
        "vllm/model_executor/layers/attention/attention.py"
    ),
    model=(*SOURCE, "pool", "slice", *ENGINE),
    pool=("name", *DEVICES),
)
def cache_format_runs(_: Resolution, place: ModelOnPool) -> Violations:
    """An fp8 KV cache is used on GPUs of compute capability 8.0 or later, and fp8_e5m2 never with an fp8 checkpoint."""
    model, device = place.model, place.device
    wanted = model.settings.engine.kv_cache_dtype
    path = f"{model.path}.engine.kv_cache_dtype"
    if wanted == "fp8_e5m2" and _native(model.known) == "fp8":
        yield Violation(path, "`fp8_e5m2`, which vLLM refuses for checkpoints in fp8", "write `fp8`")
    if device is None or not wanted.startswith("fp8"):
        return
    if float(device.gpu.compute_capability) < _FP8_CACHE_CAPABILITY:
        yield Violation(
            path,
            (
                f"`{wanted}` needs compute capability {_FP8_CACHE_CAPABILITY}; `{place.pool.name}`'s "
                f"{device.gpu.name} has {device.gpu.compute_capability}"
            ),
            "write `auto`, or choose a newer GPU",
        )


@model_rule(
    "ENGINE-ATTENTION",
    "error",
    prevents="vLLM exits at start: `Unknown attention backend`.",
    source="vLLM 0.33 vllm/v1/attention/backends/registry.py, catalog/vllm (catalog/vllm_options.py)",
    model=("engine.version",),
)
def attention_known(_: Resolution, model: ModelView) -> Violations:
    """The attention backend is one that this version of vLLM has for NVIDIA GPUs."""
    for vllm, path, name, value in arguments(model):
        match name.replace("_", "-"):
            case "attention-backend":
                place, wanted = path, value
            case "attention-config":
                place, wanted = f"{path}.backend", (mapping(value) or {}).get("backend")
            case _:
                continue
        able = [one for one in vllm.attention_backends if not one.startswith(_OTHER_MAKERS)]
        if wanted is not None and str(wanted).upper() not in able:
            other = str(wanted).upper() in vllm.attention_backends
            why = "not for NVIDIA GPUs" if other else f"not an attention backend of vLLM {vllm.version}"
            yield Violation(place, f"`{wanted}` is {why}", nearest(str(wanted), able))


@model_rule(
    "ENGINE-PARSER",
    "error",
    prevents="vLLM exits at start: `invalid tool call parser`, or an unknown reasoning parser.",
    source="catalog/vllm",
    model=("engine.version", "engine.args"),
)
def parsers_known(_: Resolution, model: ModelView) -> Violations:
    """Tool and reasoning parsers are those of this version of vLLM, and `enable-auto-tool-choice` has a parser."""
    for vllm, path, name, value in arguments(model):
        spelled = name.replace("_", "-")
        known = {"tool-call-parser": vllm.tool_parsers, "reasoning-parser": vllm.reasoning_parsers}.get(spelled)
        if known is not None and value not in known:
            yield Violation(path, f"`{value}` is not a parser of vLLM {vllm.version}", nearest(str(value), known))
        if spelled == "enable-auto-tool-choice" and value is True and "tool-call-parser" not in model.asked:
            yield Violation(
                path, "`enable-auto-tool-choice` needs `tool-call-parser`", "add tool-call-parser, or leave it out"
            )
