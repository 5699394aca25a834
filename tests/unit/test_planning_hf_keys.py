"""Every key of a configuration that is read is one whose value is checked first, and the other way round.

A misspelt key is read as one that is missing, and the memory of a model is then computed from something else.
"""

from collections.abc import Mapping
from typing import Any

import pytest
import test_planning_hf_config
import test_planning_hf_families
import test_planning_hf_parts
from kv_cases import VLLM
from published_models import LLAVA_MISTRAL, NEMOTRON_NANO, NEMOTRON_SUPER

from planning.model_config import UnreadableError, bounds, defaults
from planning.model_config import config as reader

SIZES: dict[str, Any] = {
    "num_hidden_layers": 4, "hidden_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2,
    "intermediate_size": 512, "vocab_size": 1000, "max_position_embeddings": 4096,
}  # fmt: skip
PUBLISHED: list[dict[str, Any]] = [
    *(config for config, _, _ in test_planning_hf_config.PUBLISHED.values()),
    test_planning_hf_families.KIMI_LINEAR, test_planning_hf_families.JAMBA, test_planning_hf_families.BAMBA,
    test_planning_hf_families.LING, test_planning_hf_parts.EXPERTS, NEMOTRON_NANO, NEMOTRON_SUPER, LLAVA_MISTRAL,
]  # fmt: skip
# Only whether they are there matters: such a model isn't computed, or is as if they weren't.
PRESENT = {
    "attention_other_setting", "compress_ratios", "cross_attention_layers", "num_attention_heads_per_layer",
    "num_sliding_attention_heads", "residual_moe", "share_q_dim", "swa_num_attention_heads",
}  # fmt: skip
# Read in parts inside a configuration, or in families of which no class and no file is here.
ELSEWHERE = {
    "architectures", "attention_k_eq_v", "conv_L_cache", "conv_dim", "embed_dim", "factor", "image_seq_length",
    "index_skip_topk_offset", "mamba_ngroups", "max_window_layers", "mlp_hidden_dim", "mm_tokens_per_image",
    "n_heads_in_group", "n_mamba_heads", "num_global_key_value_heads", "num_heads", "short_conv_kernel_size",
    "sparse_index_dim", "width",
}  # fmt: skip
CHECKED = bounds.COUNTED | bounds.LISTS | frozenset().union(*(keys for keys, _, _ in bounds.KINDS))


class Watched(dict[Any, Any]):
    """A configuration that keeps which keys somebody requests."""

    keys_requested: set[str]

    def get(self, key: object, default: Any = None, /) -> Any:
        self.keys_requested.add(str(key))
        return super().get(key, default)

    def __getitem__(self, key: object) -> Any:
        self.keys_requested.add(str(key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.keys_requested.add(str(key))
        return super().__contains__(key)


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """All keys that reading all known models requests."""
    found: set[str] = set()

    def watched(config: Mapping[str, Any]) -> Watched:
        kept = Watched(config)
        kept.keys_requested = found
        return kept

    language, images = defaults.language, defaults.images

    def of_images(*given: Any) -> Watched | None:
        part = images(*given)
        return None if part is None else watched(part)

    monkeypatch.setattr(defaults, "language", lambda *given: watched(language(*given)))
    monkeypatch.setattr(defaults, "images", of_images)
    refused = 0
    models = [*PUBLISHED, *({**SIZES, "model_type": kind} for kind in VLLM.model_classes)]
    assert len(models) > 500
    for config in models:
        try:
            reader.read(config, "model", VLLM)
        except UnreadableError:
            refused += 1
    assert refused < 20
    return found


def test_a_key_that_is_read_is_checked(requested: set[str]) -> None:
    assert requested - CHECKED == PRESENT


def test_a_key_that_is_checked_is_read(requested: set[str]) -> None:
    assert CHECKED - requested == ELSEWHERE


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("num_hidden_layers", 2_000), ("layer_group_size", 2_000), ("sliding_window", 100_000_000),
        ("attention_chunk_size", 100_000_000), ("hidden_size", 10_000_000), ("n_routed_experts", 10_000_000),
    ],
)  # fmt: skip
def test_a_number_ends_far_above_those_of_published_models(key: str, most: int) -> None:
    bounds.check_values({}, {key: most}, None)
    for wrong in (most + 1, -1, 1.5, True, "1"):
        with pytest.raises(UnreadableError, match=f"`{key}` is "):
            bounds.check_values({}, {key: wrong}, None)


def test_sizes_without_which_nothing_is_computed_are_at_least_one() -> None:
    for key in ("vocab_size", "hidden_size", "head_dim"):
        with pytest.raises(UnreadableError, match=f"`{key}` is 0, not a whole number from 1 to 10,000,000"):
            bounds.check_values({}, {key: 0}, None)
    bounds.check_values({}, {"num_key_value_heads": 0, "mlp_ratio": 1.5, "factor": 0.5, "mamba_expand": 2.5}, None)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("model_type", 3), ("torch_dtype", ["bfloat16"]), ("tie_word_embeddings", "yes"),
        ("quantization_config", "fp8"), ("layer_types", "full"), ("architectures", [3]),
        ("architectures", ["a"] * 2_001), ("model_type", "x" * 2_001),
    ],
)  # fmt: skip
def test_a_value_that_is_not_a_number_has_the_type_of_its_key(key: str, wrong: Any) -> None:
    bounds.check_values({key: None}, {}, None)
    with pytest.raises(UnreadableError, match=f"`{key}` "):
        bounds.check_values({key: wrong}, {}, None)


def test_lists_are_no_longer_than_any_model_has_layers() -> None:
    for value in (["full_attention"] * 2_000, None):
        bounds.check_values({}, {"layer_types": value}, None)
    bounds.check_values({"model_type": "x" * 2_000}, {"sliding_window_pattern": "LG" * 1_000}, None)
    with pytest.raises(UnreadableError, match="`layer_types` has"):
        bounds.check_values({}, {"layer_types": ["full_attention"] * 2_001}, None)
    with pytest.raises(UnreadableError, match="`moe_layer_freq` has 2,001 entries"):
        bounds.check_values({}, {"moe_layer_freq": [1] * 2_001}, None)
    with pytest.raises(UnreadableError, match="`sliding_window_pattern` is 2001"):
        bounds.check_values({}, {"sliding_window_pattern": "L" * 2_001}, None)
