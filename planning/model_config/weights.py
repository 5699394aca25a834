"""How large the tensors of a Hugging Face configuration are, part by part."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from catalog import Architectures
from planning.model_config.errors import UnreadableError
from planning.model_config.formats import PLAIN, Formats
from planning.model_config.matrices import expert_biases, matrices, padded_experts
from planning.model_config.names import EXPERTS
from planning.model_config.quantization import formats_of
from planning.model_config.widths import Widths, sparse_layers, widths_of


class Weights(Struct, frozen=True):
    """Parameters of a language model by part, and bytes where the number formats are known."""

    parameters: int
    weights_bytes: float | None
    expert_share: float


def weights_of(text: Mapping[str, Any], quantization: object, architectures: Architectures) -> Weights | None:
    """Count the tensors; None where a size is missing or the model has parts that are not counted here.

    Attention: queries, keys, values, output; latent attention its down and up projections; feed-forward: gate, up and
    down, once or for each expert; embeddings and output head; norms.
    """
    widths = widths_of(text)
    try:
        if widths is None:
            return None
        outer = text["vocab_size"] * text["hidden_size"] * (1 if _tied(text) else 2)
        layers = [
            [(matrix.numbers, matrix.names, matrix.part) for matrix in layer]
            for layer in matrices(text, widths, gated=text.get("model_type") in architectures.gated_delta)
        ]
        sparse = len(sparse_layers(text))
    except (KeyError, TypeError, UnreadableError):
        return None
    total = outer + sum(numbers for layer in layers for numbers, _, _ in layer)
    formats = formats_of(quantization)
    if formats is None or formats.endless(len(layers)):
        return Weights(total, None, 0.0)
    size, experts = float(outer * PLAIN), 0.0
    for index, layer in enumerate(layers):
        for numbers, names, part in layer:
            width = formats.width(index, names) if numbers else PLAIN
            if width is None:
                return Weights(total, None, 0.0)
            size += numbers * width
            experts += numbers * width if part == "experts" else 0.0
    if formats.unexplained(len(layers)):
        return Weights(total, None, 0.0)
    more = sparse * _beside_experts(widths, formats)
    return Weights(total, size + more, (experts + more) / (size + more) if size else 0.0)


def _beside_experts(widths: Widths, formats: Formats) -> float:
    """Bytes that the kernels of one layer's experts hold beside their numbers."""
    if not formats.pads_experts:
        return 0.0
    return padded_experts(widths) * (formats.width(0, EXPERTS) or PLAIN) + expert_biases(widths)


def _tied(text: Mapping[str, Any]) -> bool:
    return bool(text.get("tie_word_embeddings", str(text.get("model_type", "")).startswith("gemma")))
