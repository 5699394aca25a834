"""The matrices in the layers of a Hugging Face configuration: how many numbers each has, and what it is called."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from planning.memory.weights import MXFP4_BLOCK
from planning.model_config import names
from planning.model_config.sizes import head_dim, kv_heads
from planning.model_config.states import has_state
from planning.model_config.widths import Widths, has_dense_beside, sparse_layers

# Families with parts that aren't counted here, beside those whose layers keep states.
_UNCOUNTED = ("mimo_v2", "mimo_v2_flash", "longcat_flash", "hy_v4")
# Keys of embeddings for each layer, of layers that differ from each other, and of an index beside plain attention.
_UNCOUNTED_KEYS = (
    "hidden_size_per_layer_input", "sparse_attention_config", "block_configs", "attention_other_setting",
    "num_sliding_attention_heads", "swa_num_attention_heads", "num_attention_heads_per_layer", "share_q_dim",
)  # fmt: skip
# Kernels of mxfp4 need whole blocks of an expert's input as well (source: see MXFP4_BLOCK).
_INPUT_BLOCK = 256
_BIAS_BYTES = 2


class Matrix(Struct, frozen=True):
    """Numbers of one or more matrices of a layer that have the same format, and the names that they may have.

    Without names they are never quantized.
    """

    part: str
    numbers: int
    names: tuple[str, ...] = ()


def matrices(text: Mapping[str, Any], widths: Widths, *, gated: bool) -> Iterator[tuple[Matrix, ...]]:
    """The matrices of every layer; `gated` for models with gated delta nets.

    Raises:
        KeyError: a size is missing, or the model has parts that aren't counted here.
        TypeError: a size is not a number.
    """
    uncounted = has_state(text) or text.get("model_type") in _UNCOUNTED
    if uncounted or any(text.get(key) for key in _UNCOUNTED_KEYS):
        raise KeyError(text.get("model_type"))
    layers, hidden, sparse = text["num_hidden_layers"], text["hidden_size"], sparse_layers(text)
    block, beside = widths.matrices, has_dense_beside(text)
    dense = _block("dense", hidden, widths.dense or 0, block)
    experts = (
        Matrix("experts", widths.experts * block * widths.inner * widths.routed, names.EXPERTS),
        *_block("shared", hidden, widths.shared, block),
        Matrix("router", hidden * widths.experts),
    )
    norms = Matrix("norms", 2 * hidden)
    kinds = _kinds(text, layers, gated=gated)
    mixers = {kind: tuple(_mixer(text, kind, gated=gated)) for kind in set(kinds)}
    for index, kind in enumerate(kinds):
        feed_forward = (*experts, *(dense if beside else ())) if index in sparse else dense
        yield (*mixers[kind], *feed_forward, norms)


def padded_experts(widths: Widths) -> int:
    """Numbers that kernels of mxfp4 add to one layer's experts on one GPU."""
    inner, routed = -(-widths.inner // _INPUT_BLOCK) * _INPUT_BLOCK, -(-widths.routed // MXFP4_BLOCK) * MXFP4_BLOCK
    return widths.experts * widths.matrices * (inner * routed - widths.inner * widths.routed)


def expert_biases(widths: Widths) -> int:
    """Bytes of the biases of one layer's experts, one for every output (vLLM 0.33 quantization/mxfp4.py)."""
    return widths.experts * ((widths.matrices - 1) * widths.routed + widths.inner) * _BIAS_BYTES


def _kinds(text: Mapping[str, Any], layers: int, *, gated: bool) -> list[str]:
    """How each layer mixes tokens: attention, the wider one of full layers, or linear attention.

    Raises:
        KeyError: layers are wider than others, and it isn't listed which.
    """
    listed = [str(kind) for kind in text.get("layer_types") or ()][:layers]
    wide = bool(text.get("global_head_dim"))
    if wide and len(listed) < layers:
        raise KeyError("layer_types")
    if not listed and gated:
        every = text.get("full_attention_interval") or 4
        return ["linear" if (index + 1) % every else "attention" for index in range(layers)]
    own = {"linear_attention": "linear", **({"full_attention": "wide"} if wide else {})}
    kinds = [own.get(kind, "attention") for kind in listed]
    return kinds + ["attention"] * (layers - len(kinds))


def _block(part: str, hidden: int, width: int, matrices_of_block: int) -> tuple[Matrix, ...]:
    shared = part == "shared"
    up = names.shared_experts(down=False) if shared else names.feed_forward(down=False)
    down = names.shared_experts(down=True) if shared else names.feed_forward(down=True)
    return Matrix(part, (matrices_of_block - 1) * hidden * width, up), Matrix(part, hidden * width, down)


def _mixer(text: Mapping[str, Any], kind: str, *, gated: bool) -> Iterator[Matrix]:
    if kind == "linear":
        yield from _linear(text)
    elif text.get("kv_lora_rank"):
        yield from _latent(text)
    else:
        yield from _attention(text, wide=kind == "wide", gated=gated)


def _attention(text: Mapping[str, Any], *, wide: bool, gated: bool) -> Iterator[Matrix]:
    hidden, heads, width, few = text["hidden_size"], text["num_attention_heads"], head_dim(text), kv_heads(text)
    if wide:
        width, few = text["global_head_dim"], text.get("num_global_key_value_heads") or few
    stored = 1 if wide and text.get("attention_k_eq_v") else 2
    query = 2 if gated else 1
    yield Matrix("attention", hidden * width * (heads * query + stored * few), names.QUERIES_KEYS_VALUES)
    yield Matrix("attention", hidden * width * heads, names.OUTPUT)
    if not gated and _has_gate(text):
        yield Matrix("attention", hidden * width * heads, names.GATE)


def _has_gate(text: Mapping[str, Any]) -> bool:
    """Whether the attention has a gate (vLLM 0.33 afmoe.py); of unknown kinds the largest counts."""
    if text.get("model_type") == "afmoe":
        return True
    return any("gate" in key and ("attn" in key or "attention" in key) and found for key, found in text.items())


def _latent(text: Mapping[str, Any]) -> Iterator[Matrix]:
    hidden, heads = text["hidden_size"], text["num_attention_heads"]
    queries = heads * (text["qk_nope_head_dim"] + text["qk_rope_head_dim"])
    rank, latent = text.get("q_lora_rank"), text["kv_lora_rank"]
    if rank:
        yield Matrix("attention", hidden * rank, names.QUERIES_DOWN)
        yield Matrix("attention", rank * queries, names.QUERIES_UP)
    else:
        yield Matrix("attention", hidden * queries, names.QUERIES)
    yield Matrix("attention", hidden * (latent + text["qk_rope_head_dim"]), names.KEYS_DOWN)
    yield Matrix("attention", latent * heads * (text["qk_nope_head_dim"] + text["v_head_dim"]), names.KEYS_UP)
    yield Matrix("attention", heads * text["v_head_dim"] * hidden, names.OUTPUT)
    if text.get("index_topk"):
        # Of the index only the queries' projection is quantized (vLLM 0.33 deepseek_v2.py Indexer).
        yield Matrix("attention", text["index_head_dim"] * text["index_n_heads"] * rank, names.INDEX)
        yield Matrix("attention", hidden * (text["index_head_dim"] + text["index_n_heads"]))


def _linear(text: Mapping[str, Any]) -> Iterator[Matrix]:
    hidden = text["hidden_size"]
    keys = text["linear_num_key_heads"] * text["linear_key_head_dim"]
    values = text["linear_num_value_heads"] * text["linear_value_head_dim"]
    channels = 2 * keys + values
    yield Matrix("linear", hidden * (channels + values), names.STATES_IN)
    yield Matrix("linear", hidden * 2 * text["linear_num_value_heads"], names.STATES_GATES)
    yield Matrix("linear", values * hidden, names.STATES_OUT)
    yield Matrix("linear", channels * (text.get("linear_conv_kernel_dim") or 4))
