"""What is read from a `config.json`, and what is refused by name instead of computed with the wrong formula."""

from typing import Any

import pytest
from kv_cases import VLLM

from planning import model_config
from planning.memory import attention_layers

LLAMA = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
    "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192},
}  # fmt: skip

# Dimensions of published configurations; parameters in billions as their makers count them (DeepSeek without its
# prediction layer, Llama 4 without its eyes).
_QWEN_NEXT = {
    "hidden_size": 2048, "head_dim": 256, "num_key_value_heads": 2, "linear_num_key_heads": 16,
    "linear_key_head_dim": 128, "linear_num_value_heads": 32, "linear_value_head_dim": 128,
    "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512, "num_attention_heads": 16,
    "tie_word_embeddings": False, "max_position_embeddings": 262144,
}  # fmt: skip
_DEEPSEEK = {
    "model_type": "deepseek_v3", "num_hidden_layers": 61, "hidden_size": 7168, "num_attention_heads": 128,
    "num_key_value_heads": 128, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128, "v_head_dim": 128, "intermediate_size": 18432, "moe_intermediate_size": 2048,
    "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3,
    "vocab_size": 129280, "max_position_embeddings": 163840,
}  # fmt: skip
PUBLISHED: dict[str, tuple[dict[str, Any], float, str]] = {
    "Qwen3-Next-80B-A3B": (
        {
            **_QWEN_NEXT, "model_type": "qwen3_next", "num_hidden_layers": 48, "num_experts": 512, "vocab_size": 151936,
            "num_experts_per_tok": 10,
        },
        80, "36 linear + 12 full",
    ),
    "Qwen3.6-35B-A3B": (
        {
            **_QWEN_NEXT, "model_type": "qwen3_5_moe_text", "num_hidden_layers": 40, "num_experts": 256,
            "vocab_size": 248320, "num_experts_per_tok": 8, "mamba_ssm_dtype": "float32",
        },
        35, "30 linear + 10 full",
    ),
    "Qwen3-30B-A3B": (
        {
            "model_type": "qwen3_moe", "num_hidden_layers": 48, "hidden_size": 2048, "num_attention_heads": 32,
            "num_key_value_heads": 4, "head_dim": 128, "moe_intermediate_size": 768, "num_experts": 128,
            "num_experts_per_tok": 8, "intermediate_size": 6144, "vocab_size": 151936, "tie_word_embeddings": False,
        },
        30.5, "full",
    ),
    "gpt-oss-120b": (
        {
            "model_type": "gpt_oss", "num_hidden_layers": 36, "hidden_size": 2880, "num_attention_heads": 64,
            "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "num_local_experts": 128,
            "num_experts_per_tok": 4, "sliding_window": 128, "vocab_size": 201088, "tie_word_embeddings": False,
            "layer_types": ["sliding_attention", "full_attention"] * 18,
        },
        116.8, "18 sliding + 18 full",
    ),
    "DeepSeek-V3": (_DEEPSEEK, 671, "61 mla"),
    "DeepSeek-V3.2": (
        {**_DEEPSEEK, "model_type": "deepseek_v32", "index_topk": 2048, "index_head_dim": 128, "index_n_heads": 64},
        671, "61 mla",
    ),
    "Mixtral-8x7B": (
        {
            "model_type": "mixtral", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
            "num_key_value_heads": 8, "intermediate_size": 14336, "num_local_experts": 8, "num_experts_per_tok": 2,
            "vocab_size": 32000, "sliding_window": None,
        },
        46.7, "full",
    ),
    "Llama-4-Scout": (
        {
            "model_type": "llama4_text", "num_hidden_layers": 48, "hidden_size": 5120, "num_attention_heads": 40,
            "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
            "num_local_experts": 16, "num_experts_per_tok": 1, "interleave_moe_layer_step": 1, "vocab_size": 202048,
            "attention_chunk_size": 8192,
        },
        107.8, "36 chunked + 12 full",
    ),
    "gemma-3-27b": (
        {
            "model_type": "gemma3_text", "num_hidden_layers": 62, "hidden_size": 5376, "num_attention_heads": 32,
            "num_key_value_heads": 16, "head_dim": 128, "intermediate_size": 21504, "vocab_size": 262208,
            "sliding_window": 1024,
        },
        27.0, "52 sliding + 10 full",
    ),
}  # fmt: skip


