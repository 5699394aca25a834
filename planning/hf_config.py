"""Reads a Hugging Face `config.json` as the catalog would describe its model, or says why the ledger can't.

Only models whose every layer keeps plain keys and values for every token are read; the others are refused by name of
what they do instead, since the formula for them is another.
"""

from collections.abc import Mapping
from typing import Any

from catalog import Model
from planning.memory import GIB

# Where multi-modal configurations keep their language model.
_NESTED = ("text_config", "llm_config", "language_config")
# A key that is there and not empty → what the model does instead of plain attention in every layer.
_OTHER_CACHES: Mapping[str, str] = {
    "kv_lora_rank": "multi-head latent attention",
    "attention_chunk_size": "chunked attention",
    "sliding_window_pattern": "sliding windows in some layers",
    "global_attn_every_n_layers": "sliding windows in some layers",
    "linear_num_value_heads": "linear attention in some layers",
    "full_attention_interval": "linear attention in some layers",
    "mamba_d_state": "state space layers",
    "ssm_state_size": "state space layers",
    "hybrid_override_pattern": "state space layers",
    "layers_block_type": "state space layers",
    "attn_layer_period": "state space layers",
    "num_kv_shared_layers": "caches shared between layers",
    "cross_attention_layers": "cross attention",
    "block_configs": "layers of different kinds",
}
_ENCODERS = ("bert", "roberta", "xlm-roberta", "modernbert", "distilbert", "new")
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_intermediate_size", "moe_num_experts")
# Bytes of one parameter of a linear layer; embeddings, output head and norms stay at two. fp8: one scale of 4 bytes
# per block of 128 x 128; 4 bit with groups of 128; mxfp4 one byte of scale per 32; nvfp4 one per 16.
_LINEAR_BYTES = {"none": 2.0, "fp8": 1 + 4 / (128 * 128), "awq": 0.52, "gptq": 0.52, "mxfp4": 0.53, "nvfp4": 0.5625}
_INT4_BITS = 4
# Rotary scalings whose factor vLLM doesn't apply to the context: it is in max_position_embeddings already.
_SCALED_ALREADY = ("su", "longrope", "llama3")


