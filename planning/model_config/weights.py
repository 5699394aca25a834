"""How large the tensors of a Hugging Face configuration are, part by part."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from catalog import Architectures
from planning.model_config.errors import UnreadableError
from planning.model_config.quantization import PLAIN, part_bytes
from planning.model_config.sizes import head_dim, kv_heads
from planning.model_config.states import has_state
from planning.model_config.widths import Widths, sparse_layers, widths_of

# Families with parts that aren't counted here, beside those whose layers keep states.
_UNCOUNTED = ("mimo_v2", "mimo_v2_flash", "longcat_flash", "hy_v4")


class Weights(Struct, frozen=True):
    """Parameters of a language model by part, and bytes where the number formats are known."""

    parameters: int
    weights_bytes: float | None
    expert_share: float


def weights_of(text: Mapping[str, Any], quantization: object, architectures: Architectures) -> Weights | None:
    """Count the tensors; None where a size is missing or the model has parts that are not counted here.

    Attention: queries, keys, values, output; latent attention its down and up projections; feed-forward: gate, up and
    down, once or for each expert; embeddings and output head; norms.
    """
    widths = widths_of(text)
    try:
        if widths is None:
            return None
        parts = _parts(text, widths, gated=text.get("model_type") in architectures.gated_delta)
        outer = text["vocab_size"] * text["hidden_size"] * (1 if _tied(text) else 2)
    except (KeyError, TypeError, UnreadableError):
        return None
    outer += parts.pop("norms") + parts.pop("router")
    formats = part_bytes(quantization)
    total = outer + sum(parts.values())
    size = None if formats is None else outer * PLAIN + sum(count * formats[part] for part, count in parts.items())
    share = 0.0 if not size or formats is None else parts["experts"] * formats["experts"] / size
    return Weights(total, size, share)


def _parts(text: Mapping[str, Any], widths: Widths, *, gated: bool) -> dict[str, int]:
    """Parameters of all layers by part; KeyError or TypeError where a size is missing."""
    uncounted = has_state(text) or text.get("model_type") in _UNCOUNTED or text.get("block_configs")
    if uncounted or text.get("hidden_size_per_layer_input") or text.get("sparse_attention_config"):
        raise KeyError(text.get("model_type"))
    layers, hidden = text["num_hidden_layers"], text["hidden_size"]
    sparse = sparse_layers(text)
    kinds = [str(kind) for kind in text.get("layer_types") or ()][:layers]
    every = text.get("full_attention_interval") or 4
    linear = kinds.count("linear_attention") if kinds else layers - layers // every if gated else 0
    full = kinds.count("full_attention") if text.get("global_head_dim") else 0
    dense, block = widths.dense or 0, widths.matrices
    return {
        "attention": (layers - linear - full) * _attention(text, gated=gated)
        + (full * _attention(text, gated=gated, wide=True) if full else 0),
        "linear": linear * _linear(text) if linear else 0,
        "dense": (layers if text.get("enable_moe_block") else layers - sparse) * block * hidden * dense,
        "experts": sparse * widths.experts * block * widths.inner * widths.routed,
        "shared": sparse * block * hidden * widths.shared,
        "router": sparse * hidden * widths.experts,
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


def _tied(text: Mapping[str, Any]) -> bool:
    return bool(text.get("tie_word_embeddings", str(text.get("model_type", "")).startswith("gemma")))
