"""Speculative decoding: how many tokens are drafted, and by how many layers."""

from collections.abc import Mapping
from typing import Any

from catalog import ModelArchitecture, Speculation, VllmVersion
from planning.memory.demand import Draft
from planning.vllm.options import mapping

UNKNOWN_DRAFT = Draft(tokens=0, layers=0)
_MAPPING = "speculative-config"


def speculative(options: Mapping[str, Any], vllm: VllmVersion) -> dict[str, Any] | None:
    """The value of `speculative-config` with the keys that are options of their own, as `spec-method`; None without."""
    whole = dict(mapping(options.get(_MAPPING)) or {})
    for same in vllm.key_options:
        if same.mapping == _MAPPING and options.get(same.option) is not None:
            whole[same.key] = options[same.option]
    return whole or None


def speculative_options(vllm: VllmVersion) -> tuple[str, ...]:
    """Names of the options that ask for speculative decoding."""
    return (_MAPPING, *(same.option for same in vllm.key_options if same.mapping == _MAPPING))


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
