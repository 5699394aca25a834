"""Which numbers of a quantized checkpoint stay at two bytes: by name, glob, expression, group or layer.

The counts are products of the dimensions in the configurations; how patterns match is vLLM 0.33's own way
(planning/model_config/names.py names the sources).
"""

from typing import Any

import pytest
from kv_cases import VLLM
from test_planning_hf_config import LLAMA, PUBLISHED

from planning import model_config

GIB = 1024**3
DEEPSEEK, QWEN_NEXT, QWEN_30B = (
    PUBLISHED[name][0] for name in ("DeepSeek-V3", "Qwen3-Next-80B-A3B", "Qwen3-30B-A3B")
)  # fmt: skip
FP8, NVFP4, INT4 = 1 + 4 / 128**2, 0.5 + 1 / 16, 0.5 + 2.5 / 128
WIDTHS = {"fp8": FP8, "awq": INT4, "gptq": INT4, "modelopt": NVFP4, "compressed-tensors": INT4}
# Numbers of one layer.
LLAMA_QKV, LLAMA_OUT, LLAMA_UP, LLAMA_DOWN = 4096 * 6144, 4096 * 4096, 2 * 4096 * 14336, 4096 * 14336
LLAMA_LAYER = LLAMA_QKV + LLAMA_OUT + LLAMA_UP + LLAMA_DOWN
QUERIES_DOWN, KEYS_UP = 7168 * 1536, 512 * 128 * 256
LATENT = QUERIES_DOWN + 1536 * 128 * 192 + 7168 * 576 + KEYS_UP + 128 * 128 * 7168
EXPERT = 3 * 7168 * 2048
STATES = 2048 * (2 * 2048 + 4096 + 4096) + 2048 * 64 + 4096 * 2048


def weights(config: dict[str, Any], quantization: dict[str, Any]) -> float | None:
    return model_config.read({**config, "quantization_config": quantization}, "x", VLLM).weights_gib


def usual(method: str) -> dict[str, Any]:
    groups = {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "group_size": 128}}}
    return {
        "fp8": {}, "awq": {"bits": 4}, "gptq": {"bits": 4}, "modelopt": {"quant_algo": "NVFP4"},
        "compressed-tensors": {"format": "pack-quantized", "config_groups": groups},
    }[method] | {"quant_method": method}  # fmt: skip


def plain(config: dict[str, Any], method: str, **changes: Any) -> float:
    """Numbers that `changes` keep at two bytes."""
    with_them, without = weights(config, {**usual(method), **changes}), weights(config, usual(method))
    assert with_them is not None
    assert without is not None
    return (with_them - without) * GIB / (2 - WIDTHS[method])


