"""Memory of the weights on one GPU: the checkpoint's share, and what cannot be sharded evenly.

Source: vLLM 0.33 vllm/model_executor/layers/linear.py (QKVParallelLinear replicates key-value heads),
vocab_parallel_embedding.py (rows padded to 64 for each GPU), vllm/models (latents of mla are computed on every GPU).
"""

import math

from catalog import ModelArchitecture, Overheads
from planning.memory.architecture import attention_layers
from planning.memory.demand import GIB, Demand

_ROWS = 64
# Projections and embeddings stay at two bytes in most quantized checkpoints; where they don't, this is the upper end.
_BYTES = 2
_FULL, _FULL_BYTES = ("fp32", "float32"), 4
# Kernels of mxfp4 need whole blocks of an expert's width: vLLM 0.33 fused_moe/oracle/mxfp4.py
# mxfp4_round_up_hidden_size_and_intermediate_size, of the backends for NVIDIA's GPUs those that round up the most.
MXFP4_BLOCK = 128
# As the catalog says it; of a config.json with float32 the weights are counted at two bytes.
_FILE_OF_FOUR_BYTES = "fp32"
# Of the average: dense first layers, and layers without experts between those with them, are smaller.
_LARGEST_LAYER = 1.5


def weights_on_gpu(model: ModelArchitecture, checkpoint_gib: float, demand: Demand, overheads: Overheads) -> float:
    """GiB on the fullest GPU of a checkpoint of `checkpoint_gib` (its tensors together)."""
    loaded = _loaded_gib(model, checkpoint_gib, demand, overheads)
    gpus, stages = demand.tensor_parallel, demand.pipeline_parallel
    outer = 0.0 if model.vocab is None or stages == 1 else 2 * model.vocab * model.hidden * _BYTES / GIB
    fullest = max(demand.stage_layers(model.layers)) / model.layers
    even = ((loaded - outer) * fullest + outer / 2) / gpus
    beside = fullest * _replicated(model, gpus) + _padding(model, gpus)
    return even + beside + _uneven_experts(model, loaded, demand) + _padded_experts(model, loaded, demand)


def _loaded_gib(model: ModelArchitecture, checkpoint_gib: float, demand: Demand, overheads: Overheads) -> float:
    """GiB of the model on all GPUs together; prediction layers are loaded only where they draft."""
    factor = 1.0 if model.weights_loaded and demand.weights_gib is None else overheads.weights_factor
    if model.native_dtype.startswith(_FILE_OF_FOUR_BYTES):
        # vLLM casts them to two bytes (vLLM 0.33 vllm/config/model.py _resolve_auto_dtype).
        factor /= 2
    unused = model.draft_weights_gib if model.draft_weights_gib is not None and demand.draft is None else 0.0
    return (checkpoint_gib - unused) * factor + _draft_gib(model, checkpoint_gib, demand)


def _draft_gib(model: ModelArchitecture, checkpoint_gib: float, demand: Demand) -> float:
    """GiB of drafting layers that are not in the checkpoint's size, estimated from above.

    A layer of a draft is at most as large as a dense layer of its model at two bytes a number, with a projection of
    three hidden states; a head of its own has an output for each word (vLLM 0.33 llama_eagle3.py).
    """
    draft = demand.draft
    if draft is None or draft.layers == 0 or (not draft.separate and model.draft_weights_gib is not None):
        return 0.0
    average = checkpoint_gib / model.layers
    widest = max(model.intermediate or 0, 4 * model.hidden if model.experts is None else 0)
    dense = (3 * widest + 4 * model.heads * (model.head_dim or 0) // 2 + 6 * model.hidden) * model.hidden * _BYTES / GIB
    layers = draft.layers * (dense if draft.separate else max(average, dense))
    return layers + ((model.vocab or 0) * model.hidden * _BYTES / GIB if draft.separate else 0.0)


def largest_tensor_gib(model: ModelArchitecture) -> float | None:
    """GiB that the largest tensor of the checkpoint takes at most; None where the vocabulary or the size isn't known.

    It is the embedding, or experts that are stored as one tensor: those of a layer, which may be larger than the
    average layer.
    """
    embedding = embedding_bytes(model)
    if embedding is None or model.weights_gib is None:
        return None
    return max(embedding / GIB, _LARGEST_LAYER * model.weights_gib / model.layers)


def embedding_bytes(model: ModelArchitecture) -> int | None:
    """Bytes of the embedding as the checkpoint has it, unquantized; None where the vocabulary isn't known."""
    number = _FULL_BYTES if model.native_dtype.startswith(_FULL) else _BYTES
    return None if model.vocab is None else model.vocab * model.hidden * number


def _replicated(model: ModelArchitecture, gpus: int) -> float:
    """GiB of projections that every GPU holds beyond its even share."""
    numbers = 0.0
    for group in attention_layers(model):
        if group.kind == "mla":
            numbers += group.layers * model.hidden * group.head_dim * (1 - 1 / gpus)
        elif group.kind != "linear" and gpus > group.kv_heads:
            spare = 1 - group.kv_heads / gpus
            numbers += group.layers * 2 * model.hidden * group.head_dim * spare
    return numbers * _BYTES / GIB


def _padding(model: ModelArchitecture, gpus: int) -> float:
    if model.vocab is None:
        return 0.0
    rows = -model.vocab % (_ROWS * gpus)
    return 2 * rows * model.hidden * _BYTES / GIB / gpus


def _padded_experts(model: ModelArchitecture, loaded: float, demand: Demand) -> float:
    """GiB of rounding that experts of mxfp4 need beyond that on one GPU: every slice of one has whole blocks.

    A size that is given, as of a log, has it already.
    """
    gpus, width = demand.tensor_parallel, model.expert_width
    rounded = model.native_dtype.startswith("mxfp4") and demand.weights_gib is None and not demand.expert_parallel
    if width is None or not rounded:
        return 0.0
    whole, sliced = (-(-width // parts // MXFP4_BLOCK) * MXFP4_BLOCK * parts for parts in (1, gpus))
    return loaded * model.expert_share * (sliced / whole - 1) / gpus / demand.pipeline_parallel


def _uneven_experts(model: ModelArchitecture, loaded: float, demand: Demand) -> float:
    """Whole experts on each GPU instead of a slice of each: the fullest GPU has the rounded-up number."""
    gpus = demand.tensor_parallel
    if not demand.expert_parallel or not model.experts:
        return 0.0
    fullest = math.ceil(model.experts / gpus) / model.experts
    return loaded * model.expert_share / demand.pipeline_parallel * (fullest - 1 / gpus)
