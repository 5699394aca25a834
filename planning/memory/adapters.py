"""How large adapters (LoRA) are: two thin matrices beside every projection, on the host and in a GPU's slots."""

import math
from collections.abc import Iterator

from catalog import AttentionLayers, ModelArchitecture, RecurrentState
from planning.memory.architecture import attention_layers
from planning.memory.demand import GIB, Demand

_BYTES = 2
# Widths of latent attention that the catalog doesn't hold, from above: the rank of queries, the compressed row, and the
# widest head of any model (GLM-5: 192 + 64 for queries, 192 + 256 for keys and values).
_QUERY_RANK, _ROW, _QUERY_HEAD, _KEY_VALUE_HEAD = 2048, 576, 256, 448
# Parts of the input projection of a layer with a state: queries, keys, values, gate, and two for heads.
_STATE_PARTS = 6
# Where the vocabulary or the width of a block isn't known: the largest vocabulary for which vLLM takes adapters
# (vllm/lora/layers/logits_processor.py), and four times the hidden size.
_MOST_VOCAB, _USUAL_WIDTH = 258_048, 4


def adapter_gib(model: ModelArchitecture, rank: int) -> float:
    """GiB of an adapter of this rank that changes every projection of every layer, two bytes a number.

    A projection from n to m numbers has rank x (n + m): queries, keys, values, output, and gate, up and down of the
    feed-forward block that one token passes. Adapters of single experts, where a model has them, are not in it: how
    large they are is not known. Source: vLLM 0.33 vllm/lora/lora_weights.py LoRALayerWeights.
    """
    hidden = model.hidden
    width = model.head_dim if model.head_dim is not None else hidden // model.heads
    queries, keys = model.heads * width, model.kv_heads * width
    feed_forward = model.active_width or model.intermediate or 0
    attention = 2 * (hidden + queries) + 2 * (hidden + keys)
    numbers = rank * model.layers * (attention + 3 * (hidden + feed_forward))
    return numbers * _BYTES / GIB


def slots_gib(model: ModelArchitecture, demand: Demand) -> float:
    """GiB on one GPU of the slots for adapters, which vLLM allocates at start, whatever adapters there are.

    Every slot has both matrices of every projection of every layer, of the embedding, the output head and of each
    expert, at the largest rank. Only the side that tensor parallelism splits is sharded, with `sharded` the other too.
    Source: vLLM 0.33 vllm/lora/layers (create_lora_weights of each), vllm/lora/model_manager.py _create_lora_modules.
    """
    slots = demand.adapters
    if slots is None:
        return 0.0
    sizes = _Sizes(demand)
    share = max(demand.stage_layers(model.layers)) / model.layers
    layers = sum(_layers(model, demand, sizes)) * share
    outer = 2 * (model.hidden + (model.vocab or _MOST_VOCAB))
    return slots.count * slots.rank * (layers + outer) * _BYTES / GIB


class _Sizes:
    """Numbers for each rank of an adapter that a projection has on one GPU."""

    def __init__(self, demand: Demand) -> None:
        self.gpus = demand.tensor_parallel
        self.other = demand.tensor_parallel if demand.adapters is not None and demand.adapters.sharded else 1

    def column(self, inputs: int, outputs: int, parts: int = 1) -> float:
        """Outputs are split over the GPUs; each of the parts has a matrix of the inputs."""
        return parts * inputs / self.other + outputs / self.gpus

    def row(self, inputs: int, outputs: int) -> float:
        """Inputs are split over the GPUs."""
        return inputs / self.gpus + outputs / self.other


def _layers(model: ModelArchitecture, demand: Demand, sizes: _Sizes) -> Iterator[float]:
    groups = attention_layers(model)
    gated = any(group.state is not None and group.state.kind == "gated-delta" for group in groups)
    for group in groups:
        if group.state is not None:
            yield group.layers * _with_state(model, group.state, sizes)
        else:
            yield group.layers * _attention(model, group, sizes, gated=gated)
    width = model.intermediate
    if width is None and model.experts is None:
        width = model.active_width or _USUAL_WIDTH * model.hidden
    if width is not None:
        yield model.layers * (sizes.column(model.hidden, 2 * width, 2) + sizes.row(width, model.hidden))
    yield model.layers * _experts(model, demand, sizes)


def _attention(model: ModelArchitecture, group: AttentionLayers, sizes: _Sizes, *, gated: bool) -> float:
    hidden, heads = model.hidden, model.heads
    if group.kind == "mla":
        down = 2 * hidden + _QUERY_RANK + _ROW
        queries = sizes.column(_QUERY_RANK, heads * _QUERY_HEAD)
        keys = sizes.column(_ROW, heads * _KEY_VALUE_HEAD)
        return down + queries + keys + sizes.row(heads * _QUERY_HEAD, hidden)
    queries = heads * group.head_dim
    keys = max(group.kv_heads, sizes.gpus) * group.head_dim
    return sizes.column(hidden, queries * (2 if gated else 1) + 2 * keys, 3) + sizes.row(queries, hidden)


def _with_state(model: ModelArchitecture, state: RecurrentState, sizes: _Sizes) -> float:
    values = state.value_heads * state.value_dim
    outputs = 2 * state.key_heads * state.key_dim + 2 * values + 2 * state.value_heads
    return sizes.column(model.hidden, outputs, _STATE_PARTS) + sizes.row(values, model.hidden)


def _experts(model: ModelArchitecture, demand: Demand, sizes: _Sizes) -> float:
    """Numbers of the experts of one layer, and of the router, which every GPU has."""
    if model.experts is None:
        return 0.0
    active = model.active_width or _USUAL_WIDTH * model.hidden
    width = model.expert_width or math.ceil(active / (model.experts_per_token or 1))
    experts = math.ceil(model.experts / sizes.gpus) if demand.expert_parallel else model.experts
    inner = width if demand.expert_parallel else width / sizes.gpus
    outer, matrices = model.expert_input or model.hidden, 2 if model.gated_experts else 1
    return experts * (matrices * (outer / sizes.other + inner) + inner + outer / sizes.other) + outer + model.experts
