"""Models that are only an encoder, for embeddings and scores: nothing of a request is kept, so there is no KV cache."""

from collections.abc import Mapping
from typing import Any

from catalog import ModelArchitecture
from planning.memory import GIB
from planning.model_config.sizes import head_dim, kv_heads, layer_count, required_size

# Families of BERT's layers: four projections, a feed-forward block of two matrices, biases and two norms.
_LIKE_BERT = ("bert", "roberta", "xlm-roberta")
_BYTES = 2


def read(text: Mapping[str, Any], name: str) -> ModelArchitecture:
    """Describe an encoder; `weights_gib`, as vLLM loads it at two bytes, is None for families with other layers.

    Raises:
        UnreadableError: a size is missing.
    """
    layers, hidden = layer_count(text), required_size(text, "hidden_size")
    parameters = _parameters(text, layers, hidden)
    vocab, inner, longest = text.get("vocab_size"), text.get("intermediate_size"), text.get("max_position_embeddings")
    return ModelArchitecture(
        id=name,
        task="embed",
        params_b=round((parameters or 0) / 1e9, 2),
        active_b=None,
        layers=layers,
        hidden=hidden,
        heads=required_size(text, "num_attention_heads"),
        kv_heads=kv_heads(text),
        head_dim=head_dim(text),
        intermediate=inner if isinstance(inner, int) else None,
        vocab=vocab if isinstance(vocab, int) else None,
        native_dtype=str(text.get("dtype") or text.get("torch_dtype") or "unknown"),
        max_context_tokens=longest if isinstance(longest, int) else 0,
        gated=False,
        weights_gib=parameters * _BYTES / GIB if parameters is not None else None,
        attention_kind="none",
        attention="encoder only (no KV)",
        kv_bytes_per_token=0,
        verified=False,
        source="config.json",
        as_of="",
    )


def _parameters(text: Mapping[str, Any], layers: int, hidden: int) -> int | None:
    """Numbers of the checkpoint without a head for scores; None where they aren't counted."""
    if text.get("model_type") not in _LIKE_BERT:
        return None
    inner, vocab = required_size(text, "intermediate_size"), required_size(text, "vocab_size")
    positions = required_size(text, "max_position_embeddings") + int(text.get("type_vocab_size") or 0)
    layer = 4 * hidden * hidden + 2 * hidden * inner + 9 * hidden + inner
    return layers * layer + (vocab + positions + 2) * hidden + hidden * (hidden + 1)
