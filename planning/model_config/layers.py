"""The cache of each layer of a Hugging Face configuration, by vLLM's own reading of its keys."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from msgspec.structs import replace

from catalog import Architectures, AttentionLayers, RecurrentState, VllmVersion


class UnreadableError(ValueError):
    """A configuration that the ledger can't compute; `fix` says what to do instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


# Keys that, where present and not empty, mean a feature for which there is no formula here → the feature.
_UNSUPPORTED: Mapping[str, str] = {
    "cross_attention_layers": "cross attention",
    "block_configs": "layers of different kinds",
    "compress_ratios": "compressed caches of several rates",
    "linear_attn_config": "linear attention beside latent attention",
    "attn_layer_period": "state space layers of Mamba 1",
    "mamba_d_conv": "state space layers",
}
_KINDS: Mapping[str, str] = {
    "full_attention": "full", "attention": "full", "sliding_attention": "sliding", "chunked_attention": "chunked",
    "linear_attention": "linear", "mamba": "linear",
}  # fmt: skip
_NEMOTRON: Mapping[str, str] = {"M": "linear", "*": "full", "-": "", "E": ""}
# One scale of 4 bytes for every 128 numbers of an index (vLLM 0.33 deepseek_v2.py).
_INDEX_BLOCK, _INDEX_SCALE = 128, 4
# The first layers always have an index (its index_skip_topk_offset).
_INDEX_OFFSET, _SHARED_INDEX = 2, "mla without an index"
_STATE_BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}


def layers_of(text: Mapping[str, Any], vllm: VllmVersion) -> tuple[AttentionLayers, ...]:
    """Groups of layers in their order, as `vllm` computes them; layers without a cache of their own are left out.

    Raises:
        UnreadableError: a size is missing, or the model keeps its cache in a way that is not computed.
    """
    _refuse(text, vllm)
    kinds = list(_kinds(text, vllm.architectures))
    if text.get("model_type") in vllm.architectures.shared_caches:
        kinds = kinds[: len(kinds) - (text.get("num_kv_shared_layers") or 0)]
    each = {kind: _group(text, kind, vllm.architectures) for kind in dict.fromkeys(kinds) if kind}
    runs = [(kind, len(list(run))) for kind, run in groupby(kind for kind in kinds if kind)]
    if len(each) == 1:
        return tuple(replace(group, layers=sum(length for _, length in runs)) for group in each.values())
    return tuple(replace(each[kind], layers=length, in_a_row=length) for kind, length in runs)


def required_size(text: Mapping[str, Any], key: str) -> int:
    """A size that is required.

    Raises:
        UnreadableError: it is missing, or not a whole number from 1.
    """
    value = text.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"`{key}` is {'missing' if value is None else f'{value!r}, not a number from 1'}"
        raise UnreadableError(message, "give the config.json of a Hugging Face transformer")
    return value


def head_dim(text: Mapping[str, Any]) -> int:
    """Width of one head (vLLM get_head_size)."""
    if text.get("head_dim"):
        return required_size(text, "head_dim")
    hidden, heads = required_size(text, "hidden_size"), required_size(text, "num_attention_heads")
    if hidden % heads:
        message = f"hidden_size {hidden} is no multiple of num_attention_heads {heads}, and head_dim is not given"
        raise UnreadableError(message, "give a config.json with head_dim")
    return hidden // heads


def kv_heads(text: Mapping[str, Any]) -> int:
    """Key-value heads of a layer; as many as heads where none are given."""
    key = "num_key_value_heads" if text.get("num_key_value_heads") is not None else "num_attention_heads"
    return required_size(text, key)


