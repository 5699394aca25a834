"""Reads a Hugging Face `config.json` into the catalog's description of a model, or says why it cannot be computed."""

from collections.abc import Mapping
from typing import Any

from catalog import AttentionLayers, ModelArchitecture, VllmVersion
from catalog.model_schema import AttentionKind
from planning.memory import GIB
from planning.model_config import defaults, encoder_only
from planning.model_config.bounds import check_values
from planning.model_config.encoder import encoder_of
from planning.model_config.errors import UnreadableError
from planning.model_config.layers import layers_of
from planning.model_config.parts import sees, whole
from planning.model_config.quantization import cache_dtype, method_name
from planning.model_config.sizes import OTHER_CONFIG, head_dim, kv_heads, layer_count, required_size
from planning.model_config.weights import weights_of
from planning.model_config.widths import unknown_experts, widths_of

_LONGEST_MESSAGE = 300
# A file may hold anything under any key: what can't be a size counts as missing.
_NO_SIZE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def read(config: Mapping[str, Any], name: str, vllm: VllmVersion) -> ModelArchitecture:
    """Describe the model of a `config.json`; `weights_gib` (None) and `max_context_tokens` (0) may be left open.

    Sizes follow `vllm` (`get_head_size`, `get_total_num_kv_heads`, `_get_and_verify_max_len`), which reads the file
    through the classes of transformers; weights are counted from the dimensions, at the number formats that
    `quantization_config` names.

    Raises:
        UnreadableError: a size is missing or is none, or the model keeps its cache in a way that is not computed.
    """
    try:
        return _read(config, name, vllm)
    except UnreadableError:
        raise
    except _NO_SIZE as error:
        message = f"a value in it has a form that no configuration of a model has ({type(error).__name__}: {error})"
        raise UnreadableError(message[:_LONGEST_MESSAGE], OTHER_CONFIG) from error


def _read(config: Mapping[str, Any], name: str, vllm: VllmVersion) -> ModelArchitecture:
    text, known = defaults.language(config, vllm), vllm.architectures
    images = defaults.images(config, vllm)
    check_values(config, text, images)
    if text.get("model_type") in known.encoders:
        return encoder_only.read(text, name)
    quantization, model_type = text.get("quantization_config"), str(text.get("model_type", ""))
    layers, hidden = layer_count(text), required_size(text, "hidden_size")
    heads, width, groups = required_size(text, "num_attention_heads"), None, layers_of(text, vllm)
    if not text.get("kv_lora_rank"):
        width = head_dim(text)
    weights, widths = weights_of(text, quantization, known), widths_of(text)
    beside = defaults.others(config, vllm)
    size = None if weights is None or weights.weights_bytes is None or beside else weights.weights_bytes / GIB
    plain = len(groups) == 1 and groups[0].kind == "full" and not groups[0].value_dim and not groups[0].index_bytes
    vocab = text.get("vocab_size")
    experts = widths is not None and widths.experts > 0
    return ModelArchitecture(
        id=name,
        task="generate",
        params_b=0.0 if weights is None else round(weights.parameters / 1e9, 2),
        active_b=None,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads(text),
        head_dim=width,
        intermediate=widths.beside if widths is not None else None,
        vocab=vocab if isinstance(vocab, int) else None,
        native_dtype=method_name(quantization) or str(text.get("dtype") or text.get("torch_dtype") or "unknown"),
        max_context_tokens=_longest(text, vllm),
        gated=False,
        weights_gib=size,
        attention_kind="full" if plain else _kind(groups),
        attention="full" if plain else _words(groups),
        kv_bytes_per_token=2 * layers * kv_heads(text) * width * 2 if plain and width is not None else None,
        verified=False,
        source="config.json",
        as_of="",
        caches=() if plain and groups[0].layers == layers else groups,
        active_width=widths.active if widths is not None else None,
        draft_layers=text.get("num_nextn_predict_layers") or text.get("mtp_num_hidden_layers") or None,
        experts=widths.experts if widths is not None and experts else None,
        expert_share=weights.expert_share if weights is not None else 0.0,
        experts_per_token=widths.chosen if widths is not None and experts else None,
        expert_width=widths.routed if widths is not None and experts else None,
        expert_input=widths.inner if widths is not None and experts and widths.inner != hidden else None,
        gated_experts=widths is None or widths.gated,
        cache_dtype=cache_dtype(quantization),
        encoder=encoder_of(whole(config), images),
        uncounted=tuple(key for key in beside if images is None or key not in set(sees(beside))),
        cc10_cache_dtype="fp8" if model_type in known.cc10_fp8_cache else None,
        largest_graph=known.largest_graph.get(model_type),
    )


def _kind(groups: tuple[AttentionLayers, ...]) -> AttentionKind:
    kinds = {group.kind for group in groups}
    if kinds == {"mla"}:
        return "mla"
    return "chunked" if "chunked" in kinds else "hybrid"


def _words(groups: tuple[AttentionLayers, ...]) -> str:
    """Layers of each kind, such as "48 linear + 16 full"."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group.kind] = counts.get(group.kind, 0) + group.layers
    return " + ".join(f"{count} {kind}" for kind, count in counts.items())


def _longest(text: Mapping[str, Any], vllm: VllmVersion) -> int:
    """Tokens that vLLM derives as the longest context; 0 where the configuration doesn't say."""
    longest = text.get("max_position_embeddings")
    if not isinstance(longest, int):
        return 0
    if str(text.get("model_type", "")).startswith(vllm.architectures.unscaled_context):
        return longest
    scaling = text.get("rope_scaling") or text.get("rope_parameters")
    if not isinstance(scaling, Mapping):
        return longest
    # One scaling, or one for each kind of layer.
    nested = [part for part in scaling.values() if isinstance(part, Mapping)]
    factors = [factor for part in nested or [scaling] if (factor := _factor(part, vllm)) is not None]
    return int(longest * factors[-1]) if factors else longest


def _factor(scaling: Mapping[str, Any], vllm: VllmVersion) -> float | None:
    kind, factor = scaling.get("rope_type", scaling.get("type", "default")), scaling.get("factor")
    known = isinstance(factor, (int, float)) and kind not in vllm.scaled_rope_types
    return float(factor) if known and factor is not None else None


def unknown_weights(config: Mapping[str, Any], vllm: VllmVersion) -> str:
    """Why the weights' size can't be computed from a configuration that is otherwise readable."""
    if defaults.others(config, vllm):
        return "it has parts beside the language model"
    text = defaults.language(config, vllm)
    try:
        weights = weights_of(text, text.get("quantization_config"), vllm.architectures)
    except _NO_SIZE:
        weights = None
    if weights is not None and weights.weights_bytes is None:
        method = method_name(text.get("quantization_config"))
        return f"its weights are quantized by {method} in a way that isn't counted here"
    unknown = unknown_experts(text)
    if unknown:
        return f"what `{unknown[0]}` adds isn't known"
    return "a size is missing, or its parts aren't counted here"
