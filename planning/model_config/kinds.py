"""Of which kind every layer of a Hugging Face configuration is, by vLLM's own reading of its keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog import Architectures
from planning.model_config.errors import UnreadableError
from planning.model_config.sizes import block_kv_heads, layer_count
from planning.model_config.states import has_state

_KINDS: Mapping[str, str] = {
    "full_attention": "full", "attention": "full", "sliding_attention": "sliding", "chunked_attention": "chunked",
    "linear_attention": "linear", "mamba": "linear", "conv": "linear", "hybrid": "both",
    "deepseek_sparse_attention": "full", "minimax_m3_sparse": "indexed",
}  # fmt: skip
# Kinds that mean something only in some families.
_ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "conv": ("lfm2", "lfm2_moe"), "hybrid": ("zamba2",), "deepseek_sparse_attention": ("glm5_next_text",),
    "minimax_m3_sparse": ("minimax_m3_vl_text",),
}  # fmt: skip
# Keys for every how many layers one has full attention.
_PERIODS = ("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers")
_NEMOTRON: Mapping[str, str] = {"M": "linear", "*": "full", "-": "", "E": ""}
# The first layers always have an index (vLLM 0.33 deepseek_v2.py index_skip_topk_offset).
_INDEX_OFFSET, SHARED_INDEX = 2, "mla without an index"


def unknown_kinds(text: Mapping[str, Any]) -> set[str]:
    """Names of layers that mean nothing here."""
    model_type = text.get("model_type")
    known = {kind for kind in _KINDS if kind not in _ONLY_IN or model_type in _ONLY_IN[kind]}
    known |= {"indexed_attention"} if text.get("kv_lora_rank") else set()
    pattern = str(text.get("hybrid_override_pattern") or "")
    return {str(kind) for kind in _listed(text) or ()} - known | (set(pattern) - set(_NEMOTRON))


def kinds_of(text: Mapping[str, Any], architectures: Architectures) -> Iterator[str]:
    """The kind of every layer, empty where it has no cache; two where a layer has attention beside a state.

    Raises:
        UnreadableError: a size is missing, or vLLM doesn't serve what the configuration asks for.
    """
    pattern = text.get("hybrid_override_pattern")
    if pattern:
        yield from (_NEMOTRON[letter] for letter in str(pattern))
    elif text.get("block_configs"):
        yield from _blocks(text)
    elif text.get("kv_lora_rank"):
        yield from _latent(text)
    elif has_state(text):
        yield from _with_states(text)
    else:
        yield from _attention(text, architectures)


def _listed(text: Mapping[str, Any]) -> Sequence[Any] | None:
    found = text.get("layer_types") or text.get("layers_block_type")
    return found if isinstance(found, Sequence) and not isinstance(found, str) else None


def _blocks(text: Mapping[str, Any]) -> Iterator[str]:
    """Layers of Nemotron NAS with the same heads share the name of the first of them."""
    first: dict[int, int] = {}
    for index, block in enumerate(text["block_configs"]):
        heads = block_kv_heads(text, block)
        yield "" if heads is None else f"block {first.setdefault(heads, index)}"


def _latent(text: Mapping[str, Any]) -> Iterator[str]:
    """Latent attention, with states in other layers in Kimi-Linear, GLM-5.3 and Ling; LongCat has two in a layer."""
    layers, model_type, listed = layer_count(text), text.get("model_type"), _listed(text)
    # Its layers count from one (vLLM 0.33 kimi_linear.py is_kda_layer).
    config = text.get("linear_attn_config") or {}
    linear = {number - 1 for number in config.get("kda_layers") or ()} if model_type == "kimi_linear" else set()
    if model_type == "glm5_next_text":
        linear = {index for index, kind in enumerate(listed or ()) if kind == "linear_attention"}
    if model_type == "bailing_hybrid":
        every = text.get("layer_group_size") or 1
        linear = {index for index in range(layers) if (index + 1) % every}
    for index in range(layers):
        kind = "mla" if _has_index(text, index) else SHARED_INDEX
        yield from ("linear",) if index in linear else (kind, kind) if model_type == "longcat_flash" else (kind,)


def _has_index(text: Mapping[str, Any], layer: int) -> bool:
    """Whether a layer of sparse attention has an index of its own (vLLM 0.33 deepseek_v2.py); True without indexes."""
    pattern, every = text.get("index_topk_pattern"), text.get("index_topk_freq") or 1
    types = text.get("indexer_types")
    if text.get("model_type") == "hy_v4" and isinstance(types, list):
        return layer >= len(types) or types[layer] != "shared"
    if not text.get("index_topk") or (not pattern and every == 1):
        return True
    if pattern:
        return layer >= len(pattern) or pattern[layer] != "S"
    offset = text.get("index_skip_topk_offset")
    return max(layer - (_INDEX_OFFSET if offset is None else int(offset)) + 1, 0) % int(every) == 0


def _with_states(text: Mapping[str, Any]) -> Iterator[str]:
    layers, listed = layer_count(text), _listed(text)
    if listed is None and text.get("attn_layer_period"):
        period, offset = text["attn_layer_period"], text.get("attn_layer_offset") or 0
        listed = ["attention" if index % period == offset else "mamba" for index in range(layers)]
    if listed is None and text.get("model_type") == "bamba":
        full = set(text.get("attn_layer_indices") or ())
        listed = ["attention" if index in full else "mamba" for index in range(layers)]
    if listed is None and isinstance(text.get("full_attn_idxs"), list):
        listed = ["attention" if index in text["full_attn_idxs"] else "conv" for index in range(layers)]
    if listed is None and text.get("model_type") == "falcon_h1":
        listed = ["hybrid"] * layers
    if listed is None:
        message = "which of its layers keep a state is not given"
        raise UnreadableError(message, "give a config.json with layer_types")
    for kind in (_KINDS[str(kind)] for kind in listed[:layers]):
        yield from ("linear", "full") if kind == "both" else (kind,)


def _attention(text: Mapping[str, Any], architectures: Architectures) -> Iterator[str]:
    layers, given = layer_count(text), _listed(text)
    sparse = (text.get("sparse_attention_config") or {}).get("sparse_attention_freq")
    if sparse:
        yield from ("indexed" if index < len(sparse) and sparse[index] else "full" for index in range(layers))
    elif isinstance(text.get("hybrid_layer_pattern"), list):
        yield from ("sliding" if sliding else "full" for sliding in text["hybrid_layer_pattern"][:layers])
    elif given:
        kinds = [_KINDS[str(kind)] for kind in given[:layers]]
        kinds += ["full"] * (layers - len(kinds))
        yield from _served(text, kinds, architectures)
    elif text.get("model_type") in architectures.gated_delta:
        every = text.get("full_attention_interval") or 4
        yield from ("full" if index % every == every - 1 else "linear" for index in range(layers))
    elif _is_llama4(text):
        ropes, every = text.get("no_rope_layers") or [], text.get("no_rope_layer_interval") or 4
        ropes = ropes or [int(bool((index + 1) % every)) for index in range(layers)]
        chunked = text.get("attention_chunk_size", 8192) is not None
        yield from ("chunked" if rope and chunked else "full" for rope in ropes[:layers])
    else:
        yield from _windows(text, layers, architectures)


def _is_llama4(text: Mapping[str, Any]) -> bool:
    return str(text.get("model_type", "")).startswith("llama4") or bool(text.get("attention_chunk_size"))


def _served(text: Mapping[str, Any], kinds: list[str], architectures: Architectures) -> list[str]:
    """Listed kinds as vLLM serves them: some families have windows in all layers or in none."""
    model_type = str(text.get("model_type", ""))
    if "sliding" not in kinds:
        return kinds
    mixed = _is_qwen(model_type, architectures) and set(kinds) == {"sliding", "full"}
    if mixed and text.get("max_window_layers") != len(kinds):
        raise _unserved(text, len(kinds))
    if mixed or not _uses_windows(text) or model_type in architectures.no_windows:
        return ["full" if kind == "sliding" else kind for kind in kinds]
    return kinds


def _windows(text: Mapping[str, Any], layers: int, architectures: Architectures) -> list[str]:
    """Kinds of layers that a file doesn't list, by its family; full attention, which needs the most, where unknown."""
    model_type, pattern = str(text.get("model_type", "")), text.get("sliding_window_pattern")
    if not (text.get("sliding_window") or text.get("sliding_window_size")) or not _uses_windows(text):
        return ["full"] * layers
    if isinstance(pattern, str):
        # EXAONE 4's letters for local and global layers; the last is global.
        kinds = ["sliding" if pattern[index % len(pattern)] == "L" else "full" for index in range(layers)]
        return [*kinds[:-1], "full"]
    if model_type in architectures.window_periods:
        every = architectures.window_periods[model_type]
        if model_type in architectures.own_period:
            own = (text.get(key) for key in _PERIODS)
            every = next((found for found in own if isinstance(found, int) and found), every)
        place = 0 if model_type in architectures.windows_later else every - 1
        kinds = ["full" if index % every == place else "sliding" for index in range(layers)]
        return [*kinds[:-1], "full"] if model_type in architectures.last_full else kinds
    if _is_qwen(model_type, architectures):
        return ["full" if _qwen_windows(text, layers) is None else "sliding"] * layers
    return ["sliding" if model_type in architectures.all_windows else "full"] * layers


def _uses_windows(text: Mapping[str, Any]) -> bool:
    return bool(text.get("use_sliding_window", not str(text.get("model_type", "")).startswith("qwen")))


def _is_qwen(model_type: str, architectures: Architectures) -> bool:
    """Whether vLLM's Qwen2Model serves it, alone or inside another."""
    return model_type.startswith("qwen") and model_type not in (*architectures.all_windows, *architectures.no_windows)


def _unserved(text: Mapping[str, Any], layers: int) -> UnreadableError:
    return UnreadableError(
        f"vLLM doesn't serve sliding windows above `max_window_layers` {text.get('max_window_layers')}, with {layers} "
        "layers",
        f"leave them out: use_sliding_window: false, or max_window_layers: {layers}",
    )


def _qwen_windows(text: Mapping[str, Any], layers: int) -> int | None:
    """Qwen has windows from layer `max_window_layers` on; vLLM serves it with windows in all layers or in none.

    Source: vLLM 0.33 vllm/model_executor/models/qwen2.py Qwen2Model.
    """
    first = text.get("max_window_layers")
    if not isinstance(first, int) or 0 < first < layers:
        raise _unserved(text, layers)
    return None if first else 0
