"""Families whose layers keep something of their own: states, convolutions, values of another width, two attentions.

The figures follow from vLLM 0.33's formulas for each (planning/model_config/states.py names them); where a start-up log
of the family is published, it is in `published_logs.py`.
"""

from typing import Any

import pytest
from kv_cases import CATALOG, VLLM, demand

from catalog import ModelArchitecture
from planning import model_config
from planning.memory import account, attention_layers, block_pool
from planning.memory.layer_cache import state_bytes

SIZES: dict[str, Any] = {
    "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 65536, "max_position_embeddings": 131072, "tie_word_embeddings": False,
}  # fmt: skip
LATENT: dict[str, Any] = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}
KIMI_LINEAR: dict[str, Any] = {
    **SIZES, **LATENT, "model_type": "kimi_linear", "num_hidden_layers": 27, "hidden_size": 2304,
    "num_key_value_heads": 32,
    "linear_attn_config": {
        "head_dim": 128, "num_heads": 32, "short_conv_kernel_size": 4,
        "kda_layers": [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26],
        "full_attn_layers": [4, 8, 12, 16, 20, 24, 27],
    },
}  # fmt: skip
JAMBA: dict[str, Any] = {
    **SIZES, "model_type": "jamba", "mamba_d_conv": 4, "mamba_d_state": 16, "mamba_expand": 2, "attn_layer_period": 8,
    "attn_layer_offset": 4,
}  # fmt: skip
MAMBA_2: dict[str, Any] = {
    "mamba_d_conv": 4, "mamba_d_state": 256, "mamba_d_head": 64, "mamba_n_heads": 128, "mamba_n_groups": 1,
    "mamba_expand": 2,
}  # fmt: skip
# 128 heads of 64 with a state of 256 each, and the convolution over 8192 + 2 x 256 channels.
MAMBA_2_BYTES = 128 * 64 * 256 * 2 + (8192 + 512) * 3 * 2
BAMBA: dict[str, Any] = {**SIZES, **MAMBA_2, "model_type": "bamba", "attn_layer_indices": [9, 18, 27]}
FALCON_H1: dict[str, Any] = {**SIZES, **MAMBA_2, "model_type": "falcon_h1"}
ZAMBA_2: dict[str, Any] = {
    **SIZES, "model_type": "zamba2", "num_hidden_layers": 6, "hidden_size": 2560, "attention_head_dim": 160,
    "num_key_value_heads": 32, "mamba_d_conv": 4, "mamba_d_state": 64, "mamba_expand": 2, "n_mamba_heads": 80,
    "mamba_ngroups": 1, "layers_block_type": ["mamba", "mamba", "hybrid"] * 2,
}  # fmt: skip
LFM_2: dict[str, Any] = {
    **SIZES, "model_type": "lfm2", "num_hidden_layers": 3, "hidden_size": 2048, "conv_L_cache": 3,
    "layer_types": ["conv", "conv", "full_attention"],
}  # fmt: skip
LING: dict[str, Any] = {
    **SIZES, **LATENT, "model_type": "bailing_hybrid", "layer_group_size": 8, "num_key_value_heads": 32,
}  # fmt: skip


def read(config: dict[str, Any]) -> ModelArchitecture:
    return model_config.read(config, "published", VLLM)


@pytest.mark.parametrize(
    ("config", "attention", "state"),
    [
        (KIMI_LINEAR, "20 linear + 7 mla", 32 * 128 * 128 * 4 + 3 * 4096 * 3 * 2),
        (JAMBA, "28 linear + 4 full", 8192 * 16 * 2 + 8192 * 3 * 2),
        (BAMBA, "29 linear + 3 full", MAMBA_2_BYTES),
        (FALCON_H1, "32 linear + 32 full", MAMBA_2_BYTES),
        (ZAMBA_2, "6 linear + 2 full", 80 * 64 * 64 * 2 + (5120 + 128) * 3 * 2),
        (LFM_2, "2 linear + 1 full", 2048 * 2 * 2),
        (LING, "28 linear + 4 mla", 32 * 128 * 128 * 2),
    ],
    ids=["Kimi-Linear", "Jamba", "Bamba", "Falcon-H1", "Zamba2", "LFM2", "Ling"],
)
def test_states(config: dict[str, Any], attention: str, state: int) -> None:
    model = read(config)
    assert model.attention == attention
    (kept,) = {group.state for group in model.caches if group.state is not None}
    assert state_bytes(kept, demand()) == state
    # No size is promised for weights that aren't counted.
    assert model.weights_gib is None


@pytest.mark.parametrize(
    ("config", "prefix_caching", "pages"),
    [(KIMI_LINEAR, True, 2), (KIMI_LINEAR, False, 1), (JAMBA, True, 2), (BAMBA, True, 3), (FALCON_H1, True, 3)],
)
def test_states_of_a_request(config: dict[str, Any], prefix_caching: bool, pages: int) -> None:
    """Mamba 2 stores one on the way through a prompt."""
    pool = block_pool(read(config), demand(capability="9.0", prefix_caching=prefix_caching))
    assert {table.reach for table in pool.tables if table.kind == "linear"} == {pages}