def read(**changes: Any) -> Any:
    return model_config.read({**LLAMA, **changes}, "acme/model", VLLM)


def test_dimensions() -> None:
    model = read()
    assert (model.id, model.layers, model.heads, model.kv_heads, model.head_dim) == ("acme/model", 32, 32, 8, 128)
    assert model.params_b == 8.03
    assert model.weights_gib == pytest.approx(14.96, abs=0.01)
    assert model.kv_bytes_per_token == 131072
    assert model.max_context_tokens == 131072
    assert not model.verified


def test_what_a_configuration_leaves_out() -> None:
    multi_head = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
    assert model_config.read(multi_head, "x", VLLM).kv_heads == 32
    assert read(num_key_value_heads=None).kv_heads == 32
    assert read(head_dim=64).head_dim == 64
    tied, untied = read(tie_word_embeddings=True), read()
    assert untied.weights_gib - tied.weights_gib == pytest.approx(128256 * 4096 * 2 / 1024**3)


@pytest.mark.parametrize(
    ("scaling", "longest"),
    [
        (None, 131072),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}, 131072),
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 131072),
        ({"type": "linear", "factor": 2.0}, 262144),
        ({"rope_type": "longrope", "factor": 32.0}, 131072),
        ({"rope_type": "default"}, 131072),
    ],
)
def test_the_longest_context(scaling: dict[str, Any] | None, longest: int) -> None:
    assert read(rope_scaling=scaling).max_context_tokens == longest


def test_a_context_that_is_not_given() -> None:
    assert read(max_position_embeddings=None).max_context_tokens == 0


@pytest.mark.parametrize(
    ("quantization", "dtype", "gib"),
    [
        ({"quant_method": "fp8"}, "fp8", 8.46),
        ({"quant_method": "awq", "bits": 4}, "awq", 5.34),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "gptq", 5.34),
        ({"quant_method": "gptq", "bits": 8}, "gptq of 8 bits", 8.62),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", 5.61),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors", None),
        (
            {
                "quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"],
                "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 128}}},
            },
            "compressed-tensors", 5.34,
        ),
        (
            {
                "quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["re:.*self_attn.*"],
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}},
            },
            "compressed-tensors", 9.71,
        ),
        ({"quant_method": "quark"}, "quark", None),
    ],
)  # fmt: skip
def test_quantized_weights(quantization: dict[str, Any], dtype: str, gib: float | None) -> None:
    """Linear layers only: embeddings, the output head and what is excluded stay at two bytes."""
    model = read(quantization_config=quantization)
    assert model.native_dtype == dtype
    assert model.weights_gib == (None if gib is None else pytest.approx(gib, abs=0.02))


def test_the_cache_format_that_a_checkpoint_requests() -> None:
    scheme = {"quant_method": "compressed-tensors", "kv_cache_scheme": {"num_bits": 8, "type": "float"}}
    assert read(quantization_config=scheme).cache_dtype == "fp8"
    assert read(quantization_config={"quant_method": "modelopt", "kv_cache_quant_algo": "FP8"}).cache_dtype == "fp8"
    assert read(quantization_config={"quant_method": "fp8"}).cache_dtype == read().cache_dtype == "auto"


@pytest.mark.parametrize(
    ("config", "parameters", "attention"),
    [(config, figure, words) for config, figure, words in PUBLISHED.values()],
    ids=PUBLISHED.keys(),
)
def test_parameters_of_published_models(config: dict[str, Any], parameters: float, attention: str) -> None:
    """Counted from the configuration, they come to what the makers publish."""
    model = model_config.read(config, "published", VLLM)
    assert model.params_b == pytest.approx(parameters, rel=0.01)
    assert model.attention == attention
    assert sum(group.layers for group in attention_layers(model)) == model.layers


