"""A model of some 100,000 random weights, one token a byte, as a folder that vLLM loads; nothing is downloaded."""

import json
from pathlib import Path
from typing import Any, Final

_END: Final = "<|end|>"
# Those of Qwen3's reasoning, for which the parser of that name looks.
_ADDED: Final = (_END, "<think>", "</think>")
_BYTES: Final = 256
# What a tokenizer of bytes writes as they are (GPT-2, bytes_to_unicode); the others are moved beyond them.
_SHOWN: Final = (*range(33, 127), *range(161, 173), *range(174, 256))
_TEMPLATE: Final = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"


def write_model(folder: Path, context: int) -> Path:
    """Write configuration and tokenizer for `context` tokens; weights are vLLM's own (`load-format: dummy`)."""
    folder.mkdir()
    for name, content in (
        ("config.json", _configuration(context)),
        ("tokenizer.json", _tokenizer()),
        (
            "tokenizer_config.json",
            {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": _END, "chat_template": _TEMPLATE},
        ),
    ):
        (folder / name).write_text(json.dumps(content))
    return folder


def _configuration(context: int) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
        "vocab_size": _BYTES + len(_ADDED), "max_position_embeddings": context, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False, "torch_dtype": "bfloat16",
        "bos_token_id": None, "eos_token_id": _BYTES,
    }  # fmt: skip


def _tokenizer() -> dict[str, Any]:
    hidden = [byte for byte in range(_BYTES) if byte not in _SHOWN]
    letters = {byte: chr(byte) for byte in _SHOWN} | {byte: chr(_BYTES + place) for place, byte in enumerate(hidden)}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": _BYTES + place, "content": text, "special": text == _END, **plain} for place, text in enumerate(_ADDED)
    ]
    pieces = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    vocabulary = {letters[byte]: byte for byte in range(_BYTES)}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": added, "pre_tokenizer": pieces, "decoder": pieces,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }  # fmt: skip
