"""What a Hugging Face configuration has beside its language model: encoders of images and of sound, and what speaks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog import Architectures

# Where multi-modal configurations keep their language model, and those that have all their parts inside another key.
NESTED = ("text_config", "llm_config", "language_config")
_WRAPPED = "thinker_config"
IMAGES = "vision_config"
# Whose language model never stands alone under this key.
_NEVER_ALONE = "llm_config"
# How the keys of other parts begin, or go on after an underscore.
_SEES = re.compile(r"(?:^|_)(?:vis|vit_|vit$|img|image|video|embd_layer|siglip|clip|sam_|eva_|dino)")
_HEARS = re.compile(r"(?:^|_)(?:audio|speech|sound|voice|tts|codec|talker|vocoder|whisper|dvae|code2wav|token2wav|asr)")
_JOINS = re.compile(r"(?:^|_)(?:encoder|projector|tower|perceiver|resampler|aligner|mm_|multi_?modal)")
# Keys of a language model that hold mappings.
_OF_TEXT = frozenset({
    "quantization_config", "compression_config", "rope_scaling", "rope_parameters", "swa_rope_parameters", "auto_map",
    "id2label", "label2id", "task_specific_params", "generation_config", "linear_attn_config",
    "sparse_attention_config", "attn_config", "ffn_config", "per_layer_config", "transformers.js_config",
    "pruned_heads", "mtp_config", *NESTED,
})  # fmt: skip


def whole(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The level that has the language model and the encoders; Qwen's Omni and ASR models keep both in one part.

    What speaks stands beside that, and vLLM doesn't load it (vLLM 0.33 qwen2_5_omni_thinker.py, qwen3_asr.py).
    """
    inner = config.get(_WRAPPED)
    if not isinstance(inner, Mapping):
        return config
    return {
        **{key: value for key, value in config.items() if not isinstance(value, Mapping) or key in _OF_TEXT},
        **inner,
    }


def others(config: Mapping[str, Any], own: Mapping[str, str], families: Architectures) -> tuple[str, ...]:
    """Keys of parts beside the language model; `own` are the parts that the configuration's class fills in.

    Where no key shows one, the name of the class that vLLM has for the model may.
    """
    nested = [key for key in NESTED if isinstance(config.get(key), Mapping)]
    found = [key for key, value in config.items() if _is_part(key, value) or (nested and _is_other(key, value))]
    if nested:
        found += [key for key in own if key not in (*NESTED, *config)]
    if not found:
        found = [key for key in nested if key == _NEVER_ALONE]
        classes = config.get("architectures")
        found += [name for name in classes if _has_parts(str(name), families)] if isinstance(classes, list) else []
    return tuple(dict.fromkeys(found))


def sees(keys: tuple[str, ...]) -> Iterator[str]:
    """Of the keys of parts, those of encoders of images, the usual one first."""
    return (key for key in sorted(keys, key=lambda key: key != IMAGES) if _SEES.search(key.lower()))


def _is_part(key: str, value: Any) -> bool:
    name = key.lower()
    if isinstance(value, Mapping):
        return key not in _OF_TEXT and any(words.search(name) for words in (_SEES, _HEARS, _JOINS))
    # LLaVA's first configurations name a repository.
    return isinstance(value, str) and bool(value) and name.endswith(("_tower", "_encoder"))


def _has_parts(name: str, families: Architectures) -> bool:
    return name in families.multimodal or any(word in name for word in families.multimodal_words)


def _is_other(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) and key not in _OF_TEXT
