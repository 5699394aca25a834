"""Which matrices of a checkpoint a pattern names, as vLLM's methods of quantization match the names of their modules.

Source: vLLM 0.33 vllm/model_executor/layers/quantization: utils/quant_utils.py is_layer_skipped (whole names, or parts
of names), modelopt.py is_layer_excluded (with globs), compressed_tensors/utils.py (names and regular expressions),
utils/gptq_utils.py get_dynamic_override (regular expressions).
"""

import re
from collections.abc import Sequence
from fnmatch import translate

from msgspec import Struct

# What stands before `layers.N` in published checkpoints.
_PREFIXES = ("model.", "model.language_model.", "language_model.model.", "")
_ATTENTION, _FEED_FORWARD = ("self_attn", "attention", "attn"), ("mlp", "feed_forward", "block_sparse_moe", "moe")
_SHARED = ("shared_expert", "shared_experts", "share_expert", "shared_mlp")
_UP, _DOWN = ("gate_proj", "up_proj", "gate_up_proj", "w1", "w3"), ("down_proj", "w2")


def _attention(*leaves: str) -> tuple[str, ...]:
    return tuple(f"{outer}.{leaf}" for outer in _ATTENTION for leaf in leaves)


def _linear(*leaves: str) -> tuple[str, ...]:
    return tuple(f"linear_attn.{leaf}" for leaf in leaves)


# Of experts a kernel holds all matrices together, so what one of them is, all are.
EXPERTS = tuple(
    name
    for outer in _FEED_FORWARD
    for name in (f"{outer}.experts", *(f"{outer}.experts.0.{leaf}" for leaf in (*_UP, *_DOWN)))
)
_EXPERT = re.compile(r"experts\.\d+")
_LAYER, _LAYER_OF_REGEX = re.compile(r"layers\.(\d+)(?:\.|$)"), re.compile(r"layers(?:\\\.|\[\.\])(\d+)(?:\\\.|\[\.\])")
_LONGEST_EXPRESSION = 1_000
# In published checkpoints: two repetitions, of single characters.
_REPETITION, _REPEATED_GROUP, _MOST_REPETITIONS = re.compile(r"[*+{]"), re.compile(r"\)[*+{]"), 4
# Modules that aren't counted by number format: they always have two bytes here, or belong to other parts.
_ELSEWHERE = (
    "lm_head", "embed", "norm", "gate", "router", "score", "head", "vis", "vit", "img", "image", "audio", "speech",
    "video", "mtp", "nextn", "eh_proj", "rotary", "inv_freq", "conv", "merger", "projector", "connector", "adapter",
    "tower", "encoder", "indexer", "a_log", "dt_bias", "wte", "output", "classifier", "pooler", "talker", "code2wav",
    "mm_", "bias", "mixer", "mamba", "proj_out", "sink", "scale",
)  # fmt: skip
# Layers of encoders and of what drafts have numbers as well.
_NO_LAYER = -1
# A number may be that of a layer where it isn't part of a word, such as `conv1d`.
_NUMBER = re.compile(r"(?<![A-Za-z_\d])\d")
_LOOKS_LIKE_REGEX = re.compile(r"[\\^$()|+]")
# The router is a gate, these are matrices.
_GATES = re.compile(r"gate(?:_up)?_proj")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


QUERIES_KEYS_VALUES = _attention("q_proj", "k_proj", "v_proj", "qkv_proj", "qkv", "query_key_value", "wq", "wk", "wv")
QUERIES = _attention("q_proj", "wq")
QUERIES_DOWN = _attention("q_a_proj", "fused_qkv_a_proj", "wq_a")
QUERIES_UP = _attention("q_b_proj", "wq_b")
KEYS_DOWN = _attention("kv_a_proj_with_mqa", "fused_qkv_a_proj", "wkv_a_with_mqa")
KEYS_UP = _attention("kv_b_proj", "wkv_b")
OUTPUT = _attention("o_proj", "out_proj", "wo", "dense")
GATE = _attention("gate_proj")
INDEX = _attention("indexer.wq_b")
STATES_IN = _linear("in_proj_qkvz", "in_proj_qkv", "in_proj_z")
STATES_GATES = _linear("in_proj_ba", "in_proj_a", "in_proj_b")
STATES_OUT = _linear("out_proj")


def feed_forward(*, down: bool) -> tuple[str, ...]:
    """Names of the matrices of a dense block, before or after its activation."""
    return tuple(f"{outer}.{leaf}" for outer in _FEED_FORWARD for leaf in (_DOWN if down else _UP))


