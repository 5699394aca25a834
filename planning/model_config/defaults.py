"""A configuration as vLLM reads it: through the classes of transformers, which fill in what a file leaves out."""

from collections.abc import Mapping
from typing import Any

from catalog import VllmVersion
from planning.model_config import parts

# The layers of Nemotron-H by name, of the published files and of transformers, and as its pattern of letters says it.
_BLOCKS: Mapping[str, str] = {
    "mamba": "M", "linear_attention": "M", "attention": "*", "full_attention": "*", "moe": "E", "mlp": "-",
}  # fmt: skip
_PATTERN, _LISTS = "hybrid_override_pattern", ("layers_block_type", "layer_types")
# Of a multi-modal model, what its own level decides for the language model.
_OWN_LEVEL = ("quantization_config", "tie_word_embeddings", "dtype", "torch_dtype", "max_position_embeddings")


def language(config: Mapping[str, Any], vllm: VllmVersion) -> dict[str, Any]:
    """The keys of the language model, with the defaults of its class.

    A key that is null is given: it has no default.
    """
    config = parts.whole(config)
    key = next((name for name in parts.NESTED if isinstance(config.get(name), Mapping)), None)
    if key is None:
        return _by_letters(with_defaults(config, str(config.get("model_type", "")), vllm))
    nested, outer = config[key], vllm.model_classes.get(str(config.get("model_type", "")))
    fallback = outer.parts.get(key, "") if outer is not None else ""
    text = with_defaults(nested, str(nested.get("model_type") or fallback), vllm)
    own = {name: config[name] for name in _OWN_LEVEL if name in config and name not in nested}
    # A class that isn't known may keep any of the language model's keys on its own level.
    rest = {} if outer is not None else {name: value for name, value in config.items() if name not in text}
    return _by_letters({**rest, **text, **own})


def images(config: Mapping[str, Any], vllm: VllmVersion) -> dict[str, Any] | None:
    """The keys of the encoder of images, with the defaults of its class; None where the model has none.

    Of an encoder under another key than the usual one they are those that it has, or none.
    """
    config = parts.whole(config)
    outer = vllm.model_classes.get(str(config.get("model_type", "")))
    fallback = outer.parts.get(parts.IMAGES) if outer is not None else None
    key = next(parts.sees(others(config, vllm)), parts.IMAGES)
    found = config.get(key)
    if not isinstance(found, Mapping):
        if fallback and found is None and parts.IMAGES in config:
            return with_defaults({}, fallback, vllm)
        return {} if key != parts.IMAGES else None
    return with_defaults(
        found, str(found.get("model_type") or ""), vllm, (fallback or "") if key == parts.IMAGES else ""
    )


def others(config: Mapping[str, Any], vllm: VllmVersion) -> tuple[str, ...]:
    """Keys of all parts beside the language model."""
    config = parts.whole(config)
    outer = vllm.model_classes.get(str(config.get("model_type", "")))
    return parts.others(config, outer.parts if outer is not None else {}, vllm.architectures)


def _by_letters(text: dict[str, Any]) -> dict[str, Any]:
    """Layers of Nemotron-H that a file lists by name, as letters; its class takes their number from the list.

    Source: transformers 5.19 configuration_nemotron_h.py. A list with a name that isn't known stays as it is.
    """
    listed = next((text[key] for key in _LISTS if isinstance(text.get(key), list) and text[key]), None)
    if text.get("model_type") != "nemotron_h" or listed is None or not set(map(str, listed)) <= _BLOCKS.keys():
        return text
    rest = {key: value for key, value in text.items() if key not in _LISTS}
    return {**rest, _PATTERN: "".join(_BLOCKS[str(name)] for name in listed), "num_hidden_layers": len(listed)}


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