def _refuse(text: Mapping[str, Any], vllm: VllmVersion) -> None:
    known, model_type = vllm.architectures, str(text.get("model_type", ""))
    found = [feature for key, feature in _UNSUPPORTED.items() if text.get(key) and not _mamba_known(text, key)]
    found += [f"layers of kind {kind}" for kind in sorted(_unknown_kinds(text))]
    if text.get("is_encoder_decoder"):
        found.append("an encoder before its decoder")
    if model_type in known.encoders:
        found.append("an encoder only, without a KV cache")
    if text.get("kv_lora_rank") and model_type not in known.latent:
        found.append(f"latent attention that vLLM {vllm.version} doesn't know under model_type {model_type!r}")
    if not text.get("kv_lora_rank") and text.get("v_head_dim") and text["v_head_dim"] != head_dim(text):
        found.append("values of another width than keys")
    if text.get("num_kv_shared_layers") and model_type not in known.shared_caches:
        found.append("caches shared between layers")
    if found:
        message = f"the ledger can't compute this model yet; it has {' and '.join(dict.fromkeys(found))}"
        raise UnreadableError(message, "choose a model whose attention is full, sliding, chunked, latent or linear")


def _mamba_known(text: Mapping[str, Any], key: str) -> bool:
    return key == "mamba_d_conv" and text.get("model_type") == "granitemoehybrid"


def _unknown_kinds(text: Mapping[str, Any]) -> set[str]:
    known = {*_KINDS, "indexed_attention"} if text.get("kv_lora_rank") else set(_KINDS)
    pattern = str(text.get("hybrid_override_pattern") or "")
    return {str(kind) for kind in text.get("layer_types") or ()} - known | (set(pattern) - set(_NEMOTRON))


def _kinds(text: Mapping[str, Any], architectures: Architectures) -> Iterator[str]:
    """The kind of every layer, empty where it has no cache."""
    model_type, given = str(text.get("model_type", "")), text.get("layer_types")
    pattern = text.get("hybrid_override_pattern")
    if pattern:
        yield from (_NEMOTRON[letter] for letter in str(pattern))
        return
    layers = required_size(text, "num_hidden_layers")
    if text.get("kv_lora_rank"):
        yield from ("mla" if _has_index(text, index) else _SHARED_INDEX for index in range(layers))
    elif isinstance(given, Sequence) and given:
        yield from (_KINDS[str(kind)] for kind in given[:layers])
    elif model_type in architectures.gated_delta:
        every = text.get("full_attention_interval") or 4
        yield from ("full" if index % every == every - 1 else "linear" for index in range(layers))
    elif _is_llama4(text):
        ropes, every = text.get("no_rope_layers") or [], text.get("no_rope_layer_interval") or 4
        ropes = ropes or [int(bool((index + 1) % every)) for index in range(layers)]
        chunked = text.get("attention_chunk_size", 8192) is not None
        yield from ("chunked" if rope and chunked else "full" for rope in ropes[:layers])
    elif (every := _window_period(text)) is None:
        yield from ["full"] * layers
    else:
        yield from ("full" if every and index % every == every - 1 else "sliding" for index in range(layers))


def _has_index(text: Mapping[str, Any], layer: int) -> bool:
    """Whether a layer of sparse attention has an index of its own (vLLM 0.33 deepseek_v2.py); True without indexes."""
    pattern, every = text.get("index_topk_pattern"), text.get("index_topk_freq") or 1
    if not text.get("index_topk") or (not pattern and every == 1):
        return True
    if pattern:
        return layer >= len(pattern) or pattern[layer] != "S"
    offset = text.get("index_skip_topk_offset")
    return max(layer - (_INDEX_OFFSET if offset is None else int(offset)) + 1, 0) % int(every) == 0


def _is_llama4(text: Mapping[str, Any]) -> bool:
    return str(text.get("model_type", "")).startswith("llama4") or bool(text.get("attention_chunk_size"))


