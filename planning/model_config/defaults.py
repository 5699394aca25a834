"""A configuration as vLLM reads it: through the classes of transformers, which fill in what a file leaves out."""

from collections.abc import Mapping
from typing import Any

from catalog import VllmVersion

# Where multi-modal configurations keep their language model, and what they keep beside it.
_NESTED = ("text_config", "llm_config", "language_config")
_IMAGES = "vision_config"
# Of a multi-modal model, what its own level decides for the language model.
_OWN_LEVEL = ("quantization_config", "tie_word_embeddings", "dtype", "torch_dtype", "max_position_embeddings")


def language(config: Mapping[str, Any], vllm: VllmVersion) -> dict[str, Any]:
    """The keys of the language model, with the defaults of its class.

    A key that is null is given: it has no default.
    """
    key = next((name for name in _NESTED if isinstance(config.get(name), Mapping)), None)
    if key is None:
        return with_defaults(config, str(config.get("model_type", "")), vllm)
    nested, outer = config[key], vllm.model_classes.get(str(config.get("model_type", "")))
    fallback = outer.parts.get(key, "") if outer is not None else ""
    text = with_defaults(nested, str(nested.get("model_type") or fallback), vllm)
    own = {name: config[name] for name in _OWN_LEVEL if name in config and name not in nested}
    # A class that isn't known may keep any of the language model's keys on its own level.
    rest = {} if outer is not None else {name: value for name, value in config.items() if name not in text}
    return {**rest, **text, **own}


def images(config: Mapping[str, Any], vllm: VllmVersion) -> dict[str, Any] | None:
    """The keys of the encoder of images, with the defaults of its class; None where the model has none."""
    found = config.get(_IMAGES)
    outer = vllm.model_classes.get(str(config.get("model_type", "")))
    fallback = outer.parts.get(_IMAGES) if outer is not None else None
    if not isinstance(found, Mapping):
        return with_defaults({}, fallback, vllm) if fallback and found is None and _IMAGES in config else None
    return with_defaults(found, str(found.get("model_type") or ""), vllm, fallback or "")


def with_defaults(given: Mapping[str, Any], model_type: str, vllm: VllmVersion, fallback: str = "") -> dict[str, Any]:
    """The keys of a file, and those that its class fills in or knows under another name."""
    kind = vllm.model_classes.get(model_type) or vllm.model_classes.get(fallback)
    if kind is None:
        return dict(given)
    found = {**kind.defaults, **given}
    for name, spelled in kind.names.items():
        if name not in given and found.get(spelled) is not None:
            found[name] = found[spelled]
    return {"model_type": model_type, **found}