def test_experts_alone_are_quantized_in_mxfp4() -> None:
    model = model_config.read(
        {**PUBLISHED["gpt-oss-120b"][0], "quantization_config": {"quant_method": "mxfp4"}}, "x", VLLM
    )
    # The checkpoint has 60.8 GiB (65.2 GB on Hugging Face); loaded, experts of 2880 by 2880 have room for 3072 by 2944.
    assert model.weights_gib == pytest.approx(65.97, rel=0.005)
    assert (model.experts, model.active_width) == (128, 4 * 2880)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kv_lora_rank": 512, "model_type": "dots3_note"}, "latent attention as model_type 'dots3_note' has it"),
        ({"layer_types": ["full_attention", "strange_attention"]}, "layers of kind strange_attention"),
        ({"layer_types": ["linear_attention", "full_attention"] * 16}, "linear attention as model_type 'llama' has it"),
        ({"mamba_d_conv": 4}, "state space layers"),
        ({"attn_layer_period": 8}, "state space layers of Mamba 1"),
        ({"linear_attn_config": {"kda_layers": [1]}}, "linear attention beside latent attention"),
        ({"block_configs": [{}]}, "layers of different kinds"),
        ({"sparse_attention_config": {"sparse_index_dim": 128}}, "sparse attention"),
        ({"layer_types": ["conv", "full_attention"]}, "layers of kind conv"),
        ({"num_kv_shared_layers": 10}, "caches shared between layers"),
        ({"cross_attention_layers": [3, 8]}, "cross attention"),
        ({"compress_ratios": [0, 4, 128]}, "compressed caches"),
        ({"is_encoder_decoder": True}, "an encoder before its decoder"),
        ({"head_dim": 192, "v_head_dim": 128}, "values of another width"),
    ],
)
def test_other_caches_are_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(model_config.UnreadableError, match="can't compute") as caught:
        read(**changes)
    assert words in str(caught.value)
    assert caught.value.fix


def test_full_attention_that_looks_like_another_kind() -> None:
    full = read().attention
    assert read(model_type="qwen2", sliding_window=131072, max_window_layers=28).attention == full
    assert read(sliding_window=131072, use_sliding_window=False).attention == full
    assert read(sliding_window=None).attention == full
    assert read(layer_types=["full_attention"] * 32, sliding_window=4096).attention == full
    assert read(kv_lora_rank=None, attention_chunk_size=None).attention == full


def test_windows() -> None:
    assert read(model_type="mistral", sliding_window=4096).caches[0].window == 4096
    assert read(model_type="cohere2", sliding_window=4096).caches[0].window == 4097
    alternating = read(model_type="gemma2", sliding_window=4096)
    assert [(group.kind, group.layers) for group in alternating.caches[:2]] == [("sliding", 1), ("full", 1)]


def test_shared_and_missing_caches_count_once() -> None:
    kinds = ["sliding_attention"] * 4 + ["full_attention"]
    shared = read(
        model_type="gemma3n_text", layer_types=kinds * 6 + kinds[:2], sliding_window=512, num_kv_shared_layers=12
    )
    assert sum(group.layers for group in shared.caches) == 20
    nemotron = read(
        model_type="nemotron_h", hybrid_override_pattern="M-M-M*-" * 4 + "M-ME", num_hidden_layers=32,
        ssm_state_size=128, mamba_num_heads=128, mamba_head_dim=64, n_groups=8,
    )  # fmt: skip
    assert nemotron.attention == "14 linear + 4 full"
    assert nemotron.weights_gib is None


def test_nested_language_models() -> None:
    plain = read()
    nested = model_config.read({"model_type": "vl", "text_config": LLAMA}, "acme/model", VLLM)
    assert nested == plain
    seeing = model_config.read({"text_config": LLAMA, "vision_config": {"depth": 32}}, "acme/model", VLLM)
    assert seeing.kv_bytes_per_token == plain.kv_bytes_per_token
    assert seeing.weights_gib is None
    assert "beside the language model" in model_config.unknown_weights(
        {"text_config": LLAMA, "vision_config": {}}, VLLM
    )
    with pytest.raises(model_config.UnreadableError, match="latent"):
        model_config.read({"text_config": {**LLAMA, "kv_lora_rank": 512}}, "acme/model", VLLM)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_hidden_layers": None}, "`num_hidden_layers` is missing"),
        ({"num_attention_heads": "32"}, "`num_attention_heads` is '32'"),
        ({"hidden_size": True}, "`hidden_size` is True"),
        ({"num_key_value_heads": 0}, "`num_key_value_heads` is 0"),
        ({"hidden_size": 4097}, "no multiple"),
    ],
)
def test_sizes_that_are_missing_or_wrong(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(model_config.UnreadableError) as caught:
        read(**changes)
    assert words in str(caught.value)


def test_an_empty_configuration() -> None:
    with pytest.raises(model_config.UnreadableError, match="missing"):
        model_config.read({}, "empty", VLLM)
