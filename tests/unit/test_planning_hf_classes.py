"""Published configurations as vLLM reads them: with the defaults of their class, and with what their family adds."""

from typing import Any

import pytest
from kv_cases import VLLM, demand
from published_models import GEMMA_3_4B, GEMMA_3_12B, GEMMA_3_27B, GLM_5, LLAVA_MISTRAL

from planning import model_config
from planning.memory import attention_layers, block_pool

LLAMA = {
    "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 128256,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "token_bytes", "head_dim", "attention"),
    [
        # 8 of 48 layers keep every token: keys and values of 8 heads of 256, which the file leaves out.
        (GEMMA_3_12B, 65_536, 256, "40 sliding + 8 full"),
        (GEMMA_3_4B, 5 * 2 * 4 * 256 * 2, 256, "29 sliding + 5 full"),
        (GEMMA_3_27B, 10 * 2 * 16 * 128 * 2, 128, "52 sliding + 10 full"),
        (LLAVA_MISTRAL, 131_072, 128, "full"),
    ],
    ids=["gemma-3-12b", "gemma-3-4b", "gemma-3-27b", "llava-v1.6-mistral-7b"],
)
def test_published_files_that_leave_out_their_class_defaults(
    config: dict[str, Any], token_bytes: int, head_dim: int, attention: str
) -> None:
    model = model_config.read(config, "published", VLLM)
    assert (model.head_dim, model.attention) == (head_dim, attention)
    growing = sum(2 * group.layers * group.kv_heads * group.head_dim * 2
                  for group in attention_layers(model) if group.kind == "full")  # fmt: skip
    assert growing == token_bytes
    assert "beside the language model" in model_config.unknown_weights(config, VLLM)


def test_a_key_that_is_null_has_no_default() -> None:
    assert model_config.read({**LLAMA, "model_type": "mistral", "sliding_window": None}, "x", VLLM).attention == "full"
    assert model_config.read({**LLAMA, "model_type": "mistral"}, "x", VLLM).caches[0].window == 4096


def test_indexes_that_layers_share() -> None:
    """GLM-5.2: the first layers and every fourth one have an index; one letter a layer may say so instead."""

    def indexed(**changes: Any) -> tuple[int, int]:
        groups = attention_layers(model_config.read({**GLM_5, **changes}, "x", VLLM))
        return sum(g.layers for g in groups if g.index_bytes), sum(g.layers for g in groups if g.shares_index)

    assert indexed() == (78, 0)
    assert indexed(index_topk_freq=4) == (21, 57)
    assert indexed(index_topk_pattern="FSSS" * 19 + "FF") == (21, 57)
    assert indexed(index_topk_freq=4, index_skip_topk_offset=3) == (21, 57)


def test_the_cache_format_of_glm_depends_on_the_gpu() -> None:
    model = model_config.read(GLM_5, "x", VLLM)
    rates = {
        family: block_pool(model, demand(capability=family, tensor_parallel=8)).token_bytes
        for family in ("9.0", "10.0")
    }
    assert rates == {"9.0": 78 * (576 * 2 + 132), "10.0": 78 * (576 + 132)}
