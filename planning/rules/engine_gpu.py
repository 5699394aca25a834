"""Rules about number formats and kernels that the vLLM version, the checkpoint and the GPU must support."""

from catalog import ModelArchitecture, VllmVersion
from config.wording import nearest
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine import given_options
from planning.rules.reads import DEVICES, ENGINE, SOURCE
from planning.rules.register import Violation, Violations, placement_rule, release_rule
from planning.vllm.options import mapping

_PLAIN = ("bf16", "bfloat16", "fp16", "float16")


def _native(release: ModelArchitecture | None, vllm: VllmVersion) -> str | None:
    """The quantization of a checkpoint as vLLM's loaders name it; None where it has none, or one they don't name."""
    loaders = vllm.checkpoint_loaders
    return next((kind for kind in loaders if release is not None and release.native_dtype.startswith(kind)), None)


@placement_rule(
    "ENGINE-QUANTIZATION",
    "error",
    prevents="vLLM exits at start: the quantization method is unknown, isn't that of the checkpoint (`Quantization "
    "method specified in the model config (…) does not match`), or isn't supported for the GPU.",
    source="catalog/vllm; vLLM 0.33 vllm/config/model.py _verify_quantization, vllm/config/vllm.py",
    model=(*SOURCE, "pool", "slice", *ENGINE),
    pool=("name", *DEVICES),
)
def quantization_runs(_: Resolution, place: ReleaseOnPool) -> Violations:
    """The quantization method exists in this version of vLLM, is the checkpoint's own, and runs on the GPU."""
    release = place.release
    vllm, method = release.vllm, release.options.values.get("quantization")
    if vllm is None:
        return
    path = release.options.path_of("quantization") if method is not None else f"{release.path}.source"
    native = _native(release.architecture, vllm)
    plain = release.architecture is not None and release.architecture.native_dtype in _PLAIN
    if method is not None and method not in vllm.quantizations:
        message = f"`{method}` is not a quantization of vLLM {vllm.version}"
        yield Violation(path, message, nearest(str(method), vllm.quantizations))
    elif method is not None and native is not None and method not in vllm.checkpoint_loaders[native]:
        message = f"`{method}`, but the checkpoint is quantized with `{native}`"
        yield Violation(path, message, "leave it out: vLLM reads it from the checkpoint")
    elif method in vllm.checkpoint_quantizations and plain:
        message = f"`{method}`, but the checkpoint isn't quantized"
        yield Violation(path, message, "leave it out, or write `fp8` to quantize it")
    else:
        yield from _too_old(place, vllm, str(method or (vllm.checkpoint_loaders[native][0] if native else "")), path)


def _too_old(place: ReleaseOnPool, vllm: VllmVersion, method: str, path: str) -> Violations:
    needed, device = vllm.quantization_min_capability.get(method), place.device
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
def dtype_runs(_: Resolution, place: ReleaseOnPool) -> Violations:
    """A model in bfloat16 runs on GPUs that support it, or with `dtype: half`."""
    release, device = place.release, place.device
    dtype = release.options.values.get("dtype", "auto")
    native = release.architecture.native_dtype if release.architecture is not None else None
    wants = dtype == "bfloat16" or (dtype == "auto" and native in ("bf16", "bfloat16"))
    if wants and device is not None and not device.gpu.bf16:
        yield Violation(
            f"{release.path}.engine.args",
            f"`{release.name}` is in bfloat16, which {device.gpu.name} on `{place.pool.name}` doesn't support",
            "add dtype: half, or choose a newer GPU",
        )


@placement_rule(
    "ENGINE-KV-FORMAT",
    "error",
    prevents="vLLM exits at start: no attention backend for this GPU supports an fp8 KV cache.",
    source=(
        "vLLM 0.33 vllm/v1/attention/backends/{flashinfer,triton_attn,flash_attn}.py, "
        "vllm/model_executor/layers/attention/attention.py"
    ),
    model=(*SOURCE, "pool", "slice", *ENGINE),
    pool=("name", *DEVICES),
)
def cache_format_runs(_: Resolution, place: ReleaseOnPool) -> Violations:
    """An fp8 KV cache is used on GPUs of compute capability 8.0 or later, and fp8_e5m2 never with an fp8 checkpoint."""
    release, device, vllm = place.release, place.device, place.release.vllm
    wanted, path = release.settings.engine.kv_cache_dtype, f"{release.path}.engine.kv_cache_dtype"
    if vllm is None:
        return
    if wanted == "fp8_e5m2" and _native(release.architecture, vllm) == "fp8":
        yield Violation(path, "`fp8_e5m2`, which vLLM refuses for checkpoints in fp8", "write `fp8`")
    if device is None or not wanted.startswith("fp8"):
        return
    if float(device.gpu.compute_capability) < float(vllm.fp8_cache_min_capability):
        yield Violation(
            path,
            (
                f"`{wanted}` needs compute capability {vllm.fp8_cache_min_capability}; `{place.pool.name}`'s "
                f"{device.gpu.name} has {device.gpu.compute_capability}"
            ),
            "write `auto`, or choose a newer GPU",
        )


@release_rule(
    "ENGINE-ATTENTION",
    "error",
    prevents="vLLM exits at start: `Unknown attention backend`.",
    source="vLLM 0.33 vllm/v1/attention/backends/registry.py, catalog/vllm (python -m catalog vllm)",
    model=("engine.version",),
)
def attention_known(_: Resolution, release: ReleaseView) -> Violations:
    """The attention backend is one that this version of vLLM has for NVIDIA GPUs."""
    for vllm, option in given_options(release):
        match option.name:
            case "attention-backend":
                place, wanted = option.path, option.value
            case "attention-config":
                place, wanted = f"{option.path}.backend", (mapping(option.value) or {}).get("backend")
            case _:
                continue
        able = [name for name in vllm.attention_backends if not name.startswith(vllm.other_vendor_backends)]
        if wanted is not None and str(wanted).upper() not in able:
            other_vendor = str(wanted).upper() in vllm.attention_backends
            why = "not for NVIDIA GPUs" if other_vendor else f"not an attention backend of vLLM {vllm.version}"
            yield Violation(place, f"`{wanted}` is {why}", nearest(str(wanted), able))


@release_rule(
    "ENGINE-PARSER",
    "error",
    prevents="vLLM exits at start: `invalid tool call parser`, an unknown reasoning parser, `No tokenizer registered`, "
    "or `Unknown config format`.",
    source="catalog/vllm",
    model=("engine.version", "engine.args"),
)
def parsers_known(_: Resolution, release: ReleaseView) -> Violations:
    """Parsers, tokenizer modes and formats are this version's, and `enable-auto-tool-choice` has a parser."""
    for vllm, option in given_options(release):
        value = option.value
        what, known = {
            "tool-call-parser": ("parser", vllm.tool_parsers),
            "reasoning-parser": ("parser", vllm.reasoning_parsers),
            "tokenizer-mode": ("tokenizer mode", vllm.tokenizer_modes),
            "config-format": ("format of configurations", vllm.config_formats),
        }.get(option.name, ("", None))
        if known is not None and (str(value).lower() if option.name == "tokenizer-mode" else value) not in known:
            message = f"`{value}` is not a {what} of vLLM {vllm.version}"
            yield Violation(option.path, message, nearest(str(value), known))
        chooses = option.name == "enable-auto-tool-choice" and value is True
        if chooses and "tool-call-parser" not in release.options.by_name:
            message = "`enable-auto-tool-choice` needs `tool-call-parser`"
            yield Violation(option.path, message, "add tool-call-parser, or leave it out")
