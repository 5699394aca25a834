"""How large the tensors of a Hugging Face configuration are, part by part."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from catalog import Architectures
from planning.model_config.layers import head_dim, kv_heads
from planning.model_config.quantization import PLAIN, part_bytes


class Weights(Struct, frozen=True):
    """Parameters of a language model by part, and bytes where the number formats are known."""

    parameters: int
    weights_bytes: float | None
    experts: int | None
    expert_share: float
    active_width: int | None


def weights_of(text: Mapping[str, Any], quantization: object, architectures: Architectures) -> Weights | None:
    """Count the tensors; None where a size is missing or the model has parts that are not counted here.

    Attention: queries, keys, values, output; latent attention its down and up projections; feed-forward: gate, up and
    down, once or for each expert; embeddings and output head; norms.
    """
    try:
        parts = _parts(text, gated=text.get("model_type") in architectures.gated_delta)
    except (KeyError, TypeError):
        return None
    outer = (
        text["vocab_size"] * text["hidden_size"] * (1 if _tied(text) else 2) + parts.pop("norms") + parts.pop("router")
    )
    widths = part_bytes(quantization)
    total = outer + sum(parts.values())
    size = None if widths is None else outer * PLAIN + sum(count * widths[part] for part, count in parts.items())
    experts = _experts(text)
    share = 0.0 if not size or widths is None else parts["experts"] * widths["experts"] / size
    return Weights(total, size, experts, share, _active_width(text))


def _parts(text: Mapping[str, Any], *, gated: bool) -> dict[str, int]:
    """Parameters of all layers by part; KeyError or TypeError where a size is missing."""
    if text.get("hidden_size_per_layer_input") or text.get("model_type") in ("nemotron_h", "granitemoehybrid"):
        raise KeyError(text.get("model_type"))
    layers, hidden = text["num_hidden_layers"], text["hidden_size"]
    sparse = _sparse_layers(text)
    kinds = [str(kind) for kind in text.get("layer_types") or ()][:layers]
    every = text.get("full_attention_interval") or 4
    linear = kinds.count("linear_attention") if kinds else layers - layers // every if gated else 0
    full = kinds.count("full_attention") if text.get("global_head_dim") else 0
    experts = _experts(text) or 0
    return {
        "attention": (layers - linear - full) * _attention(text, gated=gated)
        + (full * _attention(text, gated=gated, wide=True) if full else 0),
        "linear": linear * _linear(text) if linear else 0,
        "dense": (layers - sparse if not text.get("enable_moe_block") else layers) * 3 * hidden * _dense_width(text)
        if sparse < layers or text.get("enable_moe_block") else 0,
        "experts": sparse * experts * 3 * hidden * _expert_width(text) if experts else 0,
        "shared": sparse * 3 * hidden * _shared_width(text) if experts else 0,
        "router": sparse * hidden * experts,
        "norms": layers * 2 * hidden,
    }  # fmt: skip


def _attention(text: Mapping[str, Any], *, gated: bool, wide: bool = False) -> int:
    hidden, heads = text["hidden_size"], text["num_attention_heads"]
    if text.get("kv_lora_rank"):
        queries = heads * (text["qk_nope_head_dim"] + text["qk_rope_head_dim"])
        rank, latent = text.get("q_lora_rank"), text["kv_lora_rank"]
        down = hidden * (latent + text["qk_rope_head_dim"])
        up = latent * heads * (text["qk_nope_head_dim"] + text["v_head_dim"])
        index = 0
        if text.get("index_topk"):
            index = text["index_head_dim"] * (text["index_n_heads"] * rank + hidden) + hidden * text["index_n_heads"]
        query = hidden * rank + rank * queries if rank else hidden * queries
        return query + down + up + heads * text["v_head_dim"] * hidden + index
    width, few = head_dim(text), kv_heads(text)
    if wide:
        width, few = text["global_head_dim"], text.get("num_global_key_value_heads") or few
    stored = 1 if wide and text.get("attention_k_eq_v") else 2
    query = 2 if gated else 1
    return hidden * width * (heads * query + stored * few + heads)


def _linear(text: Mapping[str, Any]) -> int:
    hidden = text["hidden_size"]
    keys = text["linear_num_key_heads"] * text["linear_key_head_dim"]
    values = text["linear_num_value_heads"] * text["linear_value_head_dim"]
    channels = 2 * keys + values
    gates = 2 * text["linear_num_value_heads"]
    return hidden * (channels + values + gates) + channels * (text.get("linear_conv_kernel_dim") or 4) + values * hidden


def _experts(text: Mapping[str, Any]) -> int | None:
    for key in ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"):
        if text.get(key):
            return int(text[key])
    return None


def _sparse_layers(text: Mapping[str, Any]) -> int:
    """Layers with experts."""
    layers = text["num_hidden_layers"]
    if not _experts(text):
        return 0
    if isinstance(text.get("moe_layers"), list):
        return len(text["moe_layers"])
    if text.get("interleave_moe_layer_step"):
        return layers // text["interleave_moe_layer_step"]
    kinds = text.get("mlp_layer_types")
    if isinstance(kinds, list):
        return kinds.count("sparse")
    step, dense = text.get("decoder_sparse_step") or 1, set(text.get("mlp_only_layers") or ())
    first = text.get("first_k_dense_replace") or 0
    return sum(1 for index in range(first, layers) if index not in dense and (index + 1) % step == 0)


def _expert_width(text: Mapping[str, Any]) -> int:
    return int(text.get("moe_intermediate_size") or text["intermediate_size"])


def _dense_width(text: Mapping[str, Any]) -> int:
    return int(text.get("intermediate_size_mlp") or text["intermediate_size"])


def _shared_width(text: Mapping[str, Any]) -> int:
    if text.get("shared_expert_intermediate_size"):
        return int(text["shared_expert_intermediate_size"])
    if str(text.get("model_type", "")).startswith("llama4"):
        return int(text["intermediate_size"])
    return int(text.get("n_shared_experts") or 0) * _expert_width(text)


def _active_width(text: Mapping[str, Any]) -> int | None:
    """The widest feed-forward block that one token passes."""
    try:
        dense = _dense_width(text) if _sparse_layers(text) < text["num_hidden_layers"] else 0
        if not _experts(text):
            return dense
        chosen = int(text.get("num_experts_per_tok") or text.get("top_k_experts") or 1)
        return max(dense, chosen * _expert_width(text) + _shared_width(text))
    except (KeyError, TypeError):
        return None


def _tied(text: Mapping[str, Any]) -> bool:
    return bool(text.get("tie_word_embeddings", str(text.get("model_type", "")).startswith("gemma")))