@pytest.mark.parametrize(
    ("config", "method", "key", "patterns", "numbers"),
    [
        # Names: of parts, of one matrix, of a layer and not of those whose number begins equally.
        (LLAMA, "fp8", "modules_to_not_convert", ["self_attn"], 32 * (LLAMA_QKV + LLAMA_OUT)),
        (LLAMA, "fp8", "modules_to_not_convert", ["model.layers.17.self_attn.o_proj"], LLAMA_OUT),
        (LLAMA, "fp8", "ignored_layers", ["model.layers.1", "lm_head"], LLAMA_LAYER),
        (LLAMA, "fp8", "modules_to_not_convert", ["self_attn.", "lm_head$"], 32 * (LLAMA_QKV + LLAMA_OUT)),
        (LLAMA, "fp8", "modules_to_not_convert", [r"^model.layers.\d+.mlp.down_proj$"], 32 * LLAMA_DOWN),
        (LLAMA, "fp8", "ignored_layers", ["model.language_model.layers.3.mlp.down_proj"], LLAMA_DOWN),
        (LLAMA, "awq", "modules_to_not_convert", ["attn"], 32 * (LLAMA_QKV + LLAMA_OUT)),
        (LLAMA, "modelopt", "exclude_modules", ["down_proj", "lm_head"], 32 * LLAMA_DOWN),
        # The router isn't a gate of the feed-forward block.
        (LLAMA, "awq", "modules_to_not_convert", ["gate", "mlp.gate", "model.layers.0.mlp.gate"], 0),
        # Globs.
        (LLAMA, "modelopt", "ignore", ["model.layers.0.self_attn*"], LLAMA_QKV + LLAMA_OUT),
        (LLAMA, "modelopt", "exclude_modules", ["*self_attn*"], 32 * (LLAMA_QKV + LLAMA_OUT)),
        (LLAMA, "modelopt", "exclude_modules", ["*.self_attn.o_proj", "*lm_head*"], 32 * LLAMA_OUT),
        (LLAMA, "modelopt", "exclude_modules", ["model.layers.3*"], 3 * LLAMA_LAYER),
        (DEEPSEEK, "modelopt", "ignore", [f"model.layers.{n}.self_attn*" for n in range(61)], 61 * LATENT),
        (QWEN_NEXT, "modelopt", "ignore", ["*linear_attn*"], 36 * STATES),
        (QWEN_NEXT, "modelopt", "ignore", ["*.mlp.shared_expert.*", "*.mlp.gate.*"], 48 * 3 * 2048 * 512),
        # The patterns that ModelOpt adds to every file.
        (QWEN_NEXT, "modelopt", "exclude_modules", ["*block_sparse_moe.gate*", "*linear_attn.conv1d*", "*mixer.conv1d*",
         "*mlp.gate.*", "*mlp.shared_expert_gate.*", "*proj_out.*", "*router*", "output.*", "*output_layer*"], 0),
        # Expressions.
        (LLAMA, "compressed-tensors", "ignore", ["re:.*self_attn.*"], 32 * (LLAMA_QKV + LLAMA_OUT)),
        (LLAMA, "compressed-tensors", "ignore", [r"re:.*layers\.(0|31)\..*"], 2 * LLAMA_LAYER),
        (LLAMA, "compressed-tensors", "ignore", [r"re:model\.layers\.1\.mlp\..*"], LLAMA_UP + LLAMA_DOWN),
        (QWEN_30B, "compressed-tensors", "ignore", ["re:.*mlp.gate$", "re:.*lm_head"], 0),
        # Latent attention has matrices of its own.
        (DEEPSEEK, "fp8", "modules_to_not_convert", ["q_a_proj"], 61 * QUERIES_DOWN),
        (DEEPSEEK, "fp8", "ignored_layers", ["model.layers.7.self_attn.kv_b_proj"], KEYS_UP),
        (DEEPSEEK, "awq", "modules_to_not_convert", ["kv_b_proj", "kv_a_proj_with_mqa"], 61 * (KEYS_UP + 7168 * 576)),
        (DEEPSEEK, "fp8", "modules_to_not_convert", ["shared_experts"], 58 * EXPERT),
        (DEEPSEEK, "fp8", "ignored_layers", ["model.layers.5.mlp.shared_experts"], EXPERT),
        (DEEPSEEK, "fp8", "ignored_layers", ["model.layers.2.mlp.gate_proj"], 2 * 7168 * 18432),
        # A kernel holds all experts of a layer in one format.
        (DEEPSEEK, "fp8", "ignored_layers", ["model.layers.9.mlp.experts.17.up_proj"], 256 * EXPERT),
        (DEEPSEEK, "compressed-tensors", "ignore", [r"re:.*layers\.60\..*experts.*"], 257 * EXPERT),
        # Of the layer that only drafts nothing is counted.
        (DEEPSEEK, "modelopt", "ignore", ["model.layers.61*", "model.layers.61.self_attn.q_a_proj"], 0),
        # Nor of the layers of an encoder.
        (LLAMA, "fp8", "ignored_layers", ["vision_model.layers.3.self_attn.q_proj", "mtp.layers.0.mlp.up_proj"], 0),
        (LLAMA, "compressed-tensors", "ignore", [r"re:mtp\.layers\.0\..*", "model.layers.0.self_attn.sinks"], 0),
        (DEEPSEEK, "modelopt", "quantization", {"exclude_modules": ["*kv_b_proj"]}, 61 * KEYS_UP),
    ],
)  # fmt: skip
def test_numbers_that_stay_plain(config: dict[str, Any], method: str, key: str, patterns: object, numbers: int) -> None:
    assert plain(config, method, **{key: patterns}) == pytest.approx(numbers, abs=100)


def test_a_rule_of_gptq_for_some_modules() -> None:
    attention = 48 * 2048 * 128 * (32 + 8 + 32)
    assert plain(QWEN_30B, "gptq", dynamic={"-:.*attn.*": {}, "lm_head": {}, "-:.*mlp.gate$": {}}) == pytest.approx(
        attention, abs=100
    )
    eight = weights(LLAMA, {**usual("gptq"), "dynamic": {r"+:.*\.down_proj": {"bits": 8, "group_size": 128}}})
    four = weights(LLAMA, usual("gptq"))
    assert eight is not None
    assert four is not None
    assert (eight - four) * GIB == pytest.approx(32 * LLAMA_DOWN * (0.5 + 0.5 / 128))
    # The first that names a module counts.
    first = {r"-:.*\.o_proj": {}, r"+:.*\.o_proj": {"bits": 8}}
    assert plain(LLAMA, "gptq", dynamic=first) == pytest.approx(32 * LLAMA_OUT, abs=100)
    assert weights(LLAMA, {**usual("gptq"), "dynamic": {"+:.*o_proj": {"bits": 1}}}) is None
    only = {"modules_in_block_to_quantize": [["mlp.gate_proj", "mlp.up_proj"], ["mlp.down_proj"]]}
    assert plain(LLAMA, "gptq", **only) == pytest.approx(32 * (LLAMA_QKV + LLAMA_OUT), abs=100)


