"""What is read from a `config.json`, and what is refused by name rather than computed with the wrong formula."""

from typing import Any

import pytest

from planning import hf_config

LLAMA = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
    "max_position_embeddings": 131072, "torch_dtype": "bfloat16",
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192},
}  # fmt: skip


def read(**changes: Any) -> Any:
    return hf_config.read({**LLAMA, **changes}, "acme/model")


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
    assert hf_config.read(multi_head, "x").kv_heads == 32
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


def test_a_context_that_is_not_told() -> None:
    assert read(max_position_embeddings=None).max_context_tokens == 0


@pytest.mark.parametrize(
    ("quantization", "dtype", "gib"),
    [
        ({"quant_method": "fp8"}, "fp8", 8.46),
        ({"quant_method": "awq", "bits": 4}, "awq", 5.34),
        ({"quant_method": "gptq", "bits": 4}, "gptq", 5.34),
        ({"quant_method": "gptq", "bits": 8}, "gptq of other than 4 bits", None),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", 5.61),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors", None),
    ],
)
def test_quantized_weights(quantization: dict[str, Any], dtype: str, gib: float | None) -> None:
    """Linear layers only: embeddings and the output head stay at two bytes."""
    model = read(quantization_config=quantization)
    assert model.native_dtype == dtype
    assert model.weights_gib == (None if gib is None else pytest.approx(gib, abs=0.02))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kv_lora_rank": 512}, "multi-head latent attention"),
        ({"attention_chunk_size": 8192}, "chunked attention"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "layers of kind sliding_attention"),
        ({"layer_types": ["linear_attention", "full_attention"]}, "layers of kind linear_attention"),
        ({"sliding_window": 4096}, "a sliding window of 4096 tokens"),
        ({"sliding_window_pattern": 6}, "sliding windows in some layers"),
        ({"linear_num_value_heads": 32}, "linear attention"),
        ({"mamba_d_state": 128}, "state space layers"),
        ({"num_kv_shared_layers": 10}, "caches shared between layers"),
        ({"cross_attention_layers": [3, 8]}, "cross attention"),
        ({"is_encoder_decoder": True}, "an encoder before its decoder"),
        ({"model_type": "xlm-roberta"}, "an encoder only"),
        ({"head_dim": 192, "v_head_dim": 128}, "values of another width"),
    ],
)
def test_other_caches_are_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(hf_config.UnreadableError, match="can't compute") as caught:
        read(**changes)
    assert words in str(caught.value)
    assert caught.value.fix


def test_what_looks_like_another_cache_and_is_not() -> None:
    read(sliding_window=131072, use_sliding_window=False, max_window_layers=28)
    read(sliding_window=None)
    read(layer_types=["full_attention"] * 32, sliding_window=4096)
    read(kv_lora_rank=None, attention_chunk_size=None)


def test_nested_language_models() -> None:
    plain = read()
    nested = hf_config.read({"model_type": "vl", "text_config": LLAMA}, "acme/model")
    assert nested == plain
    seeing = hf_config.read({"text_config": LLAMA, "vision_config": {"depth": 32}}, "acme/model")
    assert seeing.kv_bytes_per_token == plain.kv_bytes_per_token
    assert seeing.weights_gib is None
    assert "beside the language model" in hf_config.unknown_weights({"text_config": LLAMA, "vision_config": {}})
    with pytest.raises(hf_config.UnreadableError, match="latent"):
        hf_config.read({"text_config": {**LLAMA, "kv_lora_rank": 512}}, "acme/model")


def test_mixtures_of_experts_keep_their_cache_but_not_their_weights() -> None:
    model = read(num_local_experts=8)
    assert model.weights_gib is None
    assert model.kv_bytes_per_token == 131072


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
    with pytest.raises(hf_config.UnreadableError) as caught:
        read(**changes)
    assert words in str(caught.value)


def test_an_empty_configuration() -> None:
    with pytest.raises(hf_config.UnreadableError, match="missing"):
        hf_config.read({}, "empty")
