"""The memory ledger of vLLM on one GPU or slice: what weights and overheads take, and how many tokens are left.

Source: vLLM 0.33, vllm/v1/worker/gpu_worker.py (determine_available_memory), vllm/v1/core/kv_cache_utils.py; the
overheads are KAITO's figures, see catalog/overheads.yaml.
"""

import math
from dataclasses import dataclass

from catalog import Model, Overheads
from planning.plan import MemoryPlan

GIB = 1024**3
# Bytes of one number in the KV cache; every other format is refused by rule FIT-KV-DTYPE.
KV_BYTES = {"auto": 2, "bfloat16": 2, "float16": 2, "fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is asked of one device.

    `context_tokens` is the longest request, `concurrency` requests of `request_tokens` must fit at once.
    """

    tensor_parallel: int
    pipeline_parallel: int = 1
    context_tokens: int
    request_tokens: int
    concurrency: int
    kv_cache_dtype: str
    utilization: float
    block_tokens: int
    weights_gib: float | None = None
    available_kv_gib: float | None = None


def has_dense_cache(model: Model) -> bool:
    """Whether the model's KV cache is one full-attention layer beside the other (multi-head or grouped-query)."""
    return model.attention_kind == "full" and model.head_dim is not None


def kv_bytes_per_token(model: Model, demand: Demand) -> int:
    """Bytes that one token takes on one GPU: keys and values of every layer, heads replicated where TP exceeds them."""
    if model.head_dim is None:
        message = f"{model.id} has no plain key and value heads"
        raise ValueError(message)
    layers = math.ceil(model.layers / demand.pipeline_parallel)
    heads = max(1, model.kv_heads // demand.tensor_parallel)
    return 2 * layers * heads * model.head_dim * KV_BYTES[demand.kv_cache_dtype]


def ledger(model: Model, device_gib: float, demand: Demand, overheads: Overheads) -> MemoryPlan:
    """Fill in the ledger; all figures are of one GPU (the worst rank).

    `fits` says whether the longest request fits and `concurrency` requests do. With `available_kv_gib` the ledger
    starts from there, as from a line of vLLM's log, and `fits` is about the longest request alone.
    """
    gpus = demand.tensor_parallel * demand.pipeline_parallel
    checkpoint = demand.weights_gib if demand.weights_gib is not None else model.weights_gib
    if checkpoint is None:
        message = f"the size of {model.id}'s weights is not on file"
        raise ValueError(message)
    weights = checkpoint * overheads.weights_factor / gpus
    overhead = overheads.activation_reserve_gib + overheads.activation_share_of_weights * weights
    budget = device_gib * demand.utilization
    given = demand.available_kv_gib
    available = given if given is not None else budget - weights - overhead
    per_token = kv_bytes_per_token(model, demand)
    block_bytes = per_token * demand.block_tokens
    blocks = max(0, int(available * GIB) // block_bytes)
    blocks_per_request = math.ceil(demand.context_tokens / demand.block_tokens)
    concurrency = blocks / blocks_per_request
    # vLLM keeps one block for itself, the null block.
    longest_fits = blocks_per_request <= blocks - 1
    at_once = demand.concurrency * math.ceil(demand.request_tokens / demand.block_tokens)
    return MemoryPlan(
        device_gib=round(device_gib, 2),
        budget_gib=round(budget, 2),
        weights_gib=round(weights, 2),
        overhead_gib=round(overhead, 2),
        kv_cache_gib=round(available, 2),
        kv_bytes_per_token=per_token,
        kv_tokens=int(concurrency * demand.context_tokens),
        max_concurrency=round(concurrency, 2),
        fits=longest_fits if given is not None else longest_fits and at_once <= blocks - 1,
    )


def longest_context(memory: MemoryPlan, context_tokens: int, block_tokens: int) -> int:
    """Longest request, in tokens, that the KV cache of a ledger for `context_tokens` holds; 0 where it holds none."""
    return max(0, (_blocks(memory, context_tokens, block_tokens) - 1) * block_tokens)


def most_at_once(memory: MemoryPlan, context_tokens: int, request_tokens: int, block_tokens: int) -> int:
    """Requests of `request_tokens` that the KV cache of a ledger for `context_tokens` holds at once."""
    usable = max(0, _blocks(memory, context_tokens, block_tokens) - 1)
    return usable // math.ceil(request_tokens / block_tokens)


def _blocks(memory: MemoryPlan, context_tokens: int, block_tokens: int) -> int:
    """Blocks of the KV cache, exactly: `kv_tokens` is the floor of blocks * context / blocks of one request."""
    per_request = math.ceil(context_tokens / block_tokens)
    return -(-memory.kv_tokens * per_request // context_tokens)
