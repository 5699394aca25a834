"""The encoder of images of a Hugging Face configuration, as far as it decides memory."""

from collections.abc import Mapping
from typing import Any

from catalog import ImageEncoder

# Families whose encoder takes images of any size: the largest is 16,384 tokens by the processors of Qwen2-VL to 3.8
# (preprocessor_config.json: 16,777,216 pixels of patches of 16, 12,845,056 of 14, four patches to a token).
_LARGEST_TOKENS, _USUAL_MERGE = 16384, 2
# The largest encoder of a model that vLLM serves (InternViT-6B).
_LARGEST_HIDDEN, _LARGEST_INTERMEDIATE = 3200, 12800
# Llava-NeXT cuts an image into four tiles and one of the whole; InternVL into twelve and one, Llama 4 into 16 and one.
_TILES: Mapping[str, int] = {"llava": 1, "gemma3": 1, "paligemma": 1, "mistral3": 1, "llava_next": 5, "llama4": 17}
_MOST_TILES = 17


def encoder_of(config: Mapping[str, Any], vision: Mapping[str, Any] | None) -> ImageEncoder | None:
    """The encoder of a multi-modal model, by its keys with their defaults; None for a model without one.

    A size that isn't given is the largest known; the record then says that it isn't verified.
    """
    if vision is None:
        return None
    hidden = _number(vision, "hidden_size", "embed_dim", "width")
    intermediate = _number(vision, "intermediate_size", "mlp_hidden_dim")
    ratio = vision.get("mlp_ratio")
    if intermediate is None and hidden is not None and isinstance(ratio, (int, float)):
        intermediate = int(hidden * ratio)
    tokens, patches = _largest_image(config, vision)
    deep = vision.get("deepstack_visual_indexes")
    return ImageEncoder(
        hidden=hidden or _LARGEST_HIDDEN,
        intermediate=intermediate or (4 * hidden if hidden else _LARGEST_INTERMEDIATE),
        item_tokens=tokens or _LARGEST_TOKENS,
        patches_per_token=patches or _USUAL_MERGE**2,
        outputs=1 + len(deep) if isinstance(deep, list) else 1,
        verified=hidden is not None and tokens is not None,
    )


def _largest_image(config: Mapping[str, Any], vision: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Tokens of the largest image, and the encoder's positions for each; None where the configuration doesn't say."""
    size, patch = _number(vision, "image_size"), _number(vision, "patch_size")
    merge = _number(vision, "spatial_merge_size")
    model_type = str(config.get("model_type", ""))
    if merge is not None and size is None:
        return (_LARGEST_TOKENS, merge**2) if model_type.startswith("qwen") else (None, merge**2)
    if size is None or patch is None:
        return None, None
    merge = merge or _number(config, "spatial_merge_size") or 1
    positions = (size // patch) ** 2
    tiles = _TILES.get(model_type)
    each = _number(config, "mm_tokens_per_image", "image_seq_length") or -(-positions // merge**2)
    return (tiles or _MOST_TILES) * each if tiles else None, -(-positions // each)


def _number(text: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        found = text.get(key)
        found = max(found) if isinstance(found, list) and all(isinstance(item, int) for item in found) else found
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
    return None
