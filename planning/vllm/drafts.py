"""Speculative decoding: how many tokens are drafted, and by how many layers."""

from typing import Any

from catalog import ModelArchitecture, Speculation
from planning.memory.demand import Draft
from planning.vllm.options import mapping

UNKNOWN_DRAFT = Draft(tokens=0, layers=0)


def drafting(value: Any, model: ModelArchitecture, methods: Speculation) -> Draft | None:
    """Speculative decoding as the value of `speculative-config` asks for it; None without.

    Layers count where they are known: an EAGLE head has one, with the heads of its model; multi-token prediction has
    the model's own.
    """
    wanted = mapping(value)
    if wanted is None:
        return None
    tokens, method = wanted.get("num_speculative_tokens", 0), str(wanted.get("method"))
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        return UNKNOWN_DRAFT
    if method in methods.without_layers:
        return Draft(tokens=tokens, layers=0)
    if method in methods.one_layer:
        return Draft(tokens=tokens, layers=1, separate=True)
    if method.endswith(methods.own_layers_suffix) and model.draft_layers:
        return Draft(tokens=tokens, layers=model.draft_layers)
    return UNKNOWN_DRAFT
