"""The numbers of a Hugging Face configuration: whole, and no larger than any model's."""

from collections.abc import Mapping
from typing import Any

from planning.model_config.errors import UnreadableError
from planning.model_config.sizes import OTHER_CONFIG

# Far above every published model: 2,000 layers, vocabularies of a million tokens, contexts of a hundred million.
_MOST_LAYERS, _LARGEST_SIZE, _LONGEST_CONTEXT = 2_000, 10_000_000, 100_000_000
_LAYERS = frozenset({
    "num_hidden_layers", "num_nextn_predict_layers", "mtp_num_hidden_layers", "num_kv_shared_layers",
    "first_k_dense_replace", "interleave_moe_layer_step", "expert_layer_period",
    "expert_layer_offset", "decoder_sparse_step", "full_attention_interval", "no_rope_layer_interval",
    "index_topk_freq", "index_skip_topk_offset", "sliding_window_pattern", "_sliding_window_pattern",
    "global_attn_every_n_layers", "num_dense_layers",
})  # fmt: skip
_CONTEXTS = frozenset({"max_position_embeddings", "sliding_window", "sliding_windows", "attention_chunk_size"})
_SIZES = frozenset({
    "hidden_size", "intermediate_size", "intermediate_size_mlp", "moe_intermediate_size", "moe_latent_size",
    "moe_shared_expert_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size",
    "hidden_size_per_layer_input", "vocab_size", "num_attention_heads", "num_key_value_heads", "head_dim",
    "global_head_dim", "num_global_key_value_heads", "v_head_dim", "qk_nope_head_dim", "qk_rope_head_dim",
    "q_lora_rank", "kv_lora_rank", "index_topk", "index_n_heads", "index_head_dim", "linear_num_key_heads",
    "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim", "linear_conv_kernel_dim", "n_groups",
    "ssm_state_size", "mamba_num_heads", "mamba_head_dim", "conv_kernel", "mamba_n_groups", "mamba_d_state",
    "mamba_n_heads", "mamba_d_head", "mamba_d_conv", "num_experts", "moe_num_experts", "n_routed_experts",
    "num_local_experts", "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k",
    "moe_k", "top_k", "n_shared_experts", "moe_num_shared_experts", "num_shared_experts", "num_shared_expert",
    "num_routed_experts", "share_expert_dim", "image_size", "patch_size", "embed_dim", "width", "mlp_hidden_dim",
    "spatial_merge_size", "mm_tokens_per_image", "image_seq_length", "mlp_ratio", "factor",
})  # fmt: skip
# Of these there is at least one, where they are given.
_POSITIVE = frozenset({"vocab_size", "hidden_size"})
_FRACTIONS = frozenset({"mlp_ratio", "factor"})
_LISTS = frozenset({
    "layer_types", "no_rope_layers", "mlp_only_layers", "moe_layers", "moe_layer_freq", "mlp_layer_types",
    "index_topk_pattern", "hybrid_override_pattern", "deepstack_visual_indexes",
})  # fmt: skip
_KINDS = "layer_types"
# A letter for each layer, local or global, in place of a number (EXAONE 4).
_LETTERS = ("sliding_window_pattern", "_sliding_window_pattern")
_COUNTED = _LAYERS | _CONTEXTS | _SIZES
_LONGEST_SHOWN = 40


def check_sizes(text: Mapping[str, Any], images: Mapping[str, Any] | None) -> None:
    """Check the numbers of a language model, of an encoder of images, and of the parts inside them.

    Raises:
        UnreadableError: one is negative, zero where there must be some, not whole where it counts something, or larger
            than any model's.
    """
    waiting = [text, *([] if images is None else [images])]
    while waiting:
        part = waiting.pop()
        for key, value in part.items():
            if key == _KINDS and value is not None and not isinstance(value, list):
                raise UnreadableError(f"`{key}` is {repr(value)[:_LONGEST_SHOWN]}, not a list", OTHER_CONFIG)
            if isinstance(value, Mapping) and not (part is text and key in _COUNTED):
                # Only the language model's sizes are all read: DeepSeek-OCR has two encoders under `width`.
                waiting.append(value)
            elif key in _LETTERS and isinstance(value, str) and value and not set(value) - set("LG"):
                _check(key, len(value))
            elif key in _LISTS and isinstance(value, (list, str)):
                if len(value) > _MOST_LAYERS:
                    raise UnreadableError(
                        f"`{key}` has {len(value):,} entries, more than any model has layers", OTHER_CONFIG
                    )
            else:
                _check(key, value)


def _check(key: str, value: Any) -> None:
    if key not in _COUNTED:
        return
    most = _MOST_LAYERS if key in _LAYERS else _LONGEST_CONTEXT if key in _CONTEXTS else _LARGEST_SIZE
    least = 1 if key in _POSITIVE else 0
    for number in value if isinstance(value, list) else [value]:
        kinds = (int, float) if key in _FRACTIONS else (int,)
        # Python takes `true` for 1.
        if number is not None and not (isinstance(number, kinds) and number is not True and least <= number <= most):
            kind = "number" if key in _FRACTIONS else "whole number"
            shown = repr(number)[:_LONGEST_SHOWN]
            raise UnreadableError(f"`{key}` is {shown}, not a {kind} from {least} to {most:,}", OTHER_CONFIG)