def shared_experts(*, down: bool) -> tuple[str, ...]:
    """The same of the experts that work for every token."""
    leaves = _DOWN if down else _UP
    return tuple(f"{outer}.{shared}.{leaf}" for outer in _FEED_FORWARD for shared in _SHARED for leaf in leaves)


_KNOWN = {"model", "language_model", "layers", "_proj", *_SHARED} | {
    word
    for names in (
        EXPERTS, QUERIES_KEYS_VALUES, QUERIES_DOWN, QUERIES_UP, KEYS_DOWN, KEYS_UP, OUTPUT, GATE, STATES_IN,
        STATES_GATES, STATES_OUT,
    )
    for name in names for word in name.split(".")
}  # fmt: skip


class Pattern(Struct, frozen=True):
    """Names of modules: a name or the beginning or a part of one, a glob, or a regular expression."""

    text: str
    regex: re.Pattern[str] | None
    layer: int | None
    """The only layer that it may mean; None where it may mean any."""
    varies: bool
    """Whether it may mean some layers and not others."""
    anywhere: bool
    """Whether a part of a word is enough, such as `attn`."""

    def names(self, layer: int, modules: Sequence[str]) -> bool:
        """Whether it names one of the modules of this layer."""
        if self.regex is None:
            return self._plainly(layer, modules)
        glob = not self.text.startswith("re:")
        tried = modules if not glob or "expert" in self.text else [name for name in modules if ".experts." not in name]
        return any(self.regex.match(f"{before}layers.{layer}.{name}") for name in tried for before in _PREFIXES)

    def _plainly(self, layer: int, modules: Sequence[str]) -> bool:
        if self.layer is None:
            part, before = self.text, tuple(f"{prefix}layers.{layer}." for prefix in _PREFIXES)
        else:
            part, before = self.text.rpartition("layers.")[2].partition(".")[2], ("",)
        if not part:
            return self.layer is not None
        # The router is `gate`, which isn't a part of `gate_proj`.
        anywhere, within = self.anywhere and not f".{part}".endswith(".gate"), f".{part}."
        whole = [f"{prefix}{name}" for name in modules for prefix in before]
        return any(within in f".{name}." or (anywhere and part in name) for name in whole) or any(
            name.endswith("experts") and name in part for name in modules
        )

    @property
    def means_nothing_counted(self) -> bool:
        """Whether a pattern that named no matrix names modules that aren't counted by format, or that a model lacks."""
        text = self.text.removeprefix("re:")
        return _elsewhere(_GATES.sub("", text)) or all(word in _KNOWN for word in _WORD.findall(text))


def pattern(text: str, *, anywhere: bool) -> Pattern | None:
    """Read a name, a glob, or a regular expression after `re:`; None for an expression that can't be tried.

    Transformers takes names for expressions as well, which vLLM doesn't: what looks like one is one.
    """
    text = text.strip(".")
    if not text.startswith("re:") and _LOOKS_LIKE_REGEX.search(text):
        text = f"re:.*{text.removeprefix('^')}"
    expression = text.removeprefix("re:")
    if text.startswith("re:"):
        compiled, found = _compiled(expression), _LAYER_OF_REGEX.search(expression)
        if compiled is None:
            return None
    else:
        text = expression = _EXPERT.sub("experts.0", text)
        compiled = _glob(expression) if "*" in expression or "?" in expression else None
        found = _LAYER.search(expression)
    layer = None if found is None else int(found[1])
    if found is not None and _elsewhere(expression[: found.start()]):
        layer = _NO_LAYER
    varies = layer is None and _NUMBER.search(expression.replace("experts.0", "")) is not None
    return Pattern(text, compiled, layer, varies, anywhere)


def _elsewhere(text: str) -> bool:
    return any(word in text.lower() for word in _ELSEWHERE)


def _glob(text: str) -> re.Pattern[str]:
    """A glob names modules, and with them what is inside them."""
    return re.compile(f"{translate(text)}|{translate(f'{text}.*')}")


def _compiled(expression: str) -> re.Pattern[str] | None:
    """None where it may take longer than anybody waits, by a repeated group or many repetitions, or is none."""
    if (
        len(expression) > _LONGEST_EXPRESSION
        or _REPEATED_GROUP.search(expression)
        or len(_REPETITION.findall(expression)) > _MOST_REPETITIONS
    ):
        return None
    try:
        return re.compile(expression)
    except re.error:
        return None
