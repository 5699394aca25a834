"""A config.json may hold anything: what is not a size is a finding, not an exception and not hours of arithmetic."""

import ast
from pathlib import Path
from typing import Any

import published_models
import pytest
from planning_stacks import CATALOG, planned

from planning import model_config
from planning.model_config import UnreadableError, bounds

VLLM = CATALOG.vllm("0.33.0")
DENSE: dict[str, Any] = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "vocab_size": 32000,
}  # fmt: skip
EXPERTS = {**DENSE, "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 1024}
INFINITE = float("inf")
# Of `quantization_config`, `rope_scaling` and the layers of `block_configs`: looked at where they are read, and a value
# of another type counts as none.
INNER = {
    "attention", "bits", "block_name_to_quantize", "config_groups", "data_type", "dynamic", "extra_config", "format",
    "group_size", "kda_layers", "kv_cache_quant_algo", "kv_cache_scheme", "modules_in_block_to_quantize", "no_op",
    "num_bits", "q_group_size", "quant_algo", "quant_method", "quantization", "replace_with_linear", "rope_type",
    "sparse_attention_freq", "targets", "type", "w_bit", "weights", "gate_lower_bound",
}  # fmt: skip
# Defaults of what is read, which look like keys.
WORDS = {"", "default", "int", "unknown"}


@pytest.mark.parametrize(
    "changes",
    [
        {"vocab_size": []}, {"vocab_size": "x"}, {"vocab_size": INFINITE}, {"vocab_size": 10**18},
        {"moe_intermediate_size": INFINITE}, {"num_experts_per_tok": "x"}, {"num_hidden_layers": 10**9},
        {"first_k_dense_replace": -(10**9)}, {"num_hidden_layers": 1.5}, {"layer_types": 7},
        {"layer_types": ["x"] * 5000},
        {"max_position_embeddings": 10**12}, {"rope_scaling": {"factor": float("nan")}},
        {"n_routed_experts": {"a": 1}}, {"full_attention_interval": "x"},
        {"architectures": 1e308}, {"architectures": "LlamaForCausalLM"}, {"architectures": [7]}, {"model_type": -1},
        {"model_type": ["llama"]}, {"model_type": "x" * 5000}, {"head_dim": 0}, {"head_dim": -1}, {"dtype": 16},
        {"tie_word_embeddings": "false"}, {"use_sliding_window": 1e308}, {"quantization_config": "fp8"},
        {"rope_scaling": 4}, {"attn_layer_period": -1}, {"attn_layer_indices": 3}, {"sliding_window_size": 1e308},
        {"block_configs": {"a": 1}}, {"swa_head_dim": -1}, {"layers_block_type": "M*E"}, {"type_vocab_size": 1.5},
    ],
)  # fmt: skip
def test_what_can_not_be_a_size_is_refused_with_a_reason(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError) as refused:
        model_config.read({**EXPERTS, "max_position_embeddings": 4096, **changes}, "acme/own", VLLM)
    assert str(refused.value)
    assert refused.value.fix


def test_latent_attention_needs_no_width_of_a_head() -> None:
    """GLM-5.3's class in transformers has the default 0."""
    (config,) = [config for config in vars(published_models).values() if is_glm(config)]
    given = {**config, "text_config": {**config["text_config"], "head_dim": 0}}
    assert model_config.read(given, "acme/own", VLLM) == model_config.read(config, "acme/own", VLLM)


def is_glm(config: Any) -> bool:
    text = config.get("text_config") if isinstance(config, dict) else None
    return isinstance(text, dict) and text.get("model_type") == "glm5_next_text"


def keys_read() -> set[str]:
    """Keys of a configuration that the package reads by name: `text.get("KEY")`, `text["KEY"]`, `required_size`."""
    found: set[str] = set()
    for file in sorted(Path(model_config.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                given = node.args if name in ("get", "required_size", "_number") else []
            else:
                given = [node.slice] if isinstance(node, ast.Subscript) else []
            found |= {item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)}
    return found - WORDS


def test_every_key_that_is_read_has_a_type_and_bounds() -> None:
    checked = bounds.COUNTED | bounds.LISTS | {key for keys, _, _ in bounds.KINDS for key in keys}
    assert keys_read() - checked - INNER == set()


@pytest.mark.parametrize("pattern", ["re:(.*)*x", "re:(a|a)+$", "re:.*.*.*.*.*.*x"])
def test_a_pattern_that_may_take_for_ever_is_not_tried(pattern: str) -> None:
    quantized = {"quant_method": "fp8", "ignore": [pattern]}
    assert model_config.read({**DENSE, "quantization_config": quantized}, "acme/own", VLLM).weights_gib is None
    known = {"quant_method": "fp8", "ignore": ["re:.*lm_head"]}
    assert model_config.read({**DENSE, "quantization_config": known}, "acme/own", VLLM).weights_gib is not None


def test_the_stack_gets_a_finding() -> None:
    source = {"huggingface": "x/y", "revision": "b" * 40, "hf_config": {**DENSE, "vocab_size": INFINITE}}
    found = planned({"models[0].source": source}).findings
    assert "MODEL-CONFIG" in {finding.rule for finding in found if finding.severity == "error"}
