"""Configurations of published models that the logs in `published_logs.py` are of, as their makers publish them.

Sizes are those of the config.json on Hugging Face, or of a copy in a public repository; what a model's class in
transformers 5.19 fills in is left out where the published file leaves it out.
"""

from typing import Any

from kv_cases import CATALOG, VLLM
from msgspec.structs import replace

from catalog import ModelArchitecture
from planning import model_config

# The encoder of Qwen3.5 to 3.8: 27 layers of width 1152.
_QWEN_EYES = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "patch_size": 16, "spatial_merge_size": 2}
QWEN35_9B: dict[str, Any] = {
    "model_type": "qwen3_5", "vision_config": {"model_type": "qwen3_5", **_QWEN_EYES},
    "text_config": {
        "model_type": "qwen3_5_text", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 12288,
        "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 256, "full_attention_interval": 4,
        "linear_num_key_heads": 16, "linear_key_head_dim": 128, "linear_num_value_heads": 32,
        "linear_value_head_dim": 128, "linear_conv_kernel_dim": 4, "mamba_ssm_dtype": "float32", "vocab_size": 248320,
        "max_position_embeddings": 262144, "mtp_num_hidden_layers": 1,
    },
}  # fmt: skip
NEMOTRON_NANO: dict[str, Any] = {
    "model_type": "nemotron_h", "num_hidden_layers": 52, "hidden_size": 2688, "intermediate_size": 1856,
    "hybrid_override_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME", "num_attention_heads": 32,
    "num_key_value_heads": 2, "head_dim": 128, "n_groups": 8, "ssm_state_size": 128, "mamba_num_heads": 64,
    "mamba_head_dim": 64, "conv_kernel": 4, "n_routed_experts": 128, "num_experts_per_tok": 6, "n_shared_experts": 1,
    "moe_intermediate_size": 1856, "moe_shared_expert_intermediate_size": 3712, "vocab_size": 131072,
    "mamba_ssm_cache_dtype": "float32", "max_position_embeddings": 262144, "mlp_hidden_act": "relu2",
}  # fmt: skip
NEMOTRON_SUPER: dict[str, Any] = {
    **NEMOTRON_NANO, "num_hidden_layers": 88, "hidden_size": 4096,
    "hybrid_override_pattern": "MEMEMEM*" + 2 * "EMEMEMEM*" + 4 * "EMEMEMEMEM*" + "EMEMEMEM*EMEMEMEME",
    "mamba_num_heads": 128, "n_routed_experts": 512, "num_experts_per_tok": 22, "moe_intermediate_size": 2688,
    "moe_latent_size": 1024, "moe_shared_expert_intermediate_size": 5376,
}  # fmt: skip
# As published: sizes that equal the class' are left out.
LLAVA_MISTRAL: dict[str, Any] = {
    "model_type": "llava_next", "image_token_index": 32000, "vision_feature_select_strategy": "default",
    "text_config": {
        "_name_or_path": "mistralai/Mistral-7B-Instruct-v0.2", "architectures": ["MistralForCausalLM"],
        "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral",
        "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": None,
        "torch_dtype": "bfloat16", "vocab_size": 32064,
    },
    "vision_config": {
        "hidden_size": 1024, "image_size": 336, "intermediate_size": 4096, "model_type": "clip_vision_model",
        "num_attention_heads": 16, "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768,
        "vocab_size": 32000,
    },
}  # fmt: skip
GEMMA_3_4B: dict[str, Any] = {
    "model_type": "gemma3", "mm_tokens_per_image": 256,
    "text_config": {
        "hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024,
    },
    "vision_config": {
        "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "model_type": "siglip_vision_model",
        "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14,
    },
}  # fmt: skip
GEMMA_3_12B: dict[str, Any] = {
    **GEMMA_3_4B,
    "text_config": {
        **GEMMA_3_4B["text_config"], "hidden_size": 3840, "intermediate_size": 15360, "num_attention_heads": 16,
        "num_hidden_layers": 48, "num_key_value_heads": 8,
    },
}  # fmt: skip
GEMMA_3_27B: dict[str, Any] = {
    **GEMMA_3_4B,
    "text_config": {
        **GEMMA_3_4B["text_config"], "head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504,
        "num_attention_heads": 32, "num_hidden_layers": 62, "num_key_value_heads": 16,
    },
}  # fmt: skip
MINIMAX_M2: dict[str, Any] = {
    "model_type": "minimax_m2", "num_hidden_layers": 62, "hidden_size": 3072, "intermediate_size": 1536,
    "num_attention_heads": 48, "num_key_value_heads": 8, "head_dim": 128, "num_local_experts": 256,
    "num_experts_per_tok": 8, "vocab_size": 200064, "max_position_embeddings": 196608, "tie_word_embeddings": False,
    "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128},
}  # fmt: skip
MINIMAX_M2_FP8: dict[str, Any] = {
    **MINIMAX_M2,
    "quantization_config": {
        "quant_method": "fp8", "weight_block_size": [128, 128],
        "modules_to_not_convert": ["gate", "e_score_correction_bias", "lm_head"],
    },
}  # fmt: skip
GPT_OSS_120B: dict[str, Any] = {
    "model_type": "gpt_oss", "num_hidden_layers": 36, "hidden_size": 2880, "num_attention_heads": 64,
    "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "num_local_experts": 128,
    "num_experts_per_tok": 4, "sliding_window": 128, "vocab_size": 201088, "tie_word_embeddings": False,
    "layer_types": ["sliding_attention", "full_attention"] * 18, "max_position_embeddings": 131072,
    "quantization_config": {
        "quant_method": "mxfp4",
        "modules_to_not_convert": [
            "model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head",
        ],
    },
}  # fmt: skip
GPT_OSS_20B: dict[str, Any] = {
    **GPT_OSS_120B, "num_hidden_layers": 24, "num_local_experts": 32,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
}  # fmt: skip
GLM_5: dict[str, Any] = {
    "model_type": "glm_moe_dsa", "num_hidden_layers": 78, "hidden_size": 6144, "num_attention_heads": 64,
    "num_key_value_heads": 64, "kv_lora_rank": 512, "q_lora_rank": 2048, "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 192, "v_head_dim": 256, "intermediate_size": 12288, "moe_intermediate_size": 2048,
    "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3,
    "index_topk": 2048, "index_head_dim": 128, "index_n_heads": 32, "vocab_size": 154880, "num_nextn_predict_layers": 1,
    "max_position_embeddings": 1048576,
}  # fmt: skip
GLM_5_2: dict[str, Any] = {**GLM_5, "index_topk_freq": 4}
# Every fourth layer attends to all tokens by an index that pools four of them.
GLM_5_3_FLASH: dict[str, Any] = {
    "model_type": "glm5_next",
    "text_config": {
        "model_type": "glm5_next_text", "num_hidden_layers": 45, "hidden_size": 4096, "intermediate_size": 12288,
        "num_attention_heads": 64, "num_key_value_heads": 64, "q_lora_rank": 1536, "kv_lora_rank": 512,
        "qk_nope_head_dim": 256, "qk_rope_head_dim": 0, "v_head_dim": 256, "index_n_heads": 32, "index_head_dim": 128,
        "index_topk": 2048, "index_kpool": 4, "n_routed_experts": 288, "n_shared_experts": 1, "num_experts_per_tok": 8,
        "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "num_nextn_predict_layers": 1, "vocab_size": 154880,
        "layer_types": (["linear_attention"] * 3 + ["deepseek_sparse_attention"]) * 11 + ["linear_attention"],
        "linear_attn_config": {
            "num_heads": 64, "head_dim": 128, "short_conv_kernel_size": 4, "gate_lower_bound": -5.0,
        },
        "max_position_embeddings": 1048576,
    },
}  # fmt: skip
MINIMAX_M3: dict[str, Any] = {
    "model_type": "minimax_m3_vl",
    "text_config": {
        "model_type": "minimax_m3_text", "num_hidden_layers": 60, "hidden_size": 6144, "intermediate_size": 3072,
        "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 128, "num_local_experts": 128,
        "num_experts_per_tok": 4, "vocab_size": 200064, "max_position_embeddings": 524288,
        "sparse_attention_config": {
            "sparse_index_dim": 128, "sparse_block_size": 128, "sparse_attention_freq": [0, 0, 0] + [1] * 57,
        },
    },
}  # fmt: skip


def read(config: dict[str, Any], weights_gib: float = 1.0, **changes: Any) -> ModelArchitecture:
    """The model of a configuration; where a log gives the KV memory, its weights don't matter."""
    return replace(model_config.read({**config, **changes}, "published", VLLM), weights_gib=weights_gib)


QWEN_38_27B = CATALOG.models["Qwen/Qwen3.8-27B-FP8"]
QWEN_35_122B = CATALOG.models["Qwen/Qwen3.5-122B-A10B-GPTQ-Int4"]
