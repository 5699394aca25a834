"""The values of a Hugging Face configuration: of the type of their key, and numbers no larger than any model's."""

from collections.abc import Mapping
from typing import Any

from planning.model_config.errors import UnreadableError
from planning.model_config.sizes import OTHER_CONFIG

# Far above every published model: 2,000 layers, vocabularies of a million tokens, contexts of a hundred million.
_MOST_LAYERS, _LARGEST_SIZE, _LONGEST_CONTEXT = 2_000, 10_000_000, 100_000_000
_LAYERS = frozenset({
    "num_hidden_layers", "num_layers", "num_nextn_predict_layers", "mtp_num_hidden_layers", "num_kv_shared_layers",
    "first_k_dense_replace", "interleave_moe_layer_step", "expert_layer_period",
    "expert_layer_offset", "decoder_sparse_step", "full_attention_interval", "no_rope_layer_interval",
    "index_topk_freq", "index_skip_topk_offset", "sliding_window_pattern", "_sliding_window_pattern",
    "global_attn_every_n_layers", "num_dense_layers", "attn_layer_offset", "attn_layer_period", "layer_group_size",
    "max_window_layers",
})  # fmt: skip
_CONTEXTS = frozenset(
    {"max_position_embeddings", "sliding_window", "sliding_windows", "sliding_window_size", "attention_chunk_size"}
)
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
    "spatial_merge_size", "mm_tokens_per_image", "image_seq_length", "mlp_ratio", "factor", "conv_L_cache", "conv_dim",
    "mamba_d_ssm", "mamba_expand", "mamba_ngroups", "n_mamba_heads", "num_heads", "short_conv_kernel_size",
    "index_kpool", "sparse_index_dim", "swa_head_dim", "swa_num_key_value_heads", "swa_v_head_dim", "type_vocab_size",
    "n_heads_in_group",
})  # fmt: skip
# Of these there is at least one, where they are given.
_POSITIVE = frozenset({"vocab_size", "hidden_size", "head_dim"})
_FRACTIONS = frozenset({"mlp_ratio", "factor", "mamba_expand"})
LISTS = frozenset({
    "layer_types", "no_rope_layers", "mlp_only_layers", "moe_layers", "moe_layer_freq", "mlp_layer_types",
    "index_topk_pattern", "hybrid_override_pattern", "deepstack_visual_indexes",
})  # fmt: skip
# Of a configuration and its parts, what is not a number.
_TEXTS = frozenset({"model_type", "dtype", "torch_dtype", "mamba_ssm_dtype", "mamba_ssm_cache_dtype"})
_FLAGS = frozenset({
    "tie_word_embeddings", "use_sliding_window", "is_encoder_decoder", "enable_moe_block", "attention_k_eq_v",
})  # fmt: skip
_MAPPINGS = frozenset({
    "quantization_config", "rope_scaling", "rope_parameters", "linear_attn_config", "sparse_attention_config",
})  # fmt: skip
_SEQUENCES = frozenset({
    "layer_types", "architectures", "attn_layer_indices", "full_attn_idxs", "hybrid_layer_pattern", "indexer_types",
    "layers_block_type", "block_configs",
})  # fmt: skip
_NAMED = frozenset({"architectures"})
KINDS: tuple[tuple[frozenset[str], type, str], ...] = (
    (_TEXTS, str, "a text"),
    (_FLAGS, bool, "true or false"),
    (_MAPPINGS, Mapping, "a mapping"),
    (_SEQUENCES, list, "a list"),
)
# A letter for each layer, local or global, in place of a number (EXAONE 4).
_LETTERS = ("sliding_window_pattern", "_sliding_window_pattern")
COUNTED = _LAYERS | _CONTEXTS | _SIZES
_LONGEST_SHOWN = 40


def check_values(config: Mapping[str, Any], text: Mapping[str, Any], images: Mapping[str, Any] | None) -> None:
    """Check a configuration's own level, its language model, its encoder of images, and the parts inside them.

    Raises:
        UnreadableError: a value has another type than its key, or a number is negative, zero where there must be some,
            not whole where it counts something, or larger than any model's.
    """
    for part in (config, text, {} if images is None else images):
        for key, value in part.items():
            _check_kind(key, value)
    waiting = [text, *([] if images is None else [images])]
    while waiting:
        part = waiting.pop()
        for key, value in part.items():
            if isinstance(value, Mapping) and not (part is text and key in COUNTED):
                # Only the language model's sizes are all read: DeepSeek-OCR has two encoders under `width`.
                waiting.append(value)
            elif key in _LETTERS and isinstance(value, str) and value and not set(value) - set("LG"):
                _check(key, len(value))
            elif key in LISTS and isinstance(value, (list, str)):
                if len(value) > _MOST_LAYERS:
                    raise UnreadableError(
                        f"`{key}` has {len(value):,} entries, more than any model has layers", OTHER_CONFIG
                    )
            elif not (key == "head_dim" and value == 0 and part.get("kv_lora_rank")):
                # GLM-5.3's class has no width of a head, since its attention is latent.
                _check(key, value)


def _check_kind(key: str, value: Any) -> None:
    """A value that is not a number; null is as good as none."""
    if value is None:
        return
    for keys, kind, words in KINDS:
        if key in keys and not isinstance(value, kind):
            raise UnreadableError(f"`{key}` is {repr(value)[:_LONGEST_SHOWN]}, not {words}", OTHER_CONFIG)
    if key in _NAMED and (wrong := next((item for item in value if not isinstance(item, str)), None)) is not None:
        raise UnreadableError(f"`{key}` has {repr(wrong)[:_LONGEST_SHOWN]}, not a name", OTHER_CONFIG)
    if key in _TEXTS | _SEQUENCES and len(value) > _MOST_LAYERS:
        raise UnreadableError(f"`{key}` has a length of {len(value):,}, more than any model's", OTHER_CONFIG)


def _check(key: str, value: Any) -> None:
    if key not in COUNTED:
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
