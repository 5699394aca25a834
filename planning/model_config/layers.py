"""The cache of each layer of a Hugging Face configuration, by vLLM's own reading of its keys."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from msgspec.structs import replace

from catalog import Architectures, AttentionLayers, VllmVersion
from planning.model_config.errors import UnreadableError
from planning.model_config.kinds import SHARED_INDEX, kinds_of, unknown_kinds
from planning.model_config.sizes import block_kv_heads, head_dim, kv_heads, required_size
from planning.model_config.states import state_of

# Keys that, where present and not empty, mean a feature for which there is no formula here → the feature.
_UNSUPPORTED: Mapping[str, str] = {
    "cross_attention_layers": "cross attention",
    "compress_ratios": "compressed caches of several rates",
}
# The same for keys that are known under some values of `model_type`.
_SUPPORTED_IN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "linear_attn_config": ("linear attention beside latent attention", ("kimi_linear", "glm5_next_text")),
    "attn_layer_period": ("state space layers of Mamba 1", ("jamba",)),
    "mamba_d_conv": ("state space layers", ("granitemoehybrid", "bamba", "falcon_h1", "zamba2", "jamba")),
    "block_configs": ("layers of different kinds", ("nemotron-nas",)),
    "sparse_attention_config": ("sparse attention", ("minimax_m3", "minimax_m3_text", "minimax_m3_vl_text")),
}
# Families whose values may have another width than their keys.
_OWN_VALUES = ("mimo_v2", "mimo_v2_flash")
# One scale of 4 bytes for every 128 numbers of an index (vLLM 0.33 deepseek_v2.py); MiniMax-M3's has two bytes a number
# (minimax_m3/common/indexer.py).
_INDEX_BLOCK, _INDEX_SCALE, _PLAIN_INDEX = 128, 4, 2


def layers_of(text: Mapping[str, Any], vllm: VllmVersion) -> tuple[AttentionLayers, ...]:
    """Groups of layers in their order, as `vllm` computes them; layers without a cache of their own are left out.

    A layer with attention beside a state counts as two.

    Raises:
        UnreadableError: a size is missing, or the model keeps its cache in a way that is not computed.
    """
    _refuse(text, vllm)
    kinds = list(kinds_of(text, vllm.architectures))
    if text.get("model_type") in vllm.architectures.shared_caches:
        kinds = kinds[: len(kinds) - (text.get("num_kv_shared_layers") or 0)]
    each = {kind: _group(text, kind, vllm.architectures) for kind in dict.fromkeys(kinds) if kind}
    runs = [(kind, len(list(run))) for kind, run in groupby(kind for kind in kinds if kind)]
    if len(each) == 1:
        return tuple(replace(group, layers=sum(length for _, length in runs)) for group in each.values())
    return tuple(replace(each[kind], layers=length, in_a_row=length) for kind, length in runs)


def _refuse(text: Mapping[str, Any], vllm: VllmVersion) -> None:
    known, model_type = vllm.architectures, str(text.get("model_type", ""))
    found = [feature for key, feature in _UNSUPPORTED.items() if text.get(key)]
    found += [feature for key, (feature, types) in _SUPPORTED_IN.items() if text.get(key) and model_type not in types]
    found += [f"layers of kind {kind}" for kind in sorted(unknown_kinds(text))]
    if text.get("is_encoder_decoder"):
        found.append("an encoder before its decoder")
    if text.get("kv_lora_rank") and model_type not in known.latent:
        found.append(f"latent attention as model_type {model_type!r} has it")
    if _other_values(text) and model_type not in _OWN_VALUES:
        found.append("values of another width than keys")
    if text.get("num_kv_shared_layers") and model_type not in known.shared_caches:
        found.append("caches shared between layers")
    if found:
        message = f"the ledger can't compute this model yet; it has {' and '.join(dict.fromkeys(found))}"
        raise UnreadableError(message, "choose a model whose attention is full, sliding, chunked, latent or linear")


def _other_values(text: Mapping[str, Any]) -> bool:
    return not text.get("kv_lora_rank") and bool(text.get("v_head_dim")) and text["v_head_dim"] != head_dim(text)


def _group(text: Mapping[str, Any], kind: str, architectures: Architectures) -> AttentionLayers:
    if kind in ("mla", SHARED_INDEX):
        return _latent(text, shared=kind == SHARED_INDEX)
    if kind == "linear":
        return AttentionLayers(kind="linear", layers=0, state=state_of(text, architectures))
    if kind.startswith("block "):
        heads = block_kv_heads(text, text["block_configs"][int(kind.removeprefix("block "))])
        return AttentionLayers(kind="full", layers=0, kv_heads=heads or 0, head_dim=head_dim(text))
    heads, width = kv_heads(text), head_dim(text)
    values = text["v_head_dim"] if _other_values(text) else 0
    if kind == "full" and text.get("global_head_dim"):
        width = required_size(text, "global_head_dim")
        heads = text.get("num_global_key_value_heads") or heads
    if kind in ("full", "indexed"):
        index = required_size(text["sparse_attention_config"], "sparse_index_dim") if kind == "indexed" else 0
        return AttentionLayers(
            kind="full", layers=0, kv_heads=heads, head_dim=width, value_dim=values, index_bytes=_PLAIN_INDEX * index
        )
    if kind == "chunked":
        chunk = text.get("attention_chunk_size") or 8192
        return AttentionLayers(kind="chunked", layers=0, kv_heads=heads, head_dim=width, window=chunk)
    return _sliding(text, heads, width, values)


def _sliding(text: Mapping[str, Any], heads: int, width: int, values: int) -> AttentionLayers:
    heads, width = text.get("swa_num_key_value_heads") or heads, text.get("swa_head_dim") or width
    values = text.get("swa_v_head_dim") or values
    # Cohere counts the token itself in addition (vLLM 0.33 commandr.py).
    key = "sliding_window_size" if text.get("sliding_window_size") else "sliding_window"
    window = required_size(text, key) + (1 if text.get("model_type") == "cohere2" else 0)
    each = text.get("sliding_windows")
    if isinstance(each, list):
        # Of windows of several widths the widest (vLLM 0.33 exaone_moe.py).
        window = max([window, *(found for found in each if isinstance(found, int))])
    return AttentionLayers(
        kind="sliding", layers=0, kv_heads=heads, head_dim=width, value_dim=values if values != width else 0,
        window=window,
    )  # fmt: skip


def _latent(text: Mapping[str, Any], *, shared: bool) -> AttentionLayers:
    width = required_size(text, "kv_lora_rank") + required_size(text, "qk_rope_head_dim", 0)
    if shared:
        return AttentionLayers(kind="mla", layers=0, head_dim=width, shares_index=True)
    index = required_size(text, "index_head_dim") if text.get("index_topk") else 0
    return AttentionLayers(
        kind="mla",
        layers=0,
        head_dim=width,
        index_bytes=index + index // _INDEX_BLOCK * _INDEX_SCALE,
        index_tokens=text.get("index_kpool") or 1,
    )
