"""Writes `model_classes.json`: what the configuration classes of transformers fill in where a config.json is silent.

`python -m catalog classes FOLDER` reads the source of an unpacked transformers wheel, and nothing of it is run. Hugging
Face leaves out of a nested configuration what equals its class' default, and vLLM reads the file through the class.
"""

import ast
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

# Sizes and patterns that decide memory; what a class has beside them is left out.
KEYS = (
    "attention_chunk_size", "attention_head_dim", "attn_layer_offset", "attn_layer_period", "conv_L_cache",
    "conv_kernel", "cross_attention_layers", "decoder_sparse_step", "depth", "embed_dim", "expert_layer_offset",
    "expert_layer_period", "ffn_hidden_size", "expert_ffn_hidden_size", "first_k_dense_replace",
    "full_attention_interval", "full_attn_idxs", "global_head_dim", "head_dim", "hidden_size",
    "hidden_size_per_layer_input", "image_size", "in_hidden_size", "index_head_dim", "index_n_heads",
    "index_skip_topk_offset", "index_topk", "index_topk_freq", "interleave_moe_layer_step", "intermediate_size",
    "intermediate_size_mlp", "kv_lora_rank", "layer_group_size", "linear_conv_kernel_dim", "linear_key_head_dim",
    "linear_num_key_heads", "linear_num_value_heads", "linear_value_head_dim", "mamba_conv_kernel", "mamba_d_conv",
    "mamba_d_head", "mamba_d_ssm", "mamba_d_state", "mamba_expand", "mamba_head_dim", "mamba_n_groups", "mamba_n_heads",
    "mamba_ngroups", "mamba_num_heads", "max_position_embeddings", "mlp_ratio", "moe_intermediate_size",
    "moe_latent_size", "moe_layer_freq", "moe_shared_expert_intermediate_size", "mtp_num_hidden_layers", "n_groups",
    "n_mamba_heads", "n_routed_experts", "n_shared_experts", "no_rope_layer_interval", "num_attention_groups",
    "num_attention_heads", "num_experts", "num_experts_per_tok", "num_experts_per_token", "num_global_key_value_heads",
    "num_heads", "num_hidden_layers", "num_key_value_heads", "num_kv_heads", "num_kv_shared_layers",
    "num_layers", "num_local_experts", "num_mem_blocks", "num_nextn_predict_layers", "out_hidden_size", "patch_size",
    "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "shared_expert_intermediate_size", "sliding_window",
    "sliding_window_pattern", "spatial_merge_size", "ssm_state_size", "swa_head_dim", "swa_num_key_value_heads",
    "swa_v_head_dim", "tie_word_embeddings", "top_k_experts", "use_sliding_window", "v_head_dim", "vocab_size",
)  # fmt: skip
_SIZES = {"num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size", "patch_size", "depth"}
_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub, ast.Pow: operator.pow,
}  # fmt: skip


def write(transformers: Path, version: str, date: str, file: Path) -> int:
    """Write the file from the folder `transformers` of a wheel; returns how many classes it has.

    Raises:
        OSError: the folder has no configuration classes, or the file can't be written.
    """
    classes = dict(_classes(transformers))
    if not classes:
        message = f"{transformers}/models holds no configuration_*.py"
        raise FileNotFoundError(message)
    source = f"configuration classes of transformers {version}, read from its source by `python -m catalog classes`"
    rows = ",\n".join(f"  {json.dumps(kind)}: {json.dumps(classes[kind])}" for kind in sorted(classes))
    head = f'{{"source": {json.dumps(source)},\n "as_of": {json.dumps(date)},\n "entries": {{\n'
    file.write_text(f"{head}{rows}\n}}}}\n", encoding="utf-8")
    return len(classes)


def _classes(transformers: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    seen: set[str] = set()
    for path in sorted(transformers.glob("models/*/configuration_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        kinds = {name: _fields(node, nodes) for name, node in nodes.items()}
        for fields in kinds.values():
            kind = fields.get("model_type")
            if not isinstance(kind, str) or kind in seen:
                continue
            found = _record(fields, kinds)
            if found:
                seen.add(kind)
                yield kind, found


def _record(fields: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    defaults = {key: fields[key] for key in KEYS if fields.get(key) is not None}
    names = {key: name for key, name in (fields.get("attribute_map") or {}).items() if key in KEYS}
    parts = {
        key: kinds[name]["model_type"]
        for key, name in fields.get("sub_configs", {}).items()
        if kinds.get(name, {}).get("model_type")
    }
    sized = len(_SIZES & {*defaults, *names}) > 1 or any(key.endswith("text_config") for key in parts)
    record = {"defaults": defaults, "names": names, "parts": parts}
    return {key: value for key, value in record.items() if value} if sized else {}


def _fields(node: ast.ClassDef, nodes: Mapping[str, ast.ClassDef]) -> dict[str, Any]:
    """Constants of a class body, those of base classes in the same file included."""
    found: dict[str, Any] = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in nodes and base.id != node.name:
            found.update(_fields(nodes[base.id], nodes))
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        else:
            continue
        if name == "sub_configs" and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            found[name] = {
                key.value: kind.id
                for key, kind in pairs
                if isinstance(key, ast.Constant) and isinstance(kind, ast.Name)
            }
        elif value is not None:
            found[name] = _constant(value)
    return found


def _constant(node: ast.expr) -> Any:
    """The value of a literal, or of arithmetic on literals; None for anything else."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _constant(node.left), _constant(node.right)
        return _OPERATORS[type(node.op)](left, right) if isinstance(left, int) and isinstance(right, int) else None
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
