"""A config.json may hold anything: what is not a size is a finding, not an exception and not hours of arithmetic."""

from typing import Any

import pytest
from planning_stacks import CATALOG, planned

from planning import model_config
from planning.model_config import UnreadableError

VLLM = CATALOG.vllm("0.33.0")
DENSE: dict[str, Any] = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "vocab_size": 32000,
}  # fmt: skip
EXPERTS = {**DENSE, "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 1024}
INFINITE = float("inf")


@pytest.mark.parametrize(
    "changes",
    [
        {"vocab_size": []}, {"vocab_size": "x"}, {"vocab_size": INFINITE}, {"vocab_size": 10**18},
        {"moe_intermediate_size": INFINITE}, {"num_experts_per_tok": "x"}, {"num_hidden_layers": 10**9},
        {"first_k_dense_replace": -(10**9)}, {"num_hidden_layers": 1.5}, {"layer_types": 7},
        {"layer_types": ["x"] * 5000},
        {"max_position_embeddings": 10**12}, {"rope_scaling": {"factor": float("nan")}},
        {"n_routed_experts": {"a": 1}}, {"full_attention_interval": "x"},
    ],
)  # fmt: skip
def test_what_can_not_be_a_size_is_refused_with_a_reason(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError) as refused:
        model_config.read({**EXPERTS, "max_position_embeddings": 4096, **changes}, "acme/own", VLLM)
    assert str(refused.value)
    assert refused.value.fix


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