class UnreadableError(ValueError):
    """A configuration that the ledger can't compute; `fix` says what to do instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def read(config: Mapping[str, Any], name: str) -> Model:
    """Describe the model of a `config.json`; `weights_gib` (None) and `max_context_tokens` (0) may be left open.

    Sizes follow vLLM 0.33 (`get_head_size`, `get_total_num_kv_heads`, `_get_and_verify_max_len`); weights of dense
    models are counted from the dimensions: V·H·(1 or 2) + L·(2·H·heads·d + 2·H·kv·d + 3·H·I + 2·H).

    Raises:
        UnreadableError: a size is missing, or the model keeps its cache in another way.
    """
    text = _language(config)
    _refuse_other_caches(text)
    return _model(text, name, sole=not _has_other_parts(config))


def _language(config: Mapping[str, Any]) -> dict[str, Any]:
    nested = next((config[key] for key in _NESTED if isinstance(config.get(key), Mapping)), {})
    return {**config, **nested}


def _refuse_other_caches(text: Mapping[str, Any]) -> None:
    found = [told for key, told in _OTHER_CACHES.items() if text.get(key)]
    kinds = {str(kind) for kind in text.get("layer_types") or ()} - {"full_attention"}
    found += [f"layers of kind {kind}" for kind in sorted(kinds)]
    if text.get("sliding_window") and text.get("use_sliding_window") is not False and not text.get("layer_types"):
        found.append(f"a sliding window of {text['sliding_window']} tokens")
    if text.get("is_encoder_decoder"):
        found.append("an encoder before its decoder")
    if text.get("model_type") in _ENCODERS:
        found.append("an encoder only, without a KV cache")
    if text.get("v_head_dim") and text.get("v_head_dim") != text.get("head_dim"):
        found.append("values of another width than keys")
    if found:
        message = f"the ledger can't compute this model yet; it has {' and '.join(dict.fromkeys(found))}"
        raise UnreadableError(message, "choose a model with full attention in every layer")


def _has_other_parts(config: Mapping[str, Any]) -> bool:
    return any(isinstance(config.get(key), Mapping) for key in ("vision_config", "audio_config", "speech_config"))


def _model(text: Mapping[str, Any], name: str, *, sole: bool) -> Model:
    layers, heads, hidden = (_whole(text, key) for key in ("num_hidden_layers", "num_attention_heads", "hidden_size"))
    kv_heads = _whole(text, "num_key_value_heads") if text.get("num_key_value_heads") is not None else heads
    if text.get("head_dim") is None and hidden % heads:
        message = f"hidden_size {hidden} is no multiple of num_attention_heads {heads}, and head_dim is not given"
        raise UnreadableError(message, "give a config.json with head_dim")
    head_dim = _whole(text, "head_dim") if text.get("head_dim") is not None else hidden // heads
    experts = any(text.get(key) for key in _EXPERTS)
    intermediate, vocab = text.get("intermediate_size"), text.get("vocab_size")
    linear = outer = None
    if not experts and isinstance(intermediate, int) and isinstance(vocab, int):
        linear = layers * (2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim + 3 * hidden * intermediate)
        outer = vocab * hidden * (1 if text.get("tie_word_embeddings") else 2) + layers * 2 * hidden
    method = _quantization(text.get("quantization_config"))
    width = _LINEAR_BYTES.get(method)
    countable = sole and linear is not None and outer is not None and width is not None
    return Model(
        id=name,
        task="generate",
        params_b=0.0 if linear is None or outer is None else round((linear + outer) / 1e9, 2),
        active_b=None,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=None if experts else intermediate,
        vocab=vocab,
        native_dtype=method if method != "none" else str(text.get("dtype") or text.get("torch_dtype") or "unknown"),
        max_context_tokens=_longest(text),
        gated=False,
        weights_gib=(linear * width + outer * 2) / GIB if countable and linear and outer and width else None,
        attention_kind="full",
        attention="full",
        kv_bytes_per_token=2 * layers * kv_heads * head_dim * 2,
        kv_note=None,
        tensor_parallel_sizes=(),
        verified=False,
        source="config.json",
        as_of="",
    )


def _whole(text: Mapping[str, Any], key: str) -> int:
    value = text.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"`{key}` is {'missing' if value is None else f'{value!r}, not a number from 1'}"
        raise UnreadableError(message, "give the config.json of a Hugging Face transformer")
    return value


def _quantization(config: object) -> str:
    """Key into `_LINEAR_BYTES`, or the method's own name where its size isn't known."""
    if not isinstance(config, Mapping):
        return "none"
    method = str(config.get("quant_method", "unknown"))
    if method in ("awq", "gptq"):
        return method if config.get("bits", config.get("w_bit")) == _INT4_BITS else f"{method} of other than 4 bits"
    if str(config.get("quant_algo", "")).upper() == "NVFP4":
        return "nvfp4"
    return method


def _longest(text: Mapping[str, Any]) -> int:
    """Tokens that vLLM derives as the longest context; 0 where the configuration doesn't tell."""
    longest = text.get("max_position_embeddings")
    if not isinstance(longest, int):
        return 0
    scaling = text.get("rope_scaling") or text.get("rope_parameters")
    if not isinstance(scaling, Mapping):
        return longest
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    factor = scaling.get("factor")
    if kind in _SCALED_ALREADY or not isinstance(factor, (int, float)):
        return longest
    original = scaling.get("original_max_position_embeddings")
    base = original if kind == "yarn" and isinstance(original, int) else longest
    return int(base * factor)


def unknown_weights(config: Mapping[str, Any]) -> str:
    """Why the weights' size can't be counted from a configuration that is otherwise read."""
    text = _language(config)
    if any(text.get(key) for key in _EXPERTS):
        return "a mixture of experts"
    if _has_other_parts(config):
        return "it has parts beside the language model"
    method = _quantization(text.get("quantization_config"))
    if method not in _LINEAR_BYTES:
        return f"its weights are quantized by {method}"
    return "intermediate_size or vocab_size is missing"
