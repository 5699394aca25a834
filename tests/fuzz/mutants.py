"""Stack files that went wrong: each number is a mutant of a shipped file, an example or a model's configuration."""

import random
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from copy import deepcopy
from functools import cache
from typing import Any

import yaml

from tests.stack_files import ALL, stack_file

Holder = MutableMapping[Any, Any] | MutableSequence[Any]
_MODELS = "llm-platform:models"
# Two models outside the catalog, so that the sizes of a configuration are mutated too: one dense, one with experts.
_DENSE = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 8192,
    "torch_dtype": "bfloat16", "rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "sliding_window": 4096,
}  # fmt: skip
_EXPERTS = {
    "model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 48,
    "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 151936, "num_experts": 128,
    "num_experts_per_tok": 8, "moe_intermediate_size": 768, "decoder_sparse_step": 1, "mlp_only_layers": [0, 1],
    "layer_types": ["full_attention"] * 48, "max_position_embeddings": 40960,
    "quantization_config": {
        "quant_method": "compressed-tensors", "ignore": ["re:.*lm_head"],
        "config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128}}},
    },
    "vision_config": {"hidden_size": 1152, "image_size": 896, "patch_size": 14, "spatial_merge_size": 2},
}  # fmt: skip
_NAMES = (
    "",
    "a",
    "default",
    "store",
    "kubernetes",
    "chat",
    "chat-burst",
    "system",
    "A" * 300,
    "é",
    "日本",
    "x y",
    "-",
    "..",
)
_NUMBERS = (
    0, -1, 1, 2, 0.5, -0.0, 7, 1000, 1001, 65536, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 10**19, 10**308, 10**400,
    -(10**400), 1e-320, 1e308, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
_TEXTS = (
    *_NAMES, "true", "null", "~", "1.36", "9" * 309, "9" * 5000, "\x07\x1b[31m", "\u202e", "\ud83d", "a\nb", "\t",
    "{}", "[" * 100 + "]" * 100, "[" * 5000 + "]" * 5000, '{"a": 1e999}', "--trust-remote-code", "../../x", "/dev/zero",
    "re:(.*)*x", "0.0.0.0/0", "10.0.0.0/8", "::1/128", "💥" * 50, "hf_" + "A" * 30, "-----BEGIN PRIVATE KEY-----",
)  # fmt: skip


def mutant(number: int) -> str:
    """The text of a mutant; equal numbers give equal texts."""
    return mutated(random.Random(number))  # noqa: S311 - to be repeated, not to be secret


def mutated(chance: random.Random) -> str:
    """The text of a mutant that `chance` decides."""
    if chance.random() < 0.25:
        text = _text(chance.choice(bases()))
        for _ in range(chance.randint(1, 3)):
            text = chance.choice(_TEXT_CHANGES)(text, chance)
        return text
    content = deepcopy(chance.choice(bases()))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        _change(content, chance)
    text = _text(content, flow=chance.random() < 0.1)
    return chance.choice(_TEXT_CHANGES)(text, chance) if chance.random() < 0.05 else text


@cache
def bases() -> tuple[dict[str, Any], ...]:
    """What is mutated."""
    files = [yaml.safe_load(stack_file(stack).read_text(encoding="utf-8")) for stack in ALL]
    for config in (_DENSE, _EXPERTS):
        outside = deepcopy(files[0])
        source = {"huggingface": "acme/own", "revision": "b" * 40, "hf_config": config}
        outside["config"][_MODELS][0]["source"] = source
        files.append(outside)
    return tuple(files)


def _text(content: Any, *, flow: bool = False) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=1000)


