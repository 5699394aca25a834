"""Sizes of a Hugging Face configuration, as vLLM reads them."""

from collections.abc import Mapping
from typing import Any

from planning.model_config.errors import UnreadableError

# What to do about a size that is missing or impossible.
OTHER_CONFIG = "give the config.json of a Hugging Face transformer"


def required_size(text: Mapping[str, Any], key: str, least: int = 1) -> int:
    """A size that is required.

    Raises:
        UnreadableError: it is missing, or not a whole number from `least`.
    """
    value = text.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        message = f"`{key}` is {'missing' if value is None else f'{value!r}, not a number from {least}'}"
        raise UnreadableError(message, OTHER_CONFIG)
    return value


def layer_count(text: Mapping[str, Any]) -> int:
    """Layers of the model; LongCat counts those with two attentions each as `num_layers` (vLLM get_num_hidden_layers).

    Raises:
        UnreadableError: the number is missing.
    """
    return required_size(text, "num_layers" if text.get("model_type") == "longcat_flash" else "num_hidden_layers")


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
    """Key-value heads of a layer; as many as heads where none are given, of the first layer where they differ."""
    for block in text.get("block_configs") or ():
        if (found := block_kv_heads(text, block)) is not None:
            return found
    key = "num_key_value_heads" if text.get("num_key_value_heads") is not None else "num_attention_heads"
    return required_size(text, key)


def block_kv_heads(text: Mapping[str, Any], block: object) -> int | None:
    """Key-value heads of a layer of `block_configs` (Nemotron NAS); None for a layer without attention.

    Raises:
        UnreadableError: the layer has something else in place of attention, or its heads are missing.
    """
    attention = block.get("attention") if isinstance(block, Mapping) else None
    if not isinstance(attention, Mapping) or attention.get("replace_with_linear"):
        message = "the ledger can't compute this model yet; it has layers of `block_configs` without `attention`"
        raise UnreadableError(message, "choose a model whose attention is full, sliding, chunked, latent or linear")
    if attention.get("no_op"):
        return None
    return required_size(text, "num_attention_heads") // required_size(attention, "n_heads_in_group")
