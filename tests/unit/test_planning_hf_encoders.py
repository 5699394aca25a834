"""What is read of a model's encoder of images, by each name of its keys, and of a model that is an encoder alone."""

from typing import Any

import pytest
from kv_cases import VLLM

from catalog import ImageEncoder
from planning import model_config
from planning.model_config.encoder import encoder_of

SEEN = {"hidden_size": 1024, "intermediate_size": 4096, "image_size": 224, "patch_size": 14, "spatial_merge_size": 2}
BERT: dict[str, Any] = {
    "model_type": "bert", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
    "intermediate_size": 256, "vocab_size": 1000, "max_position_embeddings": 512, "type_vocab_size": 2,
    "torch_dtype": "float32",
}  # fmt: skip


def encoder(*without: str, model_type: str = "gemma3", own: dict[str, Any] | None = None, **more: Any) -> ImageEncoder:
    vision = {key: value for key, value in SEEN.items() if key not in without}
    found = encoder_of({"model_type": model_type, **(own or {})}, {**vision, **more})
    assert found is not None
    return found


def test_a_model_without_eyes_has_no_encoder() -> None:
    assert encoder_of({"model_type": "llama"}, None) is None


@pytest.mark.parametrize("key", ["hidden_size", "embed_dim", "width"])
def test_the_width_by_its_names(key: str) -> None:
    width: dict[str, Any] = {key: 1280}
    assert encoder("hidden_size", **width).hidden == 1280


@pytest.mark.parametrize("key", ["intermediate_size", "mlp_hidden_dim"])
def test_the_width_of_its_feed_forward_block_by_its_names(key: str) -> None:
    width: dict[str, Any] = {key: 5000}
    assert encoder("intermediate_size", **width).intermediate == 5000


def test_a_feed_forward_block_is_four_times_as_wide_or_as_the_file_says() -> None:
    assert encoder("intermediate_size").intermediate == 4 * 1024
    assert encoder("intermediate_size", mlp_ratio=2.5).intermediate == 2560
    # A width that is given counts more than a ratio.
    assert encoder(mlp_ratio=2.5).intermediate == 4096


@pytest.mark.parametrize("key", ["mm_tokens_per_image", "image_seq_length"])
def test_tokens_of_an_image_by_their_names_on_the_models_own_level(key: str) -> None:
    """256 positions of 14 by 14 pixels in 224 by 224; otherwise two by two of them are one token."""
    assert encoder(own={key: 32}).patches_per_token == 256 // 32
    assert encoder().patches_per_token == 4
    assert encoder("spatial_merge_size").patches_per_token == 1
    assert encoder("spatial_merge_size", own={"spatial_merge_size": 2}).patches_per_token == 4


def test_an_image_of_any_size_has_as_many_tokens_as_any_model_takes() -> None:
    """Qwen takes images of every size up to the most tokens; of another family that isn't known."""
    qwen, other = (encoder("image_size", model_type=kind) for kind in ("qwen2_5_vl", "acme_vl"))
    # Qwen's processors take 16,777,216 pixels, in patches of 16 by 16, four to a token.
    assert (qwen.item_tokens, qwen.verified) == (16_777_216 // 16**2 // 4, True)
    assert other.item_tokens == qwen.item_tokens
    assert other.verified is False
    assert (qwen.patches_per_token, other.patches_per_token) == (4, 4)


@pytest.mark.parametrize(
    ("family", "tiles"),
    [("llava", 1), ("gemma3", 1), ("paligemma", 1), ("mistral3", 1), ("llava_next", 5), ("llama4", 17)],
)
def test_an_image_is_cut_into_as_many_tiles_as_its_family_does(family: str, tiles: int) -> None:
    """Of a family that isn't known, its tokens aren't either, and the most of any model count."""
    found = encoder(model_type=family)
    assert (found.item_tokens, found.verified) == (tiles * 64, True)
    other = encoder(model_type="acme_vl")
    assert (other.item_tokens, other.verified) == (16384, False)


def test_a_size_that_is_missing_is_the_largest_known_and_says_so() -> None:
    largest = encoder("hidden_size", "intermediate_size", "image_size", "spatial_merge_size", "patch_size")
    assert largest.verified is False
    # InternViT-6B, and two by two patches to a token as in most models.
    assert (largest.hidden, largest.intermediate, largest.patches_per_token) == (3200, 12800, 4)
    for wrong in (0, True, "1024", -1, [1.5]):
        assert encoder(hidden_size=wrong).hidden == largest.hidden


def test_outputs_of_several_layers_are_counted() -> None:
    assert (encoder().outputs, encoder(deepstack_visual_indexes=[5, 11, 17]).outputs) == (1, 4)


def test_of_a_list_of_widths_the_largest_counts() -> None:
    assert encoder(hidden_size=[512, 2048, 1024]).hidden == 2048


def test_a_model_that_is_an_encoder_alone_keeps_nothing_of_a_request() -> None:
    model = model_config.read(BERT, "acme/bert", VLLM)
    assert (model.task, model.attention_kind, model.kv_bytes_per_token) == ("embed", "none", 0)
    assert (model.layers, model.hidden, model.heads, model.kv_heads, model.head_dim) == (2, 64, 4, 4, 16)
    assert (model.intermediate, model.vocab, model.max_context_tokens, model.native_dtype) == (
        256,
        1000,
        512,
        "float32",
    )
    assert (model.verified, model.gated, model.source) == (False, False, "config.json")


def test_the_parameters_of_bert_are_counted() -> None:
    """Of each layer four square matrices with biases, two of the block with theirs, two norms; embeddings; a pooler."""
    layer = 4 * (64 * 64 + 64) + (64 * 256 + 256) + (256 * 64 + 64) + 2 * 2 * 64
    embeddings = (1000 + 512 + 2) * 64 + 2 * 64
    parameters = 2 * layer + embeddings + 64 * 64 + 64
    model = model_config.read(BERT, "acme/bert", VLLM)
    assert model.weights_gib is not None
    # vLLM loads them at two bytes, whatever the file has.
    assert round(model.weights_gib * 1024**3) == 2 * parameters
    without = model_config.read({**BERT, "type_vocab_size": 0}, "acme/bert", VLLM)
    assert without.weights_gib is not None
    assert without.weights_gib / model.weights_gib == pytest.approx((parameters - 2 * 64) / parameters)
