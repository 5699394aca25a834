"""Reads a Hugging Face `config.json` into the catalog's description of a model, or says why it cannot be computed."""

from collections.abc import Mapping
from typing import Any

from catalog import AttentionLayers, ModelArchitecture, VllmVersion
from catalog.model_schema import AttentionKind
from planning.memory import GIB
from planning.model_config.layers import (
    UnreadableError,
    head_dim,
    kv_heads,
    layers_of,
    required_size,
)
from planning.model_config.quantization import cache_dtype, method_name
from planning.model_config.weights import Weights, weights_of

__all__ = ["UnreadableError", "read", "unknown_weights"]

# Where multi-modal configurations keep their language model.
_NESTED = ("text_config", "llm_config", "language_config")
_BESIDE = ("vision_config", "audio_config", "speech_config")


def read(config: Mapping[str, Any], name: str, vllm: VllmVersion) -> ModelArchitecture:
    """Describe the model of a `config.json`; `weights_gib` (None) and `max_context_tokens` (0) may be left open.

    Sizes follow `vllm` (`get_head_size`, `get_total_num_kv_heads`, `_get_and_verify_max_len`); weights are counted
    from the dimensions, at the number formats that `quantization_config` names.

    Raises:
        UnreadableError: a size is missing, or the model keeps its cache in a way that is not computed.
    """
    text = _language(config)
    quantization = text.get("quantization_config")
    layers, hidden = required_size(text, "num_hidden_layers"), required_size(text, "hidden_size")
    heads, width, groups = required_size(text, "num_attention_heads"), None, layers_of(text, vllm)
    if not text.get("kv_lora_rank"):
        width = head_dim(text)
    weights = weights_of(text, quantization, vllm.architectures)
    size = _size(config, weights)
    plain = all(group.kind == "full" for group in groups) and len(groups) == 1
    vocab, intermediate = text.get("vocab_size"), text.get("intermediate_size")
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
        intermediate=intermediate if isinstance(intermediate, int) and not _has_experts(weights) else None,
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
        active_width=weights.active_width if weights is not None else None,
        draft_layers=text.get("num_nextn_predict_layers") or text.get("mtp_num_hidden_layers") or None,
        experts=weights.experts if weights is not None else None,
        expert_share=weights.expert_share if weights is not None else 0.0,
        cache_dtype=cache_dtype(quantization),
    )


def _language(config: Mapping[str, Any]) -> dict[str, Any]:
    nested: Mapping[str, Any] = next((config[key] for key in _NESTED if isinstance(config.get(key), Mapping)), {})
    return {**config, **nested}


def _has_other_parts(config: Mapping[str, Any]) -> bool:
    return any(isinstance(config.get(key), Mapping) for key in _BESIDE)


def _has_experts(weights: Weights | None) -> bool:
    return weights is not None and weights.experts is not None


def _size(config: Mapping[str, Any], weights: Weights | None) -> float | None:
    if weights is None or weights.weights_bytes is None or _has_other_parts(config):
        return None
    return weights.weights_bytes / GIB


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
    scaling = text.get("rope_scaling") or text.get("rope_parameters")
    if not isinstance(scaling, Mapping):
        return longest
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    factor = scaling.get("factor")
    if kind in vllm.scaled_rope_types or not isinstance(factor, (int, float)):
        return longest
    original = scaling.get("original_max_position_embeddings")
    base = original if kind == "yarn" and isinstance(original, int) else longest
    return int(base * factor)


def unknown_weights(config: Mapping[str, Any], vllm: VllmVersion) -> str:
    """Why the weights' size can't be computed from a configuration that is otherwise readable."""
    if _has_other_parts(config):
        return "it has parts beside the language model"
    text = _language(config)
    weights = weights_of(text, text.get("quantization_config"), vllm.architectures)
    if weights is not None and weights.weights_bytes is None:
        return f"its weights are quantized by {method_name(text.get('quantization_config'))}"
    return "a size is missing, or its parts aren't counted here"