def _places(value: Any) -> Iterator[tuple[Holder, Any]]:
    """Every holder with each of its keys or indexes."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _change(content: Any, chance: random.Random) -> None:
    places = list(_places(content["config"])) if isinstance(content.get("config"), dict) else []
    if not places:
        return
    holder, key = chance.choice(places)
    chance.choice(_CHANGES)(holder, key, chance, content)


def _delete(holder: Any, key: Any, _: random.Random, __: Any) -> None:
    del holder[key]


def _retype(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    other: Any = chance.choice(
        (None, True, False, [], {}, [[]], {"a": {}}, [None], "", "x", 1, 1.5, {"secure": "AAAB"})
    )
    holder[key] = deepcopy(other)


def _number(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    holder[key] = chance.choice(_NUMBERS)


def _scaled(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    value = holder[key]
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    holder[key] = value * chance.choice((-1, 0, 2, 10, 1000, 10**9, 10**30)) if known else chance.choice(_NUMBERS)


def _renamed(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    if isinstance(holder, dict):
        text = str(key)
        at = chance.randrange(len(text) + 1)
        typos = (text[:at] + text[at + 1 :], text[:at] + "x" + text[at:], text.upper())
        other = chance.choice((*typos, *_NAMES, 1, None, 1.5))
        holder[other] = holder.pop(key)


def _texted(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    holder[key] = chance.choice(_TEXTS)


def _doubled(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    if isinstance(holder, list):
        times = chance.choice((1, 1, 2, 20, 300))
        holder[key:key] = [deepcopy(holder[key]) for _ in range(times)]
        if chance.random() < 0.5:
            for index, item in enumerate(holder):
                if isinstance(item, dict) and "name" in item:
                    item["name"] = f"n{index}"
    else:
        holder[f"{key}-copy"] = deepcopy(holder[key])


def _moved(holder: Any, key: Any, chance: random.Random, content: Any) -> None:
    """A part of the file where another belongs, or inside itself."""
    other, name = chance.choice(list(_places(content["config"])))
    other[name] = deepcopy(holder[key])


def _wrapped(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    for _ in range(chance.choice((1, 1, 2, 10, 60, 80))):
        holder[key] = [holder[key]] if chance.random() < 0.5 else {"a": holder[key]}


def _lengthened(holder: Any, key: Any, chance: random.Random, _: Any) -> None:
    item = holder[key]
    holder[key] = (
        [item] * chance.choice((2, 8, 200, 2000)) if not isinstance(item, str) else item * chance.choice((2, 9, 5000))
    )


_CHANGES: tuple[Callable[[Any, Any, random.Random, Any], None], ...] = (
    _delete, _retype, _number, _number, _scaled, _scaled, _renamed, _texted, _texted, _doubled, _moved, _wrapped,
    _lengthened,
)  # fmt: skip


def _inserted(text: str, chance: random.Random) -> str:
    pieces = (
        "\x00", "\x1b", "\t", "\r", "\u2028", "\ufeff", "'", '"', "{", "}", "[", "]", ": ", "- ", "&a ", "*a ",
        "!!int ", "<<: *a\n", "---\n", "#", "|", ">", "%YAML 1.1\n", "? ", "&a [*a, *a]", "[" * 70, "\\",
    )  # fmt: skip
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(pieces) + text[at:]


def _lines_changed(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    at = chance.randrange(len(lines))
    line = lines[at]
    changed = chance.choice(("", line + line, "  " + line, line.lstrip(), line * 500, line.replace(":", "", 1)))
    return "".join([*lines[:at], changed, *lines[at + 1 :]])


def _cut(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] if chance.random() < 0.5 else text[:at] + text[at + chance.randint(1, 40) :]


def _breaks(text: str, chance: random.Random) -> str:
    return text.replace("\n", chance.choice(("\r\n", "\r", "\u2028", "\n\n")))


def _bomb(text: str, chance: random.Random) -> str:
    """Lists of aliases of lists of aliases."""
    deep = chance.randint(2, 9)
    rows = ["  b0: &b0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"  b{level}: &b{level} [{', '.join([f'*b{level - 1}'] * 10)}]" for level in range(1, deep)]
    return text + "\n".join(rows) + "\n"


_TEXT_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    _inserted, _inserted, _inserted, _lines_changed, _lines_changed, _cut, _breaks, _bomb,
)  # fmt: skip
