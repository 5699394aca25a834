"""Configurations with more than layers of one kind: experts under every name, and parts beside the language model.

What isn't known makes the weights unknown or is named as uncertain; it never makes a figure smaller.
"""

from typing import Any

import pytest
from kv_cases import CATALOG, VLLM, demand
from test_planning_hf_config import LLAMA
from test_planning_hf_families import SIZES

from catalog import ModelArchitecture
from planning import model_config
from planning.memory import account

PLAIN = {key: value for key, value in LLAMA.items() if key != "rope_scaling"}
# 16 experts of 1024 in each of 32 layers of width 4096.
EXPERTS: dict[str, Any] = {
    **SIZES, "model_type": "nobody_knows", "num_experts": 16, "num_experts_per_tok": 2, "moe_intermediate_size": 1024,
}  # fmt: skip
ONE = 3 * 4096 * 1024


def read(config: dict[str, Any]) -> ModelArchitecture:
    return model_config.read(config, "published", VLLM)


def parameters(**changes: Any) -> float:
    """Billions, of the plain experts and what `changes` add."""
    return read({**EXPERTS, **changes}).params_b


BASE = parameters()


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        # Experts that work for every token.
        ({"n_shared_experts": 2}, 32 * 2 * ONE),
        ({"num_shared_experts": 2}, 32 * 2 * ONE),
        ({"moe_num_shared_experts": 1}, 32 * ONE),
        ({"moe_shared_expert_intermediate_size": 512, "num_shared_experts": 2}, 32 * ONE),
        ({"share_expert_dim": 2048}, 32 * 2 * ONE),
        ({"num_shared_expert": 1, "intermediate_size": 1024}, 32 * ONE),
        ({"num_shared_expert": [1] * 32, "moe_intermediate_size": [1024] * 32, "intermediate_size": 1024}, 32 * ONE),
        # A dense block beside the experts.
        ({"residual_moe": True}, 32 * 14 * ONE),
        # Experts under another key.
        ({"num_experts": None, "num_routed_experts": 32}, 32 * 16 * (ONE + 4096)),
        ({"num_experts": [16, 32]}, 32 * 16 * (ONE + 4096)),
        # A gate of the attention, of Afmoe and of others.
        ({"model_type": "afmoe", "head_dim": 128}, 32 * 4096 * 4096),
        ({"use_attn_gate": True}, 32 * 4096 * 4096),
    ],
    ids=str,
)
def test_every_expert_is_counted(changes: dict[str, Any], more: int) -> None:
    found = read({**EXPERTS, **changes})
    assert found.params_b - BASE == pytest.approx(more / 1e9, abs=0.011)
    assert found.weights_gib is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"num_shared_expert_layers": 4}, {"share_expert_width": 512}, {"use_residual": True}, {"moe_residual": True},
        {"n_routed_experts_text": 64}, {"mova_num_experts": 8}, {"routed_expert_hidden_size": 2048},
        {"attention_other_setting": {"num_attention_heads": 96}}, {"num_attention_heads_per_layer": [32, 48]},
    ],
    ids=str,
)  # fmt: skip
def test_keys_that_may_stand_for_more_leave_the_size_open(changes: dict[str, Any]) -> None:
    assert read({**EXPERTS, **changes}).weights_gib is None
    assert model_config.unknown_weights({**EXPERTS, **changes}, VLLM)
    assert read({**EXPERTS, **dict.fromkeys(changes, 0)}).weights_gib is not None


def test_keys_that_only_look_like_it() -> None:
    harmless = {
        "num_experts_per_tok": 2, "residual_multiplier": 0.22, "residual_in_fp32": True, "num_redundant_experts": 32,
        "moe_shared_expert_overlap": True, "experts_per_token": 2, "rescale_prenorm_residual": True,
    }  # fmt: skip
    assert read({**EXPERTS, **harmless}).weights_gib == read(EXPERTS).weights_gib


def uncertain(model: ModelArchitecture, **changes: Any) -> str:
    return " ".join(account(model, 93.0, demand(weights_gib=20.0, **changes), CATALOG.overheads).memory.uncertain)


@pytest.mark.parametrize(
    "key",
    [
        "embd_layer", "img_processor", "vision_lora", "vit_config", "visual", "visual_config", "vision_encoder_config",
        "image_embedding", "siglip_config", "video_config", "vision_tower_config",
    ],
)  # fmt: skip
def test_eyes_under_another_name(key: str) -> None:
    """The largest encoder of any model is counted, and the size of its weights stays open."""
    model = read({**PLAIN, key: {"r": 256}})
    assert model.weights_gib is None
    assert "beside the language model" in model_config.unknown_weights({**PLAIN, key: {"r": 256}}, VLLM)
    assert "image encoder's largest input isn't known" in uncertain(model)
    assert "image encoder" not in uncertain(model, images=False)


@pytest.mark.parametrize(
    "key",
    [
        "audio_config",
        "audio_processor",
        "speech_config",
        "speech_lora",
        "tts_config",
        "codec_config",
        "dvae",
        "projector_config",
        "encoder_config",
    ],
)
def test_ears_and_voices_are_uncertain(key: str) -> None:
    for config in ({**PLAIN, key: {"r": 256}}, {"model_type": "hears", "text_config": PLAIN, key: {"d_model": 1280}}):
        model = read(config)
        assert model.weights_gib is None
        assert f"isn't counted: {key}" in uncertain(model)
        assert f"isn't counted: {key}" not in uncertain(model, images=False)


