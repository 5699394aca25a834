"""How wide the feed-forward blocks and the experts of a Hugging Face configuration are."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

# vLLM 0.33 vllm/transformers_utils/config.py CONFIG_FIELD_ALIASES.
_EXPERTS = ("num_experts", "moe_num_experts", "n_routed_experts", "num_local_experts", "num_routed_experts")
_CHOSEN = (
    "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", "moe_k", "top_k",
)  # fmt: skip
# How many experts work for every token (vLLM 0.33 deepseek_v2.py, ernie45_moe.py, bailing_moe.py, afmoe.py), and how
# wide they are together; `num_shared_expert` is Hunyuan's, for each layer or for all.
_SHARED = ("n_shared_experts", "moe_num_shared_experts", "num_shared_experts", "num_shared_expert")
_SHARED_WIDTHS = ("shared_expert_intermediate_size", "shared_intermediate_size", "share_expert_dim")
_EACH_SHARED_WIDTH = "moe_shared_expert_intermediate_size"
_RESIDUAL = "residual_moe"
# Words of keys that may stand for more experts, and keys with them that don't change how large a model is.
_OF_EXPERTS = ("shared_expert", "share_expert", "residual", "routed_expert", "experts")
_HARMLESS = frozenset({
    "num_redundant_experts", "num_logical_experts", "moe_shared_expert_overlap", "experts_implementation",
    "_experts_implementation", "experts_per_token", "moe_experts_per_token", "num_activated_experts",
    "n_activated_experts", "num_selected_experts", "enable_return_routed_experts", "residual_multiplier",
    "residual_in_fp32", "rescale_prenorm_residual", "apply_residual_connection_post_layernorm",
    "use_parallel_residual", "parallel_residual", "residual_dropout", "fp32_residual_connection", "residual_dtype",
    "use_shared_expert_gate", "shared_expert_gate", "fuse_shared_experts",
})  # fmt: skip
# Feed-forward blocks of two matrices, without a gate.
_UNGATED = ("nemotron_h", "nemotron")
_PATTERN = "hybrid_override_pattern"


class Widths(Struct, frozen=True):
    """Widths in numbers a token; `dense` is None where it isn't given, the others 0 where a model has no such part.

    `chosen` experts of `routed` each work for a token at the width `inner` of their input, beside `shared`.
    """

    dense: int | None
    experts: int
    chosen: int
    routed: int
    shared: int
    inner: int
    gated: bool

    @property
    def active(self) -> int | None:
        """The widest feed-forward block that one token passes, its experts together; None where not known."""
        together = self.chosen * self.routed + self.shared
        if self.dense is None and not self.experts:
            return None
        return max(self.dense or 0, together if self.experts else 0)

    @property
    def beside(self) -> int | None:
        """The widest feed-forward block that isn't a routed expert; None where there is none or it isn't known."""
        return max(self.dense or 0, self.shared) or None

    @property
    def matrices(self) -> int:
        """Matrices of one block."""
        return 3 if self.gated else 2


def widths_of(text: Mapping[str, Any]) -> Widths | None:
    """The widths; None where one is missing or no number, so that nothing is counted instead of too little."""
    if unknown_experts(text):
        return None
    try:
        experts = number_of_experts(text) or 0
        sparse = len(sparse_layers(text))
        experts = experts if sparse else 0
        routed = _expert_width(text) if experts else 0
        return Widths(
            dense=_dense_width(text) if not experts or _has_dense(text, sparse) else None,
            experts=experts,
            chosen=_chosen(text) if experts else 0,
            routed=routed,
            shared=_shared_width(text, routed) if experts else 0,
            inner=int(text.get("moe_latent_size") or text["hidden_size"]),
            gated=text.get("model_type") not in _UNGATED,
        )
    except (KeyError, TypeError, ValueError):
        return None


def number_of_experts(text: Mapping[str, Any]) -> int | None:
    """Routed experts of a layer; None without any."""
    found = next((text[key] for key in _EXPERTS if text.get(key)), None)
    found = max(found) if isinstance(found, list) and found else found
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 1 else None


def has_dense_beside(text: Mapping[str, Any]) -> bool:
    """Whether layers with experts have a dense block as well (Gemma 4, Grok 2)."""
    return bool(text.get("enable_moe_block") or text.get(_RESIDUAL))


def sparse_layers(text: Mapping[str, Any]) -> frozenset[int]:
    """Layers with experts.

    Raises:
        KeyError: the number of layers is missing.
        TypeError: a size is not a number.
    """
    if not number_of_experts(text):
        return frozenset()
    listed = _listed_sparse(text)
    if listed is not None:
        return listed
    layers = text["num_hidden_layers"]
    if text.get("interleave_moe_layer_step"):
        every = text["interleave_moe_layer_step"]
        return frozenset(range(every - 1, layers, every))
    if text.get("expert_layer_period"):
        period, offset = text["expert_layer_period"], text.get("expert_layer_offset") or 0
        return frozenset(range(offset, layers, period))
    step, dense = text.get("decoder_sparse_step") or 1, set(text.get("mlp_only_layers") or ())
    first = text.get("first_k_dense_replace") or text.get("num_dense_layers") or 0
    return frozenset(index for index in range(first, layers) if index not in dense and (index + 1) % step == 0)


def _listed_sparse(text: Mapping[str, Any]) -> frozenset[int] | None:
    """The layers with experts where the configuration lists them; None where it doesn't."""
    if text.get(_PATTERN):
        return frozenset(index for index, letter in enumerate(str(text[_PATTERN])) if letter == "E")
    layers, kinds, frequency = text.get("moe_layers"), text.get("mlp_layer_types"), text.get("moe_layer_freq")
    if isinstance(layers, list):
        return frozenset(layers)
    if isinstance(kinds, list):
        return frozenset(index for index, kind in enumerate(kinds) if kind == "sparse")
    return frozenset(index for index, some in enumerate(frequency) if some) if isinstance(frequency, list) else None