def test_blocks_beside_latent_attention() -> None:
    """Multiples of 128 tokens: 15 x 128 x 1152 bytes are the first that hold a state of 2,170,880."""
    pool = block_pool(read(KIMI_LINEAR), demand())
    assert (pool.block_tokens, pool.block_bytes) == (1920, 7 * 1920 * 1152)
    assert [table.kind for table in pool.tables] == ["linear"] * 3 + ["mla"]


def test_a_bounded_gate_lets_delta_attention_store_states() -> None:
    bounded = {**KIMI_LINEAR, "linear_attn_config": {**KIMI_LINEAR["linear_attn_config"], "gate_lower_bound": -5.0}}
    for capability, pages in (("9.0", 3), ("8.0", 2)):
        pool = block_pool(read(bounded), demand(capability=capability))
        assert {table.reach for table in pool.tables if table.kind == "linear"} == {pages}


def test_values_of_another_width_than_keys() -> None:
    mimo = {
        **SIZES, "model_type": "mimo_v2_flash", "num_hidden_layers": 6, "num_attention_heads": 64,
        "num_key_value_heads": 4, "head_dim": 192, "v_head_dim": 128, "swa_num_key_value_heads": 8,
        "swa_head_dim": 192, "swa_v_head_dim": 128, "sliding_window_size": 128,
        "hybrid_layer_pattern": [0, 1, 1, 1, 1, 1],
    }  # fmt: skip
    full, sliding = attention_layers(read(mimo))
    assert (full.kv_heads, full.head_dim, full.value_dim) == (4, 192, 128)
    assert (sliding.layers, sliding.kv_heads, sliding.value_dim, sliding.window) == (5, 8, 128, 128)
    pool = block_pool(read(mimo), demand())
    # Blocks of the window's layers have 16 tokens; those of the others twice as many, so that the pages are equal.
    assert pool.block_bytes == 16 * 8 * (192 + 128) * 2
    assert pool.token_bytes == 4 * (192 + 128) * 2


def test_layers_with_heads_of_their_own_or_without_attention() -> None:
    """Nemotron NAS: 32 / 4 and 32 / 8 key-value heads, and a layer without a cache."""

    def block(group: int | None) -> dict[str, Any]:
        return {"attention": {"n_heads_in_group": group, "no_op": group is None, "replace_with_linear": False}}

    blocks = [block(8), block(None), block(4), block(8)]
    model = read({**SIZES, "model_type": "nemotron-nas", "num_hidden_layers": 4, "num_key_value_heads": None,
                  "block_configs": blocks})  # fmt: skip
    assert [(group.layers, group.kv_heads) for group in attention_layers(model)] == [(1, 4), (1, 8), (1, 4)]
    assert model.kv_heads == 4
    assert block_pool(model, demand()).token_bytes == 2 * 16 * 128 * 2
    with pytest.raises(model_config.UnreadableError, match="without `attention`"):
        read({**SIZES, "model_type": "nemotron-nas", "block_configs": [{"attention": {"replace_with_linear": True}}]})


def test_two_attentions_in_a_layer() -> None:
    longcat = {**SIZES, **LATENT, "model_type": "longcat_flash", "num_layers": 28, "num_key_value_heads": 32}
    model = read({key: value for key, value in longcat.items() if key != "num_hidden_layers"})
    assert (model.layers, model.attention) == (28, "56 mla")
    assert block_pool(model, demand(block_tokens=64)).token_bytes == 56 * 576 * 2


def test_indexes_that_a_file_lists() -> None:
    hunyuan = {
        **SIZES, **LATENT, "model_type": "hy_v4", "num_hidden_layers": 4, "index_topk": 2048, "index_head_dim": 128,
        "indexer_types": ["full", "shared", "shared", "full"],
    }  # fmt: skip
    groups = attention_layers(read(hunyuan))
    assert [(group.layers, group.index_bytes) for group in groups] == [(1, 132), (2, 0), (1, 132)]


def test_windows_of_qwen() -> None:
    qwen = {**SIZES, "model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": True}
    assert read({**qwen, "max_window_layers": 32}).attention == "full"
    assert read({**qwen, "max_window_layers": 0}).attention == "32 sliding"
    with pytest.raises(
        model_config.UnreadableError, match="doesn't serve sliding windows above `max_window_layers` 28"
    ):
        read({**qwen, "max_window_layers": 28})


def test_layers_that_are_not_given() -> None:
    with pytest.raises(model_config.UnreadableError, match="keep a state is not given"):
        read({key: value for key, value in LFM_2.items() if key != "layer_types"})


def test_kinds_without_a_compared_log_are_uncertain() -> None:
    def reasons(config: dict[str, Any]) -> str:
        return " ".join(account(read(config), 93.0, demand(weights_gib=10.0), CATALOG.overheads).memory.uncertain)

    assert "no start-up log of a model with layers of this kind" in reasons(JAMBA)
    assert "no start-up log of a model with layers of this kind" not in reasons(BAMBA)
