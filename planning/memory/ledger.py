"""The memory ledger of vLLM on one GPU or slice: budget, weights, overheads, and what the KV cache holds.

Source: vLLM 0.33 vllm/v1/worker/gpu_worker.py (determine_available_memory), vllm/v1/core/kv_cache_planning.py
(get_kv_cache_configs), vllm/v1/core/kv_cache_utils.py (get_kv_cache_capacity).
"""

from functools import lru_cache

from msgspec import Struct

from catalog import ModelArchitecture, Overheads
from planning.memory.block_pool import BlockPool, block_pool
from planning.memory.demand import GIB, Demand, Measured
from planning.memory.overhead import Overhead, overhead
from planning.memory.uncertainty import uncertainties
from planning.memory.weights import weights_on_gpu
from planning.plan import MemoryPlan


class Ledger(Struct, frozen=True):
    """One ledger with its inputs; all figures are of one GPU, the worst rank."""

    memory: MemoryPlan
    demand: Demand
    pool: BlockPool
    overhead: Overhead
    blocks: int
    """Blocks of the whole pool; vLLM keeps one for itself, the null block."""

    @property
    def weights_fit(self) -> bool:
        """Whether weights and overheads leave memory for a KV cache; encoders need none."""
        return self.memory.kv_cache_gib > 0 or (not self.pool.tables and self.memory.kv_cache_gib == 0)

    @property
    def missing_gib(self) -> float:
        """GiB by which a KV cache of a fixed size is larger than what weights and overheads leave; 0 without one."""
        pinned, memory = self.demand.kv_cache_memory_gib, self.memory
        left = memory.budget_gib - memory.weights_gib - memory.overhead_gib
        return 0.0 if pinned is None or self.demand.available_kv_gib is not None else max(0.0, pinned - left)

    @property
    def usable_blocks(self) -> int:
        """Blocks that requests can take."""
        return max(0, self.blocks - 1) if self.demand.null_block else self.blocks

    @property
    def context_fits(self) -> bool:
        """Whether one request of the longest kind fits."""
        return self.pool.blocks_of(self.demand.context_tokens) <= self.usable_blocks

    @property
    def blocks_needed(self) -> int:
        """Blocks that the required number of concurrent requests takes, the null block included."""
        return self.demand.concurrency * self.pool.blocks_of(self.demand.request_tokens) + 1

    @property
    def sequences_fit(self) -> bool:
        """Whether there is a block for the state of every sequence; else vLLM fails while it captures CUDA graphs.

        Source: vLLM 0.33 vllm/config/compilation.py `max_num_seqs exceeds available Mamba cache blocks`.
        """
        return not self.pool.has_states or self.demand.sequences <= self.blocks

    @property
    def longest_context(self) -> int:
        """Longest request that the KV cache holds, in tokens, up to the required context; 0 where it holds none."""
        fits, fails = 0, self.demand.context_tokens + 1
        while fails - fits > 1:
            middle = (fits + fails) // 2
            if self.pool.blocks_of(middle) <= self.usable_blocks:
                fits = middle
            else:
                fails = middle
        return fits

    @property
    def most_at_once(self) -> int:
        """Requests of the demand's `request_tokens` that run at once, as many as the KV cache holds.

        An encoder, which has none, runs as many as one batch takes.
        """
        if not self.pool.tables:
            return _batched(self.demand, self.demand.request_tokens)
        return self.usable_blocks // self.pool.blocks_of(self.demand.request_tokens)


# Cached, since in a large stack many models differ only in name and pool, with equal demands on equal devices.
@lru_cache(maxsize=2048)
def account(model: ModelArchitecture, device_gib: float, demand: Demand, overheads: Overheads) -> Ledger:
    """Fill in the ledger.

    `fits` says whether the longest request fits, `concurrency` requests do, and every sequence has its state; of an
    encoder, which keeps no cache, whether weights and overheads fit. With `available_kv_gib` the ledger starts from
    there, as from a line of vLLM's log, and `fits` is about the longest request alone.

    Raises:
        ValueError: the size of the weights or the attention layers are not in the catalog.
    """
    checkpoint = demand.weights_gib if demand.weights_gib is not None else model.weights_gib
    if checkpoint is None:
        message = f"the size of the weights of {model.id} is not in the catalog"
        raise ValueError(message)
    pool = block_pool(model, demand)
    measured = demand.measured or Measured()
    weights = weights_on_gpu(model, checkpoint, demand, overheads)
    weights = measured.weights_gib if measured.weights_gib is not None else weights
    beside = overhead(model, weights, demand, overheads)
    if measured.overhead_gib is not None:
        beside = Overhead(0.0, 0.0, 0.0, measured.overhead_gib)
    pinned, given = demand.kv_cache_memory_gib, demand.available_kv_gib
    budget = device_gib * demand.utilization if pinned is None else device_gib
    left = budget - weights - beside.total_gib
    available = next((gib for gib in (given, pinned) if gib is not None), left)
    if pool.tables:
        blocks = max(0, int(available * GIB) // pool.block_bytes)
        concurrency = blocks / pool.blocks_of(demand.context_tokens)
        tokens = int(concurrency * demand.context_tokens)
    else:
        # vLLM makes one block without content (kv_cache_planning.py get_kv_cache_config_from_groups).
        available, blocks, tokens = min(available, 0.0), 1, 0
        concurrency = float(_batched(demand, demand.context_tokens))
    memory = MemoryPlan(
        device_gib=round(device_gib, 2),
        budget_gib=round(budget, 2),
        weights_gib=round(weights, 2),
        overhead_gib=round(beside.total_gib, 2),
        kv_cache_gib=round(available, 2),
        kv_bytes_per_token=pool.token_bytes,
        kv_tokens=tokens,
        max_concurrency=round(concurrency, 2),
        fits=(_fits(pool, demand, blocks) if pool.tables else left >= 0) and (given is not None or available <= left),
        uncertain=() if demand.measured is not None else uncertainties(model, demand),
        measured=demand.measured is not None,
    )
    return Ledger(memory, demand, pool, beside, blocks)


def _batched(demand: Demand, tokens: int) -> int:
    """Requests of so many tokens that are read in one batch."""
    return min(demand.sequences, demand.batched_tokens // tokens)


def _fits(pool: BlockPool, demand: Demand, blocks: int) -> bool:
    usable = blocks - 1 if demand.null_block else blocks
    if pool.blocks_of(demand.context_tokens) > usable:
        return False
    if demand.available_kv_gib is not None:
        return True
    together = demand.concurrency * pool.blocks_of(demand.request_tokens)
    return together <= usable and (not pool.has_states or demand.sequences <= blocks)


def ledger(model: ModelArchitecture, device_gib: float, demand: Demand, overheads: Overheads) -> MemoryPlan:
    """The figures alone."""
    return account(model, device_gib, demand, overheads).memory