def _window_period(text: Mapping[str, Any]) -> int | None:
    """Every how many layers one has full attention: 0 where none does, None where all do."""
    model_type = str(text.get("model_type", ""))
    pattern = text.get("sliding_window_pattern") or text.get("_sliding_window_pattern")
    if isinstance(pattern, int):
        return pattern
    defaults = {"gemma2": 2, "gpt_oss": 2, "cohere2": 4, "gemma3_text": 6, "gemma3": 6}
    if model_type in defaults:
        return defaults[model_type]
    used = text.get("use_sliding_window", not model_type.startswith("qwen"))
    if not text.get("sliding_window") or not used:
        return None
    if model_type.startswith("qwen"):
        raise UnreadableError(
            "the ledger can't compute this model yet; it has sliding windows above `max_window_layers`",
            "give a config.json with layer_types",
        )
    return 0


def _group(text: Mapping[str, Any], kind: str, architectures: Architectures) -> AttentionLayers:
    if kind in ("mla", _SHARED_INDEX):
        width = required_size(text, "kv_lora_rank") + required_size(text, "qk_rope_head_dim")
        if kind == _SHARED_INDEX:
            return AttentionLayers(kind="mla", layers=0, head_dim=width, shares_index=True)
        index = required_size(text, "index_head_dim") if text.get("index_topk") else 0
        return AttentionLayers(
            kind="mla", layers=0, head_dim=width, index_bytes=index + index // _INDEX_BLOCK * _INDEX_SCALE
        )
    if kind == "linear":
        return AttentionLayers(kind="linear", layers=0, state=_state(text, architectures))
    heads, width = kv_heads(text), head_dim(text)
    if kind == "full" and text.get("global_head_dim"):
        width = required_size(text, "global_head_dim")
        heads = text.get("num_global_key_value_heads") or heads
    if kind == "full":
        return AttentionLayers(kind="full", layers=0, kv_heads=heads, head_dim=width)
    if kind == "chunked":
        chunk = text.get("attention_chunk_size") or 8192
        return AttentionLayers(kind="chunked", layers=0, kv_heads=heads, head_dim=width, window=chunk)
    # Cohere counts the token itself in addition (vLLM 0.33 commandr.py).
    window = required_size(text, "sliding_window") + (1 if text.get("model_type") == "cohere2" else 0)
    return AttentionLayers(kind="sliding", layers=0, kv_heads=heads, head_dim=width, window=window)


def _state(text: Mapping[str, Any], architectures: Architectures) -> RecurrentState:
    model_type = text.get("model_type")
    if model_type in architectures.gated_delta:
        return RecurrentState(
            kind="gated-delta",
            key_heads=required_size(text, "linear_num_key_heads"),
            key_dim=required_size(text, "linear_key_head_dim"),
            value_heads=required_size(text, "linear_num_value_heads"),
            value_dim=required_size(text, "linear_value_head_dim"),
            convolution=text.get("linear_conv_kernel_dim") or 4,
            state_bytes=_STATE_BYTES.get(str(text.get("mamba_ssm_dtype")), 2),
        )
    if model_type == "nemotron_h":
        return RecurrentState(
            kind="mamba2",
            key_heads=text.get("n_groups") or 8,
            key_dim=required_size(text, "ssm_state_size"),
            value_heads=required_size(text, "mamba_num_heads"),
            value_dim=required_size(text, "mamba_head_dim"),
            convolution=text.get("conv_kernel") or 4,
            state_bytes=_STATE_BYTES.get(str(text.get("mamba_ssm_cache_dtype")), 4),
        )
    if model_type == "granitemoehybrid":
        return RecurrentState(
            kind="mamba2",
            key_heads=text.get("mamba_n_groups") or 1,
            key_dim=required_size(text, "mamba_d_state"),
            value_heads=required_size(text, "mamba_n_heads"),
            value_dim=required_size(text, "mamba_d_head"),
            convolution=text.get("mamba_d_conv") or 4,
            state_bytes=2,
        )
    message = f"the ledger can't compute this model yet; it has linear attention as model_type {model_type!r} has it"
    raise UnreadableError(message, "choose a model whose attention is full, sliding, chunked, latent or linear")