def groups(*pairs: tuple[list[str], dict[str, Any]], **changes: Any) -> dict[str, Any]:
    listed = {f"group_{n}": {"targets": targets, "weights": form} for n, (targets, form) in enumerate(pairs)}
    return {"quant_method": "compressed-tensors", "config_groups": listed, "ignore": ["lm_head"], **changes}


FOUR, EIGHT = {"num_bits": 4, "type": "int", "group_size": 128}, {"num_bits": 8, "type": "float"}
OUTER, NORMS = 2 * 151936 * 2048, 48 * (2 * 2048 + 2048 * 128)
EXPERTS, ATTENTION = 48 * 128 * 3 * 2048 * 768, 48 * 2048 * 128 * 72
LINEAR = EXPERTS + ATTENTION


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (groups(([r"re:.*mlp\.experts\..*"], FOUR), (["re:.*self_attn.*"], EIGHT)), EXPERTS * INT4 + ATTENTION * FP8),
        (groups((["re:.*self_attn.*"], EIGHT), (["Linear"], FOUR)), EXPERTS * INT4 + ATTENTION * FP8),
        (groups((["Linear"], FOUR), (["re:.*self_attn.*"], EIGHT)), EXPERTS * INT4 + ATTENTION * FP8),
        # What no group names stays as it is.
        (groups((["re:.*experts.*"], FOUR)), EXPERTS * INT4 + ATTENTION * 2),
        (groups((["Linear"], {"num_bits": 4, "type": "float", "group_size": 16})), LINEAR * NVFP4),
        (groups((["Linear"], {"num_bits": 4, "type": "float", "group_size": 32})), LINEAR * (0.5 + 1 / 32)),
        (groups((["Linear"], {"num_bits": 8, "type": "int", "group_size": 128})), LINEAR * (1 + 2 / 128)),
        (groups((["StrangeModule"], FOUR)), None),
        (groups((["re:.*experts.*"], {"num_bits": 1}), (["Linear"], EIGHT)), None),
    ],
)  # fmt: skip
def test_groups_of_modules(config: dict[str, Any], size: float | None) -> None:
    expected = None if size is None else pytest.approx((size + (OUTER + NORMS) * 2) / GIB, rel=1e-6)
    assert weights(QWEN_30B, config) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "transformer.h.0.attn.c_attn",
        "model.layers.3.foo_proj",
        "blocks.3.ffn.gate_proj",
        "re:.*strange_block.*",
        "re:(.*)*x",
        "re:[",
    ],
)
def test_a_pattern_that_explains_nothing_leaves_the_size_open(pattern: str) -> None:
    """So that no exclusion is taken for none."""
    assert weights(LLAMA, {"quant_method": "fp8", "ignored_layers": [pattern]}) is None


def test_thousands_of_names_take_no_time() -> None:
    every = [f"model.layers.{n}.mlp.experts.{m}.up_proj" for n in range(58) for m in range(256)]
    assert plain(DEEPSEEK, "fp8", ignored_layers=every) == pytest.approx(55 * 256 * EXPERT, abs=1e6)
    endless = [f"re:.*layers.[0-{n % 10}].x{n}" for n in range(2001)]
    assert weights(DEEPSEEK, {"quant_method": "fp8", "ignore": endless}) is None
    assert weights(DEEPSEEK, groups((endless, FOUR))) is None


def test_other_methods_of_known_size() -> None:
    fbgemm = {"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0, "modules_to_not_convert": ["lm_head"]}
    assert weights(LLAMA, fbgemm) == pytest.approx(weights(LLAMA, usual("fp8")))
    rounded = {"quant_method": "auto-round", "bits": 4, "group_size": 128, "sym": True, "data_type": "int"}
    assert weights(LLAMA, rounded) == pytest.approx(weights(LLAMA, usual("gptq")))
    part = {**rounded, "extra_config": {"model.layers.0.self_attn.o_proj": {"bits": 16, "data_type": "float"}}}
    found, base = weights(LLAMA, part), weights(LLAMA, rounded)
    assert found is not None
    assert base is not None
    assert (found - base) * GIB == pytest.approx(LLAMA_OUT * (2 - INT4))
    eight = weights(LLAMA, {**rounded, "extra_config": {r".*o_proj": {"bits": 8}}})
    assert eight is not None
    assert (eight - base) * GIB == pytest.approx(32 * LLAMA_OUT * (0.5 + 0.5 / 128))
    assert weights(LLAMA, {**rounded, "block_name_to_quantize": "model.layers"}) == pytest.approx(base)
    outer = 2 * (2 * 128256 * 4096 + 32 * 2 * 4096)
    floating = (32 * LLAMA_LAYER * (0.5 + 1 / 32) + outer) / GIB
    assert weights(LLAMA, {**rounded, "data_type": "mx_fp", "group_size": 32}) == pytest.approx(floating)
    assert weights(LLAMA, {**rounded, "data_type": "nf"}) is None
