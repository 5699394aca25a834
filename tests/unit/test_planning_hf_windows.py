"""Which layers have windows where a file doesn't list them: as the classes of transformers 5.19 fill it in.

An unknown family counts as full attention, which needs the most.
"""

from typing import Any

import pytest
from kv_cases import VLLM, demand
from test_planning_hf_families import SIZES

from catalog import ModelArchitecture
from planning import model_config
from planning.memory import attention_layers, block_pool

WINDOW = {**SIZES, "sliding_window": 1024}


def read(**changes: Any) -> ModelArchitecture:
    return model_config.read({**WINDOW, **changes}, "published", VLLM)


def full(**changes: Any) -> list[int]:
    """Places of the layers with full attention, of 32."""
    places, place = [], 0
    groups = attention_layers(read(**changes))
    left = [group.layers for group in groups]
    while any(left):
        for index, group in enumerate(groups):
            for _ in range(min(group.in_a_row, left[index])):
                left[index] -= 1
                places += [place] if group.kind == "full" else []
                place += 1
    return places


EVERY = {
    "olmo3": 4, "exaone4": 4, "exaone_moe": 4, "cohere2": 4, "afmoe": 4, "gemma2": 2, "vaultgemma": 2, "gpt_oss": 2,
    "gemma3_text": 6, "gemma3": 6,
}  # fmt: skip


@pytest.mark.parametrize(("model_type", "every"), EVERY.items(), ids=EVERY.keys())
def test_every_so_many_layers_the_last_is_full(model_type: str, every: int) -> None:
    assert full(model_type=model_type) == list(range(every - 1, 32, every))


def test_families_that_begin_with_full_attention_or_end_with_it() -> None:
    assert full(model_type="cwm") == full(model_type="granite_swa") == list(range(0, 32, 4))
    assert full(model_type="gemma4_text") == [5, 11, 17, 23, 29, 31]
    gemma3n = read(model_type="gemma3n_text", num_hidden_layers=35, num_kv_shared_layers=15)
    assert gemma3n.attention == "16 sliding + 4 full"


def test_a_file_may_say_how_many() -> None:
    assert full(model_type="afmoe", global_attn_every_n_layers=8) == [7, 15, 23, 31]
    assert full(model_type="cohere2", sliding_window_pattern=2) == list(range(1, 32, 2))
    assert full(model_type="gemma3_text", _sliding_window_pattern=8) == [7, 15, 23, 31]
    # Their classes don't read it.
    assert full(model_type="olmo3", sliding_window_pattern=16) == full(model_type="olmo3")


@pytest.mark.parametrize("listed", [None, (["sliding_attention"] * 3 + ["full_attention"]) * 8])
def test_letters_of_local_and_global_layers(listed: list[str] | None) -> None:
    letters = {"model_type": "exaone4", "sliding_window_pattern": "LLLG", "layer_types": listed}
    assert full(**letters) == [3, 7, 11, 15, 19, 23, 27, 31]
    assert full(model_type="exaone4", sliding_window_pattern="LLG") == [2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 31]
    with pytest.raises(model_config.UnreadableError, match="sliding_window_pattern"):
        read(model_type="exaone4", sliding_window_pattern="LLX")


def test_windows_in_all_layers_in_none_and_in_unknown_families() -> None:
    for model_type in ("mistral", "mixtral", "starcoder2", "phi3", "ministral"):
        assert read(model_type=model_type).attention == "32 sliding"
    # vLLM gives these no windows, whatever the file lists.
    listed = ["sliding_attention", "full_attention"] * 16
    for model_type in ("dots1", "qwen2_moe"):
        assert read(model_type=model_type, layer_types=listed, use_sliding_window=True).attention == "full"
    assert read(model_type="qwen3_moe", use_sliding_window=True, max_window_layers=28).attention == "32 sliding"
    for model_type in ("nobody_knows", "rnj1", "step3p5", "laguna"):
        assert read(model_type=model_type, sliding_window_pattern=4).attention == "full"
    assert read(model_type="olmo3", sliding_window=None).attention == "full"


def test_the_widest_of_several_windows_counts() -> None:
    groups = attention_layers(read(model_type="exaone_moe", sliding_windows=[128, 4096, None, 512]))
    assert {group.window for group in groups if group.kind == "sliding"} == {4096}


def test_layers_that_a_list_leaves_out_are_full() -> None:
    short = read(model_type="olmo3", layer_types=["sliding_attention"] * 4)
    assert short.attention == "4 sliding + 28 full"


@pytest.mark.parametrize("model_type", ["qwen2", "qwen3", "qwen2_5_vl_text"])
def test_listed_windows_that_vllm_does_not_serve(model_type: str) -> None:
    """Its Qwen2Model asserts `max_window_layers` where layers differ, and then none of them has a window."""
    mixed = {"model_type": model_type, "layer_types": ["full_attention"] * 28 + ["sliding_attention"] * 4}
    for first in (28, None, 0):
        with pytest.raises(model_config.UnreadableError, match="doesn't serve sliding windows above"):
            read(**mixed, use_sliding_window=True, max_window_layers=first)
    assert read(**mixed, use_sliding_window=True, max_window_layers=32).attention == "full"
    same = read(model_type=model_type, layer_types=["sliding_attention"] * 32, use_sliding_window=True)
    assert same.attention == "32 sliding"
    unused = read(model_type=model_type, layer_types=["sliding_attention"] * 32, use_sliding_window=False)
    assert unused.attention == "full"


def test_layers_of_nemotron_by_name() -> None:
    """As its files list them, and as transformers renames them; the pattern of letters says the same."""
    sizes = {
        **SIZES, "model_type": "nemotron_h", "head_dim": 128, "ssm_state_size": 128, "mamba_num_heads": 64,
        "mamba_head_dim": 64, "n_groups": 8, "n_routed_experts": 128, "num_experts_per_tok": 6, "n_shared_experts": 1,
        "moe_intermediate_size": 1856, "moe_shared_expert_intermediate_size": 3712, "num_hidden_layers": 6,
    }  # fmt: skip
    letters = model_config.read({**sizes, "hybrid_override_pattern": "MEM*-E"}, "x", VLLM)
    names = ["mamba", "moe", "mamba", "attention", "mlp", "moe"]
    assert model_config.read({**sizes, "layers_block_type": names}, "x", VLLM) == letters
    renamed = ["linear_attention", "moe", "linear_attention", "full_attention", "mlp", "moe"]
    assert model_config.read({**sizes, "layer_types": renamed, "num_hidden_layers": None}, "x", VLLM) == letters
    assert letters.experts == 128
    assert block_pool(letters, demand()).token_bytes == 2 * 8 * 128 * 2
    with pytest.raises(model_config.UnreadableError, match="layers of kind strange"):
        model_config.read({**sizes, "layers_block_type": [*names[:5], "strange"]}, "x", VLLM)