def test_whatever_stands_beside_a_nested_language_model() -> None:
    assert read({"text_config": PLAIN}).weights_gib is not None
    assert read({"text_config": PLAIN, "rope_scaling": {"type": "linear"}}).weights_gib is not None
    for config in (
        {"llm_config": PLAIN},
        {"llm_config": PLAIN, "strange_part": {"depth": 3}},
        {"text_config": PLAIN, "strange_part": {"depth": 3}},
        {**PLAIN, "mm_vision_tower": "openai/clip-vit-large-patch14-336"},
    ):
        assert read(config).weights_gib is None
    assert "isn't counted: strange_part" in uncertain(read({"text_config": PLAIN, "strange_part": {"depth": 3}}))
    # Its class fills in encoders that the file leaves out.
    assert read({"model_type": "gemma3n", "text_config": PLAIN}).uncounted == ("vision_config", "audio_config")


@pytest.mark.parametrize("name", ["MolmoForCausalLM", "MoonshotKimiaForCausalLM", "Phi4MMForCausalLM", "QwenVLModel"])
def test_a_class_that_has_more_than_a_language_model(name: str) -> None:
    """Where no key of the file shows the encoder."""
    model = read({**PLAIN, "architectures": [name]})
    assert model.weights_gib is None
    assert f"isn't counted: {name}" in uncertain(model)
    assert read({**PLAIN, "architectures": ["LlamaForCausalLM"]}).weights_gib is not None


def test_wider_layers_that_are_not_listed_leave_the_size_open() -> None:
    gemma = {
        **SIZES, "model_type": "gemma4_text", "global_head_dim": 512, "hidden_size_per_layer_input": 0, "head_dim": 256,
    }  # fmt: skip
    assert read(gemma).weights_gib is None
    listed = (["sliding_attention"] * 3 + ["full_attention"]) * 8
    assert read({**gemma, "layer_types": listed}).weights_gib is not None


def test_numbers_of_words_are_no_parts() -> None:
    tokens = {"vision_start_token_id": 151652, "audio_token_id": 3, "image_token_index": 5, "video_token": "<video>"}
    assert read({**PLAIN, **tokens, "vision_config": None}).weights_gib == read(PLAIN).weights_gib


THINKER = {
    "model_type": "qwen3_omni_moe_thinker", "audio_config": {"d_model": 1280, "encoder_layers": 32},
    "vision_config": {"hidden_size": 1152, "patch_size": 16, "spatial_merge_size": 2, "intermediate_size": 4304},
    "text_config": {**PLAIN, "model_type": "qwen3_omni_moe_text"},
}  # fmt: skip


def test_a_language_model_inside_a_thinker() -> None:
    """Qwen's Omni and ASR models; what speaks isn't loaded."""
    outer = {"model_type": "qwen3_omni_moe", "thinker_config": THINKER, "talker_config": {"text_config": {}}}
    model, plain = read(outer), read({**PLAIN, "model_type": "qwen3"})
    assert model.kv_bytes_per_token == plain.kv_bytes_per_token
    assert model.encoder is not None
    assert (model.encoder.hidden, model.encoder.item_tokens) == (1152, 16384)
    assert model.uncounted == ("audio_config",)
    assert model.weights_gib is None
    hearing = {key: value for key, value in THINKER.items() if key != "vision_config"}
    assert read({"model_type": "qwen3_asr", "thinker_config": {**hearing, "model_type": "qwen3_asr"}}).encoder is None


def test_an_encoder_whose_width_is_two_encoders() -> None:
    """DeepSeek-OCR."""
    width = {"clip-l-14-224": {"width": 1024, "layers": 24}, "sam_vit_b": {"width": 768, "heads": 12}}
    config = {"language_config": PLAIN, "vision_config": {"image_size": 1024, "mlp_ratio": 3.7362, "width": width}}
    model = read(config)
    assert model.encoder is not None
    assert not model.encoder.verified
    assert model.encoder.hidden == 3200
    with pytest.raises(model_config.UnreadableError, match="`hidden_size`"):
        read({**PLAIN, "hidden_size": {"clip": 3}})


@pytest.mark.parametrize("model_type", ["nomic_bert", "gte", "new", "xlm-roberta", "modernbert"])
def test_encoders_keep_nothing(model_type: str) -> None:
    model = read({**SIZES, "model_type": model_type, "num_key_value_heads": None})
    assert (model.task, model.attention_kind, model.kv_bytes_per_token) == ("embed", "none", 0)


def test_an_encoder_with_names_of_its_own() -> None:
    sizes = {"n_embd": 768, "n_head": 12, "n_inner": 3072, "n_layer": 12, "vocab_size": 30528}
    model = read({"model_type": "nomic_bert", **sizes})
    assert (model.layers, model.hidden, model.intermediate, model.weights_gib) == (12, 768, 3072, None)
    assert "a size is missing" in model_config.unknown_weights(
        {"model_type": "nomic_bert", **sizes, "vocab_size": []}, VLLM
    )