def unknown_experts(text: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys that name experts, or a block beside them, in a way that isn't known here."""
    known = {*_EXPERTS, *_CHOSEN, *_SHARED, *_SHARED_WIDTHS, _EACH_SHARED_WIDTH, _RESIDUAL, *_HARMLESS}
    return tuple(
        key for key, found in text.items() if found and key not in known and any(word in key for word in _OF_EXPERTS)
    )


def _has_dense(text: Mapping[str, Any], sparse: int) -> bool:
    """Whether a dense block stands beside the experts, or in other layers."""
    pattern = text.get(_PATTERN)
    return "-" in str(pattern) if pattern else has_dense_beside(text) or sparse < text["num_hidden_layers"]


def _chosen(text: Mapping[str, Any]) -> int:
    found = next((text[key] for key in _CHOSEN if text.get(key)), 1)
    return max(found) if isinstance(found, list) else int(found)


def _expert_width(text: Mapping[str, Any]) -> int:
    found = text.get("moe_intermediate_size") or text["intermediate_size"]
    return max(found) if isinstance(found, list) else int(found)


def _dense_width(text: Mapping[str, Any]) -> int:
    found = text.get("intermediate_size_mlp") or text["intermediate_size"]
    return max(found) if isinstance(found, list) else int(found)


def _shared_width(text: Mapping[str, Any], routed: int) -> int:
    for key in _SHARED_WIDTHS:
        if text.get(key):
            return int(text[key])
    if str(text.get("model_type", "")).startswith("llama4"):
        return int(text["intermediate_size"])
    counts = [text[key] for key in _SHARED if text.get(key)]
    shared = max((max(found) if isinstance(found, list) else int(found) for found in counts), default=0)
    if text.get(_EACH_SHARED_WIDTH):
        return int(text[_EACH_SHARED_WIDTH]) * max(shared, 1)
    width = max(routed, text["intermediate_size"]) if text.get("num_shared_expert") else routed
    return shared * width
